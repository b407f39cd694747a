/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -u: totals of the segments of each namespace.
 */

#ifndef CMD_STAT_SUMMARY_H
#define CMD_STAT_SUMMARY_H


#include "groups.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/table.h"

struct sum {
	struct group total;		/* without a key */
	struct shmt_ns ns;
	char command[SHMT_COMMAND_MAX];	/* of the process of ns */
};

extern const struct column_set summary_columns;

/* Makes a sum for each namespace of rows; the caller frees the list. */
int list_sums(const struct rows *rows, struct sum **list);

#endif
