/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * POSIX shared memory objects: the regular files directly in /dev/shm.
 */

#ifndef SHMT_POSIX_H
#define SHMT_POSIX_H

#include <sys/stat.h>

#include "shmtool.h"

/* Whether shm_open(3) accepts this name, given here without its slash; NULL is
 * none. */
bool shmt__posix_is_name(const char *name);

/*
 * Returns a descriptor of the directory that an object is in; the caller closes
 * it by shmt__posix_close_dir().  ENODEV: /dev/shm is not there, or is no
 * tmpfs.
 */
int shmt__posix_open_dir(const struct shmt_object *object);
void shmt__posix_close_dir(const struct shmt_object *object, int dir);

/* Whether a file is the one that the object names; errno as shmt_info(). */
int shmt__posix_check(const struct shmt_object *object,
    const struct statx *st);

/* Looks up an object in its directory; errno as shmt_info(). */
int shmt__posix_stat(int dir, const struct shmt_object *object,
    struct statx *st);

/* ENOENT: the name belongs to no file any more, or to another than st is of. */
int shmt__posix_check_same(int dir, const char *name, const struct statx *st);

/* Opens an object with O_PATH, by its name or by its path: such a descriptor
 * does not count as a use, but keeps the inode. */
int shmt__posix_open_path(const struct shmt_object *object, struct statx *st);

/* Sets what statx(2) found; rss and swap only where nothing is swapped out. */
void shmt__posix_fill(const struct statx *st, const char *name,
    bool nothing_swapped, struct shmt_info *info);

/* Opens the file for what statx(2) does not tell: the seals of a memfd and,
 * where a part is swapped out, rss and swap. */
void shmt__posix_fill_by_opening(struct shmt_info *info);

int shmt__posix_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info);
/* Adds the objects to a list. */
int shmt__posix_list(unsigned want, struct shmt_list *list);
int shmt__posix_open(const struct shmt_object *object, unsigned flags,
    int *fd);

/* As shmt__posix_open() with the flags of open(2); returns the descriptor. */
int shmt__posix_open_flags(const struct shmt_object *object, int flags,
    struct statx *st);

int shmt__posix_set(const struct shmt_info *info);

/* posix_create.c */

/*
 * Prepares and commits in one.  Sets object->dev and inode.
 * SHMT_OPEN: an existing object is found, not EEXIST; EINVAL where it is
 * smaller.
 */
int shmt__posix_create(struct shmt_object *object,
    const struct shmt_request *request, bool *created);

int shmt__posix_resize(const struct shmt_object *object, uint64_t size,
    unsigned flags);

/* posix_remove.c */

int shmt__posix_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal);

/* As shmt_may_remove(). */
int shmt__posix_may_remove(const struct shmt_object *object);

/* Makes an object smaller through a descriptor for writing, the only one
 * there is of it; EBUSY where it is not. */
int shmt__shrink_unused(const struct shmt_object *object, int fd,
    const struct statx *st, uint64_t size);

#endif
