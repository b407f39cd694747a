/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows and columns: as a table for people, as TSV and JSON for programs.
 * TSV and JSON carry plain numbers: bytes, seconds, seconds since the Epoch.
 * Tables may have many thousand rows, so each cell is formatted once and the
 * texts are kept close together.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/terminal.h"
#include "ui/text.h"
#include "ui/value.h"

/* A row and its value in the column to sort by. */
struct sort_row {
	struct value value;
	size_t index;
	const void *row;
};

/* Texts one after the other, each with a NUL, and the widths of each. */
struct cells {
	char *texts;
	size_t used, capacity;
	size_t *widths, count;
	uint64_t left;		/* a bit for each column that has texts, and
				 * so is aligned to the left */
};

static char *
append(struct cells *cells, const char *text)
{
	size_t length = strlen(text) + 1, capacity;
	char *more;

	if (cells->texts == NULL || length > cells->capacity - cells->used) {
		capacity = 2 * cells->capacity + length;
		cells->texts = check_memory(realloc(cells->texts, capacity));
		cells->capacity = capacity;
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
	copy = check_memory(safe_copy(text));
	*width = text_width(copy);
	added = append(cells, copy);
	free(copy);
	return added;
}

/* Appends a cell's text, made safe; sets its width. */
static char *
add_text(struct cells *cells, const struct table *table,
    size_t c, const void *row, size_t *width)
{
	bool plain = table->format == FORMAT_TSV;
	struct value value;
	char buffer[SHORT_TEXT], *added, *blank;

	read_value(table->set, table->columns[c], row, &value);
	if (value.known && !is_right_aligned(value.kind))
		cells->left |= UINT64_C(1) << c;
	added = append_safe(cells, value_text(&value, plain ||
	    (table->bytes && value.kind == VALUE_SIZE), buffer), width);
	/* Words between blanks are joined by commas. */
	for (blank = added; value.kind == VALUE_WORDS &&
	    (blank = strchr(blank, ' ')) != NULL;)
		*blank = ',';
	return added;
}

/* Formats all cells, row by row; widths becomes that of each column. */
static void
make_cells(const struct table *table, const void *const *rows,
    struct cells *cells, size_t *widths)
{
	size_t i, c, width;

	for (i = 0; i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++) {
			add_text(cells, table, c, rows[i],
			    &width);
			cells->widths[cells->count++] = width;
			if (width > widths[c])
				widths[c] = width;
		}
}

static void
put_blanks(size_t count)
{
	static const char blanks[] = "                                ";
	const size_t most = sizeof(blanks) - 1;

	for (; count > most; count -= most)
		fwrite_unlocked(blanks, 1, most, stdout);
	fwrite_unlocked(blanks, 1, count, stdout);
}

/* Puts a cell, after so many blanks; returns how many are due before the next
 * one, so that none are put at the end of a line. */
static size_t
put_cell(bool right, const char *text, size_t pad, size_t blanks)
{
	put_blanks(blanks + (right ? pad : 0));
	fputs_unlocked(text, stdout);
	return 2 + (right ? 0 : pad);
}

static bool
is_right(const struct table *table, const struct cells *cells, size_t c)
{
	return is_right_aligned(table->columns[c]->kind) &&
	    (cells->left & UINT64_C(1) << c) == 0;
}

static void
put_heading(const struct table *table, const struct cells *cells,
    const size_t *widths)
{
	size_t c, blanks = 0;

	for (c = 0; c < table->column_count; c++)
		if (widths[c] != HIDDEN)
			blanks = put_cell(is_right(table, cells, c),
			    table->columns[c]->name, widths[c] -
			    strlen(table->columns[c]->name), blanks);
	putc_unlocked('\n', stdout);
}

static void
put_cells(const struct table *table, const void *const *rows,
    const struct cells *cells, const size_t *widths)
{
	static const char *const begin[] = {
		[STYLE_PLAIN] = "", [STYLE_DIM] = "\033[2m",
		[STYLE_MARKED] = "\033[31m"
	};
	enum row_style style = STYLE_PLAIN;
	const size_t *width = cells->widths;
	const char *text = cells->texts;
	size_t i, c, blanks;

	for (i = 0; i < table->row_count; i++) {
		if (table->style != NULL)
			style = table->style(rows[i]);
		fputs_unlocked(begin[style], stdout);
		blanks = 0;
		for (c = 0; c < table->column_count; c++, width++) {
			if (widths[c] != HIDDEN)
				blanks = put_cell(is_right(table, cells, c),
				    text, widths[c] - *width, blanks);
			text += strlen(text) + 1;
		}
		fputs_unlocked(style == STYLE_PLAIN ? "\n" : "\033[m\n",
		    stdout);
	}
}

static size_t
line_width(const struct table *table, const size_t *widths)
{
	size_t c, width = 0;

	for (c = 0; c < table->column_count; c++)
		if (widths[c] != HIDDEN)
			width += widths[c] + (width > 0 ? 2 : 0);
	return width;
}

static bool
hide_column(const struct table *table, const char *name, size_t *widths)
{
	size_t c;

	for (c = 0; c < table->column_count; c++)
		if (strcmp(table->columns[c]->name, name) == 0) {
			widths[c] = HIDDEN;
			return true;
		}
	return false;
}

void
fit_terminal(const struct table *table, size_t *widths,
    char names[static HIDDEN_NAMES])
{
	const char *const *name = table->optional;
	size_t available = terminal_width();

	names[0] = '\0';
	if (name == NULL || available == 0)
		return;
	for (; *name != NULL && line_width(table, widths) > available; name++)
		if (table->sort != find_column(table->set, *name) &&
		    hide_column(table, *name, widths)) {
			if (names[0] != '\0')
				strlcat(names, ",", HIDDEN_NAMES);
			strlcat(names, *name, HIDDEN_NAMES);
		}
}

/* Puts a table whose cells are formatted; the columns that the terminal has no
 * room for are named on stderr, after the last line. */
static void
put_table(const struct table *table, const void *const *rows,
    const struct cells *cells, size_t *widths)
{
	char names[HIDDEN_NAMES];

	fit_terminal(table, widths, names);
	if (table->heading)
		put_heading(table, cells, widths);
	put_cells(table, rows, cells, widths);
	if (names[0] != '\0' && flush_output())
		warn_about(NULL, "hidden: %s", names);
}

static void
print_aligned(const struct table *table, const void *const *rows)
{
	struct cells cells = { 0 };
	size_t *widths, c, width;

	cells.widths = check_memory(calloc(table->row_count + 1,
	    (table->column_count + 1) * sizeof(*cells.widths)));
	widths = check_memory(calloc(table->column_count + 1,
	    sizeof(*widths)));
	for (c = 0; c < table->column_count; c++) {
		widths[c] = table->columns[c]->width;
		width = strlen(table->columns[c]->name);
		if (table->heading && width > widths[c])
			widths[c] = width;
	}
	make_cells(table, rows, &cells, widths);
	put_table(table, rows, &cells, widths);
	free(cells.texts);
	free(cells.widths);
	free(widths);
}

static void
put_tab(const struct table *table, size_t c)
{
	putc_unlocked(c + 1 == table->column_count ? '\n' : '\t', stdout);
}

static void
print_tsv(const struct table *table, const void *const *rows)
{
	struct cells cells = { 0 };
	size_t i, c, width;

	for (c = 0; table->heading && c < table->column_count; c++) {
		fputs_unlocked(table->columns[c]->name, stdout);
		put_tab(table, c);
	}
	for (i = 0; i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++) {
			cells.used = 0;
			fputs_unlocked(add_text(&cells, table, c, rows[i],
			    &width), stdout);
			put_tab(table, c);
		}
	free(cells.texts);
}

/* Names of columns in lower case, as names of JSON members. */
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
		read_value(table->set, table->columns[c], row, &value);
		value_json(&value, json, members->names[c]);
	}
	if (table->more != NULL)
		table->more(table, json, row);
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
print_json(const struct table *table, const void *const *rows,
    struct json *json, const char *name)
{
	struct members members;
	size_t i;

