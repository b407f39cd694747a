/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what stat has collected: tables, TSV and JSON of each view, and the
 * details of operands.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attachments.h"
#include "collect.h"
#include "filter.h"
#include "groups.h"
#include "namespace.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/account.h"
#include "stat/detail.h"
#include "stat/view.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/text.h"

/* The JSON member that is one object instead of an array. */
#define SUMMARY_NAME "summary"

static const char *const *
optional_columns(const struct opts *o)
{
	if (o->output != NULL)
		return NULL;
	return o->view->optional != NULL ? o->view->optional :
	    o->view->set->optional;
}

static struct table
make_table(const struct opts *o)
{
	return (struct table){
		.format = output_format(o),
		.heading = !o->no_heading, .bytes = o->bytes,
		.reverse = o->reverse, .set = o->view->set,
		.columns = o->columns, .column_count = o->column_count,
		.sort = o->sort, .optional = optional_columns(o),
		.style = has_color(o) ? style_row : NULL
	};
}

/* Prints the rows; as JSON they are an array called name, or one object. */
static void
print_rows(const struct opts *o, const struct table *table, const char *name,
    bool complete)
{
	struct json json = { .file = stdout };

	if (!o->json) {
		print_table(table, NULL, NULL);
		return;
	}
	json_open(&json, NULL, '{');
	json_bool(&json, "complete", complete);
	if (strcmp(name, SUMMARY_NAME) == 0)
		print_object(table, &json, name, table->rows);
	else
		print_table(table, &json, name);
	json_close(&json, '}');
	json_end(&json);
}

static bool
has_column(const struct table *table, const char *name)
{
	size_t i;

	for (i = 0; i < table->column_count; i++)
		/* Called for each row, where strcmp(3) alone would be slow. */
		if (table->columns[i]->name[0] == name[0] &&
		    strcmp(table->columns[i]->name, name) == 0)
			return true;
	return false;
}

/* Adds kind and names of a segment or object to the JSON columns KIND and ID,
 * since ID is null for an object. */
static void
add_object(const struct table *table, struct json *json, const void *row)
{
	const struct row *r = row;
	const bool has_kind = has_column(table, "KIND");

	if (!has_kind && !has_column(table, "ID"))
		return;
	if (!has_kind)
		json_text(json, "kind",
		    shmt_kind_name(r->segment.object.kind));
	json_object(json, r);
}

static void
add_detail(const struct table *table, struct json *json, const void *row)
{
	add_object(table, json, row);
	json_detail(table, json, row);
}

static void
add_attachments(const struct table *table, struct json *json, const void *row)
{
	add_object(table, json, row);
	json_attachments(json, row, NULL);
}

/* Each segment with its attachments, these as the view -P shows them. */
static void
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

	if (o->output != NULL || o->sort != NULL || o->reverse)
		table.arg = &attachments;
	default_columns(o, &views[SEGMENTS], names);
	(void)choose_columns(NULL, &segment_columns, names, &columns,
	    &table.column_count);
	table.columns = columns;
	print_rows(o, &table, "segments", complete);
	free(columns);
}

static void
add_attached(const struct table *table, struct json *json, const void *row)
{
	add_object(table, json, ((const struct attachment *)row)->row);
}

static void
json_account(const struct table *table, const struct account *account,
    const struct rows *rows, bool complete)
{
	const struct account_row *rest = account->list + account->count;
	struct table summary = { .set = &summary_columns };
	struct json json = { .file = stdout };
	const struct column **columns;
	struct group *sums = list_sums(rows);

	(void)choose_columns(NULL, &summary_columns, NULL, &columns,
	    &summary.column_count);
	summary.columns = columns;
	json_open(&json, NULL, '{');
	json_bool(&json, "complete", complete);
	print_object(&summary, &json, "summary", sums);
	print_table(table, &json, "account");
	json_number(&json, "unseen", rest[UNSEEN].rss);
	json_number(&json, "shmem", rest[SHMEM].rss);
	print_object(table, &json, "huge", &rest[HUGE_PAGES]);
	json_close(&json, '}');
	json_end(&json);
	free(columns);
	free(sums);
}

/* JSON has the rows that do not add up as members of their own. */
static int
show_account(const struct opts *o, const struct rows *rows, bool complete)
{
	struct table table = make_table(o);
	struct account account;
	int status;

	status = make_account(rows, &account);
	table.rows = account.list;
	table.row_count = account.count;
	if (status == ST_OK && o->json)
		json_account(&table, &account, rows, complete);
	else if (status == ST_OK) {
		table.row_count += account.list[account.count +
		    HUGE_PAGES].count > 0 ? HUGE_PAGES + 1 : HUGE_PAGES;
		print_table(&table, NULL, NULL);
	}
	free_account(&account);
	return status;
}

