/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Transfers: a segment's bytes to a descriptor, from one, and to a function.
 * Each extent of data is moved by the view's own call where the kernel has it
 * for these descriptors, else through a buffer.  A hole is left as it is, or
 * written as zeros where the descriptor takes no holes.
 */

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/allocation.h"
#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sys/file.h"

/* Bytes of a file on disk that one fallocate(2) allocates. */
#define PREALLOCATE_MAX ((size_t)32 << 20)

/* Bytes between two calls of progress(), at most. */
#define PROGRESS_STEP ((uint64_t)4 << 20)

/* Bytes of input of unknown length that are read between two checks of the
 * memory left, at most. */
#define UNCHECKED_MAX ((uint64_t)64 << 20)

struct job {
	struct shmt_view *view;
	const struct shmt_transfer *how;
	int fd;
	short events;		/* for poll(2) */
	bool is_file;		/* the descriptor is of a regular file */
	bool preallocates;	/* its blocks are allocated many at once */
	bool uses_view_call;	/* send() or receive(), until it fails */
	uint64_t pos, end;	/* in the segment */
	uint64_t reported;	/* pos at the last call of progress() */
	uint64_t allocated;	/* the file has blocks up to this pos */
	uint64_t checked;	/* there is memory up to this pos */
};

/* A pipe that takes more at once costs fewer changes between processes. */
static void
enlarge_pipe(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size != -1 && (size_t)size < SHMT__CHUNK)
		fcntl(fd, F_SETPIPE_SZ, (int)SHMT__CHUNK);
}

static int
begin(struct job *job, struct shmt_view *view,
    const struct shmt_transfer *how, int fd)
{
	uint64_t length = how->length;
	struct stat st;

	if (how->offset <= view->segment.size && length == UINT64_MAX)
		length = view->segment.size - how->offset;
	if (!shmt__view_has(view, how->offset, length))
		return -1;
	if (view->buffer == NULL)
		view->buffer = aligned_alloc(SHMT__ALIGNMENT, SHMT__BUFFER);
	if (view->buffer == NULL)
		return -1;
	*job = (struct job){ .view = view, .how = how, .fd = fd,
	    .pos = how->offset, .end = how->offset + length,
	    .reported = how->offset };
	if (fd != -1 && fstat(fd, &st) == 0) {
		job->is_file = S_ISREG(st.st_mode);
		if (S_ISFIFO(st.st_mode))
			enlarge_pipe(fd);
	}
	job->uses_view_call = job->is_file || !view->ops->files_only ||
	    (how->flags & SHMT_ZERO_COPY);
	shmt__view_reset(view);
	return 0;
}

/* Calls progress(); -1 with ECANCELED if the caller stops the transfer. */
static int
report(struct job *job)
{
	job->reported = job->pos;
	if (job->how->progress == NULL || !job->how->progress(job->how->arg,
	    job->pos - job->how->offset))
		return 0;
	errno = ECANCELED;
	return -1;
}

/* Waits after a failed call; 0: the call can be repeated. */
static int
retry(struct job *job)
{
	struct pollfd fd = { job->fd, job->events, 0 };

	if (errno == EAGAIN) {
		if (poll(&fd, 1, -1) == -1 && errno != EINTR)
			return -1;
		return report(job);
	}
	return errno == EINTR ? report(job) : -1;
}

static int
count(struct job *job, uint64_t n)
{
	job->pos += n;
	return job->pos - job->reported >= PROGRESS_STEP ? report(job) : 0;
}

/* Counts the n bytes that a call moved; -1: it failed, see retry(). */
static int
advance(struct job *job, ssize_t n)
{
	return n == -1 ? retry(job) : count(job, (uint64_t)n);
}

/* Whether the view's own call, which returned n, does not work here. */
static bool
is_refused(struct job *job, ssize_t n)
{
	if (n == 0 || (n == -1 && shmt__is_unsupported(errno)))
		job->uses_view_call = false;
	return !job->uses_view_call;
}

/*
 * Segment to descriptor
 */

