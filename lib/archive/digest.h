/* SPDX-License-Identifier: BSD-2-Clause */

/* The digest of a saved segment's contents. */

#ifndef SHMT_ARCHIVE_DIGEST_H
#define SHMT_ARCHIVE_DIGEST_H

#include "shmtool.h"

#define SHMT__DIGEST	32	/* bytes of a SHA-256 */
#define SHMT__PLAIN	((uint64_t)256 << 20)	/* larger: by parts */

/* The digest of a file's first size bytes; of how only progress counts. */
int shmt__digest(int fd, uint64_t size, const struct shmt_transfer *how,
    unsigned char result[static SHMT__DIGEST]);

/* From offset on, the first byte of a file that is in no hole, or end. */
uint64_t shmt__next_data(int fd, uint64_t offset, uint64_t end);

#endif
