/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The files of one saved segment: NAME.meta, and the contents file beside it
 * that it names, NAME.shm or NAME.N.shm.
 */

#ifndef SHMT_ARCHIVE_PAIR_H
#define SHMT_ARCHIVE_PAIR_H

#include "archive/meta.h"
#include "shmtool.h"

/* Opens a regular file for reading; *size becomes its size.  ELOOP: a symbolic
 * link; EINVAL: not a regular file. */
int shmt__open_regular(int dir, const char *path, uint64_t *size);

/* Reads a .meta.  errno as above and of shmt__parse_meta(). */
int shmt__read_meta(int dir, const char *path, struct shmt_saved *saved,
    struct shmt_failure *failure);

/* A pair that is being written. */
struct shmt__pair {
	int dir;		/* the caller's */
	const char *name;	/* NAME */
	int fd;			/* the contents file, or -1 */
	int number;		/* the number in its name, -1: no name yet */
};

/* Opens a new contents file.  EBUSY: too many exist. */
int shmt__pair_create(struct shmt__pair *pair);

/* Gives it its name, which sets pair->number. */
int shmt__pair_name(struct shmt__pair *pair);

/* The number in its name, or the one that it will get: the first free one. */
int shmt__pair_number(const struct shmt__pair *pair);

/* Prepare writes the .meta under a temporary name; commit renames it to
 * NAME.meta, and with replace over an older one.  Until that rename, restore
 * finds the old pair.  ENOENT: the contents file was removed meanwhile; EEXIST:
 * there is a pair by now. */
int shmt__pair_prepare(const struct shmt__pair *pair, const char *text,
    size_t length);
int shmt__pair_commit(const struct shmt__pair *pair, bool replace);

/* Removes the files of a pair that was not committed. */
void shmt__pair_discard(struct shmt__pair *pair);

/* Closes it, and removes the contents files that NAME.meta does not name,
 * but for those that a process is still writing. */
void shmt__pair_remove_leftovers(struct shmt__pair *pair);

#endif
