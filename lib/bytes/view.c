/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Opening a view of a segment in the best way there is; pieces of it into a
 * buffer and out of one.
 */

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/view_ops.h"
#include "posix.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

/* The largest page that any machine has. */
#define LARGEST_PAGE ((uint64_t)16 << 30)

/* RLIMIT_FSIZE applies to a descriptor of a segment as to any, but is not meant
 * for segments. */
static bool
exceeds_file_limit(const struct shmt_view *view)
{
	struct rlimit limit;

	return (view->flags & SHMT_WRITE) != 0 &&
	    (getrlimit(RLIMIT_FSIZE, &limit) == -1 ||
	    limit.rlim_cur < view->segment.size);
}

/*
 * Our attachment as a file, or -1.  Its name in map_files is its exact range,
 * which ends at a whole page of whatever size the segment has.
 */
static int
open_own_file(const struct shmt_view *view, const void *at)
{
	uintptr_t start = (uintptr_t)at;
	uint64_t page, length;
	char path[64];
	int fd = -1;

	if (exceeds_file_limit(view))
		return -1;
	for (page = view->page; page <= LARGEST_PAGE; page <<= 1) {
		length = (view->segment.size + page - 1) & ~(page - 1);
		snprintf(path, sizeof(path), "/proc/self/map_files/%jx-%jx",
		    (uintmax_t)start, (uintmax_t)(start + length));
		fd = open(path, O_CLOEXEC |
		    (view->flags & SHMT_WRITE ? O_RDWR : O_RDONLY));
		if (fd != -1 || errno != ENOENT)
			break;
	}
	return fd;
}

/*
 * Prefers a descriptor, if the kernel permits one: then the segment is attached
 * for microseconds only.
 */
static int
open_attached(struct shmt_view *view, void *at)
{
	int fd = open_own_file(view, at);

	if (fd != -1) {
		if (shmt__view_file(view, fd) == 0 && shmt_detach(at) == 0)
			return 0;
		close(fd);
	}
	return shmt__view_map(view, at);
}

static int
open_remote(struct shmt_view *view, int id, bool descriptor_only)
{
	if (shmt__sysv_stat(id, &view->segment) == -1)
		return -1;
	if (descriptor_only && view->segment.nattch == 0)
		return shmt__fail(ESRCH);
	return shmt__view_remote(view, descriptor_only);
}

/*
 * Through a process that has the segment attached, if it gives us a
 * descriptor: then nattch stays as it is, which programs compare.
 *
 * Else size and identity are taken after the attach: before it, another
 * segment, perhaps a smaller one, may get the id between two system calls.
 */
static int
open_own(struct shmt_view *view, int id)
{
	int error;
	void *at;

	if ((view->flags & SHMT_WRITE) == 0 &&
	    open_remote(view, id, true) == 0)
		return 0;
	if (shmt__sysv_attach(id, NULL,
		view->flags & SHMT_WRITE ? 0 : SHMT_RDONLY, &at) == -1)
		return -1;
	if (shmt__sysv_stat(id, &view->segment) == 0 &&
	    open_attached(view, at) == 0)
		return 0;
	error = errno;
	shmt_detach(at);
	errno = error;
	return -1;
}

/* Memory that is a file of its own leaves no trace but atime, which opening
 * prevents where that is permitted. */
static int
open_file(struct shmt_view *view, const struct shmt_object *object)
{
	int fd;

	/* By device and inode, the name cannot mean another one meanwhile. */
	if (shmt_info(object, 0, &view->segment) == -1 ||
	    shmt_open(&view->segment.object, view->flags, &fd) == -1)
		return -1;
	if (shmt__view_file(view, fd) == 0)
		return 0;
	shmt__close(fd);
	return -1;
}

/* The facts come from the descriptor, not from a name that may change. */
static int
open_copy(struct shmt_view *view, int original)
{
	struct statx st;
	int fd = fcntl(original, F_DUPFD_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (shmt__statx(fd, "", AT_EMPTY_PATH, &st) == 0) {
		shmt__posix_fill(&st, "", false, &view->segment);
		if (shmt__view_file(view, fd) == 0)
			return 0;
	}
	shmt__close(fd);
	return -1;
}

static struct shmt_view *
new_view(unsigned flags)
{
	struct shmt_view *v = calloc(1, sizeof(*v));

	if (v != NULL) {
		v->flags = flags;
		v->page = (size_t)sysconf(_SC_PAGESIZE);
		v->fd = -1;
	}
	return v;
}

/* The view, once an attempt to open it has returned this. */
static int
finish_open(struct shmt_view *v, int result, struct shmt_view **view)
{
	if (result == 0)
		*view = v;
	else
		free(v);
	return result;
}

int
shmt_view_open(const struct shmt_object *object, unsigned flags,
    struct shmt_view **view)
{
	struct shmt_view *v;

	if ((flags & SHMT_NO_TRACE) && (flags & SHMT_WRITE))
		return shmt__fail(EINVAL);
	v = new_view(flags);
	if (v == NULL)
		return -1;
	return finish_open(v, object->kind != SHMT_SYSV ?
	    open_file(v, object) : flags & SHMT_NO_TRACE ?
	    open_remote(v, object->id, false) : open_own(v, object->id), view);
}

int
shmt_view_of_fd(int fd, unsigned flags, struct shmt_view **view)
{
	struct shmt_view *v = new_view(flags);

	return v == NULL ? -1 : finish_open(v, open_copy(v, fd), view);
}

void
shmt_view_close(struct shmt_view *view)
{
	int saved = errno;

	if (view == NULL)
		return;
	view->ops->close(view);
	free(view->buffer);
	free(view);
	errno = saved;
}

const struct shmt_info *
shmt_view_info(const struct shmt_view *view)
{
	return &view->segment;
}

bool
shmt__view_has(const struct shmt_view *view, uint64_t offset, uint64_t length)
{
	const uint64_t size = view->segment.size;

	if (offset <= size && length <= size - offset)
		return true;
	errno = ERANGE;
	return false;
}

void
shmt__view_reset(struct shmt_view *view)
{
	if (view->ops->reset != NULL)
		view->ops->reset(view);
}

void
shmt__view_extent(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__extent *extent)
{
	if (view->ops->find_extent == NULL ||
	    !view->ops->find_extent(view, offset, end, extent))
		*extent = (struct shmt__extent){ true, end };
}

bool
shmt__view_prefault(struct shmt_view *view, uint64_t from, uint64_t to,
    uint64_t end)
{
	return view->ops->prefault != NULL &&
	    view->ops->prefault(view, from, to, end);
}

void
shmt__view_punch(struct shmt_view *view, uint64_t from, uint64_t to)
{
	if (view->ops->punch != NULL)
		view->ops->punch(view, from, to);
}

bool
shmt__view_writable(const struct shmt_view *view)
{
	if (view->flags & SHMT_WRITE)
		return true;
	errno = EBADF;
	return false;
}

int
shmt_view_put(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length)
{
	int result;

	if (!shmt__view_writable(view) ||
	    !shmt__view_has(view, offset, length))
		return -1;
	result = view->ops->store(view, offset, buffer, length);
	shmt__view_reset(view);
	return result;
}
