/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what rm would do, as a table with the action in its first column.
 * rm/decide.c makes the decisions.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "filter.h"
#include "groups.h"
#include "rm/explain_filter.h"
#include "rm/plan.h"
#include "rm/removal.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/terminal.h"
#include "ui/text.h"
#include "ui/value.h"

/* Rows of the table before a question. */
#define BRIEF_ROWS 10

static const struct column action_column = {
	"ACTION", VALUE_TEXT, COLUMN_POINTER(struct row, action)
};

static const char *
action_word(const struct removal *r)
{
	return r->result == WOULD_REMOVE ? "remove" :
	    r->result == WOULD_MARK ? "mark" : "keep";
}

size_t
count_plan(const struct plan *plan, char size[static SHORT_TEXT])
{
	uint64_t bytes = 0;
	size_t count = 0, i;

	for (i = 0; i < plan->count; i++)
		if (would_go(&plan->list[i])) {
			count++;
			bytes = add_sizes(bytes, plan->list[i].segment.size);
		}
	short_size(size, bytes);
	return count;
}

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

/* The columns where there are objects, behind KIND where there are segments
 * too. */
static const char *const object_columns[] = {
	"KIND", "ID", "OWNER", "PERMS", "SIZE", "RSS", "NATTCH", "FDS", "IDLE",
	"STATUS", NULL
};

static const char *const *
usual_columns_of(const struct row *rows, size_t count)
{
	size_t i, objects = 0;

	for (i = 0; i < count; i++)
		objects += rows[i].segment.object.kind != SHMT_SYSV;
	if (objects == 0)
		return segment_columns.defaults;
	return objects == count ? object_columns + 1 : object_columns;
}

static int
print_rows(const struct shmt_filter *filter, struct row *rows, size_t count)
{
	const struct column *columns[COLUMNS_MAX + 1] = { &action_column };
	struct table table = {
		.heading = true, .set = &segment_columns, .columns = columns,
		.column_count = 1, .rows = rows, .row_count = count,
		.expendable = segment_columns.expendable,
		.style = use_color(COLOR_AUTO) ? style_row : NULL
	};
	struct ipc_ns ipc_ns = { 0 };
	const char *const *name;
	unsigned needs = 0;
	int status;

	for (name = usual_columns_of(rows, count); *name != NULL; name++) {
		columns[table.column_count] = find_column(&segment_columns,
		    *name);
		needs |= columns[table.column_count++]->needs;
	}
	add_rss(rows, count);
	fill_rows(rows, count, needs, filter_idle(filter), &ipc_ns);
	status = print_table(&table, NULL, NULL);
	shmt_holders_free(&ipc_ns.holders);
	return status;
}

/* Prints the segments that were found, at most the first limit ones. */
static int
print_segments(const struct plan *plan, size_t limit)
{
	const struct removal *r;
	const size_t most = limit < plan->count ? limit : plan->count;
	struct shmt_list shown = { 0 };
	struct rows rows = { 0 };
	size_t found = 0, i = 0;
	int status;

	shown.list = calloc(most + 1, sizeof(*shown.list));
	if (shown.list == NULL)
		return fail(NULL, ENOMEM);
	for (r = plan->list; r < plan->list + plan->count; r++)
		if (r->segment.ctime != 0 && found++ < limit)
			shown.list[shown.count++] = r->segment;
	status = make_rows(&rows, &shown);
	if (status != ST_OK) {
		free_rows(&rows);
		return status;
	}
	for (r = plan->list; i < rows.count; r++)
		if (r->segment.ctime != 0)
			rows.list[i++].action = action_word(r);
	status = print_rows(plan->filter, rows.list, rows.count);
	if (status == ST_OK && found > rows.count)
		printf("%zu more, which --dry-run shows\n",
		    found - rows.count);
	free_rows(&rows);
	return status;
}

/*
 * Sums by owner
 */

static void
get_owner(const void *row, struct value *value)
{
	*value = ((const struct group *)row)->key;
}

/* Prints what would be removed of each owner, the largest sum first. */
static int
print_sums(const struct rows *rows)
{
	static const struct column list[] = {
		{ "OWNER", VALUE_TEXT, .get = get_owner },
		{ "SEGMENTS", VALUE_NUMBER, COLUMN_FIELD(struct group, count) },
		{ "SIZE", VALUE_SIZE, COLUMN_FIELD(struct group, size) }
	};
	static const struct column_set set = {
		.list = list, .count = 3, .row_size = sizeof(struct group)
	};
	const struct column *const columns[] = { &list[0], &list[1], &list[2] };
	struct table table = {
		.heading = true, .set = &set, .columns = columns,
		.column_count = 3
	};
	struct group *groups;
	int status;

	status = list_groups(rows, find_group_by(NULL, "OWNER"), &groups,
	    &table.row_count);
	if (status != ST_OK)
		return status;
	table.rows = groups;
	status = print_table(&table, NULL, NULL);
	free(groups);
	return status;
}

static int
print_owners(const struct plan *plan, size_t count)
{
	const struct removal *r;
	struct rows rows = { 0 };
	int status;

	rows.list = calloc(count, sizeof(*rows.list));
	if (rows.list == NULL)
		return fail(NULL, ENOMEM);
	for (r = plan->list; r < plan->list + plan->count; r++)
		if (would_go(r))
			rows.list[rows.count++] = (struct row){
				.segment = r->segment,
				.facts = r->segment.known
			};
	status = print_sums(&rows);
	free(rows.list);
	return status;
}

static void
print_nothing(const struct shmt_filter *filter)
{
	char *why = filter != NULL ? explain_none(filter) : NULL;

	printf("nothing to remove%s%s\n", why != NULL ? ": " : "",
	    why != NULL ? why : "");
	free(why);
}

int
print_plan(const struct plan *plan, bool brief)
{
	char size[SHORT_TEXT];
	size_t count = count_plan(plan, size);
	int status;

	if (plan->count == 0) {
		print_nothing(plan->filter);
		return ST_OK;
	}
	status = print_segments(plan, brief ? BRIEF_ROWS : SIZE_MAX);
	if (brief && count > 0) {
		putchar('\n');
		add_status(&status, print_owners(plan, count));
	}
	printf("would remove %zu of %zu, %s\n", count, plan->count, size);
	return status;
}
