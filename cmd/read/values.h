/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Values of a type, as text.
 */

#ifndef CMD_READ_VALUES_H
#define CMD_READ_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* Room for the text of any value, with its NUL. */
#define VALUE_TEXT_MAX 32

/* A type as od(1) names it. */
struct value_type {
	const char *name;	/* "d4", "x1", "f8", "c" ... */
	size_t width;		/* bytes a value */
	/* Writes the value of unaligned bytes, returns where it ends. */
	char *(*format)(char *text, const unsigned char *bytes);
};

/* The type of this name, or NULL. */
const struct value_type *find_value_type(const char *name);

/* Writes two hexadecimal digits; inline, since it is used for each byte. */
static inline char *
format_hex(char *text, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";

	text[0] = hex[byte >> 4];
	text[1] = hex[byte & 0xf];
	return text + 2;
}

/* At least eight hexadecimal digits. */
char *format_offset(char *text, uint64_t offset);

#endif
