/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints contents: hexadecimal as hexdump -C does, text, and values of a type,
 * one per line.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/dump.h"
#include "read/values.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"

#define HEX_COLUMN(i) (3 * (i) + ((i) >= DUMP_LINE / 2))

/* An offset, the bytes in hexadecimal, and as characters. */
#define HEX_LINE_MAX (16 + 2 + HEX_COLUMN(DUMP_LINE) + 1 + DUMP_LINE + 3)

/* Escape sequences before and after changed bytes on a terminal. */
#define CHANGED_COLOR "\033[1;31m"
#define RESET_COLOR "\033[0m"

static const unsigned char zeros[4096];

static char
as_character(unsigned char byte)
{
	return byte >= ' ' && byte <= '~' ? (char)byte : '.';
}

/* Returns its length. */
static size_t
format_line(char line[static HEX_LINE_MAX], uint64_t offset,
    const unsigned char *bytes, size_t length)
{
	char *p, *characters;
	size_t i;

	p = format_offset(line, offset);
	memset(p, ' ', 2 + HEX_COLUMN(DUMP_LINE) + 1);
	p += 2;
	characters = p + HEX_COLUMN(DUMP_LINE) + 1;
	*characters++ = '|';
	for (i = 0; i < length; i++) {
		format_hex(p + HEX_COLUMN(i), bytes[i]);
		*characters++ = as_character(bytes[i]);
	}
	*characters++ = '|';
	*characters++ = '\n';
	return (size_t)(characters - line);
}

/* As hexdump(1): prints one "*" for lines that repeat the one before, except a
 * shorter last line. */
static void
add_line(struct dump *dump, const unsigned char *bytes, size_t length)
{
	char line[HEX_LINE_MAX];

	if (dump->has_line && length == DUMP_LINE &&
	    memcmp(bytes, dump->line, DUMP_LINE) == 0) {
		if (!dump->folded)
			fputs_unlocked("*\n", dump->out);
		dump->folded = true;
		return;
	}
	fwrite_unlocked(line, 1, format_line(line, dump->offset, bytes, length),
	    dump->out);
	memcpy(dump->line, bytes, length);
	dump->has_line = true;
	dump->folded = false;
}

/* Collects values in a buffer: a stdio(3) call for each value would take 50 %
 * longer. */
static void
add_values(struct dump *dump, const unsigned char *bytes, size_t length)
{
	const struct value_type *type = dump->type;
	size_t i, before = dump->prefix != NULL ? strlen(dump->prefix) : 0;
	char text[8192], *p = text;

	for (i = 0; i < length; i += type->width) {
		if (before > 0)
			p = mempcpy(p, dump->prefix, before);
		if (dump->offsets) {
			p = format_offset(p, dump->offset);
			*p++ = ' ';
		}
		p = type->format(p, bytes + i);
		*p++ = '\n';
		dump->offset += type->width;
		if ((size_t)(text + sizeof(text) - p) < before + 17 +
		    VALUE_TEXT_MAX + 1) {
			fwrite_unlocked(text, 1, (size_t)(p - text),
			    dump->out);
			p = text;
		}
	}
	fwrite_unlocked(text, 1, (size_t)(p - text), dump->out);
}

/* Adds bytes whose number is a multiple of DUMP_LINE. */
static void
add_whole(struct dump *dump, const unsigned char *bytes, size_t length)
{
	size_t i;

	if (dump->form == DUMP_TYPED)
		add_values(dump, bytes, length);
	else
		for (i = 0; i < length; i += DUMP_LINE) {
			add_line(dump, bytes + i, DUMP_LINE);
			dump->offset += DUMP_LINE;
		}
}

/* Collects bytes until they are a whole line; returns how many it used. */
static size_t
complete_part(struct dump *dump, const unsigned char *bytes, size_t length)
{
	size_t n = DUMP_LINE - dump->part_length;

	if (n > length)
		n = length;
	memcpy(dump->part + dump->part_length, bytes, n);
	dump->part_length += n;
	if (dump->part_length == DUMP_LINE) {
		dump->part_length = 0;
		add_whole(dump, dump->part, DUMP_LINE);
	}
	return n;
}

static void
add_in_lines(struct dump *dump, const unsigned char *bytes, size_t length)
{
	size_t n;

	if (dump->part_length > 0) {
		n = complete_part(dump, bytes, length);
		bytes += n;
		length -= n;
	}
	n = length - length % DUMP_LINE;
	add_whole(dump, bytes, n);
	complete_part(dump, bytes + n, length - n);
}

/* Prints lines as vis(3) encodes them, safe for a terminal. */
static void
print_safe_text(FILE *out, const char *text, size_t length)
{
	const char *end;
	char *line;
	size_t n;

	for (; length > 0; text += n, length -= n) {
		end = memchr(text, '\n', length);
		n = end != NULL ? (size_t)(end - text) : length;
		line = check_memory(strndup(text, n));
		print_safe(out, line);
		free(line);
		if (end != NULL) {
			putc_unlocked('\n', out);
			n++;
		}
	}
}

/* Counts the bytes at the end that begin a character of UTF-8 without
 * completing it. */
static size_t
count_unfinished(const char *text, size_t length)
{
	static const unsigned char first[] = { 0, 0xc0, 0xe0, 0xf0 };
	size_t n;

	for (n = 1; n <= 3 && n <= length; n++)
		if (((unsigned char)text[length - n] & 0xc0) != 0x80)
			return (unsigned char)text[length - n] >= first[n] ?
			    n : 0;
	return 0;
}

static void
print_text(struct dump *dump, const char *text, size_t length)
{
	size_t rest = dump->ended ? 0 : count_unfinished(text, length);

	print_safe_text(dump->out, text, length - rest);
	memcpy(dump->part, text + length - rest, rest);
	dump->part_length = rest;
}

