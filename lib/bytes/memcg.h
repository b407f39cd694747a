/* SPDX-License-Identifier: BSD-2-Clause */

/* Memory that this process can still allocate. */

#ifndef SHMT_BYTES_MEMCG_H
#define SHMT_BYTES_MEMCG_H

#include "shmtool.h"

/* The same with another root directory, as a descriptor. */
bool shmt__headroom(int root, struct shmt_headroom *headroom);
bool shmt__memory_cgroup(int root, struct shmt_headroom *cgroup);

/* Bytes that can be allocated for contents, buffers and page tables already
 * deducted; UINT64_MAX where no limit is known. */
uint64_t shmt__memory_left(void);

#endif
