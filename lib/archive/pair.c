/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The files of one saved segment.  A pair is committed by one rename(2), that
 * of NAME.meta, which names its contents file.  Contents files that it does
 * not name are either being written, and locked by the process that writes
 * them, or left over from an older pair or a killed process.
 */

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/pair.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

#define NAME_SIZE 256	/* ".NAME.N.tmp" and its like */

/*
 * Reading
 */

int
shmt__open_regular(int dir, const char *path, uint64_t *size)
{
	struct stat st;
	int fd;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1) {
		shmt__close(fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return shmt__fail(EINVAL);
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

int
shmt__read_meta(int dir, const char *path, struct shmt_saved *saved,
    struct shmt_failure *failure)
{
	char text[SHMT__META_MAX + 1];
	uint64_t size;
	ssize_t n;
	int fd;

	fd = shmt__open_regular(dir, path, &size);
	if (fd == -1)
		return -1;
	do
		n = read(fd, text, sizeof(text));
	while (n == -1 && errno == EINTR);
	shmt__close(fd);
	/* If the file is longer than any .meta, only a part was read.  The
	 * parser refuses it: the last line, the digest, is missing. */
	return n == -1 ? -1 :
	    shmt__parse_meta(text, (size_t)n, saved, failure);
}

/*
 * Names
 */

static void
contents_name(const struct shmt__pair *pair, int number,
    char name[static NAME_SIZE])
{
	char suffix[SHMT__SUFFIX];

	shmt__contents_suffix(number, suffix);
	snprintf(name, NAME_SIZE, "%s%s", pair->name, suffix);
}

static void
meta_name(const struct shmt__pair *pair, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s.meta", pair->name);
}

/* The name of a .meta until it is renamed to NAME.meta. */
static void
temporary_name(const struct shmt__pair *pair, int number,
    char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, ".%s.%d.tmp", pair->name, number);
}

/*
 * Writing
 */

static bool
has_name(const struct shmt__pair *pair, int fd, const char *name)
{
	struct stat file, named;

	return fstat(fd, &file) == 0 &&
	    fstatat(pair->dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    file.st_dev == named.st_dev && file.st_ino == named.st_ino;
}

/*
 * Creates a contents file under the first free name.  Until it is locked,
 * another process may take it for a leftover, lock it and remove it.
 */
static int
create_named(struct shmt__pair *pair)
{
	char name[NAME_SIZE];
	int number, fd;

	for (number = 0; number < SHMT__CONTENTS_MAX; number++) {
		contents_name(pair, number, name);
		fd = openat(pair->dir, name, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1 && errno != EEXIST)
			return -1;
		if (fd == -1)
			continue;
		/* Without locks only an old file counts as left over. */
		if ((flock(fd, LOCK_EX | LOCK_NB) == 0 ||
		    errno != EWOULDBLOCK) && has_name(pair, fd, name)) {
			pair->fd = fd;
			pair->number = number;
			return 0;
		}
		close(fd);
	}
	return shmt__fail(EBUSY);
}

int
shmt__pair_create(struct shmt__pair *pair)
{
	pair->number = -1;
	pair->fd = shmt__open_unnamed(pair->dir);
	if (pair->fd == -1)
		return create_named(pair);
	/* No other process can have a file without a name open. */
	flock(pair->fd, LOCK_EX | LOCK_NB);
	return 0;
}

int
shmt__pair_name(struct shmt__pair *pair)
{
	char name[NAME_SIZE];
	int number;

	if (pair->number != -1)
		return 0;
	for (number = 0; number < SHMT__CONTENTS_MAX; number++) {
		contents_name(pair, number, name);
		if (shmt__name_unnamed(pair->fd, pair->dir, name) == 0) {
			pair->number = number;
			return 0;
		}
		if (errno != EEXIST)
			return -1;
	}
	return shmt__fail(EBUSY);
}

int
shmt__pair_number(const struct shmt__pair *pair)
{
	char name[NAME_SIZE];
	struct stat st;
	int number;

	if (pair->number != -1)
		return pair->number;
	for (number = 0; number < SHMT__CONTENTS_MAX - 1; number++) {
		contents_name(pair, number, name);
		if (fstatat(pair->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			break;
	}
	return number;
}

int
shmt__pair_prepare(const struct shmt__pair *pair, const char *text,
    size_t length)
{
	char name[NAME_SIZE];
	int fd, result;

	temporary_name(pair, pair->number, name);
	unlinkat(pair->dir, name, 0);
	fd = openat(pair->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	result = shmt__write_all(fd, text, length);
	if (result == 0)
		result = fsync(fd);
	shmt__close(fd);
	return result;
}

int
shmt__pair_commit(const struct shmt__pair *pair, bool replace)
{
	char contents[NAME_SIZE], temporary[NAME_SIZE], meta[NAME_SIZE];
	int result;

	contents_name(pair, pair->number, contents);
	if (!has_name(pair, pair->fd, contents))
		return shmt__fail(ENOENT);
	temporary_name(pair, pair->number, temporary);
	meta_name(pair, meta);
	result = renameat2(pair->dir, temporary, pair->dir, meta,
	    replace ? 0 : RENAME_NOREPLACE);
	/* Some file systems have no such flag. */
	return result == -1 && shmt__is_unsupported(errno) ?
	    renameat(pair->dir, temporary, pair->dir, meta) : result;
}

/* Removes the contents file last: while it exists its number is not free. */
static void
remove_numbered(const struct shmt__pair *pair, int number)
{
	char name[NAME_SIZE];

	temporary_name(pair, number, name);
	unlinkat(pair->dir, name, 0);
	contents_name(pair, number, name);
	unlinkat(pair->dir, name, 0);
}

void
shmt__pair_discard(struct shmt__pair *pair)
{
	int saved = errno;

	if (pair->number != -1)
		remove_numbered(pair, pair->number);
	errno = saved;
	shmt__close(pair->fd);
	pair->fd = -1;
}

/*
 * Clearing
 */

enum { NO_META = -1, BAD_META = -2 };

/* The number of the contents file that NAME.meta names, NO_META or BAD_META. */
static int
named_number(const struct shmt__pair *pair)
{
	struct shmt_failure failure;
	struct shmt_saved saved;
	char name[NAME_SIZE];

	meta_name(pair, name);
	if (shmt__read_meta(pair->dir, name, &saved, &failure) == 0)
		return shmt__contents_number(saved.suffix);
	return errno == ENOENT ? NO_META : BAD_META;
}

/* Whether no process is writing the file; on a file system without locks,
 * whether it was not written for an hour. */
static bool
is_idle(int fd, const struct stat *st)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return errno != EWOULDBLOCK && time(NULL) - st->st_mtime > 3600;
}

static bool
is_left_over(const struct shmt__pair *pair, int fd, int number,
    const char *name)
{
	struct stat st;
	int named;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    !is_idle(fd, &st) || !has_name(pair, fd, name))
		return false;
	/* After the lock: its writer may have committed it just before. */
	named = named_number(pair);
	return named != number && named != BAD_META;
}

static void
remove_leftover(const struct shmt__pair *pair, int number)
{
	char name[NAME_SIZE];
	int fd;

	contents_name(pair, number, name);
	/* Some network file systems lock only files open for writing. */
	fd = openat(pair->dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (is_left_over(pair, fd, number, name))
		remove_numbered(pair, number);
	close(fd);
}

/*
 * While this process holds the lock of a contents file to check it, another
 * process that has just replaced NAME.meta finds that file locked and does not
 * remove it.  So the check is repeated if NAME.meta has changed.
 */
void
shmt__pair_remove_leftovers(struct shmt__pair *pair)
{
	int saved = errno, named, number;

	if (pair->fd != -1)
		close(pair->fd);
	pair->fd = -1;
	do {
		named = named_number(pair);
		for (number = 0; number < SHMT__CONTENTS_MAX; number++)
			if (number != named && named != BAD_META)
				remove_leftover(pair, number);
	} while (named_number(pair) != named);
	errno = saved;
}
