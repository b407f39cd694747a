/* SPDX-License-Identifier: BSD-2-Clause */

/* A thread that faults pages in before they are read. */

#ifndef SHMT_BYTES_PREFAULT_H
#define SHMT_BYTES_PREFAULT_H

#include "bytes/view.h"
#include "shmtool.h"

/*
 * A thread that has pages of a view's attachment before they are read; NULL:
 * there is none to be had, or one processor.  What is wanted begins where the
 * last such range ended or, once all of that was waited for, further on.
 */
struct shmt__prefault *shmt__prefault_start(const struct shmt_view *view);
void shmt__prefault_want(
    struct shmt__prefault *ahead, uint64_t from, uint64_t to);
void shmt__prefault_wait(struct shmt__prefault *ahead, uint64_t to);
void shmt__prefault_end(struct shmt__prefault *ahead);

#endif
