/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what rm would do, as a table with the action in its first column.
 * segment.c and object.c make the decisions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "groups.h"
#include "rm/plan.h"
#include "rm/removal.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/terminal.h"
#include "ui/text.h"

/* Rows of the table before a question. */
#define BRIEF_ROWS 10

static const struct column action_column = {
	"ACTION", VALUE_TEXT, COLUMN_POINTER(struct row, action)
};

static int
compare_ids(const void *a, const void *b)
{
	const struct shmt_info *x = a, *y = b;

	return (x->object.id > y->object.id) - (x->object.id < y->object.id);
}

/* Adds what only /proc/sysvipc/shm shows, by one list of all segments. */
static void
add_rss(struct row *rows, size_t count)
{
	struct shmt_info *s, *found;
	struct shmt_list all;
	size_t i;

	if (shmt_list(SHMT_KIND(SHMT_SYSV), SHMT_WANT_RSS, &all) == -1)
		return;
	if (all.count > 0)
		qsort(all.list, all.count, sizeof(*all.list), compare_ids);
	for (i = 0; i < count && all.count > 0; i++) {
		s = &rows[i].segment;
		found = bsearch(s, all.list, all.count, sizeof(*all.list),
		    compare_ids);
		if (found == NULL || !shmt_same(found, s))
			continue;
		s->known |= found->known & SHMT_HAS_RSS;
		s->rss = found->rss;
		s->swap = found->swap;
		s->state |= found->state & SHMT_HUGE;
	}
	shmt_list_free(&all);
}

/* The columns if there are objects; KIND only if there are segments too. */
static const char *const object_columns[] = {
	"KIND", "ID", "OWNER", "PERMS", "SIZE", "RSS", "NATTCH", "FDS", "IDLE",
	"STATUS", NULL
};

static const char *const *
plan_columns(const struct row *rows, size_t count)
{
	size_t i, objects = 0;

	for (i = 0; i < count; i++)
		objects += rows[i].segment.object.kind != SHMT_SYSV;
	if (objects == 0)
		return segment_columns.defaults;
	return objects == count ? object_columns + 1 : object_columns;
}

static void
print_rows(const struct shmt_filter *filter, struct row *rows, size_t count)
{
	const struct column *columns[COLUMNS_MAX + 1] = { &action_column };
	struct table table = {
		.heading = true, .set = &segment_columns, .columns = columns,
		.column_count = 1, .rows = rows, .row_count = count,
		.optional = segment_columns.optional,
		.style = use_color(COLOR_AUTO) ? style_row : NULL
	};
	struct namespace namespace = { 0 };
	const char *const *name;
	unsigned needs = 0;

	for (name = plan_columns(rows, count); *name != NULL; name++) {
		columns[table.column_count] = find_column(&segment_columns,
		    *name);
		needs |= columns[table.column_count++]->needs;
	}
	add_rss(rows, count);
	fill_rows(rows, count, needs, filter != NULL ?
	    shmt_stale_idle(filter) : SHMT_STALE_IDLE, &namespace);
	print_table(&table, NULL, NULL);
	free_namespace(&namespace);
}

/* Prints the segments that were found, at most the first limit ones. */
static void
print_segments(const struct removal *list, size_t count,
    const struct shmt_filter *filter, size_t limit)
{
	const size_t max_rows = limit < count ? limit : count;
	struct shmt_list shown = { 0 };
	struct rows rows = { 0 };
	const struct removal *r;
	size_t found = 0, i = 0;

	shown.list = check_memory(calloc(max_rows, sizeof(*shown.list)));
	for (r = list; r < list + count; r++)
		if (r->segment.known != 0 && found++ < limit)
			shown.list[shown.count++] = r->segment;
	make_rows(&rows, &shown);
	for (r = list; i < rows.count; r++)
		if (r->segment.known != 0)
			rows.list[i++].action =
			    r->result == WOULD_REMOVE ? "remove" :
			    r->result == WOULD_MARK ? "mark" : "keep";
	print_rows(filter, rows.list, rows.count);
	if (found > rows.count)
		printf("%zu more, which --dry-run shows\n",
		    found - rows.count);
	free_rows(&rows);
}

/* Prints what would be removed of each owner, the largest sum first. */
static void
print_owners(const struct removal *list, size_t count)
{
	const struct group_by *by = find_group_by("OWNER");
	struct table table = { .heading = true, .set = group_columns(by) };
	const struct column **columns;
	const struct removal *r;
	struct rows rows = { 0 };
	struct group *groups;

	rows.list = check_memory(calloc(count, sizeof(*rows.list)));
	for (r = list; r < list + count; r++)
		if (is_planned(r))
			rows.list[rows.count++] = (struct row){
				.segment = r->segment,
				.facts = r->segment.known
			};
	groups = list_groups(&rows, by, &table.row_count);
	table.rows = groups;
	(void)choose_columns("OWNER,COUNT,SIZE", table.set, NULL, &columns,
	    &table.column_count);
	table.columns = columns;
	print_table(&table, NULL, NULL);
	free(columns);
	free(groups);
	free(rows.list);
}

void
print_plan(const struct removal *list, size_t count,
    const struct shmt_filter *filter, bool brief)
{
	char size[SHORT_TEXT], *why;
	size_t going = count_removals(list, count, PLANNED, size);

	if (count == 0) {
		why = filter != NULL ? explain_none(filter) : NULL;
		printf("nothing to remove%s%s\n", why != NULL ? ": " : "",
		    why != NULL ? why : "");
		free(why);
		return;
	}
	print_segments(list, count, filter, brief ? BRIEF_ROWS : SIZE_MAX);
	if (brief && going > 0) {
		putchar('\n');
		print_owners(list, count);
	}
	printf("would remove %zu of %zu, %s\n", going, count, size);
}
