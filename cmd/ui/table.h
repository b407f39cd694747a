/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows and columns as an aligned table, TSV or JSON.
 */

#ifndef UI_TABLE_H
#define UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/column.h"
#include "ui/json.h"

enum table_format { FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON };

/* The style of a row in a table with colors. */
enum row_style { STYLE_PLAIN, STYLE_DIM, STYLE_MARKED };

struct table {
	enum table_format format;
	bool heading, bytes, reverse;
	const struct column_set *set;
	const struct column *const *columns;	/* those to print */
	size_t column_count;
	const struct column *sort;	/* NULL: in the order of the rows */
	const void *rows;	/* an array of the set's row_size each */
	size_t row_count;
	/* JSON: adds further members to a row's object; NULL: there are
	 * none. */
	void (*more)(const struct table *table, struct json *json,
	    const void *row);
	const void *arg;	/* for more */
	/* Names of columns, ended by NULL, that are left out one by one until
	 * the others fit the terminal; NULL: all are shown. */
	const char *const *optional;
	/* Chooses the style of a row; NULL: without colors. */
	enum row_style (*style)(const void *row);
};

/* Prints all rows.  As JSON they are an array called name inside the object
 * that the caller has opened; else json is NULL. */
void print_table(const struct table *table, struct json *json,
    const char *name);

/* Prints one row, which need not be of table->rows, as a JSON object. */
void print_object(const struct table *table, struct json *json,
    const char *name, const void *row);

/* The width of a column that is left out, and room for the names of such. */
#define HIDDEN SIZE_MAX
#define HIDDEN_NAMES 256

/* Leaves out columns of given widths, as table->optional says, until the
 * others fit the terminal.  print_table() does it by itself. */
void fit_terminal(const struct table *table, size_t *widths,
    char names[static HIDDEN_NAMES]);

#endif
