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
#include <string.h>
#include <unistd.h>

#include "attachments.h"
#include "cmd.h"
#include "collect.h"
#include "filter.h"
#include "groups.h"
#include "kinds.h"
#include "operand.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/detail.h"
#include "stat/notes.h"
#include "stat/summary.h"
#include "stat/watch.h"
#include "ui/json.h"
#include "ui/table.h"
#include "ui/terminal.h"

/* What a letter shows: which rows, and which of their columns. */
struct view {
	int letter;
	const struct column_set *set;
	const char *const *usual;	/* NULL: the defaults of the set */
	const char *const *expendable;	/* NULL: those of the set */
	const char *const *objects;	/* usual where objects are shown; NULL:
					 * the same */
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

/* Of objects, or of several kinds and then behind KIND. */
static const char *const object_columns[] = {
	"ID", "OWNER", "PERMS", "SIZE", "RSS", "NATTCH", "FDS", "IDLE",
	"PROCS", "STATUS", NULL
};
static const char *const object_times[] = {
	"ID", "OWNER", "ATIME", "MTIME", "CTIME", "BTIME", "IDLE", NULL
};
static const char *const object_attachments[] = {
	"ID", "PID", "USER", "COMMAND", "ACCESS", "ADDRESS", "SIZE", "MAPS",
	"FDS", NULL
};

/* What a narrow terminal loses of these, in this order. */
static const char *const times_expendable[] = { "KEY", "IDLE", "OWNER", NULL };
static const char *const pids_expendable[] = { "KEY", "OWNER", NULL };
static const char *const creators_expendable[] = {
	"PERMS", "KEY", "CGROUP", "GROUP", "CREATOR", NULL
};

/* A program that reads JSON gets all that a segment itself tells. */
static const char *const json_columns[] = {
	"ID", "KEY", "OWNER", "GROUP", "CREATOR", "CGROUP", "UID", "GID",
	"CUID", "CGID", "PERMS", "SIZE", "RSS", "SWAP", "NATTCH", "STATUS",
	"CPID", "CCOMMAND", "LPID", "LCOMMAND", "ATIME", "DTIME", "CTIME",
	"IDLE", "KIND", NULL
};
static const char *const json_objects[] = {
	"ID", "KEY", "OWNER", "GROUP", "CREATOR", "CGROUP", "UID", "GID",
	"CUID", "CGID", "PERMS", "SIZE", "RSS", "SWAP", "NATTCH", "FDS",
	"STATUS", "CPID", "CCOMMAND", "LPID", "LCOMMAND", "ATIME", "DTIME",
	"MTIME", "CTIME", "BTIME", "IDLE", "PROCS", "KIND", NULL
};

static const char *const json_attached[] = {
	"ID", "KEY", "PID", "USER", "COMMAND", "ACCESS", "ADDRESS", "SIZE",
	"MAPS", "FDS", NULL
};

static const char *const ns_columns[] = {
	"NS", "NSPID", "NSCOMMAND", NULL
};

enum { SEGMENTS, TIMES, PIDS, CREATORS, SUMMARY, PROCESSES };

static const struct view views[] = {
	[SEGMENTS] = { 0, &segment_columns, NULL, NULL, object_columns },
	[TIMES] = { 't', &segment_columns, times_columns, times_expendable,
	    object_times },
	[PIDS] = { 'p', &segment_columns, pids_columns, pids_expendable, NULL },
	[CREATORS] = { 'c', &segment_columns, creators_columns,
	    creators_expendable, NULL },
	[SUMMARY] = { 'u', &summary_columns, NULL, NULL, NULL },
	[PROCESSES] = { 'P', &attachment_columns, NULL, NULL,
	    object_attachments }
};

struct opts {
	struct arguments args;
	int view_index;
	const struct view *view;
	const char *output, *sort_name, *by_name;
	const struct group_by *by;	/* of -u, NULL: one sum */
	struct view groups;		/* the view that by makes */
	bool json, tsv, no_heading, bytes, reverse;
	enum color_when color;
	uint64_t interval;	/* ms between two looks; 0: one look */
	const struct column **columns, *sort;
	size_t column_count;
	struct filter filter;
	struct selection selection;
	struct operand *operands;
};

/* Views exclude each other (group 1), and formats (group 2). */
static const struct option_row options[] = {
	{ 'o', "output", "COL,...", "print these columns; +COL,... adds some",
	    kind_text, TO(output) },
	{ 't', "times", NULL, "print when attached, detached, changed",
	    kind_choice, TO(view_index), .choice = TIMES, .group = 1 },
	{ 'p', "pids", NULL, "print who created and who last used them",
	    kind_choice, TO(view_index), .choice = PIDS, .group = 1 },
	{ 'c', "creators", NULL, "print creators and owners",
	    kind_choice, TO(view_index), .choice = CREATORS, .group = 1 },
	{ 'u', "summary", NULL, "print totals",
	    kind_choice, TO(view_index), .choice = SUMMARY, .group = 1 },
	{ 0, "by", "COL", "with -u, print totals by a column",
	    kind_text, TO(by_name) },
	{ 'P', "processes", NULL, "print which processes have them attached",
	    kind_choice, TO(view_index), .choice = PROCESSES, .group = 1 },
	{ 'w', "watch", "[=SECONDS]", "print a line for each change",
	    kind_interval, TO(interval), .absent = "1" },
	{ 0, "json", NULL, "print one JSON object",
	    kind_flag, TO(json), .group = 2 },
	{ 0, "tsv", NULL, "print tabs between plain values",
	    kind_flag, TO(tsv), .group = 2 },
	{ 0, "no-heading", NULL, "leave out the line of column names",
	    kind_flag, TO(no_heading) },
	{ 'b', "bytes", NULL, "print sizes in bytes, not as 1.5M",
	    kind_flag, TO(bytes) },
	{ 0, "color", "WHEN", "color tables: never, auto or always",
	    kind_color, TO(color) },
	{ 0, "sort", "COL", "sort by a column", kind_text, TO(sort_name) },
	{ 0, "reverse", NULL, "reverse the order", kind_flag, TO(reverse) },
	{ 0, "all-ns", NULL, "include every IPC namespace",
	    kind_flag, TO(selection.all_ns) },
	{ .rows = filter_options, TO(filter) },
	{ 0 }
};

static bool
has_objects(const struct opts *o)
{
	return (selected_kinds(&o->selection) & ~SHMT_KIND(SHMT_SYSV)) != 0;
}

static bool
has_segments(const struct opts *o)
{
	return (selected_kinds(&o->selection) & SHMT_KIND(SHMT_SYSV)) != 0;
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
	if (has_objects(o))
		return usage_error("--watch", "follows System V segments "
		    "alone: their kernel keeps times that POSIX objects lack");
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
	int status;

	status = check_filter(&o->filter.set);
	if (status != ST_OK)
		return status;
	if (o->interval > 0)
		return check_watch(o);
	if (o->selection.all_ns && has_objects(o))
		return usage_error("--all-ns", "shows System V segments: the "
		    "POSIX objects of other namespaces cannot be reached");
	if (o->output != NULL && o->output[0] != '+' && o->view != views &&
	    o->view->set == &segment_columns)
		return usage_error(NULL, "-%c has its columns: -o +COL adds "
		    "to them", o->view->letter);
	if (in_detail(o) && (o->sort_name != NULL || o->reverse ||
	    o->no_heading))
		return usage_error(NULL, "everything about a segment is no "
		    "table: choose columns with -o");
	return ST_OK;
}

/* Columns that are shown when none were chosen, into an array of COLUMNS_MAX +
 * 1, ended by NULL. */
static void
usual_columns(const struct opts *o, const struct view *view,
    const char **names)
{
	const char *const *usual = view->usual;
	const char *const *name;

	if (has_objects(o) && view->objects != NULL) {
		usual = o->json && view->letter == 'P' ? json_attached :
		    view->objects;
		if (has_segments(o) && !o->json &&
		    find_column(view->set, "KIND") != NULL)
			*names++ = "KIND";
	}
	if (o->json && view == views)
		usual = has_objects(o) ? json_objects : json_columns;
	if (usual == NULL)
		usual = view->set->defaults;
	for (name = ns_columns; *name != NULL; name++)
		if (o->selection.all_ns &&
		    find_column(view->set, *name) != NULL)
			*names++ = *name;
	for (name = usual; *name != NULL; name++)
		*names++ = *name;
	*names = NULL;
}

static int
set_columns(struct opts *o)
{
	const struct column_set *set = o->view->set;
	const char *names[COLUMNS_MAX + 1];
	int status;

	usual_columns(o, o->view, names);
	status = choose_columns(o->output, set, names, &o->columns,
	    &o->column_count);
	if (status != ST_OK || o->sort_name == NULL)
		return status;
	o->sort = find_column(set, o->sort_name);
	return o->sort != NULL ? ST_OK :
	    unknown_column("--sort", o->sort_name, set);
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

/* Whether rows are coloured by their status. */
static bool
has_color(const struct opts *o)
{
	return o->view->set == &segment_columns && !o->json && !o->tsv &&
	    use_color(o->color);
}

static void
choose_needs(struct opts *o)
{
	unsigned needs = o->sort != NULL ? o->sort->needs : 0;
	size_t i;

	for (i = 0; i < o->column_count; i++)
		needs |= o->columns[i]->needs;
	if (o->view->letter == 'u')
		needs |= NEEDS_RSS | (has_objects(o) ? NEEDS_STATUS : 0);
	if (o->json && has_objects(o))
		needs |= NEEDS_STATUS;
	if (o->by != NULL)
		needs |= NEEDS_STATUS | o->by->needs;
	if (has_color(o))
		needs |= NEEDS_STATUS;
	if (o->view->letter == 'P' && o->json)
		needs |= NEEDS_RSS | NEEDS_STATUS | NEEDS_KEY |
		    NEEDS_CREATOR | NEEDS_LAST_USER;
	if (o->view->letter == 'P' ||
	    (o->json && o->selection.operand_count > 0))
		needs |= NEEDS_HOLDERS;
	if (in_detail(o))
		needs = NEEDS_RSS | NEEDS_STATUS | NEEDS_HOLDERS;
	o->selection.needs = needs;
}

static int
set_view(struct opts *o)
{
	o->view = &views[o->view_index];
	if (o->by_name == NULL)
		return ST_OK;
	if (o->view_index != SUMMARY)
		return usage_error("--by", "goes with -u");
	o->by = find_group_by("--by", o->by_name);
	if (o->by == NULL)
		return ST_USAGE;
	o->groups = *o->view;
	o->groups.set = group_columns(o->by);
	o->view = &o->groups;
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
	status = set_columns(o);
	choose_needs(o);
	return status;
}

static const char *const *
expendable_columns(const struct opts *o)
{
	if (o->output != NULL)
		return NULL;
	return o->view->expendable != NULL ? o->view->expendable :
	    o->view->set->expendable;
}

static struct table
make_table(const struct opts *o)
{
	return (struct table){
		.format = o->json ? FORMAT_JSON : o->tsv ? FORMAT_TSV :
		    FORMAT_TABLE,
		.heading = !o->no_heading, .bytes = o->bytes,
		.reverse = o->reverse, .set = o->view->set,
		.columns = o->columns, .column_count = o->column_count,
		.sort = o->sort, .expendable = expendable_columns(o),
		.style = has_color(o) ? style_row : NULL
	};
}

/* As JSON the rows are an array called name. */
static int
print_rows(const struct opts *o, const struct table *table, const char *name,
    bool complete)
{
	struct json json = { .file = stdout };
	int status;

	if (!o->json)
		return print_table(table, NULL, NULL);
	json_open(&json, NULL, '{');
	json_bool(&json, "complete", complete);
	status = print_table(table, &json, name);
	json_close(&json, '}');
	json_end(&json);
	return status;
}

static bool
has_column(const struct table *table, const char *name)
{
	size_t i;

	for (i = 0; i < table->column_count; i++)
		if (strcmp(table->columns[i]->name, name) == 0)
			return true;
	return false;
}

/* The names of a segment, which belong to KIND, and of an object to ID, which
 * is null then. */
static int
add_object(const struct table *table, struct json *json, const void *row)
{
	const struct row *r = row;
	const bool has_kind = has_column(table, "KIND");

	if (!has_kind && (r->path == NULL || !has_column(table, "ID")))
		return ST_OK;
	if (!has_kind)
		json_text(json, "kind", kind_name(r->segment.object.kind));
	json_object(json, r);
	return ST_OK;
}

static int
add_detail(const struct table *table, struct json *json, const void *row)
{
	(void)add_object(table, json, row);
	return json_detail(table, json, row);
}

static int
add_attachments(const struct table *table, struct json *json, const void *row)
{
	(void)add_object(table, json, row);
	return json_attachments(json, row, NULL);
}

/* Each segment with its attachments, these as the view -P shows them. */
static int
json_by_segment(const struct opts *o, const struct rows *rows, bool complete)
{
	const struct table attachments = make_table(o);
	struct table table = {
		.format = FORMAT_JSON, .set = &segment_columns,
		.rows = rows->list, .row_count = rows->count,
		.more = add_detail
	};
	const char *names[COLUMNS_MAX + 1];
	const struct column **columns;
	int status;

	if (o->output != NULL || o->sort != NULL || o->reverse)
		table.arg = &attachments;
	usual_columns(o, views, names);
	status = choose_columns(NULL, &segment_columns, names, &columns,
	    &table.column_count);
	if (status != ST_OK)
		return status;
	table.columns = columns;
	status = print_rows(o, &table, "segments", complete);
	free(columns);
	return status;
}

static int
add_attached(const struct table *table, struct json *json, const void *row)
{
	return add_object(table, json, ((const struct attachment *)row)->row);
}

static int
show_attachments(const struct opts *o, const struct rows *rows, bool complete)
{
	struct table table = make_table(o);
	struct attachment *list;
	int status;

	if (o->json && o->selection.operand_count > 0)
		return json_by_segment(o, rows, complete);
	status = list_attachments(rows->list, rows->count, &list,
	    &table.row_count);
	if (status != ST_OK)
		return status;
	table.rows = list;
	table.more = add_attached;
	status = print_rows(o, &table, "attachments", complete);
	free(list);
	return status;
}

static int
json_summary(const struct table *table, bool complete)
{
	struct json json = { .file = stdout };
	int status;

	json_open(&json, NULL, '{');
	json_bool(&json, "complete", complete);
	status = print_object(table, &json, "summary", table->rows);
	json_close(&json, '}');
	json_end(&json);
	return status;
}

static int
show_sums(const struct opts *o, const struct rows *rows, bool complete)
{
	struct table table = make_table(o);
	struct sum *list;
	int status;

	status = list_sums(rows, &list);
	if (status != ST_OK)
		return status;
	table.rows = list;
	table.row_count = rows->ns_count;
	status = o->json && !o->selection.all_ns ?
	    json_summary(&table, complete) :
	    print_rows(o, &table, "summaries", complete);
	free(list);
	return status;
}

static int
show_groups(const struct opts *o, const struct rows *rows, bool complete)
{
	struct table table = make_table(o);
	struct group *list;
	int status;

	status = list_groups(rows, o->by, &list, &table.row_count);
	if (status != ST_OK)
		return status;
	table.rows = list;
	status = print_rows(o, &table, "groups", complete);
	free(list);
	return status;
}

static int
show_segments(const struct opts *o, const struct rows *rows, bool complete)
{
	struct table table = make_table(o);

	table.rows = rows->list;
	table.row_count = rows->count;
	table.more = o->selection.operand_count > 0 ? add_detail :
	    has_procs(o) ? add_attachments : add_object;
	return print_rows(o, &table, "segments", complete);
}

static int
show_details(const struct opts *o, const struct rows *rows)
{
	int status = ST_OK;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		if (i > 0)
			putchar('\n');
		add_status(&status, print_detail(&rows->list[i], o->bytes,
		    o->selection.all_ns));
	}
	return status;
}

static int
show_rows(const struct opts *o, const struct rows *rows, bool complete)
{
	if (in_detail(o))
		return show_details(o, rows);
	if (o->view->letter == 'P')
		return show_attachments(o, rows, complete);
	if (o->by != NULL)
		return show_groups(o, rows, complete);
	if (o->view->letter == 'u')
		return show_sums(o, rows, complete);
	return show_segments(o, rows, complete);
}

/* What a table on a terminal leaves out. */
static void
print_notes(const struct opts *o)
{
	if (o->json || o->tsv || o->selection.operand_count > 0 ||
	    o->selection.all_ns || entered_namespace() != NULL ||
	    !isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO))
		return;
	if (has_objects(o))
		note_dev_shm();
	else if (!filter_has(&o->filter.set, SHMT_BY_KIND, false) &&
	    !filter_has(&o->filter.set, SHMT_BY_KIND, true))
		note_objects();
}

