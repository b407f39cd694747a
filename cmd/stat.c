/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool stat: which segments there are, and everything about some of them.
 * Looks, and changes nothing.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attachments.h"
#include "cmd.h"
#include "collect.h"
#include "filter.h"
#include "operand.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/detail.h"
#include "stat/summary.h"
#include "stat/watch.h"
#include "ui/json.h"
#include "ui/table.h"

enum {
	OPT_JSON = OPT_LONG, OPT_TSV, OPT_NO_HEADING, OPT_SORT, OPT_REVERSE,
	OPT_ALL_NS
};

static const struct option_row options[] = {
	{ 'o', "output", "COL,...", "these columns; +COL,... adds some" },
	{ 't', "times", NULL, "when attached, detached, changed" },
	{ 'p', "pids", NULL, "who created them and who used them last" },
	{ 'c', "creators", NULL, "creators and owners" },
	{ 'u', "summary", NULL, "all of them in sum" },
	{ 'P', "processes", NULL, "who has them attached" },
	{ 'w', "watch", "[=SECONDS]", "a line for each change" },
	{ OPT_JSON, "json", NULL, "as one JSON object" },
	{ OPT_TSV, "tsv", NULL, "tabs between plain values" },
	{ OPT_NO_HEADING, "no-heading", NULL, "without the line of names" },
	{ 'b', "bytes", NULL, "sizes in bytes, not 1.5M" },
	{ OPT_SORT, "sort", "COL", "in the order of a column" },
	{ OPT_REVERSE, "reverse", NULL, "in the opposite order" },
	{ OPT_ALL_NS, "all-ns", NULL, "of every IPC namespace" },
	FILTER_OPTIONS,
	{ 0 }
};

/* What a letter shows: rows of which kind, and which of their columns. */
struct view {
	int letter;
	const struct column *columns;
	const size_t *column_count;
	const char *const *usual;
};

static const char *const times_columns[] = {
	"ID", "KEY", "OWNER", "ATIME", "DTIME", "CTIME", "IDLE", NULL
};
static const char *const pids_columns[] = {
	"ID", "KEY", "OWNER", "CPID", "CCOMMAND", "LPID", "LCOMMAND", NULL
};
static const char *const creators_columns[] = {
	"ID", "KEY", "PERMS", "CREATOR", "CGROUP", "OWNER", "GROUP", NULL
};

/* A program that reads JSON gets all that a segment itself tells. */
static const char *const json_columns[] = {
	"ID", "KEY", "OWNER", "GROUP", "CREATOR", "CGROUP", "UID", "GID",
	"CUID", "CGID", "PERMS", "SIZE", "RSS", "SWAP", "NATTCH", "STATUS",
	"CPID", "CCOMMAND", "LPID", "LCOMMAND", "ATIME", "DTIME", "CTIME",
	"IDLE", NULL
};

static const char *const ns_columns[] = {
	"NS", "NSPID", "NSCOMMAND", NULL
};

#define OF_SEGMENTS segment_columns, &segment_column_count

/* The first is that of no letter. */
static const struct view views[] = {
	{ 0, OF_SEGMENTS, default_columns },
	{ 't', OF_SEGMENTS, times_columns },
	{ 'p', OF_SEGMENTS, pids_columns },
	{ 'c', OF_SEGMENTS, creators_columns },
	{ 'u', summary_columns, &summary_column_count,
	    default_summary_columns },
	{ 'P', attachment_columns, &attachment_column_count,
	    default_attachment_columns }
};

struct opts {
	const struct view *view;
	const char *output, *sort_name;
	bool json, tsv, heading, bytes, reverse, filtered;
	uint64_t interval;	/* of watching, 0: not at all */
	const struct column **columns, *sort;
	size_t column_count;
	struct shmt_filter filter;
	struct selection selection;
	struct operand *operands;
};

static int
set_view(struct opts *o, int letter)
{
	const struct view *view = views;

	while (view->letter != letter)
		view++;
	if (o->view != views && o->view != view)
		return usage_error(NULL, "either -%c or -%c", o->view->letter,
		    letter);
	o->view = view;
	return ST_OK;
}

static int
set_watch(struct opts *o, const char *seconds)
{
	o->interval = 1;
	if (seconds != NULL &&
	    !duration_value("--watch", seconds, &o->interval))
		return told_status();
	if (o->interval == 0 || o->interval > INT32_MAX)
		return usage_error("--watch", "%s: out of range: 1 to %d "
		    "seconds", seconds, INT32_MAX);
	return ST_OK;
}

static int
take_filter(struct opts *o, int c)
{
	o->filtered = true;
	return filter_option(&o->filter, c, optarg) ? ST_OK : told_status();
}