static void
show_details(const struct opts *o, const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		if (i > 0)
			putchar('\n');
		print_detail(&rows->list[i], o->bytes, o->selection.all_ns);
	}
}

static int
show_rows(const struct opts *o, const struct rows *rows, bool complete)
{
	struct table table = make_table(o);
	const char *name = "segments";
	void *list = NULL;

	if (o->view == &views[ACCOUNT])
		return show_account(o, rows, complete);
	if (in_detail(o)) {
		show_details(o, rows);
		return ST_OK;
	}
	if (o->view->letter == 'P' && o->json &&
	    o->selection.operand_count > 0) {
		json_by_segment(o, rows, complete);
		return ST_OK;
	}
	if (o->view->letter == 'P') {
		list = list_attachments(rows->list, rows->count,
		    &table.row_count);
		table.more = add_attached;
		name = "attachments";
	} else if (o->by != NULL) {
		list = list_groups(rows, o->by, &table.row_count);
		name = "groups";
	} else if (o->view->letter == 'u') {
		list = list_sums(rows);
		table.row_count = rows->ns_count;
		name = o->selection.all_ns ? "summaries" : SUMMARY_NAME;
	} else {
		table.row_count = rows->count;
		table.more = o->selection.operand_count > 0 ? add_detail :
		    has_procs(o) ? add_attachments : add_object;
	}
	table.rows = list != NULL ? list : rows->list;
	print_rows(o, &table, name, complete);
	free(list);
	return ST_OK;
}

/*
 * Notes on a terminal about memory that a table does not list.  A note is left
 * out if its figures cannot be read.
 */

static void
note_objects(void)
{
	struct shmt_list objects;
	char text[SHORT_TEXT];
	uint64_t size = 0;
	size_t i;

	if (shmt_list(SHMT_KIND(SHMT_POSIX), 0, &objects) == -1)
		return;
	for (i = 0; i < objects.count; i++)
		size = add_sizes(size, objects.list[i].allocated);
	short_size(text, size);
	if (objects.count > 0 && flush_output())
		warn_about(NULL, "also %zu POSIX object%s, %s: --kind posix",
		    objects.count, plural(objects.count, "s"), text);
	shmt_list_free(&objects);
}

static void
note_others(void)
{
	struct shmt_others others;
	char text[SHORT_TEXT];

	if (shmt_posix_others(0, &others) == -1)
		return;
	short_size(text, others.size);
	if (others.files > 0)
		warn_about(NULL, "also %" PRIu64 " file%s in directories of "
		    "/dev/shm, %s: no objects", others.files,
		    plural(others.files, "s"), text);
	if (others.hidden > 0)
		warn_about(NULL, "%" PRIu64 " director%s of /dev/shm may not "
		    "be read", others.hidden, others.hidden == 1 ? "y" :
		    "ies");
}

static void
note_dev_shm(void)
{
	char size[SHORT_TEXT], used[SHORT_TEXT], left[SHORT_TEXT];
	struct shmt_dev_shm mount;

	if (!flush_output())
		return;
	note_others();
	if (shmt_dev_shm(&mount) == -1)
		return;
	if (mount.size == 0) {
		warn_about("/dev/shm", "no limit");
		return;
	}
	short_size(size, mount.size);
	short_size(used, mount.used);
	short_size(left, mount.size - mount.used);
	warn_about("/dev/shm", "%s, %s used, %s free", size, used, left);
}

/* Prints the notes about memory that a table on a terminal leaves out. */
static void
print_notes(const struct opts *o)
{
	if (o->json || o->tsv || o->selection.operand_count > 0 ||
	    o->selection.all_ns || !isatty(STDOUT_FILENO) ||
	    !isatty(STDERR_FILENO))
		return;
	if ((selected_kinds(&o->selection) & SHMT_KIND(SHMT_POSIX)) != 0)
		note_dev_shm();
	else if (!has_objects(o) && entered_namespace() == NULL &&
	    !filter_has_any(&o->filter.set, SHMT_BY_KIND))
		note_objects();
}

/* Without /proc, the attachments are unknown: print none instead of an empty
 * list. */
static int
check_attachments(const struct opts *o, const struct rows *rows)
{
	size_t i;

	for (i = 0; o->view->letter == 'P' && i < rows->ns_count; i++)
		if (rows->namespaces[i].holders_error != 0)
			return status_of(rows->namespaces[i].holders_error);
	return ST_OK;
}

int
show(const struct opts *o)
{
	struct collection collection;
	const struct rows *rows = &collection.rows;
	bool complete;
	int status;

	status = collect(&o->selection, &collection);
	/* A list that could not be read must not be printed as an empty one. */
	if (rows->ns_count > 0) {
		complete = check_complete(&o->selection, &collection);
		add_status(&status, check_attachments(o, rows));
		add_status(&status, show_rows(o, rows, complete));
		print_notes(o);
	}
	free_rows(&collection.rows);
	return status;
}
