/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A view through a process that has the segment attached, which leaves no
 * trace: by a descriptor out of its map_files, or by process_vm_readv(2) out
 * of its memory.
 */

#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/maps.h"
#include "users/process.h"
#include "users/scan.h"

struct shmt__remote {
	int dir;		/* /proc/PID, which stays that of the process */
	pid_t pid;
	uint64_t id;
	struct shmt__mapping *maps;
	size_t count;
	bool descriptor_only;	/* not by its memory */
};

static int
add_mapping(void *arg, const struct shmt__mapping *mapping)
{
	struct shmt__remote *r = arg;
	struct shmt__mapping *more;

	more = reallocarray(r->maps, r->count + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	r->maps = more;
	r->maps[r->count++] = *mapping;
	return 0;
}

/* Reads the mappings again; ESRCH: the process exited or has detached. */
static int
read_mappings(struct shmt__remote *r)
{
	int maps, result;

	r->count = 0;
	maps = openat(r->dir, "maps", O_RDONLY | O_CLOEXEC);
	if (maps == -1)
		return -1;
	result = shmt__read_segment_maps(maps, r->id, add_mapping, r);
	shmt__close(maps);
	if (result == 0 && r->count == 0)
		return shmt__fail(ESRCH);
	return result;
}

/* ESRCH: another file is mapped there by now, or the process has exited. */
static int
open_file(const struct shmt__remote *r, uint64_t size)
{
	const struct shmt__mapping *m = &r->maps[0];
	struct stat st;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "map_files/%jx-%jx",
	    (uintmax_t)m->start, (uintmax_t)m->end);
	fd = openat(r->dir, path, O_RDONLY | O_CLOEXEC);
	if (fd != -1 && (fstat(fd, &st) == -1 || st.st_ino != m->inode ||
	    st.st_dev != m->device || (uint64_t)st.st_size < size)) {
		close(fd);
		return shmt__fail(ESRCH);
	}
	return fd;
}

