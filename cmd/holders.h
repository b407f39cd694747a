/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The names of the processes that use a segment or an object, for messages.
 */

#ifndef CMD_HOLDERS_H
#define CMD_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "shmtool.h"

/* "4242 (postgres), 4250 (postgres)", the first few; not complete: more may
 * exist.  The caller frees it; NULL: memory is exhausted. */
char *name_holders(const struct shmt_holder *holders, size_t count,
    bool complete);

/* The same for the processes that use an object now; also fills in its nattch,
 * fds and in_use.  NULL if it is not in use, or nobody can tell. */
char *find_and_name_holders(struct shmt_info *object);

#endif
