/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One POSIX object: looks it up, opens it, maps it, sets its mode and owner.
 *
 * Any user may put a link, a FIFO or a directory into /dev/shm under the name
 * of an object, and exchange one object for another.  So each name is opened
 * with O_PATH first, and the file is compared before it is opened for use.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/file.h"
#include "sys/resident.h"

#define SHM "/dev/shm"

/* Linux 4.17; headers of other C libraries lack it. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Bytes of a named semaphore: sem_t of 64-bit programs, and of 32-bit ones
 * under glibc, whose names begin with "sem.". */
#define SEMAPHORE_SIZE 32
#define SEMAPHORE_SIZE_32 16

#define ANY_SEAL (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | \
	    F_SEAL_FUTURE_WRITE)

bool
shmt__posix_is_name(const char *name)
{
	size_t length = name == NULL ? 0 : strlen(name);

	return length >= 1 && length <= NAME_MAX &&
	    strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0;
}

int
shmt__posix_open_dir(const struct shmt_object *object)
{
	int dir;

	if (object->dir != 0)
		return object->dir;
	/* /dev/shm itself may be a link, to /run/shm. */
	dir = open(SHM, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			errno = ENODEV;
		return -1;
	}
	if (!shmt__is_on_tmpfs(dir)) {
		shmt__close(dir);
		return shmt__fail(ENODEV);
	}
	return dir;
}

void
shmt__posix_close_dir(const struct shmt_object *object, int dir)
{
	if (object->dir == 0)
		shmt__close(dir);
}

int
shmt__posix_check(const struct shmt_object *object, const struct statx *st)
{
	if (S_ISLNK(st->stx_mode))
		errno = ELOOP;
	else if (S_ISDIR(st->stx_mode))
		errno = EISDIR;
	else if (!S_ISREG(st->stx_mode))
		errno = ENXIO;
	else if (object->inode != 0 && (object->inode != st->stx_ino ||
	    object->dev != shmt__device_of(st)))
		errno = ENOENT;
	else
		return 0;
	return -1;
}

int
shmt__posix_stat(int dir, const struct shmt_object *object,
    struct statx *st)
{
	if (!shmt__posix_is_name(object->name))
		return shmt__fail(EINVAL);
	if (shmt__statx(dir, object->name, AT_SYMLINK_NOFOLLOW, st) == -1)
		return -1;
	return shmt__posix_check(object, st);
}

int
shmt__posix_check_same(int dir, const char *name, const struct statx *st)
{
	struct statx now;

	if (shmt__statx(dir, name, AT_SYMLINK_NOFOLLOW, &now) == -1)
		return -1;
	return now.stx_ino == st->stx_ino && now.stx_nlink == st->stx_nlink &&
	    shmt__device_of(&now) == shmt__device_of(st) ? 0 :
	    shmt__fail(ENOENT);
}

/* glibc puts "sem." before the name, musl does not.  Memory without a name is
 * none. */
static bool
is_semaphore(const char *name, uint64_t size)
{
	return (size == SEMAPHORE_SIZE && *name != '\0') ||
	    (size == SEMAPHORE_SIZE_32 && strncmp(name, "sem.", 4) == 0);
}

void
shmt__posix_fill(const struct statx *st, const char *name,
    bool nothing_swapped, struct shmt_info *info)
{
	*info = (struct shmt_info){
		.object = { .kind = SHMT_POSIX, .dev = shmt__device_of(st),
		    .inode = st->stx_ino, .name = name },
		.known = SHMT_HAS_OWNER | SHMT_HAS_SIZE | SHMT_HAS_ALLOCATED |
		    SHMT_HAS_ATIME | SHMT_HAS_MTIME | SHMT_HAS_CTIME,
		.uid = st->stx_uid, .gid = st->stx_gid,
		.mode = st->stx_mode & 0777u, .links = st->stx_nlink,
		.size = st->stx_size, .allocated = st->stx_blocks * 512,
		.atime = st->stx_atime.tv_sec, .mtime = st->stx_mtime.tv_sec,
		.ctime = st->stx_ctime.tv_sec
	};
	if (st->stx_mask & STATX_BTIME) {
		info->known |= SHMT_HAS_BTIME;
		info->btime = st->stx_btime.tv_sec;
	}
	if (is_semaphore(name, info->size))
		info->state |= SHMT_SEM;
	if (nothing_swapped) {
		info->known |= SHMT_HAS_RSS;
		info->rss = info->allocated;
	}
}

int
shmt__posix_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info)
{
	int dir = shmt__posix_open_dir(object), result;
	struct statx st;

	if (dir == -1)
		return -1;
	result = shmt__posix_stat(dir, object, &st);
	if (result == 0) {
		shmt__posix_fill(&st, object->name, shmt__nothing_swapped(),
		    info);
		info->object.dir = object->dir;
		if (want & SHMT_WANT_RSS)
			shmt__posix_fill_by_opening(info);
	}
	shmt__posix_close_dir(object, dir);
	return result;
}

