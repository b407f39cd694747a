/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -u: totals of the segments of each namespace.
 */

#ifndef CMD_STAT_SUMMARY_H
#define CMD_STAT_SUMMARY_H

#include <stdint.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/table.h"

struct sum {
	unsigned facts;		/* SHMT_HAS_RSS: of all segments */
	uint64_t segments, unattached, dest;
	uint64_t size, pages, largest;	/* pages as shmall counts them */
	uint64_t rss, swap;
	struct shmt_ns ns;
	char command[SHMT_COMMAND_MAX];	/* of the process of ns */
};

extern const struct column_set summary_columns;

/* Makes a sum for each namespace of rows; the caller frees the list. */
int list_sums(const struct rows *rows, struct sum **list);

#endif
