/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A segment read through a process that has it attached, which leaves no
 * trace: as a file in that process's map_files, or its memory by
 * process_vm_readv(2).
 */

#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes/view.h"
#include "bytes/view_remote.h"
#include "shmtool.h"
#include "sys/file.h"
#include "users/maps.h"
#include "users/scan.h"

struct shmt__remote {
	int dir;		/* /proc/PID, which stays that process's */
	pid_t pid;
	uint64_t id;
	struct shmt__mapping *maps;
	size_t count;
};

static int
add_mapping(void *arg, const struct shmt__mapping *mapping)
{
	struct shmt__remote *t = arg;
	struct shmt__mapping *more;

	more = reallocarray(t->maps, t->count + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	t->maps = more;
	t->maps[t->count++] = *mapping;
	return 0;
}

/* Reads its mappings anew; ESRCH: it is gone, or has the segment no more. */
static int
look(struct shmt__remote *t)
{
	int maps, result;

	t->count = 0;
	maps = openat(t->dir, "maps", O_RDONLY | O_CLOEXEC);
	if (maps == -1)
		return -1;
	result = shmt__read_segment_maps(maps, t->id, add_mapping, t);
	shmt__close(maps);
	if (result == 0 && t->count == 0) {
		errno = ESRCH;
		return -1;
	}
	return result;
}

/* ESRCH: another file is mapped there by now, or the process is gone. */
static int
open_file(const struct shmt__remote *t)
{
	const struct shmt__mapping *m = &t->maps[0];
	struct stat st;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "map_files/%jx-%jx",
	    (uintmax_t)m->start, (uintmax_t)m->end);
	fd = openat(t->dir, path, O_RDONLY | O_CLOEXEC);
	if (fd != -1 && (fstat(fd, &st) == -1 || st.st_ino != m->inode ||
	    st.st_dev != m->device)) {
		close(fd);
		errno = ESRCH;
		return -1;
	}
	return fd;
}

/* The mapping that shows a byte, or NULL. */
static const struct shmt__mapping *
mapping_of(const struct shmt__remote *t, uint64_t offset)
{
	const struct shmt__mapping *m;
	size_t i;

	for (i = 0; i < t->count; i++) {
		m = &t->maps[i];
		if (offset >= m->offset && offset - m->offset <
		    m->end - m->start)
			return m;
	}
	return NULL;
}

/* A 32-bit program has no address for what a 64-bit one has higher up. */
static bool
within_reach(const struct shmt__mapping *m)
{
	return m->end == (uintptr_t)m->end;
}

static bool
shows_all(const struct shmt__remote *t, uint64_t size)
{
	const struct shmt__mapping *m;
	uint64_t offset = 0;

	while (offset < size) {
		m = mapping_of(t, offset);
		if (m == NULL || !within_reach(m))
			return false;
		offset = m->offset + (m->end - m->start);
	}
	return true;
}

/* Whether its memory may be read: nothing is at address 0, and permission
 * is looked at before that is noticed. */
static bool
may_read(pid_t pid)
{
	char byte;
	struct iovec near = { &byte, 1 }, far = { NULL, 1 };

	return process_vm_readv(pid, &near, 1, &far, 1, 0) != -1 ||
	    errno == EFAULT;
}

/* Reading memory would allocate what nobody wrote: only if all is there. */
static int
expect_no_holes(const struct shmt_view *view)
{
	struct shmt_info s;

	if (!view->huge && shmt_info_rss(view->segment.object.id, &s) == 0 &&
	    (s.known & SHMT_HAS_RSS) != 0 && s.rss + s.swap >= s.size)
		return 0;
	errno = ENODATA;
	return -1;
}

static int
try_holder(struct shmt_view *view, const struct shmt_holder *holder)
{
	struct shmt__remote *t = view->through;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%jd", (intmax_t)holder->pid);
	shmt__close(t->dir);
	t->pid = holder->pid;
	t->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->dir == -1 || look(t) == -1)
		return -1;
	view->huge = holder->huge;
	view->fd = open_file(t);
	if (view->fd != -1)
		return 0;
	if (errno == ESRCH)
		return -1;
	if (!shows_all(t, view->size) || !may_read(t->pid)) {
		errno = ESRCH;
		return -1;
	}
	return expect_no_holes(view);
}

int
shmt__remote_open(struct shmt_view *view)
{
	const struct shmt_holder *holder;
	struct shmt_holders holders;
	struct shmt_info segment;
	int error = ESRCH;
	size_t count;

	if (shmt_holders(view->segment.object.id, &holders) == -1)
		return -1;
	if (shmt_info(view->segment.object.id, &segment) == -1) {
		shmt_holders_free(&holders);
		return -1;
	}
	if (view->through == NULL) {
		view->through = calloc(1, sizeof(*view->through));
		if (view->through != NULL)
			view->through->dir = -1;
	}
	holder = shmt_holders_of(&holders, view->segment.object.id, &count);
	for (; view->through != NULL && count > 0; count--, holder++) {
		/* What others show may change between a look and the next. */
		if (!shmt__is_trusted(holder, &segment))
			continue;
		view->through->id = (uint64_t)view->segment.object.id;
		if (try_holder(view, holder) == 0) {
			shmt_holders_free(&holders);
			return 0;
		}
		if (errno == ENODATA)
			error = ENODATA;
	}
	shmt_holders_free(&holders);
	errno = view->through == NULL ? ENOMEM : error;
	return -1;
}

void
shmt__remote_close(struct shmt_view *view)
{
	if (view->through == NULL)
		return;
	shmt__close(view->through->dir);
	free(view->through->maps);
	free(view->through);
	view->through = NULL;
}

static int
read_once(const struct shmt__remote *t, uint64_t offset, char *buffer,
    size_t length)
{
	const struct shmt__mapping *m;
	struct iovec near, far;
	ssize_t n;

	for (; length > 0; buffer += n, offset += (uint64_t)n,
	    length -= (size_t)n) {
		m = mapping_of(t, offset);
		if (m == NULL || !within_reach(m)) {
			errno = ESRCH;
			return -1;
		}
		near = (struct iovec){ buffer, length };
		far = (struct iovec){ (void *)(uintptr_t)(m->start +
		    (offset - m->offset)), length };
		if (m->end - (uintptr_t)far.iov_base < length)
			far.iov_len = (size_t)(m->end -
			    (uintptr_t)far.iov_base);
		n = process_vm_readv(t->pid, &near, 1, &far, 1, 0);
		if (n <= 0)
			return -1;
	}
	return 0;
}

/*
 * What was read counts only if the process still has the segment there
 * afterwards; else another holder is asked.
 */
int
shmt__remote_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length)
{
	struct shmt__remote *t = view->through;
	struct shmt__mapping before;
	const struct shmt__mapping *m;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		m = mapping_of(t, offset);
		if (m != NULL) {
			before = *m;
			if (read_once(t, offset, buffer, length) == 0 &&
			    look(t) == 0 &&
			    (m = mapping_of(t, offset)) != NULL &&
			    m->start == before.start &&
			    m->offset == before.offset)
				return 0;
		}
		if (shmt__remote_open(view) == -1)
			return -1;
		/* This one may be read as a file. */
		if (view->fd != -1)
			return shmt__view_load(view, offset, buffer, length);
	}
	errno = ESRCH;
	return -1;
}
