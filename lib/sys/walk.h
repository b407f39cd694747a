/* SPDX-License-Identifier: BSD-2-Clause */

/* A file system, from a directory downwards. */

#ifndef SHMT_SYS_WALK_H
#define SHMT_SYS_WALK_H

#include <sys/types.h>

#include <dirent.h>

#include "shmtool.h"

struct statx;

/* Opens a directory for reading; dir may be a descriptor of O_PATH. */
DIR *shmt__open_dir(int dir, const char *name);

/* closedir(3) that keeps errno. */
void shmt__close_dir(DIR *stream);

struct shmt__walk {
	dev_t device;		/* what is mounted below is left out */
	/* Called for each entry: its name in a directory, and how many
	 * directories below the first that is. */
	void (*visit)(void *arg, int dir, const char *name, unsigned depth,
	    const struct statx *st);
	void *arg;
	uint64_t hidden;	/* directories that could not be read */
};

/* Visits all that is below an open directory. */
void shmt__walk(DIR *stream, unsigned depth, struct shmt__walk *walk);

#endif