/* Writes the first bytes of the buffer to the descriptor. */
static int
write_buffer(struct job *job, size_t length)
{
	const char *p = job->view->buffer;
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

/*
 * Blocks that are allocated many at once cost less than one by one, and are
 * contiguous.  A failure is ignored: write(2) reports a full file system.
 */
static void
preallocate(struct job *job, uint64_t end)
{
	size_t length = shmt__up_to(job->pos, end, PREALLOCATE_MAX);
	off_t file_pos;

	if (!job->preallocates || job->pos < job->allocated ||
	    length < SHMT__CHUNK)
		return;
	job->allocated = job->pos + length;
	file_pos = lseek(job->fd, 0, SEEK_CUR);
	if (file_pos == -1 || fallocate(job->fd, FALLOC_FL_KEEP_SIZE, file_pos,
	    (off_t)length) == -1)
		job->preallocates = false;
}

/* Frees the blocks that were preallocated beyond the end of the file. */
static void
free_blocks(const struct job *job)
{
	int saved = errno;
	struct stat st;

	/* Why the copy failed matters more than whether this does. */
	if (job->pos >= job->allocated || fstat(job->fd, &st) == -1 ||
	    ftruncate(job->fd, st.st_size) == -1)
		errno = saved;
}

static int
send_hole(struct job *job, uint64_t end)
{
	if (job->how->flags & SHMT_SPARSE)
		return lseek(job->fd, (off_t)(end - job->pos), SEEK_CUR) == -1 ?
		    -1 : count(job, end - job->pos);
	memset(job->view->buffer, 0,
	    shmt__up_to(job->pos, end, SHMT__BUFFER));
	while (job->pos < end) {
		preallocate(job, end);
		if (write_buffer(job, shmt__up_to(job->pos, end,
		    SHMT__BUFFER)) == -1)
			return -1;
	}
	return 0;
}

static int
send_by_buffer(struct job *job, uint64_t end)
{
	size_t length = shmt__up_to(job->pos, end, SHMT__BUFFER);
	struct shmt_view *view = job->view;

	if (view->ops->load(view, job->pos, view->buffer, length) == -1)
		return -1;
	return write_buffer(job, length);
}

static int
send_data(struct job *job, uint64_t end)
{
	const struct shmt__view_ops *ops = job->view->ops;
	const bool zero_copy = (job->how->flags & SHMT_ZERO_COPY) != 0;
	int result = 0;
	ssize_t n;

	while (result == 0 && job->pos < end) {
		preallocate(job, end);
		n = 0;
		if (ops->send != NULL && job->uses_view_call)
			n = ops->send(job->view, job->pos, end, job->fd,
			    zero_copy);
		result = is_refused(job, n) ? send_by_buffer(job, end) :
		    advance(job, n);
	}
	return result;
}

/* Fails if the object has become shorter.  A hole is sent without being read,
 * so only reading the last byte shows that the object ends before a hole that
 * was sent. */
static int
expect_last_byte(struct job *job)
{
	struct shmt_view *view = job->view;
	struct shmt__extent extent;
	char byte;

	if (job->end == job->how->offset)
		return 0;
	shmt__view_extent(view, job->end - 1, job->end, &extent);
	return extent.data ? view->ops->load(view, job->end - 1, &byte, 1) : 0;
}

/* Extends the file over a hole at its end. */
static int
end_sparse(const struct job *job)
{
	off_t file_pos = lseek(job->fd, 0, SEEK_CUR);

	return file_pos == -1 ? -1 : ftruncate(job->fd, file_pos);
}

static int
prepare_output(struct job *job)
{
	bool sparse = (job->how->flags & SHMT_SPARSE) != 0;
	int flags = fcntl(job->fd, F_GETFL);

	job->events = POLLOUT;
	if (!job->is_file)
		return 0;
	if (shmt__in_memory(job->fd))
		return shmt__expect_memory(job->view, job->pos, job->end,
		    SHMT__DATA | (sparse ? 0 : SHMT__HOLES));
	/* With O_APPEND, another process may append into blocks beyond the end
	 * before they are freed. */
	job->preallocates = flags != -1 && (flags & O_APPEND) == 0;
	return 0;
}

int
shmt_view_send(struct shmt_view *view, const struct shmt_transfer *how,
    int out, uint64_t *done)
{
	struct shmt__extent extent;
	struct job job;
	int result;

	*done = 0;
	if (begin(&job, view, how, out) == -1)
		return -1;
	result = prepare_output(&job);
	while (result == 0 && job.pos < job.end) {
		shmt__view_extent(view, job.pos, job.end, &extent);
		result = extent.data ? send_data(&job, extent.end) :
		    send_hole(&job, extent.end);
	}
	*done = job.pos - how->offset;
	if (result == 0)
		result = expect_last_byte(&job);
	if (result == 0 && (how->flags & SHMT_SPARSE))
		result = end_sparse(&job);
	if (result == -1)
		free_blocks(&job);
	shmt__view_reset(view);
	return result;
}

int
shmt_view_visit(struct shmt_view *view, uint64_t offset, uint64_t length,
    int (*visit)(void *arg, const void *bytes, uint64_t length), void *arg)
{
	const struct shmt_transfer how = { .offset = offset, .length = length };
	struct shmt__extent *extent = &view->extent;
	struct job job;
	int result = 0;
	size_t n;

	if (begin(&job, view, &how, -1) == -1)
		return -1;
	while (result == 0 && job.pos < job.end) {
		shmt__view_extent(view, job.pos, job.end, extent);
		if (!extent->data) {
			result = visit(arg, NULL, extent->end - job.pos);
			job.pos = extent->end;
		}
		for (; extent->data && result == 0 && job.pos < extent->end;
		    job.pos += n) {
			n = shmt__up_to(job.pos, extent->end,
			    SHMT__BUFFER - (size_t)(job.pos % SHMT__BUFFER));
			shmt__view_prefault(view, job.pos, job.pos + n,
			    extent->end);
			result = view->ops->load(view, job.pos, view->buffer,
			    n);
			if (result == 0)
				result = visit(arg, view->buffer, n);
		}
	}
	if (result == 0)
		result = expect_last_byte(&job);
	shmt__view_reset(view);
	return result;
}

static int
copy_piece(void *arg, const void *bytes, uint64_t length)
{
	char **to = arg;

	if (bytes != NULL)
		memcpy(*to, bytes, (size_t)length);
	else
		memset(*to, 0, (size_t)length);
	*to += length;
	return 0;
}

int
shmt_view_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length)
{
	char *to = buffer;

	return shmt_view_visit(view, offset, length, copy_piece, &to);
}