static int
take_option(struct opts *o, int c)
{
	switch (c) {
	case 'w':
		return set_watch(o, optarg);
	case 'o':
		o->output = optarg;
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_TSV:
		o->tsv = true;
		break;
	case OPT_NO_HEADING:
		o->heading = false;
		break;
	case 'b':
		o->bytes = true;
		break;
	case OPT_SORT:
		o->sort_name = optarg;
		break;
	case OPT_REVERSE:
		o->reverse = true;
		break;
	case OPT_ALL_NS:
		o->selection.all_ns = true;
		break;
	default:
		return c >= OPT_FILTER ? take_filter(o, c) : set_view(o, c);
	}
	return ST_OK;
}

/* Everything about each, for people, when nothing else was asked for. */
static bool
in_detail(const struct opts *o)
{
	return o->selection.operand_count > 0 && o->view == views &&
	    o->output == NULL && !o->json && !o->tsv;
}

static int
check_watch(const struct opts *o)
{
	if (o->view != views)
		return usage_error("--watch", "shows changes, and not -%c",
		    o->view->letter);
	if (o->output != NULL)
		return usage_error("--watch", "has columns of its own, and "
		    "not --output");
	if (o->sort_name != NULL || o->reverse)
		return usage_error("--watch", "shows changes in the order of "
		    "time");
	if (o->selection.all_ns)
		return usage_error("--watch", "watches one namespace: shmtool "
		    "--ns chooses it");
	return ST_OK;
}

static int
check(const struct opts *o)
{
	if (o->json && o->tsv)
		return usage_error(NULL, "either --json or --tsv");
	if (o->filtered && o->selection.operand_count > 0)
		return usage_error(NULL, "either SEGMENT operands or filters");
	if (!filter_check(&o->filter))
		return told_status();
	if (o->interval > 0)
		return check_watch(o);
	if (o->output != NULL && o->output[0] != '+' && o->view != views &&
	    o->view->columns == segment_columns)
		return usage_error(NULL, "-%c has its columns: -o +COL adds "
		    "to them", o->view->letter);
	if (in_detail(o) && (o->sort_name != NULL || o->reverse ||
	    !o->heading))
		return usage_error(NULL, "everything about a segment is no "
		    "table: choose columns with -o");
	return ST_OK;
}

/* The columns when none were chosen, into an array that is long enough. */
static void
usual_columns(const struct opts *o,
    const char *names[static COLUMNS_MAX + 1])
{
	const char *const *usual = o->view->usual;
	const char *const *name;
	size_t n = 0;

	if (o->json && o->view == views)
		usual = json_columns;
	for (name = ns_columns; *name != NULL; name++)
		if (o->selection.all_ns && find_column(o->view->columns,
		    *o->view->column_count, *name) != NULL)
			names[n++] = *name;
	for (name = usual; *name != NULL; name++)
		names[n++] = *name;
	names[n] = NULL;
}

static int
choose_columns(struct opts *o)
{
	const struct view *view = o->view;
	const char *names[COLUMNS_MAX + 1];

	usual_columns(o, names);
	if (!parse_columns(o->output, view->columns, *view->column_count,
	    names, &o->columns, &o->column_count))
		return told_status();
	if (o->sort_name == NULL)
		return ST_OK;
	o->sort = find_column(view->columns, *view->column_count,
	    o->sort_name);
	return o->sort != NULL || unknown_column("--sort", o->sort_name,
	    view->columns, *view->column_count) ? ST_OK : told_status();
}

/* Whether processes are counted, and so may stand in a segment's object. */
static bool
has_procs(const struct opts *o)
{
	size_t i;

	for (i = 0; i < o->column_count; i++)
		if ((o->columns[i]->needs & NEEDS_HOLDERS) != 0)
			return true;
	return false;
}

static void
choose_needs(struct opts *o)
{
	unsigned needs = o->sort != NULL ? o->sort->needs : 0;
	size_t i;

	for (i = 0; i < o->column_count; i++)
		needs |= o->columns[i]->needs;
	if (o->view->letter == 'u')
		needs |= NEEDS_RSS;
	if (o->view->letter == 'P' ||
	    (o->json && o->selection.operand_count > 0))
		needs |= NEEDS_HOLDERS;
	if (in_detail(o))
		needs = NEEDS_RSS | NEEDS_STATUS | NEEDS_HOLDERS;
	o->selection.needs = needs;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int c, status;

	while ((c = next_option(&cmd_stat, argc, argv)) != -1) {
		if (c == '?' || c == 'h')
			return option_status(c);
		status = take_option(o, c);
		if (status != ST_OK)
			return status;
	}
	if (optind < argc) {
		status = parse_operands(argc - optind, argv + optind,
		    &o->operands);
		if (status != ST_OK)
			return status;
		o->selection.operands = o->operands;
		o->selection.operand_count = (size_t)(argc - optind);
	}
	status = check(o);
	if (status != ST_OK)
		return status;
	if (o->json && o->view->letter == 'P' && optind < argc)
		o->view = views;
	status = choose_columns(o);
	choose_needs(o);
	return status;
}

