/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Drafts: files that nobody finds under the name they will have until they
 * are complete.  They are written without any name where the file system can
 * do that, so that nothing is left whatever kills us, and else under one of
 * our own.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

/* Without memory arc4random(3) would end the program, and say nothing. */
static int
invent_name(struct shmt_atomic_file *draft)
{
	unsigned number;

	if (getentropy(&number, sizeof(number)) == -1)
		return -1;
	/* No longer than a name may be, whatever the final one is. */
	snprintf(draft->name, sizeof(draft->name), ".%.200s.%08x",
	    draft->final, number);
	return 0;
}

static int
open_named(struct shmt_atomic_file *draft)
{
	int tries;

	for (tries = 0; tries < 16; tries++) {
		if (invent_name(draft) == -1)
			break;
		draft->fd = openat(draft->dir, draft->name, O_RDWR | O_CREAT |
		    O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (draft->fd != -1)
			return 0;
		if (errno != EEXIST)
			break;
	}
	draft->name[0] = '\0';
	return -1;
}

int
shmt__atomic_file_open(
    int dir, const char *final, struct shmt_atomic_file *draft)
{
	*draft = (struct shmt_atomic_file){ .dir = dir, .fd = -1 };
	if (strlcpy(draft->final, final, sizeof(draft->final)) >=
	    sizeof(draft->final)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* Without /proc there is no way to a name later. */
	if (faccessat(AT_FDCWD, "/proc/self/fd", F_OK, 0) == 0) {
		draft->fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
		    0600);
		if (draft->fd != -1)
			return 0;
		if (errno != EOPNOTSUPP && errno != EISDIR)
			return -1;
	}
	return open_named(draft);
}

/* Gives a draft without a name this one, which must be free. */
static int
link_as(const struct shmt_atomic_file *draft, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", draft->fd);
	return linkat(AT_FDCWD, path, draft->dir, name, AT_SYMLINK_FOLLOW);
}

int
shmt__atomic_file_name(struct shmt_atomic_file *draft)
{
	if (draft->name[0] != '\0')
		return 0;
	if (invent_name(draft) == -1)
		return -1;
	if (link_as(draft, draft->name) == 0)
		return 0;
	draft->name[0] = '\0';
	return -1;
}

int
shmt__atomic_file_publish(struct shmt_atomic_file *draft)
{
	if (draft->name[0] == '\0')
		return link_as(draft, draft->final);
	/* A rename that replaces nothing, where the file system has it. */
	if (renameat2(draft->dir, draft->name, draft->dir, draft->final,
	    RENAME_NOREPLACE) == -1) {
		if (errno != EINVAL && errno != ENOSYS)
			return -1;
		if (linkat(draft->dir, draft->name, draft->dir, draft->final,
		    0) == -1)
			return -1;
		unlinkat(draft->dir, draft->name, 0);
	}
	draft->name[0] = '\0';
	return 0;
}

int
shmt__atomic_file_replace(struct shmt_atomic_file *draft)
{
	/* Where there is nothing to replace, no other name is ever seen. */
	if (draft->name[0] == '\0') {
		if (link_as(draft, draft->final) == 0)
			return 0;
		if (errno != EEXIST || shmt__atomic_file_name(draft) == -1)
			return -1;
	}
	if (renameat(draft->dir, draft->name, draft->dir, draft->final) == -1)
		return -1;
	draft->name[0] = '\0';
	return 0;
}

void
shmt__atomic_file_discard(const struct shmt_atomic_file *draft)
{
	int saved = errno;

	/* Its own, or of what it took the place of. */
	if (draft->name[0] != '\0')
		unlinkat(draft->dir, draft->name, 0);
	if (draft->fd != -1)
		close(draft->fd);
	errno = saved;
}

/*
 * The same by path
 */

int
shmt_atomic_file_open(const char *path, struct shmt_atomic_file **draft)
{
	const char *base = strrchr(path, '/');
	struct shmt_atomic_file *d;
	char *folder;
	int dir;

	base = base != NULL ? base + 1 : path;
	if (*base == '\0') {
		errno = *path == '\0' ? ENOENT : EISDIR;
		return -1;
	}
	folder = base == path ? strdup(".") :
	    strndup(path, (size_t)(base - path));
	d = malloc(sizeof(*d));
	dir = folder == NULL || d == NULL ? -1 :
	    open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (dir == -1 || shmt__atomic_file_open(dir, base, d) == -1) {
		shmt__close(dir);
		free(d);
		return -1;
	}
	*draft = d;
	return 0;
}

int
shmt_atomic_file_fd(const struct shmt_atomic_file *draft)
{
	return draft->fd;
}

int
shmt_atomic_file_publish(struct shmt_atomic_file *draft)
{
	int again = fcntl(draft->fd, F_DUPFD_CLOEXEC, 0);

	/* File systems over the net tell of a full disk on close. */
	if (again == -1 || close(again) == -1)
		return -1;
	return shmt__atomic_file_replace(draft);
}

void
shmt_atomic_file_close(struct shmt_atomic_file *draft)
{
	shmt__atomic_file_discard(draft);
	shmt__close(draft->dir);
	free(draft);
}