	make_members(table, &members);
	json_open(json, name, '[');
	for (i = 0; i < table->row_count; i++)
		put_object(table, &members, json, NULL, rows[i]);
	json_close(json, ']');
}

/* Unknown values come last in both directions; equal ones keep their order. */
static int
compare_rows(const void *a, const void *b, void *arg)
{
	const struct sort_row *x = a, *y = b;
	const bool *reverse = arg;
	int order;

	if (!x->value.known || !y->value.known)
		order = y->value.known - x->value.known;
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

static void
sort_rows(const struct table *table, const void **rows)
{
	bool reverse = table->reverse;
	struct sort_row *sorted;
	size_t i;

	sorted = check_memory(calloc(table->row_count + 1, sizeof(*sorted)));
	for (i = 0; i < table->row_count; i++) {
		sorted[i].index = i;
		sorted[i].row = rows[i];
		read_value(table->set, table->sort, rows[i], &sorted[i].value);
	}
	qsort_r(sorted, table->row_count, sizeof(*sorted), compare_rows,
	    &reverse);
	for (i = 0; i < table->row_count; i++)
		rows[i] = sorted[i].row;
	free(sorted);
}

void
print_table(const struct table *table, struct json *json, const char *name)
{
	const size_t count = table->row_count;
	const bool backwards = table->reverse && table->sort == NULL;
	const char *first = table->rows;
	const void **rows;
	size_t i;

	rows = check_memory(calloc(count + 1, sizeof(*rows)));
	for (i = 0; i < count; i++)
		rows[i] = first + (backwards ? count - 1 - i : i) *
		    table->set->row_size;
	if (table->sort != NULL)
		sort_rows(table, rows);
	switch (table->format) {
	case FORMAT_JSON:
		print_json(table, rows, json, name);
		break;
	case FORMAT_TSV:
		print_tsv(table, rows);
		break;
	case FORMAT_TABLE:
		print_aligned(table, rows);
		break;
	}
	free(rows);
}