static int
open_name(const struct shmt_object *object)
{
	int dir = shmt__posix_open_dir(object), path_fd = -1;

	if (dir == -1)
		return -1;
	if (shmt__posix_is_name(object->name))
		path_fd = openat(dir, object->name,
		    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	else
		errno = EINVAL;
	shmt__posix_close_dir(object, dir);
	return path_fd;
}

/*
 * Checks that the process to which a path in /proc belongs has this access
 * itself: its owner may have been given a descriptor for reading alone, or one
 * opened with O_PATH, of memory that he may not open.
 */
static int
check_access(const struct shmt_object *object, mode_t access)
{
	struct stat link;

	if (object->kind == SHMT_POSIX)
		return 0;
	if (lstat(object->path, &link) == -1)
		return -1;
	errno = EACCES;
	return (link.st_mode & access) != 0 ? 0 : -1;
}

int
shmt__posix_open_path(const struct shmt_object *object, struct statx *st)
{
	int path_fd;

	if (check_access(object, S_IRUSR | S_IWUSR) == -1)
		return -1;
	path_fd = object->kind == SHMT_POSIX ? open_name(object) :
	    open(object->path, O_PATH | O_CLOEXEC);
	if (path_fd != -1 &&
	    (shmt__statx(path_fd, "", AT_EMPTY_PATH, st) == -1 ||
	    shmt__posix_check(object, st) == -1)) {
		shmt__close(path_fd);
		return -1;
	}
	return path_fd;
}

int
shmt__posix_open_flags(const struct shmt_object *object, int flags,
    struct statx *st)
{
	int path_fd, fd;

	if ((flags & O_ACCMODE) != O_RDONLY &&
	    check_access(object, S_IWUSR) == -1)
		return -1;
	path_fd = shmt__posix_open_path(object, st);
	if (path_fd == -1)
		return -1;
	fd = shmt__reopen(path_fd, flags);
	shmt__close(path_fd);
	return fd;
}

void
shmt__posix_fill_by_opening(struct shmt_info *info)
{
	const bool memfd = info->object.kind == SHMT_MEMFD;
	struct statx st;
	int fd, seals;

	if (!memfd && (info->known & SHMT_HAS_RSS) != 0)
		return;
	/* Not even the holder of a lease is waited for. */
	fd = shmt__posix_open_flags(&info->object, O_RDONLY | O_NONBLOCK, &st);
	if (fd == -1)
		return;
	if ((info->known & SHMT_HAS_RSS) == 0 &&
	    shmt__resident(fd, &info->rss, &info->swap) == 0)
		info->known |= SHMT_HAS_RSS;
	seals = memfd ? fcntl(fd, F_GET_SEALS) : -1;
	if (seals != -1) {
		info->known |= SHMT_HAS_SEALS;
		info->seals = (unsigned)seals;
		info->state |= (seals & ANY_SEAL) != 0 ? SHMT_SEALED : 0;
	}
	shmt__close(fd);
}

int
shmt__posix_open(const struct shmt_object *object, unsigned flags, int *fd)
{
	struct statx st;
	int opened;

	opened = shmt__posix_open_flags(object,
	    flags & SHMT_WRITE ? O_RDWR : O_RDONLY, &st);
	if (opened == -1)
		return -1;
	*fd = opened;
	return 0;
}

static void *
map(int fd, void *address, size_t length, unsigned flags)
{
	int protection = PROT_READ, how = MAP_SHARED;
	void *at;

	if ((flags & SHMT_RDONLY) == 0)
		protection |= PROT_WRITE;
	if (flags & SHMT_EXEC)
		protection |= PROT_EXEC;
	if (address != NULL)
		how |= flags & SHMT_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	at = mmap(address, length, protection, how, fd, 0);
	/* Before Linux 4.17 the address was a hint. */
	if (at != MAP_FAILED && address != NULL && at != address) {
		munmap(at, length);
		errno = EEXIST;
		at = MAP_FAILED;
	}
	return at;
}

int
shmt_map(const struct shmt_object *object, void *address, unsigned flags,
    void **at, struct shmt_info *info)
{
	struct statx st;
	void *mapped = MAP_FAILED;
	int fd;

	if (object->kind == SHMT_SYSV || (flags & SHMT_ROUND) != 0)
		return shmt__fail(EINVAL);
	fd = shmt__posix_open_flags(object,
	    flags & SHMT_RDONLY ? O_RDONLY : O_RDWR, &st);
	if (fd == -1)
		return -1;
	if (st.stx_size > SIZE_MAX)
		errno = ENOMEM;
	else
		mapped = map(fd, address, (size_t)st.stx_size, flags);
	shmt__close(fd);
	if (mapped == MAP_FAILED)
		return -1;
	shmt__posix_fill(&st, object->name != NULL ? object->name : "", false,
	    info);
	info->object = *object;
	info->object.dev = shmt__device_of(&st);
	info->object.inode = st.stx_ino;
	*at = mapped;
	return 0;
}

int
shmt__posix_set(const struct shmt_info *info)
{
	struct statx st;
	char path[SHMT__FD_PATH];
	int path_fd, result = 0;

	path_fd = shmt__posix_open_path(&info->object, &st);
	if (path_fd == -1)
		return -1;
	/* The owner first: a process that may not set the mode may not set the
	 * owner either, so that both are set or neither. */
	if (info->uid != st.stx_uid || info->gid != st.stx_gid)
		result = fchownat(path_fd, "", info->uid, info->gid,
		    AT_EMPTY_PATH);
	if (result == 0 && info->mode != (st.stx_mode & 07777u)) {
		result = chmod(shmt__fd_path(path, path_fd),
		    info->mode & 0777u);
		/* /proc is not there. */
		if (result == -1 && errno == ENOENT)
			errno = ENOTSUP;
	}
	shmt__close(path_fd);
	return result;
}
