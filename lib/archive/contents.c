/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Copies contents to a file or from one, by blocks, with their digest.  Holes
 * are found and skipped here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/contents.h"
#include "bytes/allocation.h"
#include "bytes/view.h"
#include "sys/file.h"

/* A run of zeros of this length, and at a multiple of it, becomes a hole. */
#define HOLE_UNIT ((size_t)4096)

/* A copy in progress. */
struct job {
	struct shmt__copy *copy;
	struct shmt__digest *digest;
	char *buffer;			/* of one block */
	struct shmt__run run;		/* the run found last; end 0: none */
	bool counting;			/* counts data, before the copy */
};

/* Offsets ascend, so each run is looked up once for all of its blocks: in a
 * file in memory a look-up takes time in proportion to the run. */
static const struct shmt__run *
find_run(struct job *job, uint64_t offset)
{
	const struct shmt__end *from = &job->copy->from;
	uint64_t size = job->copy->size;

	if (offset < job->run.end)
		return &job->run;
	if (from->view != NULL)
		shmt__view_run(from->view, offset, size, &job->run);
	else if (!shmt__find_run(from->fd, offset, size, &job->run))
		job->run = (struct shmt__run){ true, size };
	return &job->run;
}

static int
report(const struct job *job, uint64_t done)
{
	const struct shmt__copy *copy = job->copy;

	if (copy->progress == NULL || !copy->progress(copy->arg,
	    job->counting ? 0 : done))
		return 0;
	return shmt__fail(ECANCELED);
}

/* Moves *offset to the next data, or to the end.  A mapping is searched page by
 * page, which may take long, so progress() is called. */
static int
find_data(struct job *job, uint64_t *offset)
{
	const struct shmt__run *run;

	for (; *offset < job->copy->size; *offset = run->end) {
		if (report(job, *offset) == -1)
			return -1;
		run = find_run(job, *offset);
		if (run->data)
			break;
	}
	return 0;
}

static int
load(struct job *job, uint64_t offset, char *buffer, size_t length)
{
	const struct shmt__end *from = &job->copy->from;

	if (from->view == NULL)
		return shmt__read_at(from->fd, offset, buffer, length);
	shmt__view_prefault(from->view, offset, offset + length, job->run.end);
	return from->view->ops->load(from->view, offset, buffer, length);
}

/* Reads a block of which the bytes before data are zeros. */
static int
load_block(struct job *job, uint64_t offset, uint64_t data, size_t length)
{
	uint64_t end = offset + length, at = data;
	const struct shmt__run *run;
	size_t n;

	memset(job->buffer, 0, (size_t)(data - offset));
	for (; at < end; at += n) {
		run = find_run(job, at);
		n = (size_t)((run->end < end ? run->end : end) - at);
		if (!run->data)
			memset(job->buffer + (at - offset), 0, n);
		else if (load(job, at, job->buffer + (at - offset), n) == -1)
			return -1;
	}
	return 0;
}

