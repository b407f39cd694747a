/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -w: a line for each change.
 */

#ifndef CMD_STAT_WATCH_H
#define CMD_STAT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "operand.h"
#include "shmtool.h"
#include "ui/table.h"

struct change_watch {
	uint64_t interval;	/* ms between two looks */
	const struct shmt_filter *filter;
	const struct operand *operands;	/* those only, if any */
	size_t operand_count;
	enum table_format format;
	bool heading, bytes, color;
};

/* Prints changes until a signal comes, or nobody reads stdout any more. */
int print_events(const struct change_watch *how);

#endif