/*
 * Descriptor to segment
 */

/* Counts the bytes that the input certainly has: the rest of a file, or what is
 * in a pipe.  Files in /proc have size 0. */
static uint64_t
known_input(const struct job *job)
{
	struct stat st;
	off_t file_pos;
	int ready;

	if (!job->is_file)
		return ioctl(job->fd, FIONREAD, &ready) == -1 || ready < 0 ?
		    0 : (uint64_t)ready;
	file_pos = lseek(job->fd, 0, SEEK_CUR);
	if (file_pos == -1 || fstat(job->fd, &st) == -1 ||
	    st.st_size <= file_pos)
		return 0;
	return (uint64_t)(st.st_size - file_pos);
}

/*
 * Checks that there is memory for the input: for a file once, since its length
 * is known, else for the next bytes, and again before these can use it up.
 */
static int
expect_pages(struct job *job, uint64_t known)
{
	uint64_t end = job->end, left;

	/* Huge pages come from a pool of their own; where that is empty a call
	 * fails with an errno. */
	if (job->pos < job->checked || job->view->huge)
		return 0;
	if (!job->is_file || known == 0)
		known = SHMT__CHUNK;
	if (known < end - job->pos)
		end = job->pos + known;
	if (shmt__expect_space(job->view, job->pos, end, &left) == -1)
		return -1;
	if (!job->is_file && left / 2 > known)
		known = left / 2 < UNCHECKED_MAX ? left / 2 : UNCHECKED_MAX;
	job->checked = job->pos + known;
	return 0;
}

