/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Processes and the segments that they have attached: a row for each pair.
 */

#include <stdbool.h>
#include <stdlib.h>

#include "attachments.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/value.h"

static void
get_access(const void *row, struct value *value)
{
	static const char *const words[] = { "r", "rw", "rx", "rwx" };
	const struct attachment *attachment = row;

	set_text(value, words[attachment->holder.access &
	    (SHMT_ACCESS_W | SHMT_ACCESS_X)]);
}

static void
get_id(const void *row, struct value *value)
{
	set_id(value, ((const struct attachment *)row)->row);
}

/* The key, which only System V segments have. */
static void
get_key(const void *row, struct value *value)
{
	const struct attachment *attachment = row;

	if (attachment->holder.object.kind == SHMT_SYSV)
		set_number(value, attachment->holder.key);
}

/* A descriptor alone has no address. */
static void
get_address(const void *row, struct value *value)
{
	const struct attachment *attachment = row;

	if (attachment->holder.maps > 0)
		set_number(value, attachment->holder.address);
}

/* Nothing but an object is open. */
static void
get_fds(const void *row, struct value *value)
{
	const struct attachment *attachment = row;

	if (attachment->holder.object.kind != SHMT_SYSV)
		set_number(value, attachment->holder.fds);
}

#define OF_HOLDER(member) COLUMN_FIELD(struct attachment, holder.member)

/* Those that a segment does not have itself stand together; the last of them,
 * FDS, only objects have. */
static const struct column columns[] = {
	{ "ID", VALUE_NUMBER, .get = get_id },
	{ "KEY", VALUE_KEY, .get = get_key },
	{ "PID", VALUE_NUMBER, OF_HOLDER(pid) },
	{ "USER", VALUE_USER, OF_HOLDER(uid) },
	{ "COMMAND", VALUE_TEXT, OF_HOLDER(command) },
	{ "ACCESS", VALUE_TEXT, .get = get_access },
	{ "ADDRESS", VALUE_HEX, .get = get_address },
	{ "SIZE", VALUE_SIZE, OF_HOLDER(size) },
	{ "MAPS", VALUE_NUMBER, OF_HOLDER(maps) },
	{ "FDS", VALUE_NUMBER, .get = get_fds },
	{ "NS", VALUE_PID, COLUMN_FIELD(struct attachment, ns),
	    .needs = NEEDS_NS }
};

static const struct column *const own_columns[] = {
	&columns[2], &columns[3], &columns[4], &columns[5], &columns[6],
	&columns[7], &columns[8], &columns[9]
};

static const char *const defaults[] = {
	"ID", "KEY", "PID", "USER", "COMMAND", "ACCESS", "ADDRESS", "SIZE",
	"MAPS", NULL
};

static const char *const optional[] = {
	"KEY", "ADDRESS", "MAPS", "ACCESS", "FDS", "SIZE", "USER", NULL
};

const struct column_set attachment_columns = {
	.list = columns, .count = sizeof(columns) / sizeof(columns[0]),
	.row_size = sizeof(struct attachment), .defaults = defaults,
	.optional = optional
};

#define OWN_COLUMNS \
	.set = &attachment_columns, .columns = own_columns, \
	.column_count = sizeof(own_columns) / sizeof(own_columns[0])

struct attachment *
list_attachments(const struct row *rows, size_t row_count, size_t *count)
{
	struct attachment *list, *a;
	size_t i, n = 0, h;

	for (i = 0; i < row_count; i++)
		n += rows[i].holder_count;
	list = a = check_memory(calloc(n + 1, sizeof(*a)));
	*count = n;
	for (i = 0; i < row_count; i++)
		for (h = 0; h < rows[i].holder_count; h++)
			*a++ = (struct attachment){ row_holders(&rows[i])[h],
			    &rows[i], row_ns(&rows[i]) };
	return list;
}

void
json_holders(struct json *json, const struct shmt_holder *holders,
    size_t count)
{
	struct table table = { OWN_COLUMNS };
	struct attachment attachment = { .ns = 0 };
	size_t i;

	if (count > 0 && holders[0].object.kind == SHMT_SYSV)
		table.column_count--;
	json_open(json, "attachments", '[');
	for (i = 0; i < count; i++) {
		attachment.holder = holders[i];
		print_object(&table, json, NULL, &attachment);
	}
	json_close(json, ']');
}

void
json_attachments(struct json *json, const struct row *row,
    const struct table *like)
{
	struct attachment *list;
	struct table table;

	if ((row->facts & HAS_HOLDERS) == 0)
		json_null(json, "attachments");
	else if (like == NULL)
		json_holders(json, row_holders(row), row->holder_count);
	else {
		table = *like;
		list = list_attachments(row, 1, &table.row_count);
		table.rows = list;
		print_table(&table, json, "attachments");
		free(list);
	}
}

void
print_attachments(const struct row *row, bool bytes)
{
	struct table table = {
		OWN_COLUMNS, .heading = true, .bytes = bytes,
		.optional = optional
	};
	struct attachment *list;

	if (row->path == NULL)
		table.column_count--;
	list = list_attachments(row, 1, &table.row_count);
	table.rows = list;
	print_table(&table, NULL, NULL);
	free(list);
}
