/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One POSIX object: find, open, create and change it.
 *
 * Any user may put a link, a FIFO or a directory into /dev/shm under the name
 * of an object, and exchange one object for another.  So each name is opened
 * with O_PATH first, and the file is compared before it is opened for use.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "bytes/memcg.h"
#include "posix.h"
#include "sys/file.h"
#include "sys/resident.h"
#include "users/lease.h"

#define SHM "/dev/shm"

/* In pieces, so that a signal soon ends the reservation of a large object. */
#define RESERVE_CHUNK ((uint64_t)64 << 20)

/* Linux 4.17; headers of other C libraries lack it. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Bytes of a named semaphore: sem_t of 64-bit programs, and of 32-bit ones
 * under glibc, whose names begin with "sem.". */
#define SEMAPHORE_SIZE 32
#define SEMAPHORE_SIZE_32 16

bool
shmt__posix_is_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= NAME_MAX &&
	    strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0;
}

/* Descriptor 0 may be free too, but means "no directory" in an object. */
static int
above_zero(int fd)
{
	int other;

	if (fd != 0)
		return fd;
	other = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	shmt__close(fd);
	return other;
}

int
shmt__posix_enter(const struct shmt_object *object)
{
	struct statfs fs;
	int dir;

	if (object->dir != 0)
		return object->dir;
	/* /dev/shm itself may be a link, to /run/shm. */
	dir = above_zero(open(SHM, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (dir == -1) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			errno = ENODEV;
		return -1;
	}
	if (fstatfs(dir, &fs) == -1 || fs.f_type != TMPFS_MAGIC) {
		shmt__close(dir);
		errno = ENODEV;
		return -1;
	}
	return dir;
}

void
shmt__posix_leave(const struct shmt_object *object, int dir)
{
	if (object->dir == 0)
		shmt__close(dir);
}

uint64_t
shmt__device_of(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
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
	if (!shmt__posix_is_name(object->name)) {
		errno = EINVAL;
		return -1;
	}
	if (shmt__statx(dir, object->name, AT_SYMLINK_NOFOLLOW, st) == -1)
		return -1;
	return shmt__posix_check(object, st);
}

bool
shmt__posix_is_same(int dir, const char *name, const struct statx *st)
{
	struct statx now;

	return shmt__statx(dir, name, AT_SYMLINK_NOFOLLOW, &now) == 0 &&
	    now.stx_ino == st->stx_ino && now.stx_nlink == st->stx_nlink &&
	    shmt__device_of(&now) == shmt__device_of(st);
}

/* glibc puts "sem." before the name, musl does not. */
static bool
is_semaphore(const char *name, uint64_t size)
{
	return size == SEMAPHORE_SIZE || (size == SEMAPHORE_SIZE_32 &&
	    strncmp(name, "sem.", 4) == 0);
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

void
shmt__posix_fill_resident(int dir, struct shmt_info *info)
{
	struct stat st;
	int fd;

	if (info->known & SHMT_HAS_RSS)
		return;
	fd = openat(dir, info->object.name, O_RDONLY | O_NONBLOCK |
	    O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_dev == info->object.dev &&
	    st.st_ino == info->object.inode &&
	    shmt__resident(fd, &info->rss, &info->swap) == 0)
		info->known |= SHMT_HAS_RSS;
	shmt__close(fd);
}

int
shmt__posix_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info)
{
	int dir = shmt__posix_enter(object), result;
	struct statx st;

	if (dir == -1)
		return -1;
	result = shmt__posix_stat(dir, object, &st);
	if (result == 0) {
		shmt__posix_fill(&st, object->name, shmt__nothing_swapped(),
		    info);
		info->object.dir = object->dir;
		if (want & SHMT_WANT_RSS)
			shmt__posix_fill_resident(dir, info);
	}
	shmt__posix_leave(object, dir);
	return result;
}

/* Opens the object with O_PATH: that is no use of it, but keeps its inode. */
static int
open_place(const struct shmt_object *object, struct statx *st)
{
	int dir = shmt__posix_enter(object), place = -1;

	if (dir == -1)
		return -1;
	if (shmt__posix_is_name(object->name))
		place = openat(dir, object->name,
		    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	else
		errno = EINVAL;
	shmt__posix_leave(object, dir);
	if (place != -1 && (shmt__statx(place, "", AT_EMPTY_PATH, st) == -1 ||
	    shmt__posix_check(object, st) == -1)) {
		shmt__close(place);
		return -1;
	}
	return place;
}

static int
open_for(const struct shmt_object *object, int flags, struct statx *st)
{
	int place = open_place(object, st), fd;

	if (place == -1)
		return -1;
	fd = shmt__reopen(place, flags);
	shmt__close(place);
	return fd;
}

int
shmt__posix_open(const struct shmt_object *object, unsigned flags, int *fd)
{
	struct statx st;
	int opened;

	opened = open_for(object, flags & SHMT_WRITE ? O_RDWR : O_RDONLY,
	    &st);
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

	if (object->kind != SHMT_POSIX || (flags & SHMT_ROUND) != 0) {
		errno = EINVAL;
		return -1;
	}
	fd = open_for(object, flags & SHMT_RDONLY ? O_RDONLY : O_RDWR, &st);
	if (fd == -1)
		return -1;
	if (st.stx_size > SIZE_MAX)
		errno = ENOMEM;
	else
		mapped = map(fd, address, (size_t)st.stx_size, flags);
	shmt__close(fd);
	if (mapped == MAP_FAILED)
		return -1;
	shmt__posix_fill(&st, object->name, false, info);
	info->object.dir = object->dir;
	*at = mapped;
	return 0;
}

int
shmt__posix_set(const struct shmt_info *info)
{
	struct statx st;
	char path[SHMT__FD_PATH];
	int place, result = 0;

	place = open_place(&info->object, &st);
	if (place == -1)
		return -1;
	/* The owner first: a process that may not set the mode may not set the
	 * owner either, so that both are set or neither. */
	if (info->uid != st.stx_uid || info->gid != st.stx_gid)
		result = fchownat(place, "", info->uid, info->gid,
		    AT_EMPTY_PATH);
	if (result == 0 && info->mode != (st.stx_mode & 0777u))
		result = chmod(shmt__fd_path(path, place),
		    (st.stx_mode & 07000u) | (info->mode & 0777u));
	shmt__close(place);
	return result;
}

/* Allocates memory for a range beyond the end, without moving the end. */
static int
reserve(int fd, uint64_t from, uint64_t to)
{
	uint64_t length;

	for (; from < to; from += length) {
		length = to - from < RESERVE_CHUNK ? to - from :
		    RESERVE_CHUNK;
		if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from,
		    (off_t)length) == -1)
			return -1;
	}
	return 0;
}

