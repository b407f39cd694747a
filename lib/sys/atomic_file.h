/* SPDX-License-Identifier: BSD-2-Clause */

/* Files that appear under their name complete or not at all. */

#ifndef SHMT_SYS_ATOMIC_FILE_H
#define SHMT_SYS_ATOMIC_FILE_H

#include "shmtool.h"

struct shmt_atomic_file {
	int dir;		/* its folder */
	int fd;
	char final[256];	/* the name it is to have there */
	char name[256];		/* the one it has, or "" while it has none */
};

/* dir stays the caller's, and stays open. */
int shmt__atomic_file_open(
    int dir, const char *final, struct shmt_atomic_file *draft);

/* Makes sure that it has a name, though not yet its own. */
int shmt__atomic_file_name(struct shmt_atomic_file *draft);

/* Gives it its name: EEXIST where a file has that, or in its place. */
int shmt__atomic_file_publish(struct shmt_atomic_file *draft);
int shmt__atomic_file_replace(struct shmt_atomic_file *draft);

/* Closes it, and removes what has the name of a draft. */
void shmt__atomic_file_discard(const struct shmt_atomic_file *draft);

#endif