/* The mapping that shows a byte, or NULL. */
static const struct shmt__mapping *
mapping_of(const struct shmt__remote *r, uint64_t offset)
{
	const struct shmt__mapping *m;
	size_t i;

	for (i = 0; i < r->count; i++) {
		m = &r->maps[i];
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
shows_all(const struct shmt__remote *r, uint64_t size)
{
	const struct shmt__mapping *m;
	uint64_t offset = 0;

	while (offset < size) {
		m = mapping_of(r, offset);
		if (m == NULL || !within_reach(m))
			return false;
		offset = m->offset + (m->end - m->start);
	}
	return true;
}

/* Whether its memory may be read: nothing is at address 0, and permission is
 * checked before that is noticed. */
static bool
may_read(pid_t pid)
{
	char byte;
	struct iovec ours = { &byte, 1 }, theirs = { NULL, 1 };

	return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) != -1 ||
	    errno == EFAULT;
}

/* Reading memory allocates the pages of holes: only if there are none. */
static int
expect_no_holes(const struct shmt_view *view, bool huge)
{
	struct shmt_info s;

	if (!huge && shmt__sysv_stat_rss(view->segment.object.id, &s) == 0 &&
	    (s.known & SHMT_HAS_RSS) != 0 && s.rss + s.swap >= s.size)
		return 0;
	return shmt__fail(ENODATA);
}

static void
close_remote(struct shmt_view *view)
{
	shmt__close(view->remote->dir);
	free(view->remote->maps);
	free(view->remote);
	view->remote = NULL;
}

/* Prefers a descriptor, if the kernel permits one, to the memory of the
 * process. */
static int
try_holder(struct shmt_view *view, const struct shmt_holder *holder)
{
	struct shmt__remote *r = view->remote;
	int fd;

	shmt__close(r->dir);
	r->pid = holder->pid;
	r->dir = shmt__open_process(r->pid);
	if (r->dir == -1 || read_mappings(r) == -1)
		return -1;
	fd = open_file(r, view->segment.size);
	if (fd != -1) {
		close_remote(view);
		return shmt__view_file(view, fd);
	}
	if (errno == ESRCH || r->descriptor_only)
		return -1;
	if (!shows_all(r, view->segment.size) || !may_read(r->pid))
		return shmt__fail(ESRCH);
	return expect_no_holes(view, holder->huge);
}

static int
try_holders(struct shmt_view *view, const struct shmt_holders *holders,
    const struct shmt_info *segment)
{
	const struct shmt_holder *holder;
	int error = ESRCH;
	size_t count;

	holder = shmt_holders_of(holders, &view->segment.object, &count);
	for (; count > 0; count--, holder++) {
		/* Processes of other users could change what they show between
		 * two reads. */
		if (!shmt__is_trusted(holder, segment))
			continue;
		if (try_holder(view, holder) == 0)
			return 0;
		if (errno == ENODATA)
			error = ENODATA;
	}
	errno = error;
	return -1;
}

/* known: only among the creator and the last user. */
static int
find_among(struct shmt_view *view, bool known)
{
	struct shmt_info segment;
	struct shmt_holders holders;
	int result = -1;

	if ((known ? shmt__sysv_known_holders(&view->segment, &holders) :
	    shmt_holders(&view->segment.object, &holders)) == -1)
		return -1;
	if (shmt__sysv_stat(view->segment.object.id, &segment) == 0) {
		/* The id may have been reused. */
		if (shmt_same(&segment, &view->segment))
			result = try_holders(view, &holders, &segment);
		else
			errno = ENOENT;
	}
	shmt_holders_free(&holders);
	return result;
}

/* Searches all processes only if the creator and the last user do not do. */
static int
find_holder(struct shmt_view *view)
{
	if (find_among(view, true) == 0)
		return 0;
	return view->remote->descriptor_only ? -1 : find_among(view, false);
}

static int
read_once(const struct shmt__remote *r, uint64_t offset, char *buffer,
    size_t length)
{
	const struct shmt__mapping *m;
	struct iovec ours, theirs;
	ssize_t n;

	for (; length > 0; buffer += n, offset += (uint64_t)n,
	    length -= (size_t)n) {
		m = mapping_of(r, offset);
		if (m == NULL || !within_reach(m))
			return shmt__fail(ESRCH);
		ours = (struct iovec){ buffer, length };
		theirs = (struct iovec){ (void *)(uintptr_t)(m->start +
		    (offset - m->offset)), length };
		if (m->end - (uintptr_t)theirs.iov_base < length)
			theirs.iov_len = (size_t)(m->end -
			    (uintptr_t)theirs.iov_base);
		n = process_vm_readv(r->pid, &ours, 1, &theirs, 1, 0);
		if (n <= 0)
			return -1;
	}
	return 0;
}

/* Whether the process had the segment mapped there before and after. */
static bool
read_checked(struct shmt__remote *r, uint64_t offset, char *buffer,
    size_t length)
{
	const struct shmt__mapping *m = mapping_of(r, offset);
	struct shmt__mapping before;

	if (m == NULL)
		return false;
	before = *m;
	if (read_once(r, offset, buffer, length) == -1 ||
	    read_mappings(r) == -1)
		return false;
	m = mapping_of(r, offset);
	return m != NULL && m->start == before.start &&
	    m->offset == before.offset;
}

/* From the next holder, where one exits or detaches meanwhile. */
static int
load(struct shmt_view *view, uint64_t offset, void *buffer, size_t length)
{
	int tries;

	for (tries = 0; tries < 8; tries++) {
		if (read_checked(view->remote, offset, buffer, length))
			return 0;
		if (find_holder(view) == -1)
			return -1;
		/* The next one may have given us a descriptor. */
		if (view->remote == NULL)
			return view->ops->load(view, offset, buffer, length);
	}
	return shmt__fail(ESRCH);
}

static const struct shmt__view_ops by_remote = {
	.load = load,
	.close = close_remote
};

int
shmt__view_remote(struct shmt_view *view, bool descriptor_only)
{
	int error;

	view->remote = calloc(1, sizeof(*view->remote));
	if (view->remote == NULL)
		return -1;
	view->remote->dir = -1;
	view->remote->id = (uint64_t)view->segment.object.id;
	view->remote->descriptor_only = descriptor_only;
	view->ops = &by_remote;
	if (find_holder(view) == 0)
		return 0;
	error = errno;
	close_remote(view);
	errno = error;
	return -1;
}
