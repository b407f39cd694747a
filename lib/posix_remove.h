/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The removal of a POSIX object that nobody uses.
 */

#ifndef SHMT_POSIX_REMOVE_H
#define SHMT_POSIX_REMOVE_H

#include "shmtool.h"

struct statx;

int shmt__posix_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal);

/* As shmt_may_remove(). */
int shmt__posix_may_remove(const struct shmt_object *object);

/* Makes an object smaller through a descriptor for writing, the only one
 * there is of it; EBUSY where it is not. */
int shmt__shrink_unused(const struct shmt_object *object, int fd,
    const struct statx *st, uint64_t size);

#endif
