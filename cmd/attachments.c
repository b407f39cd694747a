/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Processes and the segments that they have attached: a row for each pair.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "attachments.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

static const struct shmt_holder *
holder_of(const void *row)
{
	return ((const struct attachment *)row)->holder;
}

static void
get_id(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, (uint64_t)holder_of(row)->id);
}

static void
get_key(const void *row, struct value *value)
{
	set_number(value, VALUE_KEY, holder_of(row)->key);
}

static void
get_pid(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, (uint64_t)holder_of(row)->pid);
}

static void
get_user(const void *row, struct value *value)
{
	set_text(value, user_name(holder_of(row)->uid));
}

static void
get_command(const void *row, struct value *value)
{
	if (holder_of(row)->command[0] != '\0')
		set_text(value, holder_of(row)->command);
}

static void
get_access(const void *row, struct value *value)
{
	static const char *const words[] = { "r", "rw", "rx", "rwx" };

	set_text(value, words[holder_of(row)->access &
	    (SHMT_ACCESS_W | SHMT_ACCESS_X)]);
}

static void
get_address(const void *row, struct value *value)
{
	set_number(value, VALUE_HEX, holder_of(row)->address);
}

static void
get_size(const void *row, struct value *value)
{
	set_number(value, VALUE_SIZE, holder_of(row)->size);
}

static void
get_maps(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, holder_of(row)->maps);
}

static void
get_ns(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER,
	    ((const struct attachment *)row)->row->ipc_ns->ns.inode);
}

const struct column attachment_columns[] = {
	{ "ID", true, get_id, 0 },
	{ "KEY", false, get_key, 0 },
	{ "PID", true, get_pid, 0 },
	{ "USER", false, get_user, 0 },
	{ "COMMAND", false, get_command, 0 },
	{ "ACCESS", false, get_access, 0 },
	{ "ADDRESS", true, get_address, 0 },
	{ "SIZE", true, get_size, 0 },
	{ "MAPS", true, get_maps, 0 },
	{ "NS", true, get_ns, NEEDS_NS }
};

const size_t attachment_column_count =
    sizeof(attachment_columns) / sizeof(attachment_columns[0]);

const char *const default_attachment_columns[] = {
	"ID", "KEY", "PID", "USER", "COMMAND", "ACCESS", "ADDRESS", "SIZE",
	"MAPS", NULL
};

int
list_attachments(void *const *rows, size_t row_count,
    struct attachment **list, void ***pointers, size_t *count)
{
	const struct row *row;
	struct attachment *a;
	size_t i, n = 0, h;
	void **p;

	for (i = 0; i < row_count; i++)
		n += ((const struct row *)rows[i])->holder_count;
	a = *list = calloc(n + 1, sizeof(*a));
	p = *pointers = calloc(n + 1, sizeof(*p));
	*count = a != NULL && p != NULL ? n : 0;
	if (a == NULL || p == NULL)
		return fail(NULL, ENOMEM);
	for (i = 0; i < row_count; i++) {
		row = rows[i];
		for (h = 0; h < row->holder_count; h++) {
			*a = (struct attachment){ row, &row->holders[h] };
			*p++ = a++;
		}
	}
	return ST_OK;
}

/* What is new beside a segment: all but ID, KEY and NS. */
static const struct column *const own_columns[] = {
	&attachment_columns[2], &attachment_columns[3],
	&attachment_columns[4], &attachment_columns[5],
	&attachment_columns[6], &attachment_columns[7],
	&attachment_columns[8]
};

#define OWN_COLUMNS (sizeof(own_columns) / sizeof(own_columns[0]))

void
json_attachments(struct json *json, const void *row)
{
	const struct row *r = row;
	const struct table table = {
		.columns = own_columns, .column_count = OWN_COLUMNS
	};
	struct attachment attachment = { .row = r };
	size_t i;

	json_open(json, "attachments", '[');
	for (i = 0; i < r->holder_count; i++) {
		attachment.holder = &r->holders[i];
		print_object(&table, json, NULL, &attachment);
	}
	json_close(json, ']');
}

int
print_attachments(void *const *row, bool bytes)
{
	struct table table = {
		.heading = true, .bytes = bytes,
		.columns = own_columns, .column_count = OWN_COLUMNS
	};
	struct attachment *list;
	int status;

	status = list_attachments(row, 1, &list, &table.rows,
	    &table.row_count);
	if (status == ST_OK)
		status = print_table(&table, NULL, NULL);
	free(list);
	free(table.rows);
	return status;
}
