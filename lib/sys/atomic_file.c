/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Files that appear under their name complete or not at all.  They are
 * written without a name where the file system can do that, so that nothing
 * is left however the process ends, and elsewhere under a temporary name.
 */

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

/* linkat(2) with AT_EMPTY_PATH would need a capability. */
int
shmt__name_unnamed(int fd, int dir, const char *name)
{
	char path[SHMT__FD_PATH];

	return linkat(AT_FDCWD, shmt__fd_path(path, fd), dir, name,
	    AT_SYMLINK_FOLLOW);
}

int
shmt__open_unnamed(int dir)
{
	int fd;

	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	/* Tries a name that exists.  EEXIST shows that linkat(2) works here:
	 * /proc is mounted, and no seccomp filter refuses the call. */
	if (shmt__name_unnamed(fd, dir, ".") == -1 && errno == EEXIST)
		return fd;
	shmt__close(fd);
	return -1;
}

/* Uses getentropy(3), which returns an error where arc4random(3) would end the
 * program without a message. */
static int
make_name(struct shmt_atomic_file *file)
{
	unsigned number;

	if (file->lock != -1) {
		snprintf(file->name, sizeof(file->name), ".%.200s.tmp",
		    file->final);
		if (unlinkat(file->dir, file->name, 0) == 0 ||
		    errno == ENOENT)
			return 0;
	}
	if (getentropy(&number, sizeof(number)) == -1)
		return -1;
	/* No longer than a name may be, whatever the final one is. */
	snprintf(file->name, sizeof(file->name), ".%.200s.%08x",
	    file->final, number);
	return 0;
}

static int
open_named(struct shmt_atomic_file *file)
{
	int tries;

	for (tries = 0; tries < 16; tries++) {
		if (make_name(file) == -1)
			break;
		file->fd = openat(file->dir, file->name, O_RDWR | O_CREAT |
		    O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file->fd != -1)
			return 0;
		if (errno != EEXIST)
			break;
	}
	file->name[0] = '\0';
	return -1;
}

/* The directory of a path, and the path's last component in *base. */
static int
open_directory(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char *directory;
	int dir;

	*base = slash != NULL ? slash + 1 : path;
	if (**base == '\0') {
		errno = *path == '\0' ? ENOENT : EISDIR;
		return -1;
	}
	if (strlen(*base) > NAME_MAX)
		return shmt__fail(ENAMETOOLONG);
	directory = slash == NULL ? strdup(".") :
	    strndup(path, (size_t)(*base - path));
	if (directory == NULL)
		return -1;
	dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	return dir;
}

/* Locks the directory.  One that cannot be read, or a file system without
 * locks, is not a failure: lock stays -1. */
static int
lock_directory(struct shmt_atomic_file *file)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int tries;

	file->lock = openat(file->dir, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	if (file->lock == -1)
		return 0;
	for (tries = 0; flock(file->lock, LOCK_EX | LOCK_NB) == -1; tries++) {
		if (errno != EWOULDBLOCK) {
			shmt__close(file->lock);
			file->lock = -1;
			return 0;
		}
		if (tries == 1000)
			return shmt__fail(EBUSY);
		if (nanosleep(&pause, NULL) == -1)
			return -1;
	}
	return 0;
}

int
shmt__atomic_file_begin(struct shmt_atomic_file *file)
{
	shmt__close(file->fd);
	file->fd = shmt__open_unnamed(file->dir);
	return file->fd == -1 ? open_named(file) : 0;
}

static int
open_file(struct shmt_atomic_file *file, const char *path, bool locked)
{
	const char *base;

	file->dir = open_directory(path, &base);
	if (file->dir == -1)
		return -1;
	strlcpy(file->final, base, sizeof(file->final));
	if (locked && lock_directory(file) == -1)
		return -1;
	return shmt__atomic_file_begin(file);
}

static int
new_file(const char *path, bool locked, struct shmt_atomic_file **file)
{
	struct shmt_atomic_file *f = malloc(sizeof(*f));

	if (f == NULL)
		return -1;
	*f = (struct shmt_atomic_file){ .dir = -1, .lock = -1, .fd = -1,
		.former = -1 };
	if (open_file(f, path, locked) == -1) {
		shmt_atomic_file_close(f);
		return -1;
	}
	*file = f;
	return 0;
}

int
shmt_atomic_file_open(const char *path, struct shmt_atomic_file **file)
{
	return new_file(path, false, file);
}

int
shmt__atomic_file_locked(const char *path, struct shmt_atomic_file **file)
{
	return new_file(path, true, file);
}

int
shmt_atomic_file_fd(const struct shmt_atomic_file *file)
{
	return file->fd;
}

/* Names the file, since linkat(2) cannot replace another file but rename(2)
 * can. */
static int
name_temporarily(struct shmt_atomic_file *file)
{
	if (make_name(file) == 0 &&
	    shmt__name_unnamed(file->fd, file->dir, file->name) == 0)
		return 0;
	file->name[0] = '\0';
	return -1;
}

int
shmt_atomic_file_commit(struct shmt_atomic_file *file)
{
	int again = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);

	/* Network file systems report a full disk on close. */
	if (again == -1 || close(again) == -1)
		return -1;
	if (file->name[0] == '\0') {
		if (shmt__name_unnamed(file->fd, file->dir, file->final) == 0)
			return 0;
		if (errno != EEXIST || name_temporarily(file) == -1)
			return -1;
	}
	if (renameat(file->dir, file->name, file->dir, file->final) == -1)
		return -1;
	file->name[0] = '\0';
	return 0;
}

void
shmt_atomic_file_close(struct shmt_atomic_file *file)
{
	int saved = errno;

	if (file->name[0] != '\0')
		unlinkat(file->dir, file->name, 0);
	errno = saved;
	shmt__close(file->fd);
	shmt__close(file->former);
	shmt__close(file->lock);
	shmt__close(file->dir);
	free(file);
}
