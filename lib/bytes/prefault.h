/* SPDX-License-Identifier: BSD-2-Clause */

/* A thread that faults pages in before they are read. */

#ifndef SHMT_BYTES_PREFAULT_H
#define SHMT_BYTES_PREFAULT_H

#include "shmtool.h"

struct shmt__prefault;

/* Starts the thread for an attachment, which gives this advice to madvise(2).
 * NULL: it cannot be started, or there is only one processor. */
struct shmt__prefault *shmt__prefault_start(char *at, int advice);

/*
 * Waits until the pages from one offset to another are faulted in, and has the
 * thread go on with some of those up to end.  An offset of another extent
 * may be given once the pages up to the end of the last were waited for.
 */
void shmt__prefault_range(struct shmt__prefault *prefault, uint64_t from,
    uint64_t to, uint64_t end);

/* Ends the thread, if there is one. */
void shmt__prefault_end(struct shmt__prefault *prefault);

#endif
