/* SPDX-License-Identifier: BSD-2-Clause */

/* Whether a POSIX object is stale, and whether it is in use at all. */

#ifndef SHMT_USERS_STALE_H
#define SHMT_USERS_STALE_H

#include "shmtool.h"

struct shmt__ids;

/* Whether nobody uses an object, by what shmt_fill_use() found. */
enum shmt_answer shmt__is_unused(const struct shmt_info *info);

/* The pid in a name of a known form, 0 where there is none. */
pid_t shmt__pid_in_name(const char *name);

/*
 * Each part of the proof.  ids: those of all processes, read after info was;
 * NULL: they could not be read.
 */
void shmt__check_object_stale(const struct shmt_info *info,
    const struct shmt__ids *ids, int64_t now, uint64_t idle,
    struct shmt_object_proof *proof);

#endif
