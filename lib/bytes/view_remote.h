/* SPDX-License-Identifier: BSD-2-Clause */

/* A view through a process that has the segment attached. */

#ifndef SHMT_BYTES_VIEW_REMOTE_H
#define SHMT_BYTES_VIEW_REMOTE_H

#include "bytes/view.h"
#include "shmtool.h"

/* Finds a holder to read through.  ESRCH: none; ENODATA: only in a way that
 * would allocate what nobody wrote. */
int shmt__remote_open(struct shmt_view *view);
void shmt__remote_close(struct shmt_view *view);
int shmt__remote_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length);

#endif
