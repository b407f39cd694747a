/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The names of the processes that use a segment or an object, for messages.
 */

#ifndef CMD_HOLDERS_H
#define CMD_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "shmtool.h"

/* "4242 (postgres), 4250 (postgres)", the first few; not complete: there may be
 * others.  The caller frees it; NULL: no memory. */
char *name_holders(const struct shmt_holder *holders, size_t count,
    bool complete);

/* The same of those that are seen to use an object now, whose nattch, fds and
 * in_use are filled; NULL where none is known. */
char *name_users(struct shmt_info *object);

#endif
