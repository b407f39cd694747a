/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The columns of a table, as data.
 */

#ifndef UI_COLUMN_H
#define UI_COLUMN_H

#include <stddef.h>

#include "ui/value.h"

/* A column of rows of one type. */
struct column {
	const char *name;	/* upper case; lower case in JSON */
	enum value_kind kind;
	/* The field of a row: numbers have 4 or 8 bytes; texts are arrays, or
	 * pointers where size is 0. */
	size_t offset, size;
	/* Instead of a field, for a value that has to be made. */
	void (*get)(const void *row, struct value *value);
	unsigned facts;		/* unknown unless a row has all of these */
	unsigned needs;		/* facts that are found only where a column
				 * needs them */
	size_t width;		/* the least width, for a table whose rows are
				 * printed one by one */
};

/* The field of a struct, for an initializer of struct column. */
#define COLUMN_FIELD(type, member) \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/* The same for a const char *, of which NULL is unknown. */
#define COLUMN_POINTER(type, member) .offset = offsetof(type, member)

/* All columns of a type of rows. */
struct column_set {
	const struct column *list;
	size_t count;
	size_t row_size;
	size_t facts;		/* offset in a row of an unsigned: which facts
				 * it has, if any column asks for facts */
	const char *const *defaults;	/* names, ended by NULL */
	const char *const *optional;	/* names in the order in which a
					 * narrow terminal loses them */
};

/* No table has more. */
#define COLUMNS_MAX 48

/* Reads the value of a column of set in a row. */
void read_value(const struct column_set *set, const struct column *column,
    const void *row, struct value *value);

/* Finds a column by its name in upper or lower case; NULL: there is none. */
const struct column *find_column(const struct column_set *set,
    const char *name);

/* Reports that an option names no column, and lists the columns. */
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
