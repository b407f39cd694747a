/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what rm would do, before it does it: a table, sums, a total.
 * segment.c and object.c make the decision for each.
 */

#ifndef CMD_RM_PLAN_H
#define CMD_RM_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "rm/removal.h"
#include "shmtool.h"

/*
 * Prints a table of the segments that were found, and the total; if nothing is
 * selected by the filter, the reason.  Brief, before a question: only the first
 * rows of the table, and sums by owner.
 */
void print_plan(const struct removal *list, size_t count,
    const struct shmt_filter *filter, bool brief);

/*
 * explain_filter.c: "4097 would be stale but for --idle (1h00m), 3 would pass
 * but for --owner", the clauses that alone exclude segments.  The caller frees
 * the text; NULL: there are none, or they cannot be found.
 */
char *explain_none(const struct shmt_filter *filter);

#endif
