/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The options of stat, and the rows and columns of each view.
 */

#ifndef CMD_STAT_VIEW_H
#define CMD_STAT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "filter.h"
#include "groups.h"
#include "operand.h"
#include "ui/options.h"
#include "ui/table.h"
#include "ui/terminal.h"

/* A view: which rows, and which of their columns. */
struct view {
	int letter;
	const struct column_set *set;
	const char *const *defaults;	/* NULL: the defaults of the set */
	const char *const *optional;	/* NULL: those of the set */
	/* The defaults where objects are shown, and as JSON; NULL: the
	 * same. */
	const char *const *objects, *const *json_objects;
};

enum { SEGMENTS, TIMES, PIDS, CREATORS, SUMMARY, PROCESSES, ACCOUNT };

extern const struct view views[];

struct opts {
	struct arguments args;
	int view_index;
	const struct view *view;
	const char *output, *sort_name, *by_name;
	const struct group_by *by;	/* of -u, NULL: one sum */
	struct view groups;		/* the view that by makes */
	bool json, tsv, no_heading, bytes, reverse;
	enum color_when color;
	uint64_t interval;	/* of --watch, in ms; 0: without */
	const struct column **columns, *sort;
	size_t column_count;
	struct filter filter;
	struct selection selection;
	struct operand *operands;
};

/* Finds the view that the options name. */
int set_view(struct opts *opts);

/* Finds the columns of the view, and what the rows need for them; the operands
 * are known. */
int set_columns(struct opts *opts);

/* Columns that a view shows when none were chosen, into an array of
 * COLUMNS_MAX + 1, ended by NULL. */
void default_columns(const struct opts *opts, const struct view *view,
    const char **names);

/* Whether memory other than System V segments is asked for. */
bool has_objects(const struct opts *opts);

/* Whether everything about each operand is printed, for people. */
bool in_detail(const struct opts *opts);

/* Whether a column counts processes: JSON then lists them in each segment. */
bool has_procs(const struct opts *opts);

enum table_format output_format(const struct opts *opts);

/* Whether rows are coloured by their status. */
bool has_color(const struct opts *opts);

/* show.c: collects what is asked for, and prints it; returns an exit status. */
int show(const struct opts *opts);

#endif
