/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool stat: lists segments, or prints everything about some of them. It
 * changes nothing.
 */

#include <stddef.h>
#include <stdlib.h>

#include "cmd.h"
#include "filter.h"
#include "namespace.h"
#include "operand.h"
#include "option_values.h"
#include "rows.h"
#include "stat/event.h"
#include "stat/view.h"
#include "ui/table.h"
#include "ui/terminal.h"

/* Group 1: only one view.  Group 2: only one format. */
static const struct option_row options[] = {
	{ 'o', "output", "COL,...", "print these columns; +COL,... adds some",
	    store_text, TO(output) },
	{ 't', "times", NULL, "print when attached, detached, changed",
	    store_choice, TO(view_index), .choice = TIMES, .group = 1 },
	{ 'p', "pids", NULL, "print who created and who last used them",
	    store_choice, TO(view_index), .choice = PIDS, .group = 1 },
	{ 'c', "creators", NULL, "print creators and owners",
	    store_choice, TO(view_index), .choice = CREATORS, .group = 1 },
	{ 'u', "summary", NULL, "print totals",
	    store_choice, TO(view_index), .choice = SUMMARY, .group = 1 },
	{ 0, "by", "COL", "with -u, print totals by a column",
	    store_text, TO(by_name) },
	{ 'P', "processes", NULL, "print which processes have them attached",
	    store_choice, TO(view_index), .choice = PROCESSES, .group = 1 },
	{ 'w', "watch", "[=SECONDS]", "print a line for each change",
	    store_interval, TO(interval), .absent = "1" },
	{ 0, "json", NULL, "print one JSON object",
	    store_flag, TO(json), .group = 2 },
	{ 0, "tsv", NULL, "print tabs between plain values",
	    store_flag, TO(tsv), .group = 2 },
	{ 0, "no-heading", NULL, "leave out the line of column names",
	    store_flag, TO(no_heading) },
	{ 'b', "bytes", NULL, "print sizes in bytes, not as 1.5M",
	    store_flag, TO(bytes) },
	{ 0, "color", "WHEN", "color tables: never, auto or always",
	    store_color, TO(color) },
	{ 0, "sort", "COL", "sort by a column", store_text, TO(sort_name) },
	{ 0, "reverse", NULL, "reverse the order", store_flag, TO(reverse) },
	{ 0, "all-ns", NULL, "include every namespace",
	    store_flag, TO(selection.all_ns) },
	{ .rows = filter_options, TO(filter) },
	{ 0 }
};

/* Refuses filters that open an object to find its users: that is an event. */
static int
check_object_watch(const struct opts *o)
{
	const struct shmt_filter *filter = &o->filter.set;
	const char *unknown = filter_has_any(filter, SHMT_BY_UNATTACHED) ?
	    "--unattached" : filter_has_any(filter, SHMT_BY_STALE) ?
	    "--stale" : filter_has_any(filter, SHMT_BY_PID) ? "--pid" : NULL;

	return unknown == NULL ? ST_OK : usage_error(unknown, "--watch does "
	    "not find out who uses a POSIX object");
}

static int
check_watch(struct opts *o)
{
	static const char no_event[] = "no event reports memory without a "
	    "name: --watch takes sysv and posix";

	if (o->view != &views[SEGMENTS])
		return usage_error("--watch", "does not go with -%c: it shows "
		    "changes", o->view->letter);
	if (o->output != NULL)
		return usage_error("--watch", "does not go with --output: it "
		    "has columns of its own");
	if (o->sort_name != NULL || o->reverse)
		return usage_error("--watch", "shows changes in the order of "
		    "time");
	if (o->selection.all_ns)
		return usage_error("--watch", "watches one namespace: shmtool "
		    "--ns chooses it");
	if (exclude_unnamed_kinds(&o->filter.set, no_event) != ST_OK)
		return ST_USAGE;
	if ((selected_kinds(&o->selection) & SHMT_UNNAMED) != 0)
		return usage_error("--watch", "%s", no_event);
	return has_objects(o) ? check_object_watch(o) : ST_OK;
}

/* Objects of other namespaces are found by filters, and not by a name, which
 * means another object in each. */
static int
check_all_ns(struct opts *o)
{
	if (exclude_unnamed_kinds(&o->filter.set, "memory without a name "
	    "belongs to no namespace: omit --all-ns") != ST_OK)
		return ST_USAGE;
	if (!has_objects(o))
		return ST_OK;
	if (entered_namespace() != NULL)
		return usage_error("--all-ns", "--ns shows the POSIX objects "
		    "of one process");
	if (o->selection.operand_count > 0)
		return usage_error("--all-ns", "lists POSIX objects: --name "
		    "GLOB selects them, --ns PID shows one");
	return ST_OK;
}

static int
check(struct opts *o)
{
	int status;

	status = check_filter(&o->filter.set);
	if (status != ST_OK)
		return status;
	if (o->interval > 0)
		return check_watch(o);
	if (o->selection.all_ns && (status = check_all_ns(o)) != ST_OK)
		return status;
	if (o->output != NULL && o->output[0] != '+' &&
	    o->view != &views[SEGMENTS] && o->view->set == &segment_columns)
		return usage_error(NULL, "-%c has its columns: -o +COL adds "
		    "to them", o->view->letter);
	if (in_detail(o) && (o->sort_name != NULL || o->reverse ||
	    o->no_heading))
		return usage_error(NULL, "the details of a segment are not a "
		    "table: choose columns with -o");
	return ST_OK;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_stat, argc, argv, o);
	if (status == ST_OK)
		status = set_view(o);
	if (status != ST_OK)
		return status;
	if (o->args.count > 0) {
		status = parse_operands(o->args.count, o->args.operands,
		    &o->operands);
		if (status != ST_OK)
			return status;
		o->selection.operands = o->operands;
		o->selection.operand_count = (size_t)o->args.count;
	}
	status = check(o);
	if (status != ST_OK)
		return status;
	return set_columns(o);
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status;

	o.selection.filter = &o.filter.set;
	status = parse(argc, argv, &o);
	if (status == ST_OK)
		status = o.interval > 0 ? print_events(&o) : show(&o);
	free(o.columns);
	free(o.operands);
	free_filter(&o.filter);
	return status;
}

const struct cmd cmd_stat = {
	.name = "stat",
	.summary = "Shows segments: a table, or everything about some",
	.synopsis = "[-t | -p | -c | -u [--by COL] | -P] [-o COL,...] "
	    "[--sort COL] [--reverse] [--json | --tsv] [--color WHEN] "
	    "[--no-heading] [-b] [--all-ns] [SEGMENT...] [FILTER...]\n"
	    "-w[SECONDS] [--json | --tsv] [--color WHEN] [--no-heading] "
	    "[-b] [SEGMENT...] [FILTER...]",
	.options = options,
	.run = run
};
