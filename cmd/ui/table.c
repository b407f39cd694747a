/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows and columns: as a table for people, as TSV and JSON for programs.
 * TSV and JSON carry plain numbers: bytes, seconds, seconds since the Epoch.
 * Tables may have many thousand rows, so their cells are made once and kept
 * close together.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/json.h"
#include "ui/message.h"
#include "ui/sink.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

/* Texts one behind the other, each with a NUL, and the widths of each. */
struct cells {
	char *texts;
	size_t used, room;
	size_t *widths, count;
};

/* Words between blanks are joined by commas. */
static void
join_words(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == ' ')
			*text = ',';
}

static char *
append(struct cells *cells, const char *text)
{
	size_t length = strlen(text) + 1, room;
	char *more;

	if (cells->texts == NULL || length > cells->room - cells->used) {
		room = 2 * cells->room + length;
		more = realloc(cells->texts, room);
		if (more == NULL)
			return NULL;
		cells->texts = more;
		cells->room = room;
	}
	more = memcpy(cells->texts + cells->used, text, length);
	cells->used += length;
	return more;
}

static char *
append_safe(struct cells *cells, const char *text, size_t *width)
{
	char *copy, *added;

	if (is_plain(text)) {
		*width = strlen(text);
		return append(cells, text);
	}
	copy = safe_copy(text);
	if (copy == NULL)
		return NULL;
	*width = text_width(copy);
	added = append(cells, copy);
	free(copy);
	return added;
}

/* A cell's text, made safe, behind the others, and its width. */
static char *
add_text(struct cells *cells, const struct table *table,
    const struct column *column, const void *row, size_t *width)
{
	bool plain = table->format == FORMAT_TSV;
	struct value value = { 0 };
	char room[SHORT_TEXT], *added;

	column->get(row, &value);
	added = append_safe(cells, value_text(&value, plain ||
	    (table->bytes && value.kind == VALUE_SIZE), room), width);
	if (added != NULL && value.kind == VALUE_WORDS)
		join_words(added);
	return added;
}

/* All cells, row by row; widths becomes that of each column. */
static bool
make_cells(const struct table *table, struct cells *cells, size_t *widths)
{
	const char *text;
	size_t i, c, width;

	for (i = 0; i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++) {
			text = add_text(cells, table, table->columns[c],
			    table->rows[i], &width);
			if (text == NULL)
				return false;
			cells->widths[cells->count++] = width;
			if (width > widths[c])
				widths[c] = width;
		}
	return true;
}

/* Filled up to a width; nothing behind the last of a line. */
static void
put_cell(struct sink *sink, const struct table *table, size_t c,
    const char *text, size_t pad)
{
	bool last = c + 1 == table->column_count;

	if (table->columns[c]->right)
		sink_blanks(sink, pad);
	sink_text(sink, text);
	if (!table->columns[c]->right && !last)
		sink_blanks(sink, pad);
	sink_text(sink, last ? "\n" : "  ");
}

static void
put_cells(const struct table *table, const struct cells *cells,
    const size_t *widths)
{
	struct sink sink = { .file = stdout };
	const size_t *width = cells->widths;
	const char *text = cells->texts;
	size_t i, c;

	for (c = 0; table->heading && c < table->column_count; c++)
		put_cell(&sink, table, c, table->columns[c]->name,
		    widths[c] - strlen(table->columns[c]->name));
	for (i = 0; i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++) {
			put_cell(&sink, table, c, text, widths[c] - *width++);
			text += strlen(text) + 1;
		}
	sink_flush(&sink);
}

static int
print_aligned(const struct table *table)
{
	struct cells cells = { 0 };
	size_t *widths, c, width;
	int status = ST_OK;

	cells.widths = calloc(table->row_count + 1,
	    (table->column_count + 1) * sizeof(*cells.widths));
	widths = calloc(table->column_count + 1, sizeof(*widths));
	for (c = 0; widths != NULL && c < table->column_count; c++) {
		widths[c] = table->widths != NULL ? table->widths[c] : 0;
		width = strlen(table->columns[c]->name);
		if (table->heading && width > widths[c])
			widths[c] = width;
	}
	if (cells.widths == NULL || widths == NULL ||
	    !make_cells(table, &cells, widths))
		status = fail(NULL, ENOMEM);
	else
		put_cells(table, &cells, widths);
	free(cells.texts);
	free(cells.widths);
	free(widths);
	return status;
}

static void
put_tab(struct sink *sink, const struct table *table, size_t c)
{
	sink_text(sink, c + 1 == table->column_count ? "\n" : "\t");
}

static int
print_tsv(const struct table *table)
{
	struct sink sink = { .file = stdout };
	struct cells cells = { 0 };
	int status = ST_OK;
	const char *text;
	size_t i, c, width;

	for (c = 0; table->heading && c < table->column_count; c++) {
		sink_text(&sink, table->columns[c]->name);
		put_tab(&sink, table, c);
	}
	for (i = 0; status == ST_OK && i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++) {
			cells.used = 0;
			text = add_text(&cells, table, table->columns[c],
			    table->rows[i], &width);
			if (text == NULL) {
				status = fail(NULL, ENOMEM);
				break;
			}
			sink_text(&sink, text);
			put_tab(&sink, table, c);
		}
	sink_flush(&sink);
	free(cells.texts);
	return status;
}

