/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All segments of a namespace in sum.
 */

#ifndef CMD_STAT_SUMMARY_H
#define CMD_STAT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "rows.h"
#include "ui/table.h"

struct sum {
	uint64_t segments, unattached, dest;
	uint64_t size, pages, largest;	/* pages as shmall counts them */
	bool has_rss;
	uint64_t rss, swap;
	const struct ipc_ns *ipc_ns;
};

extern const struct column summary_columns[];
extern const size_t summary_column_count;
extern const char *const default_summary_columns[];

/* One for each namespace, and pointers to them; both to be freed, after a
 * failure too.  ST_OK, or told why not. */
int list_sums(const struct collection *collection, struct sum **list,
    void ***pointers);

#endif
