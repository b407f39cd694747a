/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Why a filter selects nothing.  Why one segment is kept: rm/segment.c.
 */

#ifndef CMD_RM_EXPLAIN_FILTER_H
#define CMD_RM_EXPLAIN_FILTER_H

#include "shmtool.h"

/*
 * "4097 would be stale but for --idle (1h00m), 3 would pass but for --owner":
 * the clauses that alone exclude segments.  The caller frees the text; NULL:
 * there are none, or memory is exhausted.
 */
char *explain_none(const struct shmt_filter *filter);

#endif
