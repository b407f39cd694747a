/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Values of a type, as od(1) names and prints them.  Millions of them are
 * printed at once, so integers are formatted by hand.
 */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/values.h"

char *
format_offset(char *text, uint64_t offset)
{
	int shift = 24;

	while (shift < 56 && offset >> (shift + 8) != 0)
		shift += 8;
	/* Eight digits, and then one at a time. */
	if (shift > 24 && offset >> shift < 0x10) {
		*text++ = "0123456789abcdef"[offset >> shift];
		shift -= 8;
	}
	for (; shift >= 0; shift -= 8)
		text = format_hex(text, (unsigned char)(offset >> shift));
	return text;
}

static char *
format_unsigned(char *text, uint64_t number)
{
	char reversed[20], *p = reversed;

	do {
		*p++ = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (p > reversed)
		*text++ = *--p;
	return text;
}

static char *
format_signed(char *text, int64_t number)
{
	if (number < 0)
		*text++ = '-';
	return format_unsigned(text, number < 0 ? -(uint64_t)number :
	    (uint64_t)number);
}

/* All digits of its width. */
static char *
format_bits(char *text, uint64_t number, size_t width)
{
	while (width-- > 0)
		text = format_hex(text, (unsigned char)(number >> width * 8));
	return text;
}

/* Integers in the machine's own byte order. */
#define INTEGER(function, type, expression) \
static char * \
function(char *text, const unsigned char *bytes) \
{ \
	type value; \
\
	memcpy(&value, bytes, sizeof(value)); \
	return expression; \
}

INTEGER(format_d1, int8_t, format_signed(text, value))
INTEGER(format_d2, int16_t, format_signed(text, value))
INTEGER(format_d4, int32_t, format_signed(text, value))
INTEGER(format_d8, int64_t, format_signed(text, value))
INTEGER(format_u1, uint8_t, format_unsigned(text, value))
INTEGER(format_u2, uint16_t, format_unsigned(text, value))
INTEGER(format_u4, uint32_t, format_unsigned(text, value))
INTEGER(format_u8, uint64_t, format_unsigned(text, value))
INTEGER(format_x1, uint8_t, format_bits(text, value, sizeof(value)))
INTEGER(format_x2, uint16_t, format_bits(text, value, sizeof(value)))
INTEGER(format_x4, uint32_t, format_bits(text, value, sizeof(value)))
INTEGER(format_x8, uint64_t, format_bits(text, value, sizeof(value)))

/*
 * The shortest text that reads as the same number again.  A number that has
 * such a text of no more than DBL_DIG digits shows it there, since %g drops
 * zeros; below DBL_MIN a number has fewer digits.
 */
#define FLOATING(function, type, absolute, smallest, digits, most, parse) \
static char * \
function(char *text, const unsigned char *bytes) \
{ \
	int precision, length; \
	type value; \
\
	memcpy(&value, bytes, sizeof(value)); \
	precision = absolute(value) < smallest ? 1 : digits; \
	for (;; precision++) { \
		length = snprintf(text, VALUE_TEXT_MAX, "%.*g", precision, \
		    (double)value); \
		if (precision >= most || \
		    !islessgreater(parse(text, NULL), value)) \
			return text + length; \
	} \
}

FLOATING(format_f8, double, fabs, DBL_MIN, DBL_DIG, DBL_DECIMAL_DIG, strtod)
FLOATING(format_f4, float, fabsf, FLT_MIN, FLT_DIG, FLT_DECIMAL_DIG, strtof)

/* A character, with the escapes of C but for the backslash itself, or three
 * octal digits. */
static char *
format_c(char *text, const unsigned char *bytes)
{
	static const char plain[] = "\0\a\b\f\n\r\t\v", escaped[] = "0abfnrtv";
	const char *p = memchr(plain, *bytes, sizeof(escaped) - 1);

	if (*bytes >= ' ' && *bytes <= '~') {
		*text++ = (char)*bytes;
	} else if (p != NULL) {
		*text++ = '\\';
		*text++ = escaped[p - plain];
	} else {
		*text++ = (char)('0' + (*bytes >> 6));
		*text++ = (char)('0' + (*bytes >> 3 & 7));
		*text++ = (char)('0' + (*bytes & 7));
	}
	return text;
}

/* The name of a character of ASCII, without the highest bit. */
static char *
format_a(char *text, const unsigned char *bytes)
{
	static const char names[][4] = {
		"nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel",
		"bs", "ht", "nl", "vt", "ff", "cr", "so", "si",
		"dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb",
		"can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp"
	};
	unsigned c = *bytes & 0x7fu;

	if (c < sizeof(names) / sizeof(names[0]))
		return stpcpy(text, names[c]);
	if (c == 0x7f)
		return stpcpy(text, "del");
	*text = (char)c;
	return text + 1;
}

static const struct value_type types[] = {
	{ "d1", 1, format_d1 }, { "d2", 2, format_d2 },
	{ "d4", 4, format_d4 }, { "d8", 8, format_d8 },
	{ "u1", 1, format_u1 }, { "u2", 2, format_u2 },
	{ "u4", 4, format_u4 }, { "u8", 8, format_u8 },
	{ "x1", 1, format_x1 }, { "x2", 2, format_x2 },
	{ "x4", 4, format_x4 }, { "x8", 8, format_x8 },
	{ "f4", 4, format_f4 }, { "f8", 8, format_f8 },
	{ "c", 1, format_c }, { "a", 1, format_a }
};

const struct value_type *
find_value_type(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}
