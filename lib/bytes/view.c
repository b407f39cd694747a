/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Attaching, and views: the ways to a segment's bytes.  A view has at least
 * one of three: an attachment of our own; a descriptor of the segment as a
 * file, from /proc/PID/map_files, which needs a capability and then is best,
 * for it knows holes, allocates nothing and leaves no trace; the memory of
 * the processes that have the segment attached.
 */

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes/view.h"
#include "bytes/view_remote.h"
#include "shmtool.h"

int
shmt_attach(int id, const void *address, unsigned flags, void **at)
{
	struct shmt_info segment;
	int shmflags, error;
	void *p;

	shmflags = (flags & SHMT_RDONLY ? SHM_RDONLY : 0) |
	    (flags & SHMT_EXEC ? SHM_EXEC : 0) |
	    (flags & SHMT_ROUND ? SHM_RND : 0) |
	    (flags & SHMT_REMAP ? SHM_REMAP : 0);
	p = shmat(id, address, shmflags);
	if (p == (void *)-1) {
		/* EINVAL may be about the address or about the id. */
		error = errno;
		if (error == EIDRM || (error == EINVAL &&
		    shmt_info(id, &segment) == -1 && errno == ENOENT))
			error = ENOENT;
		errno = error;
		return -1;
	}
	*at = p;
	return 0;
}

int
shmt_detach(const void *at)
{
	return shmdt(at);
}

/*
 * Our attachment as a file.  The name in map_files is its exact range, and
 * that ends at a whole page, of whatever size the segment's pages have.
 */
static int
open_own_file(const struct shmt_view *view)
{
	uintptr_t start = (uintptr_t)view->at;
	uint64_t unit, length;
	char path[64];
	int fd = -1;

	for (unit = view->page; unit <= SHMT__HUGEST; unit <<= 1) {
		length = (view->size + unit - 1) & ~(unit - 1);
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
 * The kernel takes this advice about small pages and, on a mapping that
 * nobody used yet, does nothing; about huge pages it takes none.
 */
static bool
is_huge(const struct shmt_view *view)
{
	return madvise(view->at, view->page, MADV_COLD) == -1;
}

/*
 * Size and identity are taken after the attach: before it, another segment,
 * perhaps a smaller one, may get the id between two system calls.
 */
static int
open_own(struct shmt_view *view, int id)
{
	void *at;

	if (shmt_attach(id, NULL, view->flags & SHMT_WRITE ? 0 :
	    SHMT_RDONLY, &at) == -1)
		return -1;
	view->at = at;
	if (shmt_info(id, &view->segment) == -1)
		return -1;
	view->size = view->segment.size;
	view->huge = is_huge(view);
	view->fd = open_own_file(view);
	return 0;
}

static int
open_remote(struct shmt_view *view, int id)
{
	if (shmt_info(id, &view->segment) == -1)
		return -1;
	view->size = view->segment.size;
	return shmt__remote_open(view);
}

int
shmt_view_open(int id, unsigned flags, struct shmt_view **view)
{
	struct shmt_view *v;

	if ((flags & SHMT_NO_TRACE) && (flags & SHMT_WRITE)) {
		errno = EINVAL;
		return -1;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return -1;
	v->flags = flags;
	v->page = (size_t)sysconf(_SC_PAGESIZE);
	v->fd = -1;
	if ((flags & SHMT_NO_TRACE ? open_remote(v, id) :
	    open_own(v, id)) == -1) {
		shmt_view_close(v);
		return -1;
	}
	*view = v;
	return 0;
}

void
shmt_view_close(struct shmt_view *view)
{
	int saved = errno;

	if (view == NULL)
		return;
	if (view->fd != -1)
		close(view->fd);
	if (view->at != NULL)
		shmdt(view->at);
	shmt__remote_close(view);
	free(view->resident);
	free(view->bounce);
	free(view);
	errno = saved;
}

const struct shmt_info *
shmt_view_segment(const struct shmt_view *view)
{
	return &view->segment;
}

uint64_t
shmt_view_size(const struct shmt_view *view)
{
	return view->size;
}
