/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --usage: a table of limits and what is used of them.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "diagnose.h"
#include "limits/actions.h"
#include "limits/sample.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/value.h"

static void
get_limit(const void *row, struct value *value)
{
	const struct use *use = row;

	value->kind = use->kind;
	if (use->in_words && (use->unlimited || !use->has_limit)) {
		value->kind = VALUE_TEXT;
		set_text(value, "no limit");
	} else if (use->has_limit)
		set_number(value, use->limit);
}

static void
get_used(const void *row, struct value *value)
{
	const struct use *use = row;

	value->kind = use->kind;
	if (use->has_limit)
		set_number(value, use->used);
}

/* The percentage is unknown where the limit is 0 and some is used, or where the
 * use is not known. */
static void
get_percent(const void *row, struct value *value)
{
	const struct use *use = row;

	if (use->limit != 0 || (use->has_limit && use->used == 0))
		set_number(value, shmt_permille(use->used, use->limit));
}

int
print_usage(enum table_format format, bool bytes)
{
	static const struct column columns[] = {
		{ "NAME", VALUE_TEXT, COLUMN_POINTER(struct use, name) },
		{ "LIMIT", VALUE_NUMBER, .get = get_limit },
		{ "USED", VALUE_NUMBER, .get = get_used },
		{ "PERCENT", VALUE_TENTHS, .get = get_percent },
		{ "UNIT", VALUE_TEXT, COLUMN_POINTER(struct use, unit) }
	};
	const struct column *chosen[] = {
		&columns[0], &columns[1], &columns[2], &columns[3], &columns[4]
	};
	static const struct column_set set = {
		.list = columns, .count = sizeof(columns) / sizeof(columns[0]),
		.row_size = sizeof(struct use)
	};
	struct json json = { .file = stdout };
	struct sample sample;
	struct use uses[USES_MAX];
	struct table table = {
		.format = format, .heading = true, .bytes = bytes,
		.set = &set, .columns = chosen,
		.column_count = sizeof(chosen) / sizeof(chosen[0]),
		.rows = uses
	};
	const char *bad;
	size_t i;

	if (take_sample(false, &sample, NULL, &bad) == -1)
		return limits_failed(bad, errno);
	add_memory_limits(&sample);
	table.row_count = list_uses(&sample, uses);
	for (i = 0; i < table.row_count; i++)
		/* cppcheck-suppress unreadVariable */
		uses[i].in_words = format == FORMAT_TABLE && !bytes;
	if (format == FORMAT_JSON) {
		json_open(&json, NULL, '{');
		print_table(&table, &json, "usage");
		json_close(&json, '}');
		json_end(&json);
	} else
		print_table(&table, NULL, NULL);
	return ST_OK;
}
