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

struct sum {
	uint32_t uid;
	uint64_t count, bytes;
};

static void
get_owner(const void *row, struct value *value)
{
	set_text(value, user_name(((const struct sum *)row)->uid));
}

static const struct column sum_columns[] = {
	{ "OWNER", VALUE_TEXT, .get = get_owner },
	{ "SEGMENTS", VALUE_NUMBER, COLUMN_FIELD(struct sum, count) },
	{ "SIZE", VALUE_SIZE, COLUMN_FIELD(struct sum, bytes) }
};

#define SUM_COLUMNS (sizeof(sum_columns) / sizeof(sum_columns[0]))

static int
compare_owners(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static int
compare_bytes(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) :
	    compare_owners(a, b);
}

/* Adds up adjacent sums of the same owner; returns the number of owners. */
static size_t
merge_sums(struct sum *sums, size_t count)
{
	size_t owners = 0, i;

	qsort(sums, count, sizeof(*sums), compare_owners);
	for (i = 0; i < count; i++)
		if (owners > 0 && sums[owners - 1].uid == sums[i].uid) {
			sums[owners - 1].count++;
			sums[owners - 1].bytes = add_sizes(
			    sums[owners - 1].bytes, sums[i].bytes);
		} else
			sums[owners++] = sums[i];
	return owners;
}

/* Prints what would be removed of each owner, the largest sum first. */
static int
print_owners(const struct plan *plan, size_t count)
{
	static const struct column_set set = {
		.list = sum_columns, .count = SUM_COLUMNS,
		.row_size = sizeof(struct sum)
	};
	const struct column *columns[SUM_COLUMNS];
	struct table table = {
		.heading = true, .set = &set, .columns = columns,
		.column_count = SUM_COLUMNS
	};
	struct sum *sums;
	size_t i, n = 0;
	int status;

	sums = calloc(count, sizeof(*sums));
	if (sums == NULL)
		return fail(NULL, ENOMEM);
	for (i = 0; i < plan->count; i++)
		if (would_go(&plan->list[i]))
			sums[n++] = (struct sum){
				.uid = plan->list[i].segment.uid, .count = 1,
				.bytes = plan->list[i].segment.size
			};
	table.row_count = merge_sums(sums, n);
	table.rows = sums;
	qsort(sums, table.row_count, sizeof(*sums), compare_bytes);
	for (i = 0; i < SUM_COLUMNS; i++)
		columns[i] = &sum_columns[i];
	status = print_table(&table, NULL, NULL);
	free(sums);
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
