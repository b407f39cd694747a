/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Columns of a table as data: reads the value of a column in a row, and finds
 * the columns that a user names.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/column.h"
#include "ui/message.h"
#include "ui/text.h"
#include "ui/value.h"

static void
read_field(const struct column *column, const char *field,
    struct value *value)
{
	uint32_t narrow;

	if (column->size == 0) {
		memcpy(&value->text, field, sizeof(value->text));
		value->known = value->text != NULL;
		return;
	}
	if (column->kind == VALUE_TEXT || column->kind == VALUE_WORDS) {
		value->text = field;
		value->known = column->kind == VALUE_WORDS || *field != '\0';
		return;
	}
	if (column->size == sizeof(narrow)) {
		memcpy(&narrow, field, sizeof(narrow));
		value->number = narrow;
	} else
		memcpy(&value->number, field, sizeof(value->number));
	value->known = column->kind != VALUE_PID || value->number != 0;
	if (column->kind == VALUE_USER)
		value->text = user_name((uint32_t)value->number);
	else if (column->kind == VALUE_GROUP)
		value->text = group_name((uint32_t)value->number);
}

void
read_value(const struct column_set *set, const struct column *column,
    const void *row, struct value *value)
{
	unsigned facts;

	*value = (struct value){ .kind = column->kind };
	if (column->facts != 0) {
		memcpy(&facts, (const char *)row + set->facts, sizeof(facts));
		if ((column->facts & ~facts) != 0)
			return;
	}
	if (column->get != NULL)
		column->get(row, value);
	else
		read_field(column, (const char *)row + column->offset, value);
}

const struct column *
find_column(const struct column_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (strcasecmp(set->list[i].name, name) == 0)
			return &set->list[i];
	return NULL;
}

int
unknown_column(const char *option, const char *name,
    const struct column_set *set)
{
	char names[1024] = "";
	size_t i;

	for (i = 0; i < set->count; i++) {
		strlcat(names, " ", sizeof(names));
		strlcat(names, set->list[i].name, sizeof(names));
	}
	return usage_error(option, "%s: no such column; there are%s", name,
	    names);
}

static void
add_column(const struct column **list, size_t *n, const struct column *column)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (list[i] == column)
			return;
	list[(*n)++] = column;
}

/* Adds the columns of "COL,COL", a text that strsep(3) changes. */
static int
add_named(char *names, const struct column_set *set,
    const struct column **list, size_t *n)
{
	const struct column *column;
	const char *name;

	while ((name = strsep(&names, ",")) != NULL) {
		column = find_column(set, name);
		if (column == NULL)
			return unknown_column("--output", name, set);
		add_column(list, n, column);
	}
	return ST_OK;
}

int
choose_columns(const char *text, const struct column_set *set,
    const char *const *defaults, const struct column ***chosen,
    size_t *chosen_count)
{
	const struct column **list;
	char *names = NULL;
	int status = ST_OK;
	size_t n = 0;

	list = check_memory(calloc(set->count + 1, sizeof(*list)));
	if (text != NULL)
		names = check_memory(strdup(text));
	if (defaults == NULL)
		defaults = set->defaults;
	if (names == NULL || *names == '+')
		for (; *defaults != NULL; defaults++)
			add_column(list, &n, find_column(set, *defaults));
	if (names != NULL)
		status = add_named(names + (*names == '+'), set, list, &n);
	free(names);
	if (status != ST_OK) {
		free(list);
		return status;
	}
	*chosen = list;
	*chosen_count = n;
	return ST_OK;
}
