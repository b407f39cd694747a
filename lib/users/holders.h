/* SPDX-License-Identifier: BSD-2-Clause */

/* Processes that have shared memory mapped or open. */

#ifndef SHMT_USERS_HOLDERS_H
#define SHMT_USERS_HOLDERS_H

#include "shmtool.h"
#include "users/ids.h"
#include "users/maps.h"

/* Finds whether the creator and the last user of a segment hold it.  The time
 * for this does not grow with the number of processes. */
int shmt__sysv_known_holders(const struct shmt_info *segment,
    struct shmt_holders *holders);

/*
 * Whether a holder matters to a segment: one of root, of its owner or creator
 * or of the caller.  Others may forge: a process that shares its memory with
 * one in an IPC namespace of its own shows the segments of there, whose ids,
 * keys and sizes are as it likes.
 */
bool shmt__is_trusted(const struct shmt_holder *holder,
    const struct shmt_info *segment);

#endif
