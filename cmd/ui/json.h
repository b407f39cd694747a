/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A writer of one JSON value, always valid, always UTF-8.
 */

#ifndef UI_JSON_H
#define UI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *file;
	bool comma_due;		/* before the next member */
	/* Text that is not yet in the stream: stdio(3) alone takes a third
	 * longer for a list of many segments. */
	size_t used;
	char text[8192];
};

/* name is NULL inside arrays and at the top; else it is short and needs no
 * escapes.  Errors are those of the stream. */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);
/* null for NULL. */
void json_text(struct json *json, const char *name, const char *text);
/* Whether a text is UTF-8, so that a reader gets it from json_text() as it
 * is. */
bool is_utf8(const char *text);
void json_hex(struct json *json, const char *name, const char *bytes);
void json_number(struct json *json, const char *name, uint64_t number);
/* null where it is not known. */
void json_known(struct json *json, const char *name, bool known,
    uint64_t number);
void json_signed(struct json *json, const char *name, int64_t number);
void json_tenths(struct json *json, const char *name, uint64_t tenths);
void json_bool(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
void json_key(struct json *json, uint32_t key);	/* key and key_hex */
void json_end(struct json *json);	/* newline; all into the stream */

#endif
