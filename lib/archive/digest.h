/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The digests of saved segments, XXH3 of 128 bits: of the contents by blocks,
 * and of a short text.
 */

#ifndef SHMT_ARCHIVE_DIGEST_H
#define SHMT_ARCHIVE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SHMT__DIGEST	16			/* bytes of a digest */
#define SHMT__BLOCK	((size_t)64 * 1024)	/* bytes of a block */

struct shmt__digest;

/*
 * The digest of contents: that of the blocks that are not all zero, in
 * ascending order, each after its number as 8 bytes, the lowest first.  So
 * holes cost nothing, and zeros and holes give the same digest.  The last
 * block may be shorter.  _end() also frees; result may be NULL.
 */
struct shmt__digest *shmt__digest_begin(void);
void shmt__digest_add(struct shmt__digest *digest, uint64_t number,
    const void *block, size_t length);
void shmt__digest_end(struct shmt__digest *digest, unsigned char *result);

void shmt__digest_text(const char *text, size_t length,
    unsigned char result[static SHMT__DIGEST]);

#endif