/* Without /proc a list of attachments is no list at all. */
static int
check_attachments(const struct opts *o, const struct rows *rows)
{
	size_t i;

	for (i = 0; o->view->letter == 'P' && i < rows->ns_count; i++)
		if (rows->namespaces[i].holders_error != 0)
			return status_of(rows->namespaces[i].holders_error);
	return ST_OK;
}

static int
show(const struct opts *o)
{
	struct collection collection;
	const struct rows *rows = &collection.rows;
	bool complete;
	int status;

	status = collect(&o->selection, &collection);
	/* A list that could not be taken is not an empty one. */
	if (rows->ns_count > 0) {
		complete = check_complete(&o->selection, &collection);
		add_status(&status, check_attachments(o, rows));
		add_status(&status, show_rows(o, rows, complete));
		print_notes(o);
	}
	free_collection(&collection);
	return status;
}

static int
watch(const struct opts *o)
{
	const struct change_watch how = {
		.interval = o->interval, .filter = &o->filter.set,
		.operands = o->operands,
		.operand_count = o->selection.operand_count,
		.format = o->json ? FORMAT_JSON : o->tsv ? FORMAT_TSV :
		    FORMAT_TABLE,
		.heading = !o->no_heading, .bytes = o->bytes,
		.color = !o->json && !o->tsv && use_color(o->color)
	};

	return print_events(&how);
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status;

	o.selection.filter = &o.filter.set;
	status = parse(argc, argv, &o);
	if (status == ST_OK)
		status = o.interval > 0 ? watch(&o) : show(&o);
	free(o.columns);
	free(o.operands);
	free_filter(&o.filter);
	return status;
}

const struct cmd cmd_stat = {
	.name = "stat",
	.summary = "Shows segments: a table, or everything about some",
	.synopsis = "[-t | -p | -c | -u [--by COL] | -P] [-o COL,...] [--sort COL] "
	    "[--reverse] [--json | --tsv] [--color WHEN] [--no-heading] [-b] "
	    "[--all-ns] [SEGMENT...] [FILTER...]\n"
	    "-w[SECONDS] [--json | --tsv] [--color WHEN] [--no-heading] "
	    "[-b] [SEGMENT...] [FILTER...]",
	.options = options,
	.run = run
};
