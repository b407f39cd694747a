/* SPDX-License-Identifier: BSD-2-Clause */

/* Digests by XXH3. */

#include <stdint.h>
#include <string.h>

/* The whole of XXH3 is in this header: nothing is linked. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "archive/digest.h"

struct shmt__digest {
	XXH3_state_t state;
};

struct shmt__digest *
shmt__digest_begin(void)
{
	XXH3_state_t *state = XXH3_createState();

	if (state != NULL)
		XXH3_128bits_reset(state);
	return (struct shmt__digest *)state;
}

void
shmt__digest_add(struct shmt__digest *digest, uint64_t number,
    const void *block, size_t length)
{
	unsigned char bytes[8];
	unsigned i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(number >> 8 * i);
	XXH3_128bits_update(&digest->state, bytes, sizeof(bytes));
	XXH3_128bits_update(&digest->state, block, length);
}

/* As xxhsum(1) prints it. */
static void
to_bytes(XXH128_hash_t hash, unsigned char result[static SHMT__DIGEST])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(result, canonical.digest, SHMT__DIGEST);
}

void
shmt__digest_end(struct shmt__digest *digest, unsigned char *result)
{
	if (digest == NULL)
		return;
	if (result != NULL)
		to_bytes(XXH3_128bits_digest(&digest->state), result);
	XXH3_freeState(&digest->state);
}

void
shmt__digest_text(const char *text, size_t length,
    unsigned char result[static SHMT__DIGEST])
{
	to_bytes(XXH3_128bits(text, length), result);
}
