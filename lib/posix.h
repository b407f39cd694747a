/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * POSIX shared memory objects: the regular files directly in /dev/shm.
 */

#ifndef SHMT_POSIX_H
#define SHMT_POSIX_H

#include <sys/stat.h>

#include "shmtool.h"

/* Whether shm_open(3) takes it, without the slash. */
bool shmt__posix_is_name(const char *name);

/*
 * The directory that an object is in, for a name in it; shmt__posix_leave()
 * when it is no longer needed.  ENODEV: /dev/shm is not there, or is no
 * tmpfs.
 */
int shmt__posix_enter(const struct shmt_object *object);
void shmt__posix_leave(const struct shmt_object *object, int dir);

uint64_t shmt__device_of(const struct statx *st);

/* Whether a file is the one that the object names; errno as shmt_info(). */
int shmt__posix_check(const struct shmt_object *object,
    const struct statx *st);

/* The entry of an object in its directory; errno as shmt_info(). */
int shmt__posix_stat(int dir, const struct shmt_object *object,
    struct statx *st);

/* ENOENT: the entry is not, or no longer, the file that st is of. */
int shmt__posix_check_same(int dir, const char *name, const struct statx *st);

/* Opens an object with O_PATH, by its name or by its path: that is no use of
 * it, but keeps its inode. */
int shmt__posix_place(const struct shmt_object *object, struct statx *st);

/* What the entry alone tells; rss and swap where nothing is swapped out. */
void shmt__posix_fill(const struct statx *st, const char *name,
    bool nothing_swapped, struct shmt_info *info);

/* rss and swap of an object of which they are not known yet. */
void shmt__posix_fill_resident(int dir, struct shmt_info *info);

int shmt__posix_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info);
int shmt__posix_list(unsigned want, struct shmt_list *list);
int shmt__posix_open(const struct shmt_object *object, unsigned flags,
    int *fd);

/* As shmt__posix_open() with the flags of open(2); returns the descriptor. */
int shmt__posix_open_for(const struct shmt_object *object, int flags,
    struct statx *st);

int shmt__posix_set(const struct shmt_info *info);

#endif
