/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Copies contents to a file or from one, by blocks, with their digest.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/contents.h"
#include "bytes/allocation.h"
#include "bytes/view_ops.h"
#include "sys/file.h"

/* A unit of this length, at a multiple of it, becomes a hole if it is zero. */
#define HOLE_UNIT ((size_t)4096)

/* A copy in progress. */
struct job {
	struct shmt__copy *copy;
	struct shmt_view *from, *to;
	struct shmt__digest *digest;
	char *block;		/* collects a block that comes in pieces */
	size_t filled;		/* bytes in it */
	uint64_t at;		/* offset of this block */
};

static bool
is_zero(const char *bytes, size_t length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* The length of the first zero units or of other units. */
static size_t
first_units(const char *bytes, size_t length, bool *zero)
{
	size_t at, n = shmt__up_to(0, length, HOLE_UNIT);

	*zero = is_zero(bytes, n);
	for (at = n; at < length; at += n) {
		n = shmt__up_to(at, length, HOLE_UNIT);
		if (is_zero(bytes + at, n) != *zero)
			break;
	}
	return at;
}

/* Stores data and leaves holes.  allocated: zeros have pages already, which are
 * freed. */
static int
store(struct shmt_view *to, uint64_t offset, const char *bytes, size_t length,
    bool allocated)
{
	bool zero;
	size_t n;

	for (; length > 0; bytes += n, offset += n, length -= n) {
		n = first_units(bytes, length, &zero);
		if (zero && allocated)
			shmt__view_punch(to, offset, offset + n);
		else if (!zero &&
		    to->ops->store(to, offset, bytes, n) == -1)
			return -1;
	}
	return 0;
}

/* Hashes and stores a block, which is in the processor's cache since it was
 * read. */
static int
put_block(struct job *job, const char *bytes, size_t length)
{
	const uint64_t mask = SHMT__BLOCK - 1, offset = job->at;
	bool allocated = false;

	job->at += length;
	job->filled = 0;
	/* Prefaults pages only if the whole block is in one extent; then
	 * store() frees those that hold zeros. */
	if (bytes != job->block)
		allocated = shmt__view_prefault(job->to, offset,
		    offset + length, job->from->extent.end & ~mask);
	if (!is_zero(bytes, length))
		shmt__digest_add(job->digest, offset / SHMT__BLOCK, bytes,
		    length);
	else if (!allocated)
		return 0;
	return store(job->to, offset, bytes, length, allocated);
}

/* Adds a piece of a block, of data or of a hole. */
static int
fill_block(struct job *job, const char *bytes, size_t length)
{
	char *to = job->block + job->filled;

	if (bytes != NULL)
		memcpy(to, bytes, length);
	else
		memset(to, 0, length);
	job->filled += length;
	return job->filled < SHMT__BLOCK ? 0 :
	    put_block(job, job->block, SHMT__BLOCK);
}

/* Divides a piece of data or of a hole into blocks. */
static int
add_piece(struct job *job, const char *bytes, uint64_t length)
{
	int result = 0;
	uint64_t n;

	for (; result == 0 && length > 0; length -= n) {
		n = length & ~(uint64_t)(SHMT__BLOCK - 1);
		if (job->filled == 0 && bytes == NULL && n > 0)
			job->at += n;
		else {
			n = shmt__up_to(0, length, SHMT__BLOCK - job->filled);
			result = bytes != NULL && n == SHMT__BLOCK ?
			    put_block(job, bytes, SHMT__BLOCK) :
			    fill_block(job, bytes, (size_t)n);
		}
		if (bytes != NULL)
			bytes += n;
	}
	return result;
}

static int
visit(void *arg, const void *bytes, uint64_t length)
{
	struct job *job = arg;
	struct shmt__copy *copy = job->copy;

	copy->reading_failed = false;
	if (add_piece(job, bytes, length) == -1)
		return -1;
	if (copy->progress != NULL && copy->progress(copy->arg, job->at))
		return shmt__fail(ECANCELED);
	copy->reading_failed = true;
	return 0;
}

static int
copy_all(struct job *job)
{
	struct shmt__copy *copy = job->copy;

	copy->reading_failed = true;
	if (shmt_view_visit(job->from, 0, copy->size, visit, job) == -1)
		return -1;
	copy->reading_failed = false;
	return job->filled == 0 ? 0 :
	    put_block(job, job->block, job->filled);
}

/* Checks that there is memory for a copy to a tmpfs or to a segment. */
static int
expect_memory(const struct job *job)
{
	const uint64_t size = job->copy->size;

	if (job->to->fd != -1 && !shmt__in_memory(job->to->fd))
		return 0;
	/* Most files have fewer holes than a new segment. */
	return shmt__expect_memory(job->to, 0, size, SHMT__HOLES) == 0 ? 0 :
	    shmt__expect_memory(job->from, 0, size, SHMT__DATA);
}

static int
copy_blocks(struct job *job)
{
	int result = -1;

	if (expect_memory(job) == -1)
		return -1;
	job->digest = shmt__digest_begin();
	job->block = aligned_alloc(SHMT__ALIGNMENT, SHMT__BLOCK);
	if (job->digest != NULL && job->block != NULL)
		result = copy_all(job);
	shmt__view_reset(job->to);
	shmt__digest_end(job->digest, job->copy->digest);
	free(job->block);
	return result;
}

int
shmt__copy_contents(struct shmt__copy *copy)
{
	struct job job = { .copy = copy };
	struct shmt_view *file;
	int result;

	copy->reading_failed = copy->to_view;
	if (shmt_view_of_fd(copy->fd, copy->to_view ? 0 : SHMT_WRITE,
	    &file) == -1)
		return -1;
	job.from = copy->to_view ? file : copy->view;
	job.to = copy->to_view ? copy->view : file;
	result = copy_blocks(&job);
	shmt_view_close(file);
	return result;
}
