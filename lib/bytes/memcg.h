/* SPDX-License-Identifier: BSD-2-Clause */

/* The memory that is left. */

#ifndef SHMT_BYTES_MEMCG_H
#define SHMT_BYTES_MEMCG_H

#include "shmtool.h"

/* The same with another root directory, as a descriptor. */
bool shmt__headroom(int root, struct shmt_headroom *headroom);
bool shmt__memory_cgroup(int root, struct shmt_headroom *cgroup);

/* Bytes that can be allocated for contents, without what that needs beside
 * them; UINT64_MAX where nothing tells. */
uint64_t shmt__memory_left(void);

#endif
