/* SPDX-License-Identifier: BSD-2-Clause */

/* How much of a file of tmpfs is in memory, and how much is swapped out. */

#ifndef SHMT_SYS_RESIDENT_H
#define SHMT_SYS_RESIDENT_H

#include "shmtool.h"

/* Whether the machine has nothing swapped out: then every block of a file is
 * in memory. */
bool shmt__nothing_swapped(void);

/* Both in bytes, by cachestat(2) of Linux 6.5.  ENOSYS: an older kernel;
 * EPERM: a file of another user. */
int shmt__resident(int fd, uint64_t *rss, uint64_t *swap);

#endif