static bool
is_zero(const char *bytes, size_t length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static size_t
at_most(size_t length, size_t limit)
{
	return length < limit ? length : limit;
}

/* The length of the first run of zero units or of other units. */
static size_t
first_run(const char *bytes, size_t length, bool *zero)
{
	size_t at, n = at_most(length, HOLE_UNIT);

	*zero = is_zero(bytes, n);
	for (at = n; at < length; at += n) {
		n = at_most(length - at, HOLE_UNIT);
		if (is_zero(bytes + at, n) != *zero)
			break;
	}
	return at;
}

/* Where all of the block and much behind it is data, pages are allocated
 * ahead; for blocks only, of which store() sees all that is zero. */
static bool
prefault(struct job *job, uint64_t offset, size_t length)
{
	struct shmt_view *view = job->copy->to.view;
	uint64_t end = job->run.end & ~(uint64_t)(SHMT__BLOCK - 1);

	return view != NULL && offset + length <= end &&
	    shmt__view_prefault(view, offset, offset + length, end);
}

/* allocated: the zeros have pages already. */
static int
store(struct job *job, uint64_t offset, const char *buffer, size_t length,
    bool allocated)
{
	const struct shmt__end *to = &job->copy->to;
	bool zero;
	size_t n;

	for (; length > 0; buffer += n, offset += n, length -= n) {
		n = first_run(buffer, length, &zero);
		if (zero && allocated)
			shmt__view_punch(to->view, offset, offset + n);
		else if (!zero && (to->view != NULL ?
		    to->view->ops->store(to->view, offset, buffer, n) :
		    shmt__write_at(to->fd, offset, buffer, n)) == -1)
			return -1;
	}
	return 0;
}

/* A block is read, hashed and written while it is in the processor's cache. */
static int
copy_block(struct job *job, uint64_t offset, uint64_t data, size_t length)
{
	const uint64_t run = job->run.end;
	bool allocated;

	if (load_block(job, offset, data, length) == -1) {
		job->copy->reading_failed = true;
		return -1;
	}
	/* Pages are allocated ahead only if one run of data has the whole
	 * block; then store() gets its zeros too. */
	allocated = data == offset && run == job->run.end &&
	    prefault(job, offset, length);
	if (!is_zero(job->buffer, length))
		shmt__digest_add(job->digest, offset / SHMT__BLOCK,
		    job->buffer, length);
	else if (!allocated)
		return 0;
	return store(job, offset, job->buffer, length, allocated);
}

static int
copy_all(struct job *job)
{
	uint64_t size = job->copy->size, at = 0, data;
	int result;
	size_t n;

	for (;;) {
		data = at;
		result = find_data(job, &data);
		if (result == -1 || data == size)
			return result;
		at = data & ~(uint64_t)(SHMT__BLOCK - 1);
		n = shmt__up_to(at, size, SHMT__BLOCK);
		if (copy_block(job, at, data, n) == -1)
			return -1;
		at += n;
	}
}

static void
forget_runs(struct job *job)
{
	job->run.end = 0;
	if (job->copy->from.view != NULL)
		shmt__view_reset(job->copy->from.view);
	if (job->copy->to.view != NULL)
		shmt__view_reset(job->copy->to.view);
}

static int
count_data(struct job *job, uint64_t *data)
{
	uint64_t at = 0, size = job->copy->size;
	int result;

	*data = 0;
	job->counting = true;
	while ((result = find_data(job, &at)) == 0 && at < size) {
		*data += job->run.end - at;
		at = job->run.end;
	}
	job->counting = false;
	return result;
}

/* Checks that there is memory for a copy that is in memory. */
static int
expect_memory(struct job *job)
{
	struct shmt__copy *copy = job->copy;
	uint64_t data, left;

	if (copy->from.view != NULL)
		return shmt__in_memory(copy->to.fd) ?
		    shmt__expect_memory(copy->from.view, 0, copy->size,
		    SHMT__DATA, &left) : 0;
	if (shmt__expect_memory(copy->to.view, 0, 0, SHMT__DATA, &left) == -1)
		return -1;
	/* If there is enough for the holes too, they need not be searched. */
	if (copy->size <= left)
		return 0;
	if (count_data(job, &data) == -1)
		return -1;
	if (data <= left)
		return 0;
	return shmt__fail(ENOMEM);
}

int
shmt__copy_contents(struct shmt__copy *copy)
{
	struct job job = { .copy = copy };
	char *buffer;
	int result = -1;

	copy->reading_failed = false;
	forget_runs(&job);
	if (!copy->allocated && expect_memory(&job) == -1)
		return -1;
	forget_runs(&job);
	job.digest = shmt__digest_begin();
	job.buffer = buffer = aligned_alloc(SHMT__ALIGNMENT, SHMT__BLOCK);
	if (job.digest != NULL && buffer != NULL)
		result = copy_all(&job);
	forget_runs(&job);
	shmt__digest_end(job.digest, copy->digest);
	free(buffer);
	return result;
}
