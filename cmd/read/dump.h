/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contents for people.
 */

#ifndef CMD_READ_DUMP_H
#define CMD_READ_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "read/values.h"

enum dump_form { DUMP_RAW, DUMP_HEX, DUMP_TEXT, DUMP_TYPED };

/* Bytes in a line of a hex dump; a multiple of the width of any type. */
#define DUMP_LINE 16

/* Initialise to 0, but for the first members, which the caller sets. */
struct dump {
	enum dump_form form;
	const struct value_type *type;	/* of DUMP_TYPED */
	FILE *out;
	uint64_t offset;	/* of the next byte of the dump */
	const char *prefix;	/* before each typed value, or NULL */
	bool offsets;		/* before typed values */
	bool safe;		/* text is encoded for a terminal */
	bool color;		/* for what changed; else marks */

	unsigned char part[DUMP_LINE];	/* of a line or of a character */
	size_t part_length;
	unsigned char line[DUMP_LINE];	/* the last one of a hex dump */
	bool has_line;
	bool folded;		/* "*" is printed for lines equal to it */
	bool ended;		/* the text, by its NUL */
	bool newline_last;	/* the text ends with one so far */
};

/*
 * The pieces of a dump, in order, data or hole, and its end.  A piece may have
 * any length.
 */
void dump_bytes(struct dump *dump, const unsigned char *bytes, size_t length);
void dump_hole(struct dump *dump, uint64_t length);
void dump_end(struct dump *dump);

/*
 * The lines or values from an offset on that differ from what was there
 * before.  The bytes begin where a line or a value does.
 */
void dump_changes(const struct dump *dump, uint64_t offset,
    const unsigned char *now, const unsigned char *before, size_t length);

#endif
