/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Creates POSIX objects and changes their size.  The memory is reserved, and
 * the name of a new one appears last, when all else is done.
 */

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shmtool.h"
#include "bytes/memcg.h"
#include "posix.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

static uint64_t
whole_pages(uint64_t bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/*
 * Checks that file system and memory have room for bytes more.  A process that
 * exceeds its memory cgroup is killed by the OOM killer, and no call fails
 * first.
 */
static int
check_room(int fd, uint64_t bytes)
{
	struct statvfs fs;

	/* f_blocks is 0 for a tmpfs without a limit. */
	if (fstatvfs(fd, &fs) == 0 && fs.f_blocks != 0 &&
	    bytes > (uint64_t)fs.f_bavail * fs.f_frsize)
		errno = ENOSPC;
	else if (bytes > shmt__memory_left())
		errno = ENOMEM;
	else
		return 0;
	return -1;
}

/*
 * The size grows at once or not at all: tmpfs frees what it has allocated when
 * it fails or a signal comes.  If another process makes the file larger in the
 * meantime, fallocate(2) keeps that size, but ftruncate(2) does not.  A file of
 * huge pages needs the latter: mmap(2) reserves its pages.
 */
static int
grow(int fd, uint64_t from, uint64_t to, unsigned flags)
{
	if (to > INT64_MAX)
		return shmt__fail(EFBIG);
	if (to == from)
		return 0;
	if ((flags & SHMT_NORESERVE) != 0 || !shmt__is_on_tmpfs(fd))
		return ftruncate(fd, (off_t)to);
	if (check_room(fd, whole_pages(to) - whole_pages(from)) == -1)
		return -1;
	return fallocate(fd, 0, (off_t)from, (off_t)(to - from));
}

/* Opens a file that can be given its name later; where an old kernel or a
 * filter of system calls refuses that, one with the name, which other users
 * cannot open because its mode is set last. */
static int
open_new(int dir, const char *name)
{
	struct statx st;
	int fd;

	if (shmt__statx(dir, name, AT_SYMLINK_NOFOLLOW, &st) == 0)
		return shmt__fail(EEXIST);
	fd = shmt__open_unnamed(dir);
	if (fd == -1)
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0);
	return fd;
}

int
shmt_posix_prepare(const struct shmt_object *object,
    const struct shmt_request *request, int *fd)
{
	int dir, new;

	if (!shmt__posix_is_name(object->name))
		return shmt__fail(EINVAL);
	dir = shmt__posix_open_dir(object);
	if (dir == -1)
		return -1;
	new = open_new(dir, object->name);
	shmt__posix_close_dir(object, dir);
	if (new == -1)
		return -1;
	if (grow(new, 0, request->size, request->flags) == -1) {
		shmt_posix_discard(object, new);
		return -1;
	}
	*fd = new;
	return 0;
}

int
shmt_posix_commit(const struct shmt_object *object,
    const struct shmt_request *request, int fd)
{
	struct stat st;
	int dir, result;

	if (fchmod(fd, request->mode & 0777u) == -1 || fstat(fd, &st) == -1)
		return -1;
	if (st.st_nlink > 0)
		return 0;
	dir = shmt__posix_open_dir(object);
	if (dir == -1)
		return -1;
	result = shmt__name_unnamed(fd, dir, object->name);
	shmt__posix_close_dir(object, dir);
	return result;
}

void
shmt_posix_discard(const struct shmt_object *object, int fd)
{
	int saved = errno, dir;
	struct statx st;

	dir = shmt__posix_open_dir(object);
	if (dir != -1 && shmt__statx(fd, "", AT_EMPTY_PATH, &st) == 0 &&
	    st.stx_nlink > 0 &&
	    shmt__posix_check_same(dir, object->name, &st) == 0)
		unlinkat(dir, object->name, 0);
	if (dir != -1)
		shmt__posix_close_dir(object, dir);
	close(fd);
	errno = saved;
}

static int
make_new(struct shmt_object *object, const struct shmt_request *request)
{
	struct stat st;
	int fd;

	if (shmt_posix_prepare(object, request, &fd) == -1)
		return -1;
	if (fstat(fd, &st) == -1 ||
	    shmt_posix_commit(object, request, fd) == -1) {
		shmt_posix_discard(object, fd);
		return -1;
	}
	shmt__close(fd);
	object->dev = st.st_dev;
	object->inode = st.st_ino;
	return 0;
}

static int
find_existing(struct shmt_object *object, const struct shmt_request *request)
{
	struct shmt_info info;

	if (shmt__posix_info(object, 0, &info) == -1)
		return -1;
	if (info.size < request->size)
		return shmt__fail(EINVAL);
	object->dev = info.object.dev;
	object->inode = info.object.inode;
	return 0;
}

int
shmt__posix_create(struct shmt_object *object,
    const struct shmt_request *request, bool *created)
{
	int tries, result = -1;
	bool new = false;

	/* Another process may create and remove it between the two calls; this
	 * retries only so often. */
	for (tries = 0; tries < 16; tries++) {
		result = make_new(object, request);
		new = result == 0;
		if (result == 0 || errno != EEXIST ||
		    (request->flags & SHMT_OPEN) == 0)
			break;
		result = find_existing(object, request);
		if (result == 0 || errno != ENOENT)
			break;
	}
	if (result == 0)
		*created = new;
	return result;
}

int
shmt__posix_resize(const struct shmt_object *object, uint64_t size,
    unsigned flags)
{
	struct statx st;
	int fd, result;

	fd = shmt__posix_open_flags(object, O_WRONLY, &st);
	if (fd == -1)
		return -1;
	if (size >= st.stx_size)
		result = grow(fd, st.stx_size, size, flags);
	else if (flags & SHMT_FORCE)
		result = ftruncate(fd, (off_t)size);
	else
		result = shmt__shrink_unused(object, fd, &st, size);
	shmt__close(fd);
	return result;
}
