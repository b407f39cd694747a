/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --usage: a table of limits and what is used of them.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "diagnose.h"
#include "limits/sample.h"
#include "limits/actions.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/value.h"

/* A row of the table. */
struct row {
	struct use use;
	bool short_forms;	/* for people */
};

static void
get_limit(const void *row, struct value *value)
{
	const struct row *r = row;

	value->kind = r->use.kind;
	if (r->short_forms && (r->use.unlimited || !r->use.has_limit)) {
		value->kind = VALUE_TEXT;
		set_text(value, "no limit");
	} else if (r->use.has_limit)
		set_number(value, r->use.limit);
}

static void
get_used(const void *row, struct value *value)
{
	const struct use *use = &((const struct row *)row)->use;

	value->kind = use->kind;
	if (use->has_limit)
		set_number(value, use->used);
}

/* The percentage is unknown where a limit of 0 is in use. */
static void
get_percent(const void *row, struct value *value)
{
	const struct use *use = &((const struct row *)row)->use;

	if (use->limit != 0 || (use->has_limit && use->used == 0))
		set_number(value, shmt_permille(use->used, use->limit));
}

static size_t
make_rows(const struct sample *sample, bool short_forms,
    struct row rows[USES_MAX])
{
	struct use uses[USES_MAX];
	size_t i, count;

	count = list_uses(sample, uses);
	for (i = 0; i < count; i++)
		rows[i] = (struct row){ uses[i], short_forms };
	return count;
}

int
print_usage(enum table_format format, bool bytes)
{
	static const struct column columns[] = {
		{ "NAME", VALUE_TEXT, COLUMN_POINTER(struct row, use.name) },
		{ "LIMIT", VALUE_NUMBER, .get = get_limit },
		{ "USED", VALUE_NUMBER, .get = get_used },
		{ "PERCENT", VALUE_TENTHS, .get = get_percent },
		{ "UNIT", VALUE_TEXT, COLUMN_POINTER(struct row, use.unit) }
	};
	const struct column *chosen[] = {
		&columns[0], &columns[1], &columns[2], &columns[3], &columns[4]
	};
	static const struct column_set set = {
		.list = columns, .count = sizeof(chosen) / sizeof(chosen[0]),
		.row_size = sizeof(struct row)
	};
	struct json json = { .file = stdout };
	struct sample sample;
	struct row rows[USES_MAX];
	struct table table = {
		.format = format, .heading = true, .bytes = bytes,
		.set = &set, .columns = chosen,
		.column_count = sizeof(chosen) / sizeof(chosen[0]),
		.rows = rows
	};
	const char *bad;

	if (take_sample(false, &sample, &bad) == -1)
		return limits_failed(bad, errno);
	add_memory(&sample);
	table.row_count = make_rows(&sample, format == FORMAT_TABLE && !bytes,
	    rows);
	if (format != FORMAT_JSON) {
		print_table(&table, NULL, NULL);
		return ST_OK;
	}
	json_open(&json, NULL, '{');
	print_table(&table, &json, "usage");
	json_close(&json, '}');
	json_end(&json);
	return ST_OK;
}
