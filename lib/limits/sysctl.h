/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers in files of /proc/sys. */

#ifndef SHMT_LIMITS_SYSCTL_H
#define SHMT_LIMITS_SYSCTL_H

#include "shmtool.h"

/* The count (at most 4) numbers that a file of /proc/sys holds; with sign,
 * negative ones in two's complement.  EBADMSG: it holds something else. */
int shmt__read_sysctl(const char *path, bool sign, uint64_t *values,
    size_t count);

#endif
