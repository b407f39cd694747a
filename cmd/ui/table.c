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

/* Texts one after the other, each with a NUL, and the width of each. */
struct cells {
	char *texts;
	size_t used, capacity;
	unsigned *widths;
	size_t count;
	size_t longest;		/* the most bytes of a row */
	uint64_t left;		/* a bit for each column of numbers that has
				 * texts, and so is aligned to the left */
};

/* The place for the next text, with room for size bytes. */
static char *
place(struct cells *cells, size_t size)
{
	if (cells->texts == NULL || size > cells->capacity - cells->used) {
		cells->capacity = 2 * cells->capacity + size;
		cells->texts = check_memory(realloc(cells->texts,
		    cells->capacity));
	}
	return cells->texts + cells->used;
}

/* Adds a text, made safe; returns its width. */
static size_t
add_safe(struct cells *cells, const char *text)
{
	char *safe = is_plain(text) ? NULL : check_memory(safe_copy(text));
	size_t length;

	if (safe != NULL)
		text = safe;
	length = strlen(text);
	memcpy(place(cells, length + 1), text, length + 1);
	cells->used += length + 1;
	if (safe != NULL)
		length = text_width(safe);
	free(safe);
	return length;
}

/* Adds the text of a cell; returns its width. */
static size_t
add_cell(struct cells *cells, const struct table *table, size_t c,
    const void *row)
{
	const struct column *column = table->columns[c];
	char *buffer = place(cells, SHORT_TEXT), *blank;
	size_t begin = cells->used, width;
	struct value value;
	const char *text;

	read_value(table->set, column, row, &value);
	if (value.kind != column->kind && value.known &&
	    !is_right_aligned(value.kind))
		cells->left |= UINT64_C(1) << c;
	text = value_text(&value, table->format == FORMAT_TSV ||
	    (table->bytes && value.kind == VALUE_SIZE), buffer);
	if (text == buffer) {
		width = strlen(buffer);
		cells->used += width + 1;
		return width;
	}
	width = add_safe(cells, text);
	/* Words between blanks are joined by commas. */
	for (blank = cells->texts + begin; value.kind == VALUE_WORDS &&
	    (blank = strchr(blank, ' ')) != NULL;)
		*blank = ',';
	return width;
}

/* Formats all cells, row by row; widths becomes that of each column. */
static void
make_cells(const struct table *table, const void *const *rows,
    struct cells *cells, size_t *widths)
{
	size_t i, c, width, begin;

	for (i = 0; i < table->row_count; i++) {
		begin = cells->used;
		for (c = 0; c < table->column_count; c++) {
			width = add_cell(cells, table, c, rows[i]);
			cells->widths[cells->count++] = (unsigned)width;
			if (width > widths[c])
				widths[c] = width;
		}
		if (cells->used - begin > cells->longest)
			cells->longest = cells->used - begin;
	}
}

/* A line of a table, with room for the longest. */
struct line {
	char *text, *end;
	size_t blanks;		/* due before the next cell, so that none are
				 * at the end of the line */
};

static void
put_cell(struct line *line, const char *text, size_t length, size_t pad,
    bool right)
{
	const size_t blanks = line->blanks + (right ? pad : 0);

	memset(line->end, ' ', blanks);
	line->end = mempcpy(line->end + blanks, text, length);
	line->blanks = 2 + (right ? 0 : pad);
}

static void
put_line(struct line *line, const char *ending)
{
	line->end = stpcpy(line->end, ending);
	write_output(stdout, line->text, (size_t)(line->end - line->text));
	line->end = line->text;
	line->blanks = 0;
}

static void
put_heading(const struct table *table, const size_t *widths,
    const bool *right, struct line *line)
{
	size_t c, length;

	for (c = 0; c < table->column_count; c++) {
		length = strlen(table->columns[c]->name);
		if (widths[c] != HIDDEN)
			put_cell(line, table->columns[c]->name, length,
			    widths[c] - length, right[c]);
	}
	put_line(line, "\n");
}

static void
put_cells(const struct table *table, const void *const *rows,
    const struct cells *cells, const size_t *widths, const bool *right,
    struct line *line)
{
	static const char *const begin[] = {
		[STYLE_PLAIN] = "", [STYLE_DIM] = "\033[2m",
		[STYLE_MARKED] = "\033[31m"
	};
	enum row_style style = STYLE_PLAIN;
	const unsigned *width = cells->widths;
	const char *text = cells->texts;
	size_t i, c, length;

	for (i = 0; i < table->row_count; i++) {
		if (table->style != NULL)
			style = table->style(rows[i]);
		line->end = stpcpy(line->end, begin[style]);
		for (c = 0; c < table->column_count; c++, width++) {
			length = strlen(text);
			if (widths[c] != HIDDEN)
				put_cell(line, text, length,
				    widths[c] - *width, right[c]);
			text += length + 1;
		}
		put_line(line, style == STYLE_PLAIN ? "\n" : "\033[m\n");
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
	bool right[COLUMNS_MAX] = { false };
	struct line line;
	size_t c;

	fit_terminal(table, widths, names);
	/* A colored line has an escape sequence at each end. */
	line.text = check_memory(malloc(cells->longest +
	    line_width(table, widths) + (size_t)2 * SHORT_TEXT));
	line.end = line.text;
	line.blanks = 0;
	for (c = 0; c < table->column_count; c++)
		right[c] = is_right_aligned(table->columns[c]->kind) &&
		    (cells->left & UINT64_C(1) << c) == 0;
	if (table->heading)
		put_heading(table, widths, right, &line);
	put_cells(table, rows, cells, widths, right, &line);
	free(line.text);
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

static char
tsv_end(const struct table *table, size_t c)
{
	return c + 1 == table->column_count ? '\n' : '\t';
}

static void
print_tsv(const struct table *table, const void *const *rows)
{
	struct cells cells = { 0 };
	size_t i, c;

	for (c = 0; table->heading && c < table->column_count; c++) {
		fputs_unlocked(table->columns[c]->name, stdout);
		putc_unlocked(tsv_end(table, c), stdout);
	}
	for (i = 0; i < table->row_count; i++) {
		cells.used = 0;
		for (c = 0; c < table->column_count; c++) {
			add_cell(&cells, table, c, rows[i]);
			cells.texts[cells.used - 1] = tsv_end(table, c);
		}
		write_output(stdout, cells.texts, cells.used);
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
