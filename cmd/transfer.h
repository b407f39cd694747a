/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What those that copy contents share.
 */

#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

#include <stdint.h>

#include "operand.h"
#include "shmtool.h"

/* ": memory cgroup /NAME 24M of 24M are in use", or "" where nothing tells.
 */
#define MEMORY_TEXT 256
void memory_in_use(char text[static MEMORY_TEXT]);

/* The largest value of --length; the next one means that there is none. */
#define LENGTH_MAX (UINT64_MAX - 1)

/* A length of UINT64_MAX becomes what there is; ST_OK, or told. */
int check_range(const struct operand *operand, uint64_t size, uint64_t offset,
    uint64_t *length);

/*
 * Opens a view of a segment as find_operand() found it.  -1: errno tells, and
 * the caller words it; ST_OK, or told that another segment has the id now.
 */
int open_view(const struct operand *operand,
    const struct shmt_info *segment, unsigned flags,
    struct shmt_view **view);

/* A copy between the segment and other failed, by errno; told. */
int copy_failed(const struct operand *operand, const char *other,
    uint64_t done);

#endif
