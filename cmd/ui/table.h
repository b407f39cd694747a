/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows and columns as an aligned table, TSV or JSON.
 */

#ifndef UI_TABLE_H
#define UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/json.h"
#include "ui/value.h"

struct column {
	const char *name;	/* upper case; lower case in JSON */
	bool right;		/* aligned to the right in a table */
	void (*get)(const void *row, struct value *value);
	unsigned needs;		/* what a row must hold, in its maker's bits */
};

/* No table has more. */
#define COLUMNS_MAX 48

enum table_format { FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON };

struct table {
	enum table_format format;
	bool heading, bytes, reverse;
	const struct column *const *columns;
	size_t column_count;
	const size_t *widths;		/* at least, of each; NULL: as needed */
	const struct column *sort;	/* NULL: as given */
	void **rows;			/* sorted in place */
	size_t row_count;
	/* JSON: further members of a row's object, or NULL. */
	void (*more)(struct json *json, const void *row);
};

/* Sorts and prints; as JSON the rows are an array called name inside the
 * object that the caller has opened (json is NULL otherwise). */
int print_table(const struct table *table, struct json *json,
    const char *name);

/* The members of one row, as a JSON object of this name. */
void print_object(const struct table *table, struct json *json,
    const char *name, const void *row);

/* Column of this name, in upper or lower case, or NULL. */
const struct column *find_column(const struct column *columns, size_t count,
    const char *name);

/* Reports a wrong name in an option's value, with the names there are. */
int unknown_column(const char *option, const char *name,
    const struct column *columns, size_t count);

/* "COL,COL" replaces, "+COL,COL" adds to the defaults, NULL is the defaults,
 * into an array to free; a column stands once, where it was named first.  A
 * mistake is reported with the names there are. */
int parse_columns(const char *text, const struct column *columns,
    size_t count, const char *const *defaults, const struct column ***chosen,
    size_t *chosen_count);

#endif
