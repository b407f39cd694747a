/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool stat: which segments there are, and everything about some of them.
 * Looks, and changes nothing.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"

enum {
	OPT_JSON = OPT_LONG, OPT_TSV, OPT_NO_HEADING, OPT_SORT, OPT_REVERSE
};

static const struct option_row options[] = {
	{ 'o', "output", "COL,...", "these columns; +COL,... adds some" },
	{ 't', "times", NULL, "when attached, detached, changed" },
	{ 'p', "pids", NULL, "who created and who used them last" },
	{ 'c', "creators", NULL, "creators and owners" },
	{ 'u', "summary", NULL, "all of them in sum" },
	{ OPT_JSON, "json", NULL, "as one JSON object" },
	{ OPT_TSV, "tsv", NULL, "tabs between plain values" },
	{ OPT_NO_HEADING, "no-heading", NULL, "without the line of names" },
	{ 'b', "bytes", NULL, "sizes in bytes, not 1.5M" },
	{ OPT_SORT, "sort", "COL", "in the order of a column" },
	{ OPT_REVERSE, "reverse", NULL, "in the opposite order" },
	{ 0 }
};

struct opts {
	int view;		/* its letter, 0: none */
	const char *output, *sort_name;
	bool json, tsv, heading, bytes, reverse;
	const struct column **columns, *sort;
	size_t column_count;
	struct target *targets;
	size_t target_count;
};

/* The columns of the views, by ipcs's letters. */
static const char *const times_columns[] = {
	"ID", "KEY", "OWNER", "ATIME", "DTIME", "CTIME", NULL
};
static const char *const pids_columns[] = {
	"ID", "KEY", "OWNER", "CPID", "LPID", NULL
};
static const char *const creators_columns[] = {
	"ID", "KEY", "PERMS", "CREATOR", "CGROUP", "OWNER", "GROUP", NULL
};

/* A program that reads JSON gets what costs no second look at /proc. */
static const char *const json_columns[] = {
	"ID", "KEY", "OWNER", "GROUP", "CREATOR", "CGROUP", "UID", "GID",
	"CUID", "CGID", "PERMS", "SIZE", "RSS", "SWAP", "NATTCH", "STATUS",
	"CPID", "LPID", "ATIME", "DTIME", "CTIME", NULL
};

static const char *const *
usual_columns(const struct opts *o)
{
	switch (o->view) {
	case 't':
		return times_columns;
	case 'p':
		return pids_columns;
	case 'c':
		return creators_columns;
	default:
		return o->json ? json_columns : default_columns;
	}
}

static int
set_view(struct opts *o, int view)
{
	if (o->view != 0 && o->view != view)
		return usage_error(NULL, "one view of -t, -p, -c and -u");
	o->view = view;
	return ST_OK;
}

static int
take_option(struct opts *o, int c)
{
	switch (c) {
	case 't':
	case 'p':
	case 'c':
	case 'u':
		return set_view(o, c);
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
	default:
		o->reverse = true;
		break;
	}
	return ST_OK;
}

/* Everything about each, for people, when nothing else was asked for. */
static bool
in_detail(const struct opts *o)
{
	return o->target_count > 0 && o->view == 0 && o->output == NULL &&
	    !o->json && !o->tsv;
}

static int
check(const struct opts *o)
{
	bool ordered = o->sort_name != NULL || o->reverse;

	if (o->json && o->tsv)
		return usage_error(NULL, "either --json or --tsv");
	if (o->view == 'u' && (o->output != NULL || ordered))
		return usage_error(NULL, "-u is one sum, without columns to "
		    "choose or to sort by");
	if (o->view != 0 && o->output != NULL && o->output[0] != '+')
		return usage_error(NULL, "-%c has its own columns: -o +COL "
		    "adds to them", o->view);
	if (in_detail(o) && (ordered || !o->heading))
		return usage_error(NULL, "everything about a segment is no "
		    "table: choose columns with -o");
	return ST_OK;
}