/* The name of the rows in JSON. */
static const char *
rows_name(const struct opts *o)
{
	switch (o->view->letter) {
	case 'P':
		return "attachments";
	case 'u':
		return "summaries";
	default:
		return "segments";
	}
}

static int
show_json(const struct opts *o, const struct table *table, bool complete)
{
	struct json json = { .out.file = stdout };
	int status = ST_OK;

	json_open(&json, NULL, '{');
	if (o->view->letter == 'u' && !o->selection.all_ns)
		print_object(table, &json, "summary", table->rows[0]);
	else {
		json_bool(&json, "complete", complete);
		status = print_table(table, &json, rows_name(o));
	}
	json_close(&json, '}');
	json_end(&json);
	return status;
}

static int
print_rows(const struct opts *o, struct table *table, bool complete)
{
	return o->json ? show_json(o, table, complete) :
	    print_table(table, NULL, NULL);
}

static int
show_attachments(const struct opts *o, const struct collection *collection,
    struct table *table, bool complete)
{
	struct attachment *list;
	int status;

	status = list_attachments(collection->rows, collection->row_count,
	    &list, &table->rows, &table->row_count);
	if (status == ST_OK)
		status = print_rows(o, table, complete);
	free(list);
	free(table->rows);
	return status;
}

static int
show_sums(const struct opts *o, const struct collection *collection,
    struct table *table, bool complete)
{
	struct sum *list;
	int status;

	status = list_sums(collection, &list, &table->rows);
	table->row_count = collection->ns_count;
	if (status == ST_OK)
		status = print_rows(o, table, complete);
	free(list);
	free(table->rows);
	return status;
}

static int
show_table(const struct opts *o, const struct collection *collection,
    bool complete)
{
	struct table table = {
		.format = o->json ? FORMAT_JSON : o->tsv ? FORMAT_TSV :
		    FORMAT_TABLE,
		.heading = o->heading, .bytes = o->bytes,
		.reverse = o->reverse, .columns = o->columns,
		.column_count = o->column_count, .sort = o->sort
	};

	if (o->view->letter == 'P')
		return show_attachments(o, collection, &table, complete);
	if (o->view->letter == 'u')
		return show_sums(o, collection, &table, complete);
	table.rows = collection->rows;
	table.row_count = collection->row_count;
	if (o->selection.operand_count > 0)
		table.more = json_detail;
	else if (has_procs(o))
		table.more = json_attachments;
	return print_rows(o, &table, complete);
}

static int
show_details(const struct opts *o, const struct collection *collection)
{
	int status = ST_OK;
	size_t i;

	for (i = 0; i < collection->row_count; i++) {
		if (i > 0)
			putchar('\n');
		add_status(&status, print_detail(&collection->rows[i], o->bytes,
		    o->selection.all_ns));
	}
	return status;
}

static int
show(const struct opts *o)
{
	struct collection collection;
	bool complete;
	int status;

	status = collect(&o->selection, &collection);
	/* A list that could not be had at all is not an empty one. */
	if (collection.rows != NULL) {
		complete = is_complete(&o->selection, &collection);
		add_status(&status, in_detail(o) ?
		    show_details(o, &collection) :
		    show_table(o, &collection, complete));
	}
	free_collection(&collection);
	return status;
}

static int
watch(const struct opts *o)
{
	const struct change_watch how = {
		.interval = o->interval, .filter = &o->filter,
		.operands = o->operands,
		.operand_count = o->selection.operand_count,
		.format = o->json ? FORMAT_JSON : o->tsv ? FORMAT_TSV :
		    FORMAT_TABLE,
		.heading = o->heading, .bytes = o->bytes
	};

	return print_events(&how);
}

static int
run(int argc, char **argv)
{
	struct opts o = { .view = views, .heading = true };
	int status;

	o.selection.filter = &o.filter;
	status = parse(argc, argv, &o);
	if (status == ST_OK && o.columns != NULL)
		status = o.interval > 0 ? watch(&o) : show(&o);
	free(o.columns);
	free(o.operands);
	filter_free(&o.filter);
	return status;
}

const struct cmd cmd_stat = {
	"stat", "Shows segments: a table, or everything about some",
	"[-t | -p | -c | -u | -P] [-o COL,...] [--sort COL] [--reverse] "
	"[--json | --tsv] [--no-heading] [-b] [--all-ns] "
	"[FILTER... | SEGMENT...]\n"
	"-w[SECONDS] [--json | --tsv] [--no-heading] [-b] "
	"[FILTER... | SEGMENT...]",
	options, NULL, run
};
