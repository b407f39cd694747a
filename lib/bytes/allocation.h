/* SPDX-License-Identifier: BSD-2-Clause */

/* What a transfer allocates, and whether there is memory for it. */

#ifndef SHMT_BYTES_ALLOCATION_H
#define SHMT_BYTES_ALLOCATION_H

#include "bytes/view_ops.h"
#include "shmtool.h"

#define SHMT__DATA	0x1u
#define SHMT__HOLES	0x2u

/*
 * Checks that there is memory for a range of a view, or for those parts of it
 * that are data or holes; ENOMEM: there is not.  This has to be known
 * beforehand: the kernel kills a process that exceeds its memory cgroup, and no
 * call fails first.
 */
int shmt__expect_memory(struct shmt_view *view, uint64_t from, uint64_t to,
    unsigned parts);

/* The same for the holes of a range that will be written.  ENOSPC: there is
 * memory, but the file system of an object is too small.  *left becomes the
 * bytes left in memory or in the file system, whichever has fewer; UINT64_MAX
 * where no limit is known. */
int shmt__expect_space(struct shmt_view *view, uint64_t from, uint64_t to,
    uint64_t *left);

/* Whether a descriptor is of a regular file of a tmpfs. */
bool shmt__in_memory(int fd);

#endif