/* Returns as read(2): 0 at the end of the input. */
static ssize_t
receive_by_buffer(struct job *job)
{
	struct shmt_view *view = job->view;
	ssize_t n;

	n = read(job->fd, view->buffer,
	    shmt__up_to(job->pos, job->end, SHMT__BUFFER));
	if (n > 0 && view->ops->store(view, job->pos, view->buffer,
	    (size_t)n) == -1)
		return -1;
	return n;
}

/* Returns 1 to go on, 0 at the end of the input, or -1. */
static int
receive_piece(struct job *job)
{
	const struct shmt__view_ops *ops = job->view->ops;
	uint64_t known = job->uses_view_call ? known_input(job) : 0;
	ssize_t n = 0;

	if (expect_pages(job, known) == -1)
		return -1;
	/* Without a buffer, pages are allocated before it is known whether
	 * there is input for them. */
	if (known > 0 && job->uses_view_call && ops->receive != NULL) {
		if (known > job->end - job->pos)
			known = job->end - job->pos;
		n = ops->receive(job->view, job->pos,
		    shmt__up_to(0, known, SHMT__CHUNK), job->fd);
		if (!is_refused(job, n))
			return advance(job, n) == -1 ? -1 : 1;
	}
	n = receive_by_buffer(job);
	if (n == 0)
		return 0;
	return advance(job, n) == -1 ? -1 : 1;
}

/*
 * Skips a hole of the input, where the range was never written either.  If
 * the input ends with it, its end is the next thing that is read.
 */
static void
skip_hole(struct job *job)
{
	off_t file_pos = lseek(job->fd, 0, SEEK_CUR), next;
	uint64_t left = job->end - job->pos;

	next = lseek(job->fd, file_pos, SEEK_DATA);
	if (next == -1 && errno == ENXIO)
		next = lseek(job->fd, 0, SEEK_END);
	if (next < file_pos)
		next = file_pos;
	if ((uint64_t)(next - file_pos) > left)
		next = file_pos + (off_t)left;
	if (lseek(job->fd, next, SEEK_SET) == next)
		job->pos += (uint64_t)(next - file_pos);
}

/* Called at the end of the range: EFBIG if there is more input. */
static int
expect_end(struct job *job)
{
	ssize_t n;
	char c;

	do
		n = read(job->fd, &c, 1);
	while (n == -1 && retry(job) == 0);
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
	if (!shmt__view_writable(view) || begin(&job, view, how, in) == -1)
		return -1;
	job.events = POLLIN;
	while (more == 1 && job.pos < job.end) {
		if (job.is_file && (how->flags & SHMT_SPARSE))
			skip_hole(&job);
		if (job.pos < job.end)
			more = receive_piece(&job);
	}
	*done = job.pos - how->offset;
	shmt__view_reset(view);
	if (more == 1 && (how->flags & SHMT_LEAVE_REST) == 0)
		return expect_end(&job);
	return more == -1 ? -1 : 0;
}

int
shmt_view_fill(struct shmt_view *view, const struct shmt_transfer *how,
    unsigned char byte, uint64_t *done)
{
	uint64_t left;
	struct job job;
	int result = 0;
	size_t n;

	*done = 0;
	if (!shmt__view_writable(view) || begin(&job, view, how, -1) == -1)
		return -1;
	if (!view->huge)
		result = shmt__expect_space(view, job.pos, job.end, &left);
	memset(view->buffer, byte, SHMT__BUFFER);
	while (result == 0 && job.pos < job.end) {
		n = shmt__up_to(job.pos, job.end, SHMT__BUFFER);
		result = view->ops->store(view, job.pos, view->buffer, n);
		if (result == 0)
			result = advance(&job, (ssize_t)n);
	}
	*done = job.pos - how->offset;
	shmt__view_reset(view);
	return result;
}
