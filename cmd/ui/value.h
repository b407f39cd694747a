/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The value of one column of one row.
 */

#ifndef UI_VALUE_H
#define UI_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/json.h"
#include "ui/text.h"

enum value_kind {
	VALUE_TEXT,		/* unknown if empty */
	VALUE_WORDS,		/* text of words between blanks; an array */
	VALUE_USER, VALUE_GROUP,	/* ids, shown as names */
	VALUE_NUMBER,
	VALUE_PID,		/* a number; 0 is unknown */
	VALUE_SIZE,		/* bytes */
	VALUE_TIME,		/* seconds since the Epoch; 0 is never */
	VALUE_DURATION,		/* seconds */
	VALUE_TENTHS,		/* 125 is "12.5" */
	VALUE_PERMS,		/* "0600" */
	VALUE_KEY,		/* 0x000004d2; key and key_hex */
	VALUE_COMMAND,		/* of a process that may have exited */
	VALUE_PATH,		/* of an object, in a column of ids: a text for
				 * people, null in JSON */
	VALUE_HEX		/* an address; a string in JSON */
};

struct value {
	enum value_kind kind;
	bool known;		/* else "-" in a table, null in JSON */
	uint64_t number;
	const char *state;	/* of COMMAND: "alive", "gone", "reused" by a
				 * later process, "none", "unknown" */
	const char *text;	/* of TEXT, WORDS, COMMAND; valid as long as
				 * the row */
};

/* For the get of a column. */
void set_number(struct value *value, uint64_t number);
void set_text(struct value *value, const char *text);
void set_command(struct value *value, const char *state,
    const char *command);

/* Returns the text of a value, which may be in buffer; plain: for programs. */
const char *value_text(const struct value *value, bool plain,
    char buffer[static SHORT_TEXT]);

/* Adds a value to a JSON object, as one member or several. */
void value_json(const struct value *value, struct json *json,
    const char *name);

/* Whether values of a kind are aligned to the right. */
bool is_right_aligned(enum value_kind kind);

#endif