/* Names of columns as members: plain capitals, made lower once a table. */
struct members {
	char names[COLUMNS_MAX][16];
};

static void
make_members(const struct table *table, struct members *members)
{
	const char *name;
	size_t c, n;

	memset(members, 0, sizeof(*members));
	for (c = 0; c < table->column_count; c++) {
		name = table->columns[c]->name;
		for (n = 0; n < sizeof(members->names[c]) - 1 &&
		    name[n] != '\0'; n++)
			members->names[c][n] = (char)(name[n] | 0x20);
	}
}

static void
put_object(const struct table *table, const struct members *members,
    struct json *json, const char *name, const void *row)
{
	struct value value;
	size_t c;

	json_open(json, name, '{');
	for (c = 0; c < table->column_count; c++) {
		value = (struct value){ 0 };
		table->columns[c]->get(row, &value);
		value_json(&value, json, members->names[c]);
	}
	if (table->more != NULL)
		table->more(json, row);
	json_close(json, '}');
}

void
print_object(const struct table *table, struct json *json, const char *name,
    const void *row)
{
	struct members members;

	make_members(table, &members);
	put_object(table, &members, json, name, row);
}

static void
json_rows(const struct table *table, struct json *json, const char *name)
{
	struct members members;
	size_t i;

	make_members(table, &members);
	json_open(json, name, '[');
	for (i = 0; i < table->row_count; i++)
		put_object(table, &members, json, NULL, table->rows[i]);
	json_close(json, ']');
}

/* A row with what it is sorted by, got once. */
struct place {
	struct value value;
	size_t index;
	void *row;
};

static bool
is_unknown(const struct value *value)
{
	return value->kind == VALUE_UNKNOWN || value->kind == VALUE_LOST_KEY;
}

/* Unknown values come last, whichever way; equal ones stay in their order. */
static int
compare_places(const void *a, const void *b, void *arg)
{
	const struct place *x = a, *y = b;
	const bool *reverse = arg;
	int order;

	if (is_unknown(&x->value) || is_unknown(&y->value))
		order = is_unknown(&x->value) - is_unknown(&y->value);
	else {
		if (x->value.text != NULL && y->value.text != NULL)
			order = strcmp(x->value.text, y->value.text);
		else
			order = (x->value.number > y->value.number) -
			    (x->value.number < y->value.number);
		if (*reverse)
			order = -order;
	}
	return order != 0 ? order :
	    (x->index > y->index) - (x->index < y->index);
}

static int
sort_rows(const struct table *table)
{
	struct place *places;
	bool reverse = table->reverse;
	size_t i;

	places = calloc(table->row_count + 1, sizeof(*places));
	if (places == NULL)
		return fail(NULL, errno);
	for (i = 0; i < table->row_count; i++) {
		places[i].index = i;
		places[i].row = table->rows[i];
		table->sort->get(places[i].row, &places[i].value);
	}
	qsort_r(places, table->row_count, sizeof(*places), compare_places,
	    &reverse);
	for (i = 0; i < table->row_count; i++)
		table->rows[i] = places[i].row;
	free(places);
	return ST_OK;
}

static void
reverse_rows(void **rows, size_t count)
{
	size_t i;
	void *row;

	for (i = 0; i < count / 2; i++) {
		row = rows[i];
		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = row;
	}
}

int
print_table(const struct table *table, struct json *json, const char *name)
{
	if (table->sort != NULL && sort_rows(table) != ST_OK)
		return ST_LIMIT;
	if (table->sort == NULL && table->reverse)
		reverse_rows(table->rows, table->row_count);
	switch (table->format) {
	case FORMAT_JSON:
		json_rows(table, json, name);
		return ST_OK;
	case FORMAT_TSV:
		return print_tsv(table);
	case FORMAT_TABLE:
		break;
	}
	return print_aligned(table);
}

const struct column *
find_column(const struct column *columns, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcasecmp(columns[i].name, name) == 0)
			return &columns[i];
	return NULL;
}

int
unknown_column(const char *option, const char *name,
    const struct column *columns, size_t count)
{
	char names[1024] = "";
	size_t i;

	for (i = 0; i < count; i++) {
		strlcat(names, " ", sizeof(names));
		strlcat(names, columns[i].name, sizeof(names));
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

int
parse_columns(const char *text, const struct column *columns, size_t count,
    const char *const *defaults, const struct column ***chosen,
    size_t *chosen_count)
{
	const struct column **list, *column;
	char *copy = NULL, *rest, *name;
	int status = ST_OK;
	size_t n = 0;

	list = calloc(count + 1, sizeof(*list));
	if (list == NULL || (text != NULL && (copy = strdup(text)) == NULL)) {
		free(list);
		return fail(NULL, ENOMEM);
	}
	if (defaults != NULL && (text == NULL || *text == '+'))
		for (; *defaults != NULL; defaults++)
			add_column(list, &n,
			    find_column(columns, count, *defaults));
	rest = copy != NULL && *copy == '+' ? copy + 1 : copy;
	while (status == ST_OK && (name = strsep(&rest, ",")) != NULL) {
		column = find_column(columns, count, name);
		if (column == NULL)
			status = unknown_column("--output", name, columns,
			    count);
		else
			add_column(list, &n, column);
	}
	free(copy);
	if (status != ST_OK) {
		free(list);
		return status;
	}
	*chosen = list;
	*chosen_count = n;
	return ST_OK;
}
