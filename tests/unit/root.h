/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A root folder for unit tests of what is read below one, with the setup and
 * the teardowns that cmocka calls.
 */

#ifndef ROOT_H
#define ROOT_H

#include <sys/stat.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[] = "/tmp/shmtool-unit.XXXXXX";
static int rootfd;

static inline int
remove_below(const char *path, const struct stat *st, int kind,
    struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level == 0 ? 0 : remove(path);
}

static inline int
empty_root(void **state)
{
	(void)state;
	return nftw(root, remove_below, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int
make_root(void **state)
{
	(void)state;
	if (mkdtemp(root) == NULL)
		return -1;
	rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return rootfd == -1 ? -1 : 0;
}

static inline int
remove_root(void **state)
{
	(void)state;
	close(rootfd);
	return rmdir(root);
}

/* Writes a file below the root, with the folders that lead to it. */
static inline void
put(const char *path, const char *text)
{
	char copy[128], *slash;
	int fd;

	strlcpy(copy, path, sizeof(copy));
	for (slash = strchr(copy, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(rootfd, copy, 0755);
		*slash = '/';
	}
	fd = openat(rootfd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#endif
