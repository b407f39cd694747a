/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sums of rows: of each namespace, or by the value of a column.
 */

#ifndef CMD_GROUPS_H
#define CMD_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "ui/column.h"
#include "ui/value.h"

struct group {
	struct value value;	/* valid as long as the rows */
	struct shmt_ns ns;	/* instead of a value */
	char command[SHMT_COMMAND_MAX];	/* of the process of ns */
	unsigned facts;		/* SHMT_HAS_RSS: of all rows */
	uint64_t count, unattached, stale, dest;
	uint64_t size, rss, swap, largest;	/* bytes */
	uint64_t pages;			/* as shmall counts them */
};

/* A column by which rows are summed. */
struct group_by {
	const char *name;	/* of the column */
	unsigned needs;		/* the facts that it needs of the rows */
	size_t (*values)(const struct group_by *by, const struct row *row,
	    struct value *values);
};

/* Finds a column by name, in upper or lower case; NULL after a message about
 * --by that lists the names. */
const struct group_by *find_group_by(const char *name);

/* The columns of groups; the first has the name of the column they are summed
 * by. */
const struct column_set *group_columns(const struct group_by *by);

/* Sums rows, the largest group first.  A row that has several values is in
 * several groups.  The caller frees the list. */
struct group *list_groups(const struct rows *rows, const struct group_by *by,
    size_t *count);

/* Sums the rows of each namespace, rows->ns_count sums; the caller frees the
 * list. */
struct group *list_sums(const struct rows *rows);

extern const struct column_set summary_columns;

#endif
