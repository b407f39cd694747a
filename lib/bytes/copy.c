/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A segment's bytes to a descriptor and from one, in the fastest way that is
 * safe for the two.  What was sent is what was there: pages are lent only
 * where that was asked for, and to a file, which copies them at once.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/prefault.h"
#include "bytes/view.h"
#include "shmtool.h"

/* Stays in the processor's cache; more gains nothing. */
#define BOUNCE ((size_t)128 * 1024)

/* Pages had at once, and bytes given to one call that needs no buffer. */
#define CHUNK ((size_t)1 << 20)

/* Room had at once in a file on disk. */
#define ROOM ((size_t)32 << 20)

/* Between two calls of progress, and mapped, so many bytes at most. */
#define STEP ((uint64_t)4 << 20)

/* So much is had ahead by a thread, where so much in one piece makes that
 * worth while. */
#define AHEAD ((uint64_t)3 << 20)
#define WORTH_AHEAD ((uint64_t)8 << 20)

/* One transfer under way. */
struct job {
	struct shmt_view *view;
	const struct shmt_transfer *how;
	int fd;
	short events;		/* what the descriptor is waited for */
	bool is_file, is_pipe, appends;	/* the descriptor */
	bool wants_room;	/* pages or blocks are had many at once */
	bool in_memory;		/* its file system is: pages */
	uint64_t pos, end;	/* in the segment */
	uint64_t told;		/* pos at the last call of progress */
	uint64_t room;		/* the file has its blocks up to this pos */
	bool is_helped;		/* or was refused help */
	struct shmt__prefault *ahead;	/* or NULL */
	uint64_t run_end;	/* no hole from pos up to here */
	uint64_t asked;		/* ahead was asked for pages up to here */
};

/* What there is to know of the descriptor. */
static void
look_at(struct job *job, int fd)
{
	struct stat st;

	job->fd = fd;
	if (fd == -1 || fstat(fd, &st) == -1)
		return;
	job->is_file = S_ISREG(st.st_mode);
	job->is_pipe = S_ISFIFO(st.st_mode);
	job->appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
	job->in_memory = shmt__in_memory(fd);
	job->wants_room = job->in_memory || (job->is_file && !job->appends);
	/* As large as anybody may have it; less does, too.  It takes memory
	 * of ours when it is full. */
	if (job->is_pipe && shmt__affords(&job->view->credit, CHUNK))
		fcntl(fd, F_SETPIPE_SZ, (int)CHUNK);
}

static int
begin(struct job *job, struct shmt_view *view,
    const struct shmt_transfer *how, int fd)
{
	uint64_t length = how->length;

	if (how->offset <= view->size && length == UINT64_MAX)
		length = view->size - how->offset;
	if (!shmt__view_has(view, how->offset, length))
		return -1;
	if (view->bounce == NULL)
		view->bounce = malloc(BOUNCE);
	if (view->bounce == NULL)
		return -1;
	*job = (struct job){ .view = view, .how = how, .pos = how->offset,
	    .end = how->offset + length, .told = how->offset };
	look_at(job, fd);
	shmt__view_invalidate(view);
	return 0;
}

/* Tells the caller how far it is; -1 if that is far enough. */
static int
tell(struct job *job)
{
	shmt__view_drop(job->view, job->told, job->pos - job->told);
	job->told = job->pos;
	if (job->how->progress == NULL || !job->how->progress(job->how->arg,
	    job->pos - job->how->offset))
		return 0;
	errno = ECANCELED;
	return -1;
}

/* A call failed: 0 if it is to be made again. */
static int
again(struct job *job)
{
	struct pollfd wait = { job->fd, job->events, 0 };

	if (errno == EAGAIN) {
		if (poll(&wait, 1, -1) == -1 && errno != EINTR)
			return -1;
		return tell(job);
	}
	return errno == EINTR ? tell(job) : -1;
}

