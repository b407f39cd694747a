/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sums of rows: of each namespace, or by the value of a column.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "groups.h"
#include "rows.h"
#include "ui/column.h"
#include "ui/message.h"
#include "ui/text.h"
#include "ui/value.h"

/* The most values of a row: one for each word of its status. */
#define VALUES_MAX 8

static size_t
column_value(const struct group_by *by, const struct row *row,
    struct value *values)
{
	read_value(&segment_columns, find_column(&segment_columns, by->name),
	    row, values);
	return 1;
}

/* The command that has it attached, or "shared" if there are several. */
static size_t
command_value(const struct group_by *by, const struct row *row,
    struct value *values)
{
	const struct shmt_holder *holders = row_holders(row);
	size_t i;

	(void)by;
	*values = (struct value){ .kind = VALUE_TEXT };
	for (i = 0; i < row->holder_count; i++) {
		if (i > 0 && strcmp(holders[i].command,
		    holders[0].command) != 0) {
			set_text(values, "shared");
			return 1;
		}
		if (holders[i].command[0] != '\0')
			set_text(values, holders[i].command);
	}
	return 1;
}

static size_t
status_values(const struct group_by *by, const struct row *row,
    struct value *values)
{
	unsigned bit;
	size_t n = 0;

	(void)by;
	for (bit = 1; bit <= row->status; bit <<= 1)
		if ((row->status & bit) != 0) {
			values[n] = (struct value){ .kind = VALUE_TEXT };
			set_text(&values[n++], status_words(bit));
		}
	if (n == 0)
		values[n++] = (struct value){ .kind = VALUE_TEXT };
	return n;
}

static const struct group_by all[] = {
	{ "OWNER", 0, column_value },
	{ "CREATOR", 0, column_value },
	{ "CCOMMAND", NEEDS_CREATOR, column_value },
	{ "COMMAND", NEEDS_HOLDERS, command_value },
	{ "CGROUP", 0, column_value },
	{ "STATUS", 0, status_values },
	{ "KIND", 0, column_value }
};

const struct group_by *
find_group_by(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcasecmp(all[i].name, name) == 0)
			return &all[i];
	usage_error("--by", "%s: not OWNER, CREATOR, CCOMMAND, COMMAND, "
	    "CGROUP, STATUS or KIND", name);
	return NULL;
}

static void
get_value(const void *row, struct value *value)
{
	*value = ((const struct group *)row)->value;
}

#define OF_GROUP(member) COLUMN_FIELD(struct group, member)

const struct column_set *
group_columns(const struct group_by *by)
{
	static struct column columns[] = {
		{ NULL, VALUE_TEXT, .get = get_value },
		{ "COUNT", VALUE_NUMBER, OF_GROUP(count) },
		{ "UNATTACHED", VALUE_NUMBER, OF_GROUP(unattached) },
		{ "STALE", VALUE_NUMBER, OF_GROUP(stale) },
		{ "SIZE", VALUE_SIZE, OF_GROUP(size) },
		{ "RSS", VALUE_SIZE, OF_GROUP(rss), .facts = SHMT_HAS_RSS },
		{ "SWAP", VALUE_SIZE, OF_GROUP(swap), .facts = SHMT_HAS_RSS }
	};
	static const char *defaults[] = {
		NULL, "COUNT", "UNATTACHED", "STALE", "SIZE", "RSS", "SWAP",
		NULL
	};
	static const struct column_set set = {
		.list = columns, .count = sizeof(columns) / sizeof(columns[0]),
		.row_size = sizeof(struct group),
		.facts = offsetof(struct group, facts), .defaults = defaults
	};

	columns[0].name = defaults[0] = by->name;
	return &set;
}