/* Frees the memory that was reserved beyond the end. */
static void
free_reserved(int fd)
{
	int saved = errno;
	struct stat st;

	if (fstat(fd, &st) == 0 && ftruncate(fd, st.st_size) == -1)
		saved = errno;
	errno = saved;
}

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

/* The size grows at once or not at all. */
static int
grow(int fd, uint64_t from, uint64_t to, unsigned flags)
{
	if (to > INT64_MAX) {
		errno = EFBIG;
		return -1;
	}
	if ((flags & SHMT_NORESERVE) == 0) {
		if (check_room(fd, whole_pages(to) - whole_pages(from)) == -1)
			return -1;
		if (reserve(fd, from, to) == -1) {
			free_reserved(fd);
			return -1;
		}
	}
	return ftruncate(fd, (off_t)to);
}

/* Whether a system call that the kernel has was refused: by an old kernel, by
 * a file system or by a filter of system calls. */
static bool
is_refused(int error)
{
	return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL ||
	    error == EISDIR || error == EPERM;
}

/* Opens a file without a name; or one with a name, which other users cannot
 * open because its mode is set last. */
static int
open_draft(int dir, const char *name)
{
	struct statx st;
	int fd;

	if (shmt__statx(dir, name, AT_SYMLINK_NOFOLLOW, &st) == 0) {
		errno = EEXIST;
		return -1;
	}
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1 && is_refused(errno))
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0);
	return fd;
}

int
shmt_posix_draft(const struct shmt_object *object,
    const struct shmt_request *request, int *fd)
{
	int dir, draft;

	if (!shmt__posix_is_name(object->name)) {
		errno = EINVAL;
		return -1;
	}
	dir = shmt__posix_enter(object);
	if (dir == -1)
		return -1;
	draft = open_draft(dir, object->name);
	shmt__posix_leave(object, dir);
	if (draft == -1)
		return -1;
	if (grow(draft, 0, request->size, request->flags) == -1) {
		shmt_posix_discard(object, draft);
		return -1;
	}
	*fd = draft;
	return 0;
}

/* Links the descriptor; without CAP_DAC_READ_SEARCH by its path in /proc. */
static int
link_draft(int fd, int dir, const char *name)
{
	char path[SHMT__FD_PATH];

	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT && !is_refused(errno))
		return -1;
	return linkat(AT_FDCWD, shmt__fd_path(path, fd), dir, name,
	    AT_SYMLINK_FOLLOW);
}

int
shmt_posix_publish(const struct shmt_object *object,
    const struct shmt_request *request, int fd)
{
	struct stat st;
	int dir, result;

	if (fchmod(fd, request->mode & 0777u) == -1 || fstat(fd, &st) == -1)
		return -1;
	if (st.st_nlink > 0)
		return 0;
	dir = shmt__posix_enter(object);
	if (dir == -1)
		return -1;
	result = link_draft(fd, dir, object->name);
	shmt__posix_leave(object, dir);
	return result;
}

void
shmt_posix_discard(const struct shmt_object *object, int fd)
{
	int saved = errno, dir;
	struct statx st;

	dir = shmt__posix_enter(object);
	if (dir != -1 && shmt__statx(fd, "", AT_EMPTY_PATH, &st) == 0 &&
	    st.stx_nlink > 0 &&
	    shmt__posix_is_same(dir, object->name, &st))
		unlinkat(dir, object->name, 0);
	if (dir != -1)
		shmt__posix_leave(object, dir);
	close(fd);
	errno = saved;
}

static int
make_new(struct shmt_object *object, const struct shmt_request *request)
{
	struct stat st;
	int fd;

	if (shmt_posix_draft(object, request, &fd) == -1)
		return -1;
	if (fstat(fd, &st) == -1 ||
	    shmt_posix_publish(object, request, fd) == -1) {
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
	if (info.size < request->size) {
		errno = EINVAL;
		return -1;
	}
	object->dev = info.object.dev;
	object->inode = info.object.inode;
	return 0;
}

int
shmt__posix_create(struct shmt_object *object,
    const struct shmt_request *request, bool *created)
{
	int tries, result = -1;

	/* Another process may create and remove it between the two calls; this
	 * retries only so often. */
	for (tries = 0; tries < 16; tries++) {
		result = make_new(object, request);
		*created = result == 0;
		if (result == 0 || errno != EEXIST ||
		    (request->flags & SHMT_OPEN) == 0)
			break;
		result = find_existing(object, request);
		if (result == 0 || errno != ENOENT)
			break;
	}
	return result;
}

int
shmt__posix_resize(const struct shmt_object *object, uint64_t size,
    unsigned flags)
{
	struct statx st;
	int fd, result;

	fd = open_for(object, O_WRONLY, &st);
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
