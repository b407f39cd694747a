/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contents for people: hexadecimal as hexdump -C prints it, text, and values
 * of a type as od(1) names and prints them.  Bytes come in pieces of any
 * length that is a multiple of 16, but for the last.
 */

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/dump.h"
#include "ui/text.h"

#define LINE 16			/* bytes in a line of a hex dump */
#define HEX_COLUMN(i) (3 * (i) + ((i) >= 8))

/* What a terminal shows changed bytes in, and how it goes back. */
#define CHANGED "\033[1;31m"
#define AS_BEFORE "\033[0m"

struct dump_type {
	const char *name;
	size_t width;
	void (*print)(FILE *out, const unsigned char *bytes);
};

/* Numbers in the machine's own byte order, at addresses of any alignment. */
#define INTEGER(function, type, format, as) \
static void \
function(FILE *out, const unsigned char *bytes) \
{ \
	type value; \
\
	memcpy(&value, bytes, sizeof(value)); \
	fprintf(out, format, (as)value); \
}

INTEGER(print_d1, int8_t, "%d", int)
INTEGER(print_d2, int16_t, "%d", int)
INTEGER(print_d4, int32_t, "%jd", intmax_t)
INTEGER(print_d8, int64_t, "%jd", intmax_t)
INTEGER(print_u1, uint8_t, "%u", unsigned)
INTEGER(print_u2, uint16_t, "%u", unsigned)
INTEGER(print_u4, uint32_t, "%ju", uintmax_t)
INTEGER(print_u8, uint64_t, "%ju", uintmax_t)
INTEGER(print_x1, uint8_t, "%02x", unsigned)
INTEGER(print_x2, uint16_t, "%04x", unsigned)
INTEGER(print_x4, uint32_t, "%08jx", uintmax_t)
INTEGER(print_x8, uint64_t, "%016jx", uintmax_t)

/* The shortest text that reads as the same number again. */
static void
print_f4(FILE *out, const unsigned char *bytes)
{
	char text[64];
	float value, again;
	int precision;

	memcpy(&value, bytes, sizeof(value));
	for (precision = 1; precision <= FLT_DECIMAL_DIG; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, (double)value);
		again = strtof(text, NULL);
		if (!islessgreater(again, value))
			break;
	}
	fputs(text, out);
}

static void
print_f8(FILE *out, const unsigned char *bytes)
{
	char text[64];
	double value, again;
	int precision;

	memcpy(&value, bytes, sizeof(value));
	for (precision = 1; precision <= DBL_DECIMAL_DIG; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, value);
		again = strtod(text, NULL);
		if (!islessgreater(again, value))
			break;
	}
	fputs(text, out);
}

static bool
is_printable(unsigned char byte)
{
	return byte >= ' ' && byte <= '~';
}

/* As C writes it, or three octal digits. */
static void
print_c(FILE *out, const unsigned char *bytes)
{
	static const char plain[] = "\0\a\b\f\n\r\t\v", escaped[] = "0abfnrtv";
	const char *p = memchr(plain, *bytes, sizeof(escaped) - 1);

	if (p != NULL)
		fprintf(out, "\\%c", escaped[p - plain]);
	else if (is_printable(*bytes))
		putc(*bytes, out);
	else
		fprintf(out, "%03o", *bytes);
}

/* The names of ASCII, without the highest bit. */
static void
print_a(FILE *out, const unsigned char *bytes)
{
	static const char names[][4] = {
		"nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel",
		"bs", "ht", "nl", "vt", "ff", "cr", "so", "si",
		"dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb",
		"can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp"
	};
	unsigned c = *bytes & 0x7fu;

	if (c < sizeof(names) / sizeof(names[0]))
		fputs(names[c], out);
	else if (c == 0x7f)
		fputs("del", out);
	else
		putc((int)c, out);
}

static const struct dump_type types[] = {
	{ "d1", 1, print_d1 }, { "d2", 2, print_d2 },
	{ "d4", 4, print_d4 }, { "d8", 8, print_d8 },
	{ "u1", 1, print_u1 }, { "u2", 2, print_u2 },
	{ "u4", 4, print_u4 }, { "u8", 8, print_u8 },
	{ "x1", 1, print_x1 }, { "x2", 2, print_x2 },
	{ "x4", 4, print_x4 }, { "x8", 8, print_x8 },
	{ "f4", 4, print_f4 }, { "f8", 8, print_f8 },
	{ "c", 1, print_c }, { "a", 1, print_a }
};