static int
choose_columns(struct opts *o)
{
	const struct column **sort;
	size_t count;

	if (!parse_columns(o->output, segment_columns, segment_column_count,
	    usual_columns(o), &o->columns, &o->column_count))
		return ST_USAGE;
	if (o->sort_name == NULL)
		return ST_OK;
	if (!parse_columns(o->sort_name, segment_columns,
	    segment_column_count, NULL, &sort, &count))
		return ST_USAGE;
	o->sort = sort[0];
	free(sort);
	if (count != 1)
		return usage_error(o->sort_name, "one column to sort by");
	return ST_OK;
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
		o->target_count = (size_t)(argc - optind);
		status = parse_targets(argc - optind, argv + optind,
		    &o->targets);
		if (status != ST_OK)
			return status;
	}
	status = check(o);
	return status != ST_OK ? status : choose_columns(o);
}

static bool
is_target(const struct target *target, const struct shmt_segment *segment)
{
	return target->ref.by_key ? target->ref.key == segment->key :
	    target->ref.id == segment->id;
}

/* The rows that the operands name, in their order, in place of all. */
static int
pick_targets(const struct opts *o, struct rows *rows)
{
	size_t t, i, n = 0;
	int status = ST_OK;
	void **picked;

	picked = calloc(o->target_count + 1, sizeof(*picked));
	if (picked == NULL)
		return fail(NULL, errno);
	for (t = 0; t < o->target_count; t++) {
		for (i = 0; i < rows->count; i++)
			if (is_target(&o->targets[t], &rows->list[i].segment))
				break;
		if (i < rows->count)
			picked[n++] = &rows->list[i];
		else
			add_status(&status, fail(o->targets[t].text, ENOENT));
	}
	free(rows->picked);
	rows->picked = picked;
	rows->picked_count = n;
	return status;
}

static unsigned
all_needs(const struct opts *o)
{
	unsigned needs = o->sort != NULL ? o->sort->needs : 0;
	size_t i;

	if (o->view == 'u' || in_detail(o))
		needs |= NEEDS_RSS | NEEDS_STATUS;
	for (i = 0; i < o->column_count; i++)
		needs |= o->columns[i]->needs;
	return needs;
}

/* The rows to show; a failure of some operands leaves the others. */
static int
gather(const struct opts *o, struct rows *rows)
{
	unsigned needs = all_needs(o);
	struct shmt_segment *list;
	size_t count;
	int status;

	if (shmt_list((needs & NEEDS_RSS) != 0, &list, &count) == -1)
		return fail(NULL, errno);
	status = make_rows(list, count, needs, rows);
	free(list);
	if (status == ST_OK && o->target_count > 0)
		status = pick_targets(o, rows);
	return status;
}

static int
show_list(struct table *table)
{
	struct json json = { .out = stdout };
	int status;

	if (table->format != FORMAT_JSON)
		return print_table(table, NULL, NULL);
	json_open(&json, NULL, '{');
	json_bool(&json, "complete", true);
	status = print_table(table, &json, "segments");
	json_close(&json, '}');
	json_end(&json);
	return status;
}

static int
show_detail(const struct opts *o, const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->picked_count; i++) {
		if (i > 0)
			putchar('\n');
		print_detail(rows->picked[i], o->bytes);
	}
	return ST_OK;
}

static int
show(const struct opts *o, struct rows *rows)
{
	struct table table = {
		.format = o->json ? FORMAT_JSON : o->tsv ? FORMAT_TSV :
		    FORMAT_TABLE,
		.heading = o->heading, .bytes = o->bytes,
		.reverse = o->reverse, .columns = o->columns,
		.column_count = o->column_count, .sort = o->sort,
		.rows = rows->picked, .row_count = rows->picked_count
	};

	if (in_detail(o))
		return show_detail(o, rows);
	if (o->view == 'u')
		return print_summary(&table, rows);
	return show_list(&table);
}

static int
run(int argc, char **argv)
{
	struct opts o = { .heading = true };
	struct rows rows = { 0 };
	int status;

	status = parse(argc, argv, &o);
	if (status == ST_OK && o.columns != NULL) {
		status = gather(&o, &rows);
		add_status(&status, show(&o, &rows));
		free_rows(&rows);
	}
	free(o.columns);
	free(o.targets);
	return status;
}

const struct cmd cmd_stat = {
	"stat", "Shows segments: a table, or everything about some",
	"[-t | -p | -c] [-o COL,...] [--sort COL] [--reverse] [--json | "
	"--tsv] [--no-heading] [-b] [SEGMENT...]\n"
	"-u [--json | --tsv] [--no-heading] [-b] [SEGMENT...]",
	options, NULL, run
};