/* After a call that moved n bytes, or failed. */
static int
advance(struct job *job, ssize_t n)
{
	if (n == -1)
		return again(job);
	job->pos += (uint64_t)n;
	return job->pos - job->told >= STEP ? tell(job) : 0;
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

/* The ways out, each for a piece of data from pos on. */
typedef int way(struct job *job, size_t length);

static int
by_bounce(struct job *job, size_t length)
{
	if (length > BOUNCE)
		length = BOUNCE;
	if (shmt__view_load(job->view, job->pos, job->view->bounce,
	    length) == -1)
		return -1;
	return push(job, length);
}

/* A file takes a copy before the call returns; a pipe would not. */
static int
by_sendfile(struct job *job, size_t length)
{
	off_t at = (off_t)job->pos;
	ssize_t n;

	if (shmt__view_touch(job->view, job->pos, length, false) == -1)
		return -1;
	n = sendfile(job->fd, job->view->fd, &at, length);
	if (n == 0 || (n == -1 && errno == EINVAL))
		return by_bounce(job, length);
	return advance(job, n);
}

/* Many pages at once are had four times as fast as one by one. */
static int
have_pages(struct job *job, size_t length, int advice)
{
	struct shmt_view *view = job->view;
	size_t more = (size_t)(job->pos & (view->page - 1));

	if (shmt__view_touch(view, job->pos, length,
	    advice == MADV_POPULATE_WRITE) == -1)
		return -1;
	/* If it fails the copy does too, and says why. */
	madvise(view->at + job->pos - more, length + more, advice);
	return 0;
}

/* The same for the next piece to be sent, with the help there is.  Where
 * memory is short nothing is had before it is needed. */
static int
have_next(struct job *job, size_t length)
{
	uint64_t next = job->pos + length, far;

	if (job->ahead == NULL)
		return have_pages(job, length, MADV_POPULATE_READ);
	if (job->asked < job->pos)
		job->asked = job->pos;
	far = job->run_end - job->pos < AHEAD ? job->run_end :
	    job->pos + AHEAD;
	if (job->asked < far && job->asked < next + CHUNK &&
	    shmt__affords(&job->view->credit, far - job->asked)) {
		shmt__prefault_want(job->ahead, job->asked, far);
		job->asked = far;
	}
	if (job->asked > job->pos)
		shmt__prefault_wait(job->ahead, job->asked < next ? job->asked :
		    next);
	return job->asked >= next ? 0 :
	    have_pages(job, length, MADV_POPULATE_READ);
}

static int
by_mapping(struct job *job, size_t length)
{
	if (have_next(job, length) == -1)
		return -1;
	return advance(job, write(job->fd, job->view->at + job->pos, length));
}

static int
splice_pages(struct job *job, size_t length)
{
	struct shmt_view *view = job->view;
	loff_t at = (loff_t)job->pos;
	struct iovec pages;

	if (view->fd != -1 && !view->huge)
		return advance(job, splice(view->fd, &at, job->fd, NULL,
		    length, 0));
	if (view->at == NULL) {
		errno = ENOTSUP;
		return -1;
	}
	if (have_pages(job, length, MADV_POPULATE_READ) == -1)
		return -1;
	pages = (struct iovec){ view->at + job->pos, length };
	return advance(job, vmsplice(job->fd, &pages, 1, 0));
}

static way *
way_out(const struct job *job)
{
	const struct shmt_view *view = job->view;

	if (job->how->flags & SHMT_ZERO_COPY)
		return splice_pages;
	if (view->fd != -1 && job->is_file && !job->appends && !view->huge)
		return by_sendfile;
	if (view->fd == -1 && view->at != NULL)
		return by_mapping;
	return by_bounce;
}

/*
 * Blocks had many at once cost less than one by one, and lie together; pages
 * are had where memory may be short.  A file system that cannot, or is full,
 * is told of by write.
 */
static int
have_room(struct job *job, uint64_t end)
{
	off_t here;
	size_t n;

	if (!job->wants_room || job->pos < job->room ||
	    (!job->in_memory && end - job->pos < CHUNK))
		return 0;
	n = up_to(job->pos, end, job->in_memory ? CHUNK : ROOM);
	job->room = job->pos + n;
	if (job->in_memory)
		return shmt_make_room(job->fd, n, &job->view->credit);
	here = lseek(job->fd, 0, SEEK_CUR);
	if (here == -1 || fallocate(job->fd, FALLOC_FL_KEEP_SIZE, here,
	    (off_t)n) == -1)
		job->wants_room = false;
	return 0;
}

/* Blocks behind the end of a file that has not become so long; where it is
 * appended to, another's bytes may be there by now. */
static void
give_back_room(const struct job *job)
{
	int saved = errno;
	struct stat st;

	/* Why the copy failed matters more than whether this does. */
	if (job->pos >= job->room || job->appends ||
	    fstat(job->fd, &st) == -1 || ftruncate(job->fd, st.st_size) == -1)
		errno = saved;
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
	memset(job->view->bounce, 0, up_to(job->pos, end, BOUNCE));
	while (job->pos < end)
		if (have_room(job, end) == -1 ||
		    push(job, up_to(job->pos, end, BOUNCE)) == -1)
			return -1;
	return 0;
}

static int
send_data(struct job *job, way *step, uint64_t end)
{
	int result = 0;
	uint64_t limit;

	job->run_end = end;
	if (!job->is_helped && step == by_mapping && job->is_file &&
	    end - job->pos >= WORTH_AHEAD) {
		job->is_helped = true;
		job->ahead = shmt__prefault_start(job->view);
	}
	while (result == 0 && job->pos < end) {
		result = have_room(job, end);
		/* Of memory no more than was had. */
		limit = job->in_memory && job->room < end ? job->room : end;
		if (result == 0)
			result = step(job, up_to(job->pos, limit, CHUNK));
	}
	return result;
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
	way *step;

	*done = 0;
	if (begin(&job, view, how, out) == -1)
		return -1;
	job.events = POLLOUT;
	step = way_out(&job);
	while (result == 0 && job.pos < job.end) {
		shmt__view_run(view, job.pos, job.end, &run);
		result = run.data ? send_data(&job, step, run.end) :
		    send_hole(&job, run.end);
	}
	shmt__prefault_end(job.ahead);
	*done = job.pos - how->offset;
	if (result == 0 && (how->flags & SHMT_SPARSE))
		result = end_sparse(&job);
	if (result == -1)
		give_back_room(&job);
	return result;
}

/* The ways in: 1 to go on, 0 at the end of the input, -1. */
static int
in_by_bounce(struct job *job, size_t length)
{
	ssize_t n;

	n = read(job->fd, job->view->bounce, length < BOUNCE ? length :
	    BOUNCE);
	if (n == 0)
		return 0;
	if (n > 0 && shmt__view_store(job->view, job->pos, job->view->bounce,
	    (size_t)n) == -1)
		return -1;
	return advance(job, n) == -1 ? -1 : 1;
}

/* So much, at most length, is there to be read, unless others read it. */
static size_t
known_input(const struct job *job, size_t length)
{
	struct stat st;
	off_t here;
	int ready;

	if (!job->is_file)
		return ioctl(job->fd, FIONREAD, &ready) == -1 ? 0 :
		    up_to(0, (uint64_t)ready, length);
	here = lseek(job->fd, 0, SEEK_CUR);
	/* A file in /proc tells no size. */
	if (here == -1 || fstat(job->fd, &st) == -1 || st.st_size <= here)
		return 0;
	return up_to((uint64_t)here, (uint64_t)st.st_size, length);
}

/* Straight into the pages, which are had only for what there is. */
static int
in_by_mapping(struct job *job, size_t length)
{
	size_t known = known_input(job, length);
	ssize_t n;

	if (known == 0)
		return in_by_bounce(job, length);
	length = known;
	if (have_pages(job, length, MADV_POPULATE_WRITE) == -1)
		return -1;
	n = read(job->fd, job->view->at + job->pos, length);
	if (n == 0)
		return 0;
	return advance(job, n) == -1 ? -1 : 1;
}

/*
 * Over holes of the input, where the range was never written either.  Over
 * one that the input ends with: its end is then the next thing read.
 */
static void
skip_hole(struct job *job)
{
	off_t here = lseek(job->fd, 0, SEEK_CUR), next;
	uint64_t room = job->end - job->pos;

	next = lseek(job->fd, here, SEEK_DATA);
	if (next == -1 && errno == ENXIO)
		next = lseek(job->fd, 0, SEEK_END);
	if (next < here)
		next = here;
	if ((uint64_t)(next - here) > room)
		next = here + (off_t)room;
	if (lseek(job->fd, next, SEEK_SET) == next)
		job->pos += (uint64_t)(next - here);
}

/* At the end of the range: is there more input? */
static int
expect_end(struct job *job)
{
	ssize_t n;
	char c;

	do
		n = read(job->fd, &c, 1);
	while (n == -1 && again(job) == 0);
	if (n > 0)
		errno = EFBIG;
	return n == 0 ? 0 : -1;
}

int
shmt_view_receive(struct shmt_view *view, const struct shmt_transfer *how,
    int in, uint64_t *done)
{
	struct job job;
	way *step;
	int more = 1;

	*done = 0;
	if (begin(&job, view, how, in) == -1)
		return -1;
	job.events = POLLIN;
	step = (job.is_file || job.is_pipe) && (view->fd == -1 || view->huge) ?
	    in_by_mapping : in_by_bounce;
	while (more == 1 && job.pos < job.end) {
		if (job.is_file && (how->flags & SHMT_SPARSE))
			skip_hole(&job);
		if (job.pos < job.end)
			more = step(&job, up_to(job.pos, job.end, CHUNK));
	}
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
		result = shmt__view_store(view, job.pos, view->bounce, n);
		if (result == 0)
			result = advance(&job, (ssize_t)n);
	}
	*done = job.pos - how->offset;
	return result;
}
