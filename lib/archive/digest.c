/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The digest of a saved segment's contents.  Up to SHMT__PLAIN bytes it is
 * their SHA-256, as sha256sum(1) prints it.  Larger ones are mostly holes,
 * and no way is known to hash a long run of zeros but to do it: there it is
 * the SHA-256 of the list of digests, one a MiB, in sha256sum's own words.
 * So "split -b 1M --filter=sha256sum FILE | sha256sum" gives the same, and
 * the digest of a MiB of zeros is reckoned once.
 */

#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/digest.h"
#include "shmtool.h"
#include "sys/file.h"

#define PART ((size_t)1 << 20)

struct digest {
	SHA2_CTX sum;
	bool parts;
	char *buffer;
	char zeros[SHA256_DIGEST_STRING_LENGTH];	/* of a whole PART */
};

/* One line of the list. */
static void
add_line(struct digest *digest, const char *hex)
{
	static const char stdin_name[] = "  -\n";

	SHA256Update(&digest->sum, (const uint8_t *)hex, strlen(hex));
	SHA256Update(&digest->sum, (const uint8_t *)stdin_name,
	    sizeof(stdin_name) - 1);
}

static void
add_part(struct digest *digest, size_t length)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];

	if (!digest->parts) {
		SHA256Update(&digest->sum, (const uint8_t *)digest->buffer,
		    length);
		return;
	}
	SHA256Data((const uint8_t *)digest->buffer, length, hex);
	add_line(digest, hex);
}

static void
add_hole(struct digest *digest, size_t length)
{
	if (digest->parts && length == PART && digest->zeros[0] != '\0') {
		add_line(digest, digest->zeros);
		return;
	}
	memset(digest->buffer, 0, length);
	if (digest->parts && length == PART)
		SHA256Data((const uint8_t *)digest->buffer, length,
		    digest->zeros);
	add_part(digest, length);
}

uint64_t
shmt__next_data(int fd, uint64_t offset, uint64_t end)
{
	off_t next = lseek(fd, (off_t)offset, SEEK_DATA);

	if (next == -1)
		return errno == ENXIO ? end : offset;
	return (uint64_t)next < end ? (uint64_t)next : end;
}

static int
add_all(struct digest *digest, int fd, uint64_t size,
    const struct shmt_transfer *how)
{
	uint64_t at, data = 0;
	size_t n;

	for (at = 0; at < size; at += n) {
		n = size - at < PART ? (size_t)(size - at) : PART;
		if (data <= at)
			data = shmt__next_data(fd, at, size);
		if (data >= at + n)
			add_hole(digest, n);
		else if (shmt__read_at(fd, at, digest->buffer, n) == -1)
			return -1;
		else
			add_part(digest, n);
		if (how->progress != NULL &&
		    how->progress(how->arg, at + n)) {
			errno = ECANCELED;
			return -1;
		}
	}
	return 0;
}

int
shmt__digest(int fd, uint64_t size, const struct shmt_transfer *how,
    unsigned char result[static SHMT__DIGEST])
{
	struct digest digest = { .parts = size > SHMT__PLAIN };
	int added;

	digest.buffer = malloc(PART);
	if (digest.buffer == NULL)
		return -1;
	SHA256Init(&digest.sum);
	added = add_all(&digest, fd, size, how);
	if (added == 0)
		SHA256Final(result, &digest.sum);
	free(digest.buffer);
	return added;
}
