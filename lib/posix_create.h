/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * New POSIX objects, and those that change their size.
 */

#ifndef SHMT_POSIX_CREATE_H
#define SHMT_POSIX_CREATE_H

#include "shmtool.h"

/*
 * Draft and publish in one.  object->dev and inode become those of the object.
 * SHMT_OPEN: an existing object is found, not EEXIST; EINVAL where it is
 * smaller.
 */
int shmt__posix_create(struct shmt_object *object,
    const struct shmt_request *request, bool *created);

int shmt__posix_resize(const struct shmt_object *object, uint64_t size,
    unsigned flags);

#endif
