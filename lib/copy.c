/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Bytes out of a segment and into it.  The kernel does all copying, by
 * read(2), write(2) and process_vm_readv(2) of ourselves: a page that cannot
 * be had is then an errno, where a load of our own would be a SIGBUS.
 */

#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define BOUNCE ((size_t)128 * 1024)

/* Between two calls of progress, so many bytes at most. */
#define STEP ((uint64_t)4 << 20)

static bool
in_range(const struct shmt_view *view, uint64_t offset, uint64_t length)
{
	if (offset <= view->size && length <= view->size - offset)
		return true;
	errno = ERANGE;
	return false;
}

/* Memory of the attachment into buffer, or the other way round. */
static int
move(const struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length, bool out)
{
	char *at = view->at + offset, *p = buffer;
	struct iovec near, far;
	ssize_t n;

	while (length > 0) {
		near = (struct iovec){ p, length };
		far = (struct iovec){ at, length };
		n = out ? process_vm_readv(getpid(), &near, 1, &far, 1, 0) :
		    process_vm_writev(getpid(), &near, 1, &far, 1, 0);
		if (n <= 0)
			return -1;
		p += n;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int
shmt_view_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length)
{
	struct shmt__run run;
	char *p = buffer;
	size_t n;

	if (!in_range(view, offset, length))
		return -1;
	if (view->fd != -1)
		return shmt__read_at(view->fd, offset, buffer, length);
	shmt__view_forget(view);
	for (; length > 0; p += n, offset += n, length -= n) {
		shmt__view_run(view, offset, offset + length, &run);
		n = (size_t)(run.end - offset);
		if (!run.data)
			memset(p, 0, n);
		else if (move(view, offset, p, n, true) == -1)
			return -1;
	}
	return 0;
}

int
shmt_view_put(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length)
{
	void *p;

	if (!in_range(view, offset, length))
		return -1;
	memcpy(&p, &buffer, sizeof(p));	/* an iovec knows no const */
	return move(view, offset, p, length, false);
}

/* One transfer under way. */
struct job {
	struct shmt_view *view;
	const struct shmt_transfer *how;
	int fd;
	uint64_t pos, end;	/* in the segment */
	uint64_t told;		/* pos at the last call of progress */
};

static int
begin(struct job *job, struct shmt_view *view,
    const struct shmt_transfer *how, int fd)
{
	uint64_t length = how->length;

	if (how->offset <= view->size && length == UINT64_MAX)
		length = view->size - how->offset;
	if (!in_range(view, how->offset, length))
		return -1;
	if (view->bounce == NULL)
		view->bounce = malloc(BOUNCE);
	if (view->bounce == NULL)
		return -1;
	*job = (struct job){ view, how, fd, how->offset, how->offset + length,
	    how->offset };
	shmt__view_forget(view);
	return 0;
}

/* Tells the caller how far it is; -1 if that is far enough. */
static int
tell(struct job *job)
{
	job->told = job->pos;
	if (job->how->progress == NULL || !job->how->progress(job->how->arg,
	    job->pos - job->how->offset))
		return 0;
	errno = ECANCELED;
	return -1;
}

/* After n bytes, or a failure: 1 to go on, 0 at the end of input, -1. */
static int
advance(struct job *job, ssize_t n)
{
	if (n == -1 && errno != EINTR)
		return -1;
	if (n > 0)
		job->pos += (uint64_t)n;
	if ((n == -1 || job->pos - job->told >= STEP) && tell(job) == -1)
		return -1;
	return n != 0;
}

static size_t
up_to(uint64_t from, uint64_t to, size_t most)
{
	return to - from < most ? (size_t)(to - from) : most;
}

/* What is in the bounce buffer, to the descriptor. */
static int
push(struct job *job, size_t length)
{
	const char *p = job->view->bounce;
	ssize_t n;

	while (length > 0) {
		n = write(job->fd, p, length);
		if (advance(job, n) == -1)
			return -1;
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

static int
send_data(struct job *job, uint64_t end)
{
	size_t n;

	while (job->pos < end) {
		n = up_to(job->pos, end, BOUNCE);
		if ((job->view->fd != -1 ?
		    shmt__read_at(job->view->fd, job->pos,
		    job->view->bounce, n) :
		    move(job->view, job->pos, job->view->bounce, n,
		    true)) == -1 || push(job, n) == -1)
			return -1;
	}
	return 0;
}

static int
send_hole(struct job *job, uint64_t end)
{
	if (job->how->flags & SHMT_SPARSE) {
		if (lseek(job->fd, (off_t)(end - job->pos), SEEK_CUR) == -1)
			return -1;
		job->pos = end;
		return 0;
	}
	while (job->pos < end) {
		memset(job->view->bounce, 0, up_to(job->pos, end, BOUNCE));
		if (push(job, up_to(job->pos, end, BOUNCE)) == -1)
			return -1;
	}
	return 0;
}

/* A hole at the end of a file is there only once the file is so long. */
static int
end_sparse(const struct job *job)
{
	off_t here = lseek(job->fd, 0, SEEK_CUR);

	return here == -1 ? -1 : ftruncate(job->fd, here);
}

int
shmt_view_send(struct shmt_view *view, const struct shmt_transfer *how,
    int out, uint64_t *done)
{
	struct shmt__run run;
	struct job job;
	int result = 0;

	*done = 0;
	if (begin(&job, view, how, out) == -1)
		return -1;
	while (result == 0 && job.pos < job.end) {
		shmt__view_run(view, job.pos, job.end, &run);
		result = run.data ? send_data(&job, run.end) :
		    send_hole(&job, run.end);
	}
	*done = job.pos - how->offset;
	if (result == 0 && (how->flags & SHMT_SPARSE))
		result = end_sparse(&job);
	return result;
}

/* At the end of the range: is there more input? */
static int
expect_end(const struct job *job)
{
	ssize_t n;
	char c;

	do
		n = read(job->fd, &c, 1);
	while (n == -1 && errno == EINTR && tell(&(struct job){ .how =
	    job->how, .pos = job->pos }) == 0);
	if (n > 0)
		errno = EFBIG;
	return n == 0 ? 0 : -1;
}

int
shmt_view_receive(struct shmt_view *view, const struct shmt_transfer *how,
    int in, uint64_t *done)
{
	struct job job;
	int more = 1;

	*done = 0;
	if (begin(&job, view, how, in) == -1)
		return -1;
	while (more == 1 && job.pos < job.end)
		more = advance(&job, read(in, view->at + job.pos,
		    up_to(job.pos, job.end, (size_t)STEP)));
	*done = job.pos - how->offset;
	if (more == 1 && (how->flags & SHMT_LEAVE_REST) == 0)
		return expect_end(&job);
	return more == -1 ? -1 : 0;
}

int
shmt_view_fill(struct shmt_view *view, const struct shmt_transfer *how,
    unsigned char byte, uint64_t *done)
{
	struct job job;
	int result = 0;
	size_t n;

	*done = 0;
	if (begin(&job, view, how, -1) == -1)
		return -1;
	memset(view->bounce, byte, BOUNCE);
	while (result == 0 && job.pos < job.end) {
		n = up_to(job.pos, job.end, BOUNCE);
		result = move(view, job.pos, view->bounce, n, false);
		if (result == 0 && advance(&job, (ssize_t)n) == -1)
			result = -1;
	}
	*done = job.pos - how->offset;
	return result;
}
