/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what rm would do, before it does it: a table, sums, a total.  The
 * decision for each segment is made in rm/decide.c.
 */

#ifndef CMD_RM_PLAN_H
#define CMD_RM_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "rm/removal.h"
#include "shmtool.h"
#include "ui/text.h"

struct plan {
	const struct removal *list;
	size_t count;
	const struct shmt_filter *filter;	/* NULL: there is none */
};

/* Counts the segments that would go, and their bytes as text. */
size_t count_plan(const struct plan *plan, char size[static SHORT_TEXT]);

/*
 * Prints a table of the segments that were found, and the total; if nothing is
 * selected, the reason.  Brief, before a question: only the first rows of the
 * table, and sums by owner.  Returns an exit status.
 */
int print_plan(const struct plan *plan, bool brief);

#endif