/* Keeps the bytes of an incomplete character at the end until its rest has
 * come. */
static void
add_safe_text(struct dump *dump, const char *text, size_t length)
{
	size_t held = dump->part_length;
	char *joined;

	if (held == 0) {
		print_text(dump, text, length);
		return;
	}
	joined = check_memory(malloc(held + length));
	memcpy(joined, dump->part, held);
	memcpy(joined + held, text, length);
	print_text(dump, joined, held + length);
	free(joined);
}

static void
add_text(struct dump *dump, const char *text, size_t length)
{
	size_t n = strnlen(text, length);

	if (dump->ended)
		return;
	dump->ended = n < length;
	if (n > 0)
		dump->newline_last = text[n - 1] == '\n';
	if (dump->safe)
		add_safe_text(dump, text, n);
	else
		fwrite_unlocked(text, 1, n, dump->out);
}

void
dump_bytes(struct dump *dump, const unsigned char *bytes, size_t length)
{
	switch (dump->form) {
	case DUMP_RAW:
		fwrite_unlocked(bytes, 1, length, dump->out);
		break;
	case DUMP_TEXT:
		add_text(dump, (const char *)bytes, length);
		break;
	case DUMP_HEX:
	case DUMP_TYPED:
		add_in_lines(dump, bytes, length);
	}
}

/* Stops where a signal ends the command: values of a long hole take a while. */
static void
add_zeros(struct dump *dump, uint64_t length)
{
	size_t n;

	for (; length > 0 && caught_signal() == 0; length -= n) {
		n = length < sizeof(zeros) ? (size_t)length : sizeof(zeros);
		dump_bytes(dump, zeros, n);
	}
}

/* All lines of a hole are equal, so two of them suffice to print "*". */
void
dump_hole(struct dump *dump, uint64_t length)
{
	size_t head = DUMP_LINE - dump->part_length + DUMP_LINE;
	uint64_t skipped;

	if (dump->form == DUMP_TEXT) {
		dump_bytes(dump, zeros, 1);
		return;
	}
	if (dump->form != DUMP_HEX || length <= head + DUMP_LINE) {
		add_zeros(dump, length);
		return;
	}
	add_zeros(dump, head + DUMP_LINE);
	skipped = (length - head - DUMP_LINE) / DUMP_LINE * DUMP_LINE;
	dump->offset += skipped;
	add_zeros(dump, length - head - DUMP_LINE - skipped);
}

/* Prints the last incomplete line, and the end of a hex dump or of text. A
 * newline is added to text that does not end with one. */
void
dump_end(struct dump *dump)
{
	size_t length = dump->part_length;

	dump->part_length = 0;
	if (dump->form == DUMP_TEXT) {
		dump->ended = true;
		print_text(dump, (const char *)dump->part, length);
		if (!dump->newline_last)
			putc_unlocked('\n', dump->out);
	} else if (dump->form == DUMP_TYPED) {
		add_values(dump, dump->part, length);
	} else if (dump->form == DUMP_HEX) {
		if (length > 0)
			add_line(dump, dump->part, length);
		dump->offset += length;
		if (dump->has_line)
			fprintf(dump->out, "%08jx\n",
			    (uintmax_t)dump->offset);
	}
}

/*
 * Changes
 */

/* A line of a hex dump, its changed bytes in color or with carets below. */
static void
print_changed_line(const struct dump *dump, uint64_t offset,
    const unsigned char *now, const unsigned char *before, size_t length)
{
	char line[HEX_LINE_MAX], marks[HEX_LINE_MAX];
	const size_t n = format_line(line, offset, now, length);
	const size_t text = n - length - 2;
	const size_t hex = text - HEX_COLUMN(DUMP_LINE) - 2;
	size_t i, end = 0;

	memset(marks, ' ', n);
	for (i = 0; i < length; i++)
		if (now[i] != before[i]) {
			memset(marks + hex + HEX_COLUMN(i), '^', 2);
			marks[text + i] = '^';
			end = hex + HEX_COLUMN(i) + 2;
		}
	if (!dump->color) {
		fwrite_unlocked(line, 1, n, dump->out);
		fprintf(dump->out, "%.*s\n", (int)end, marks);
		return;
	}
	for (i = 0; i < n; i++) {
		/* The first place is the offset's, and has no mark. */
		if (i > 0 && marks[i] != marks[i - 1])
			fputs(marks[i] == '^' ? CHANGED_COLOR : RESET_COLOR,
			    dump->out);
		putc_unlocked(line[i], dump->out);
	}
}

static void
print_changed_value(const struct dump *dump, uint64_t offset,
    const unsigned char *bytes)
{
	char text[VALUE_TEXT_MAX];
	char *end = dump->type->format(text, bytes);

	fprintf(dump->out, "%s%s", dump->color ? CHANGED_COLOR : "",
	    dump->prefix != NULL ? dump->prefix : "");
	if (dump->offsets)
		fprintf(dump->out, "%08jx ", (uintmax_t)offset);
	fprintf(dump->out, "%.*s%s\n", (int)(end - text), text,
	    dump->color ? RESET_COLOR : "");
}

void
dump_changes(const struct dump *dump, uint64_t offset,
    const unsigned char *now, const unsigned char *before, size_t length)
{
	size_t unit = dump->form == DUMP_TYPED ? dump->type->width : DUMP_LINE;
	size_t i, n;

	for (i = 0; i < length; i += unit) {
		n = length - i < unit ? length - i : unit;
		if (memcmp(now + i, before + i, n) == 0)
			continue;
		if (dump->form == DUMP_TYPED)
			print_changed_value(dump, offset + i, now + i);
		else
			print_changed_line(dump, offset + i, now + i,
			    before + i, n);
	}
}
