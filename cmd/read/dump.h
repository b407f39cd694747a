/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contents for people.
 */

#ifndef CMD_READ_DUMP_H
#define CMD_READ_DUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum dump_form { DUMP_RAW, DUMP_HEX, DUMP_TEXT, DUMP_TYPED };

struct dump {
	enum dump_form form;
	const struct dump_type *type;	/* of DUMP_TYPED */
	FILE *out;
	bool offsets;		/* before typed values */
	bool safe;		/* text is made safe for a terminal */
	bool colour;		/* for what changed; else marks */
	bool has_line, folded, open_line;
	unsigned char line[16];
};

/* "d4", "x1", ... as od(1) names them, or NULL. */
const struct dump_type *find_dump_type(const char *name);

/* A piece, its length a multiple of 16 but for the last; false: no more is
 * wanted.  Then the end, at offset. */
bool dump_bytes(struct dump *dump, uint64_t offset, const unsigned char *bytes,
    size_t length);
void dump_end(struct dump *dump, uint64_t offset);

/* Lines and values that differ from before. */
void dump_changes(struct dump *dump, uint64_t offset, const unsigned char *now,
    const unsigned char *before, size_t length);

#endif
