/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows and columns: as a table for people, as TSV and JSON for programs.
 * TSV and JSON carry plain numbers: bytes, seconds, seconds since the Epoch.
 */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* How the process that a pid once meant fares, in JSON. */
static const char *
life_word(enum shmt_life life)
{
	static const char *const words[] = {
		[SHMT_UNKNOWN] = "unknown", [SHMT_ALIVE] = "alive",
		[SHMT_GONE] = "gone", [SHMT_REUSED] = "reused",
		[SHMT_NONE] = "none"
	};

	return words[life];
}

static const char *
command_text(const struct value *value)
{
	switch ((enum shmt_life)value->number) {
	case SHMT_ALIVE:
		return value->text[0] != '\0' ? value->text : "?";
	case SHMT_GONE:
		return "(gone)";
	case SHMT_REUSED:
		return "(reused)";
	case SHMT_UNKNOWN:
	case SHMT_NONE:
		break;
	}
	return "-";
}

/* A cell's text; long ones are in the value, the others in room. */
static const char *
cell_text(const struct table *table, const struct value *value,
    char room[static SHORT_TEXT])
{
	bool plain = table->format == FORMAT_TSV;

	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_WORDS:
		return value->text[0] != '\0' ? value->text : "-";
	case VALUE_SIZE:
		if (!plain && !table->bytes) {
			short_size(room, value->number);
			return room;
		}
		break;
	case VALUE_TIME:
		if (value->number == 0)
			return "-";
		if (!plain) {
			short_time(room, (int64_t)value->number);
			return room;
		}
		break;
	case VALUE_DURATION:
		if (!plain) {
			short_duration(room, value->number);
			return room;
		}
		break;
	case VALUE_TENTHS:
		snprintf(room, SHORT_TEXT, "%" PRIu64 ".%" PRIu64,
		    value->number / 10, value->number % 10);
		return room;
	case VALUE_PERMS:
		snprintf(room, SHORT_TEXT, "%04" PRIo64, value->number);
		return room;
	case VALUE_KEY:
		snprintf(room, SHORT_TEXT, "0x%08" PRIx64, value->number);
		return room;
	case VALUE_HEX:
		snprintf(room, SHORT_TEXT, "0x%" PRIx64, value->number);
		return room;
	case VALUE_COMMAND:
		return command_text(value);
	case VALUE_UNKNOWN:
	case VALUE_LOST_KEY:
		return "-";
	case VALUE_NUMBER:
		break;
	}
	snprintf(room, SHORT_TEXT, "%" PRIu64, value->number);
	return room;
}

/* Words between blanks as commas join them for people, and vis(3). */
static char *
cell_safe(const struct table *table, const struct column *column,
    const void *row)
{
	struct value value = { 0 };
	char room[SHORT_TEXT], *safe, *p;

	column->get(row, &value);
	safe = safe_copy(cell_text(table, &value, room));
	if (value.kind == VALUE_WORDS)
		for (p = safe; p != NULL && *p != '\0'; p++)
			if (*p == ' ')
				*p = ',';
	return safe;
}