const struct dump_type *
find_dump_type(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

/*
 * One line of a hex dump.  Bytes that differ from before (NULL: none) are in
 * another colour, or have carets below them.
 */
struct line {
	const struct dump *dump;
	const unsigned char *now, *before;
	size_t length;
};

static bool
differs(const struct line *line, size_t i)
{
	return line->before != NULL && line->now[i] != line->before[i];
}

static void
put_byte(const struct line *line, size_t i, const char *text)
{
	bool colour = line->dump->colour && differs(line, i);

	fprintf(line->dump->out, "%s%s%s", colour ? CHANGED : "", text,
	    colour ? AS_BEFORE : "");
}

static void
put_marks(const struct line *line)
{
	char marks[HEX_COLUMN(LINE) + 1];
	size_t i, end = 0;

	memset(marks, ' ', sizeof(marks));
	for (i = 0; i < line->length; i++)
		if (differs(line, i)) {
			memset(marks + HEX_COLUMN(i), '^', 2);
			end = HEX_COLUMN(i) + 2;
		}
	if (end > 0)
		fprintf(line->dump->out, "%10s%.*s\n", "", (int)end, marks);
}

static void
put_line(const struct line *line, uint64_t offset)
{
	FILE *out = line->dump->out;
	char text[3] = { 0 };
	size_t i;

	fprintf(out, "%08jx  ", (uintmax_t)offset);
	for (i = 0; i < line->length; i++) {
		text[0] = "0123456789abcdef"[line->now[i] >> 4];
		text[1] = "0123456789abcdef"[line->now[i] & 0xf];
		put_byte(line, i, text);
		fputs(i == 7 ? "  " : " ", out);
	}
	fprintf(out, "%*s|", (int)(HEX_COLUMN(LINE) + 1 -
	    HEX_COLUMN(line->length)), "");
	text[1] = '\0';
	for (i = 0; i < line->length; i++) {
		text[0] = is_printable(line->now[i]) ? (char)line->now[i] :
		    '.';
		put_byte(line, i, text);
	}
	fputs("|\n", out);
	if (!line->dump->colour)
		put_marks(line);
}

/* As hexdump(1): lines that repeat the one before show as one "*" for all,
 * but for a last one that is shorter. */
static void
dump_hex(struct dump *dump, uint64_t offset, const unsigned char *bytes,
    size_t length)
{
	struct line line = { .dump = dump };
	size_t i;

	for (i = 0; i < length; i += LINE) {
		line.now = bytes + i;
		line.length = length - i < LINE ? length - i : LINE;
		if (dump->has_line && line.length == LINE &&
		    memcmp(line.now, dump->line, line.length) == 0) {
			if (!dump->folded)
				fputs("*\n", dump->out);
			dump->folded = true;
			continue;
		}
		put_line(&line, offset + i);
		memcpy(dump->line, line.now, line.length);
		dump->has_line = true;
		dump->folded = false;
	}
}

/* For a terminal line by line, as vis(3) makes them safe. */
static void
put_safe(FILE *out, const char *text, size_t length)
{
	char *line, *safe;
	const char *end;
	size_t n;

	for (; length > 0; text += n, length -= n) {
		end = memchr(text, '\n', length);
		n = end != NULL ? (size_t)(end - text) : length;
		line = strndup(text, n);
		safe = line != NULL ? safe_copy(line) : NULL;
		fputs(safe != NULL ? safe : "?", out);
		free(safe);
		free(line);
		if (end != NULL) {
			putc('\n', out);
			n++;
		}
	}
}

static void
put_text(struct dump *dump, const char *text, size_t length)
{
	if (length > 0)
		dump->open_line = text[length - 1] != '\n';
	if (dump->safe)
		put_safe(dump->out, text, length);
	else
		fwrite(text, 1, length, dump->out);
}

static void
put_value(const struct dump *dump, uint64_t offset, const unsigned char *bytes,
    size_t length)
{
	unsigned char value[8] = { 0 };

	/* A value that the end cuts off continues with zeros, as in od(1). */
	memcpy(value, bytes, length < dump->type->width ? length :
	    dump->type->width);
	if (dump->offsets)
		fprintf(dump->out, "%08jx ", (uintmax_t)offset);
	dump->type->print(dump->out, value);
}

bool
dump_bytes(struct dump *dump, uint64_t offset, const unsigned char *bytes,
    size_t length)
{
	size_t i, n;

	switch (dump->form) {
	case DUMP_RAW:
		fwrite(bytes, 1, length, dump->out);
		return true;
	case DUMP_HEX:
		dump_hex(dump, offset, bytes, length);
		return true;
	case DUMP_TEXT:
		n = strnlen((const char *)bytes, length);
		put_text(dump, (const char *)bytes, n);
		return n == length;
	case DUMP_TYPED:
		for (i = 0; i < length; i += dump->type->width) {
			put_value(dump, offset + i, bytes + i, length - i);
			putc('\n', dump->out);
		}
	}
	return true;
}

void
dump_end(struct dump *dump, uint64_t offset)
{
	if (dump->form == DUMP_HEX && dump->has_line)
		fprintf(dump->out, "%08jx\n", (uintmax_t)offset);
	if (dump->form == DUMP_TEXT && dump->open_line)
		putc('\n', dump->out);
	dump->has_line = dump->folded = dump->open_line = false;
}

static void
changed_values(const struct dump *dump, uint64_t offset,
    const unsigned char *now, const unsigned char *before, size_t length)
{
	size_t i, n, width = dump->type->width;
	struct dump one = *dump;

	/* Which one it is must be seen where there are several. */
	one.offsets = dump->offsets || length > width;
	for (i = 0; i < length; i += width) {
		n = length - i < width ? length - i : width;
		if (memcmp(now + i, before + i, n) == 0)
			continue;
		if (dump->colour)
			fputs(CHANGED, dump->out);
		put_value(&one, offset + i, now + i, n);
		fputs(dump->colour ? AS_BEFORE "\n" :
		    length > width ? " *\n" : "\n", dump->out);
	}
}

void
dump_changes(struct dump *dump, uint64_t offset, const unsigned char *now,
    const unsigned char *before, size_t length)
{
	struct line line = { .dump = dump };
	size_t i;

	if (dump->form == DUMP_TYPED) {
		changed_values(dump, offset, now, before, length);
	} else if (dump->form == DUMP_HEX) {
		for (i = 0; i < length; i += LINE) {
			line.now = now + i;
			line.before = before + i;
			line.length = length - i < LINE ? length - i : LINE;
			if (memcmp(line.now, line.before, line.length) != 0)
				put_line(&line, offset + i);
		}
	} else {
		dump_bytes(dump, offset, now, length);
		dump_end(dump, offset + length);
	}
}