static const struct column sum_columns[] = {
	{ "SEGMENTS", VALUE_NUMBER, OF_GROUP(count) },
	{ "UNATTACHED", VALUE_NUMBER, OF_GROUP(unattached) },
	{ "DEST", VALUE_NUMBER, OF_GROUP(dest) },
	{ "SIZE", VALUE_SIZE, OF_GROUP(size) },
	{ "PAGES", VALUE_NUMBER, OF_GROUP(pages) },
	{ "RSS", VALUE_SIZE, OF_GROUP(rss), .facts = SHMT_HAS_RSS },
	{ "SWAP", VALUE_SIZE, OF_GROUP(swap), .facts = SHMT_HAS_RSS },
	{ "LARGEST", VALUE_SIZE, OF_GROUP(largest) },
	{ "NS", VALUE_NUMBER, OF_GROUP(ns.inode), .needs = NEEDS_NS },
	{ "NSPID", VALUE_PID, OF_GROUP(ns.pid), .needs = NEEDS_NS },
	{ "NSCOMMAND", VALUE_TEXT, OF_GROUP(command), .needs = NEEDS_NS }
};

static const char *const sum_defaults[] = {
	"SEGMENTS", "UNATTACHED", "DEST", "SIZE", "PAGES", "RSS", "SWAP",
	"LARGEST", NULL
};

static const char *const sum_optional[] = {
	"NSPID", "PAGES", "LARGEST", "SWAP", "NSCOMMAND", NULL
};

const struct column_set summary_columns = {
	.list = sum_columns,
	.count = sizeof(sum_columns) / sizeof(sum_columns[0]),
	.row_size = sizeof(struct group),
	.facts = offsetof(struct group, facts), .defaults = sum_defaults,
	.optional = sum_optional
};

/* Names of users are compared by number, since several may have one name. */
static bool
is_same_value(const struct value *a, const struct value *b)
{
	if (a->known != b->known || a->number != b->number ||
	    a->state != b->state)
		return false;
	if (!a->known ||
	    (a->state != NULL && strcmp(a->state, "alive") != 0))
		return true;
	return strcmp(a->text, b->text) == 0;
}

static void
add_to_group(struct group *group, const struct row *row)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct shmt_info *s = &row->segment;

	group->count++;
	group->unattached += row_is_unattached(row);
	group->stale += (row->status & STATUS_STALE) != 0;
	group->dest += (s->state & SHMT_DEST) != 0;
	group->pages += s->size / page + (s->size % page != 0);
	if (s->size > group->largest)
		group->largest = s->size;
	group->size = add_sizes(group->size, s->size);
	group->rss = add_sizes(group->rss, divide_by_names(s, s->rss));
	group->swap = add_sizes(group->swap, divide_by_names(s, s->swap));
	group->facts &= row->facts;
}

/* Finds the group of a value, or adds it to the list, which has room for it. */
static struct group *
find_group(struct group *list, size_t *count, const struct value *value)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (is_same_value(&list[i].value, value))
			return &list[i];
	list[*count] = (struct group){ .value = *value, .facts = SHMT_HAS_RSS };
	return &list[(*count)++];
}

static int
compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	if (x->value.known && y->value.known)
		return strcmp(x->value.text, y->value.text);
	return y->value.known - x->value.known;
}

struct group *
list_groups(const struct rows *rows, const struct group_by *by, size_t *count)
{
	struct value values[VALUES_MAX];
	struct group *groups = NULL;
	size_t r, k, n, capacity = 0;

	*count = 0;
	for (r = 0; r < rows->count; r++) {
		if (*count + VALUES_MAX > capacity) {
			capacity = 2 * capacity + VALUES_MAX;
			groups = check_memory(reallocarray(groups, capacity,
			    sizeof(*groups)));
		}
		n = by->values(by, &rows->list[r], values);
		for (k = 0; k < n; k++)
			add_to_group(find_group(groups, count, &values[k]),
			    &rows->list[r]);
	}
	if (*count > 1)
		qsort(groups, *count, sizeof(*groups), compare_groups);
	return groups;
}

struct group *
list_sums(const struct rows *rows)
{
	const struct row *row = rows->list, *end = row + rows->count;
	const struct namespace *namespace = rows->namespaces;
	struct group *list, *sum;

	list = check_memory(calloc(rows->ns_count + 1, sizeof(*list)));
	for (sum = list; sum < list + rows->ns_count; sum++, namespace++) {
		sum->facts = SHMT_HAS_RSS;
		sum->ns = namespace->ns;
		strlcpy(sum->command, namespace->command, sizeof(sum->command));
		for (; row < end && row->namespace == namespace; row++)
			add_to_group(sum, row);
	}
	return list;
}