static void
print_cell(const struct column *column, const char *text, size_t width,
    bool last)
{
	int pad = (int)(width - text_width(text));

	if (column->right)
		printf("%*s%s", pad, "", text);
	else
		printf("%s%*s", text, last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

/* The texts of all cells, row by row, into an array of NULLs. */
static bool
make_texts(const struct table *table, char **texts)
{
	size_t i, c;

	for (i = 0; i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++, texts++) {
			*texts = cell_safe(table, table->columns[c],
			    table->rows[i]);
			if (*texts == NULL)
				return false;
		}
	return true;
}

static void
print_texts(const struct table *table, char *const *texts, size_t *widths)
{
	size_t columns = table->column_count, cells, width, i, c;

	cells = columns * table->row_count;
	for (c = 0; c < columns; c++) {
		widths[c] = table->widths != NULL ? table->widths[c] : 0;
		width = strlen(table->columns[c]->name);
		if (table->heading && width > widths[c])
			widths[c] = width;
	}
	for (i = 0; i < cells; i++) {
		width = text_width(texts[i]);
		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (c = 0; table->heading && c < columns; c++)
		print_cell(table->columns[c], table->columns[c]->name,
		    widths[c], c + 1 == columns);
	for (i = 0; i < cells; i++) {
		c = i % columns;
		print_cell(table->columns[c], texts[i], widths[c],
		    c + 1 == columns);
	}
}

static int
print_aligned(const struct table *table)
{
	size_t cells = table->column_count * table->row_count, i, *widths;
	int status = ST_OK;
	char **texts;

	texts = calloc(cells + 1, sizeof(*texts));
	widths = calloc(table->column_count + 1, sizeof(*widths));
	if (texts == NULL || widths == NULL || !make_texts(table, texts))
		status = fail(NULL, ENOMEM);
	else
		print_texts(table, texts, widths);
	for (i = 0; texts != NULL && i < cells; i++)
		free(texts[i]);
	free(texts);
	free(widths);
	return status;
}

static int
print_tsv(const struct table *table)
{
	size_t i, c;
	char *text;

	for (c = 0; table->heading && c < table->column_count; c++)
		printf("%s%c", table->columns[c]->name,
		    c + 1 == table->column_count ? '\n' : '\t');
	for (i = 0; i < table->row_count; i++)
		for (c = 0; c < table->column_count; c++) {
			text = cell_safe(table, table->columns[c],
			    table->rows[i]);
			if (text == NULL)
				return fail(NULL, errno);
			printf("%s%c", text,
			    c + 1 == table->column_count ? '\n' : '\t');
			free(text);
		}
	return ST_OK;
}

static void
json_words(struct json *json, const char *name, const char *words)
{
	char word[64];
	size_t length;

	json_open(json, name, '[');
	while (*words != '\0') {
		length = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		json_text(json, NULL, word);
		words += length;
		words += *words == ' ';
	}
	json_close(json, ']');
}

static void
json_command(struct json *json, const char *name, const struct value *value)
{
	enum shmt_life life = (enum shmt_life)value->number;
	char name_of_life[64];

	if (life == SHMT_ALIVE && value->text[0] != '\0')
		json_text(json, name, value->text);
	else
		json_null(json, name);
	snprintf(name_of_life, sizeof(name_of_life), "%s_life", name);
	json_text(json, name_of_life, life_word(life));
}

static void
json_value(struct json *json, const char *name, const struct value *value)
{
	char room[SHORT_TEXT];

	switch (value->kind) {
	case VALUE_UNKNOWN:
		json_null(json, name);
		break;
	case VALUE_TEXT:
		json_text(json, name, value->text);
		break;
	case VALUE_WORDS:
		json_words(json, name, value->text);
		break;
	case VALUE_TIME:
		if (value->number == 0)
			json_null(json, name);
		else
			json_signed(json, name, (int64_t)value->number);
		break;
	case VALUE_KEY:
		json_key(json, (uint32_t)value->number);
		break;
	case VALUE_LOST_KEY:
		json_null(json, "key");
		json_null(json, "key_hex");
		break;
	case VALUE_COMMAND:
		json_command(json, name, value);
		break;
	case VALUE_PERMS:
		snprintf(room, sizeof(room), "%04" PRIo64, value->number);
		json_text(json, name, room);
		break;
	case VALUE_HEX:
		snprintf(room, sizeof(room), "0x%" PRIx64, value->number);
		json_text(json, name, room);
		break;
	case VALUE_TENTHS:
		json_tenths(json, name, value->number);
		break;
	case VALUE_NUMBER:
	case VALUE_SIZE:
	case VALUE_DURATION:
		json_number(json, name, value->number);
		break;
	}
}

void
print_object(const struct table *table, struct json *json, const char *name,
    const void *row)
{
	struct value value;
	char lower[32];
	size_t c, n;

	json_open(json, name, '{');
	for (c = 0; c < table->column_count; c++) {
		strlcpy(lower, table->columns[c]->name, sizeof(lower));
		for (n = 0; lower[n] != '\0'; n++)
			lower[n] = (char)tolower((unsigned char)lower[n]);
		value = (struct value){ 0 };
		table->columns[c]->get(row, &value);
		json_value(json, lower, &value);
	}
	if (table->more != NULL)
		table->more(json, row);
	json_close(json, '}');
}

static void
json_rows(const struct table *table, struct json *json, const char *name)
{
	size_t i;

	json_open(json, name, '[');
	for (i = 0; i < table->row_count; i++)
		print_object(table, json, NULL, table->rows[i]);
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

static bool
unknown_column(const char *name, const struct column *columns, size_t count)
{
	char names[1024] = "";
	size_t i;

	for (i = 0; i < count; i++) {
		strlcat(names, " ", sizeof(names));
		strlcat(names, columns[i].name, sizeof(names));
	}
	usage_error(name, "no such column; there are%s", names);
	return false;
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

bool
parse_columns(const char *text, const struct column *columns, size_t count,
    const char *const *defaults, const struct column ***chosen,
    size_t *chosen_count)
{
	const struct column **list, *column;
	char *copy = NULL, *rest, *name;
	bool good = true;
	size_t n = 0;

	list = calloc(count + 1, sizeof(*list));
	if (list == NULL || (text != NULL && (copy = strdup(text)) == NULL)) {
		fail(NULL, errno);
		free(list);
		return false;
	}
	if (defaults != NULL && (text == NULL || *text == '+'))
		for (; *defaults != NULL; defaults++)
			add_column(list, &n,
			    find_column(columns, count, *defaults));
	rest = copy != NULL && *copy == '+' ? copy + 1 : copy;
	while (good && (name = strsep(&rest, ",")) != NULL) {
		column = find_column(columns, count, name);
		if (column == NULL)
			good = unknown_column(name, columns, count);
		else
			add_column(list, &n, column);
	}
	free(copy);
	if (!good) {
		free(list);
		return false;
	}
	*chosen = list;
	*chosen_count = n;
	return true;
}
