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

/* A column of rows of one type. */
struct column {
	const char *name;	/* upper case; lower case in JSON */
	enum value_kind kind;
	/* The field of a row: numbers have 4 or 8 bytes, texts are arrays. */
	size_t offset, size;
	/* Instead of a field, for a value that has to be made. */
	void (*get)(const void *row, struct value *value);
	unsigned facts;		/* unknown unless a row has all of these */
	unsigned needs;		/* what a row's maker has to find out */
	size_t width;		/* at least, where rows come one by one */
};

/* The field of a struct, for an initializer of struct column. */
#define COLUMN_FIELD(type, member) \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/* All columns of a type of rows. */
struct column_set {
	const struct column *list;
	size_t count;
	size_t row_size;
	size_t facts;		/* offset in a row of an unsigned: which facts
				 * it has, if any column asks for facts */
	const char *const *defaults;	/* names, ended by NULL */
};

/* No table has more. */
#define COLUMNS_MAX 48

enum table_format { FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON };

struct table {
	enum table_format format;
	bool heading, bytes, reverse;
	const struct column_set *set;
	const struct column *const *columns;	/* those to print */
	size_t column_count;
	const struct column *sort;	/* NULL: in the order of the rows */
	const void *rows;	/* an array of the set's row_size each */
	size_t row_count;
	/* JSON: adds further members to a row's object; NULL: there are none.
	 * Returns an exit status. */
	int (*more)(const struct table *table, struct json *json,
	    const void *row);
	const void *arg;	/* for more */
};

/* Prints all rows and returns an exit status.  As JSON they are an array
 * called name inside the object that the caller has opened; else json is
 * NULL. */
int print_table(const struct table *table, struct json *json,
    const char *name);

/* Prints one row, which need not be of table->rows, as a JSON object. */
int print_object(const struct table *table, struct json *json,
    const char *name, const void *row);

/* Finds a column by its name in upper or lower case; NULL: there is none. */
const struct column *find_column(const struct column_set *set,
    const char *name);

/* Says that an option names no column, and which there are. */
int unknown_column(const char *option, const char *name,
    const struct column_set *set);

/*
 * Chooses columns: "COL,COL" replaces the defaults (those of the set if
 * NULL), "+COL,COL" adds to them, NULL takes them.  A column stands once,
 * where it was named first.  The caller frees *chosen.
 */
int choose_columns(const char *text, const struct column_set *set,
    const char *const *defaults, const struct column ***chosen,
    size_t *chosen_count);

#endif
