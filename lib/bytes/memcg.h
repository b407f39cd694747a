/* SPDX-License-Identifier: BSD-2-Clause */

/* Memory that this process can still allocate. */

#ifndef SHMT_BYTES_MEMCG_H
#define SHMT_BYTES_MEMCG_H

#include "shmtool.h"

/* shmt_headroom() with the files below another root directory, "/" for the real
 * one; or of memory cgroups only. */
bool shmt__headroom(const char *root, bool cgroups_only,
    struct shmt_headroom *headroom);

/* Bytes that can be allocated for contents, buffers and page tables already
 * deducted; UINT64_MAX where no limit is known. */
uint64_t shmt__memory_left(void);

#endif
