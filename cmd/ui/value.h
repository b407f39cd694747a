/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The value of one column of one row.
 */

#ifndef UI_VALUE_H
#define UI_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"
#include "ui/json.h"
#include "ui/text.h"

enum value_kind {
	VALUE_UNKNOWN,		/* "-", null */
	VALUE_TEXT,
	VALUE_WORDS,		/* text of words between blanks; an array */
	VALUE_NUMBER,
	VALUE_SIZE,		/* bytes */
	VALUE_TIME,		/* seconds since the Epoch, 0 unknown */
	VALUE_DURATION,		/* seconds */
	VALUE_TENTHS,		/* 125 is "12.5" */
	VALUE_PERMS,		/* "0600" */
	VALUE_KEY,		/* 0x000004d2; key and key_hex */
	VALUE_LOST_KEY,		/* "-", both of them null */
	VALUE_COMMAND,		/* text, and in number its enum shmt_life */
	VALUE_HEX		/* an address; a string in JSON */
};

struct value {
	enum value_kind kind;
	uint64_t number;
	const char *text;	/* of TEXT, WORDS, COMMAND; lives as the row */
};

/* For the get of a column. */
void set_number(struct value *value, enum value_kind kind, uint64_t number);
void set_text(struct value *value, const char *text);

/* Its text, in room where it is none already; plain: for programs.
 * Its members of a JSON object. */
const char *value_text(const struct value *value, bool plain,
    char room[static SHORT_TEXT]);
void value_json(const struct value *value, struct json *json,
    const char *name);

#endif
