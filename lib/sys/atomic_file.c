/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Files that appear under their name complete or not at all.  They are
 * written without a name where the file system can do that, so that nothing
 * is left however the process ends, and elsewhere under a temporary name.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

/* linkat(2) with AT_EMPTY_PATH would need a capability. */
int
shmt__name_unnamed(int fd, int dir, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
}

int
shmt__open_unnamed(int dir)
{
	int fd;

	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	/* EEXIST, and no other error, shows that a free name would be given:
	 * /proc is mounted and no filter refuses the call. */
	if (shmt__name_unnamed(fd, dir, ".") == -1 && errno == EEXIST)
		return fd;
	shmt__close(fd);
	return -1;
}

/* Without memory arc4random(3) would end the program without a message. */
static int
make_name(struct shmt_atomic_file *file)
{
	unsigned number;

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
	if (strlen(*base) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	directory = slash == NULL ? strdup(".") :
	    strndup(path, (size_t)(*base - path));
	if (directory == NULL)
		return -1;
	dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	return dir;
}

int
shmt_atomic_file_open(const char *path, struct shmt_atomic_file **file)
{
	struct shmt_atomic_file *f = malloc(sizeof(*f));
	const char *base;

	if (f == NULL)
		return -1;
	*f = (struct shmt_atomic_file){ .fd = -1 };
	f->dir = open_directory(path, &base);
	if (f->dir != -1) {
		strlcpy(f->final, base, sizeof(f->final));
		f->fd = shmt__open_unnamed(f->dir);
	}
	if (f->dir == -1 || (f->fd == -1 && open_named(f) == -1)) {
		shmt__close(f->dir);
		free(f);
		return -1;
	}
	*file = f;
	return 0;
}

int
shmt_atomic_file_fd(const struct shmt_atomic_file *file)
{
	return file->fd;
}

/* A file that has no name yet cannot replace another: it needs one first. */
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
shmt_atomic_file_publish(struct shmt_atomic_file *file)
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
	shmt__close(file->dir);
	free(file);
}
