/* SPDX-License-Identifier: BSD-2-Clause */

/* Changing the size of the tmpfs at /dev/shm. */

#ifndef SHMT_LIMITS_DEV_SHM_H
#define SHMT_LIMITS_DEV_SHM_H

#include "shmtool.h"

/* As shmt_limit_check() and shmt_limit_set() have it. */
int shmt__dev_shm_check(char reason[SHMT_REASON]);
int shmt__dev_shm_resize(uint64_t size, char reason[SHMT_REASON]);

/* Rounds a size up to whole pages, as the kernel does. */
uint64_t shmt__dev_shm_round(uint64_t size);

#endif
