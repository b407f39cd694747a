/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One JSON value, member by member.  Always valid, always UTF-8: what is not
 * becomes U+FFFD, byte by byte.
 */

#include <inttypes.h>
#include <string.h>

#include "cmd.h"

static void json_string(FILE *out, const char *text);

static void
member(struct json *json, const char *name)
{
	if (json->inside)
		fputs(", ", json->out);
	json->inside = true;
	if (name != NULL) {
		json_string(json->out, name);
		fputs(": ", json->out);
	}
}

void
json_open(struct json *json, const char *name, char bracket)
{
	member(json, name);
	putc(bracket, json->out);
	json->inside = false;
}

void
json_close(struct json *json, char bracket)
{
	putc(bracket, json->out);
	json->inside = true;
}

void
json_end(struct json *json)
{
	putc('\n', json->out);
	json->inside = false;
}

/* Length of the well-formed UTF-8 character at text, 0 where there is none
 * (RFC 3629: no overlong forms, no surrogates, none above U+10FFFF). */
static size_t
utf8_length(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length, i;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		length = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < length; i++, low = 0x80, high = 0xbf)
		if (text[i] < low || text[i] > high)
			return 0;
	return length;
}

/* Bytes that stand in a string as they are: most of them, in long runs. */
static size_t
plain_length(const unsigned char *text)
{
	size_t n = 0;

	while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' &&
	    text[n] != '\\')
		n++;
	return n;
}

/* Control characters are escaped, those of U+0080 to U+009F too: a terminal
 * may act on them. */
static size_t
json_special(FILE *out, const unsigned char *text)
{
	size_t length = utf8_length(text);

	if (length == 0) {
		fputs("\xef\xbf\xbd", out);
		return 1;
	}
	if (*text == '"' || *text == '\\')
		fprintf(out, "\\%c", *text);
	else if (length == 1)
		fprintf(out, "\\u%04x", *text);
	else if (text[0] == 0xc2 && text[1] < 0xa0)
		fprintf(out, "\\u%04x", text[1]);
	else
		fwrite(text, 1, length, out);
	return length;
}

static void
json_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t length;

	putc('"', out);
	while (*p != '\0') {
		length = plain_length(p);
		fwrite(p, 1, length, out);
		p += length;
		if (*p != '\0')
			p += json_special(out, p);
	}
	putc('"', out);
}

void
json_text(struct json *json, const char *name, const char *text)
{
	member(json, name);
	json_string(json->out, text);
}

void
json_number(struct json *json, const char *name, uint64_t number)
{
	member(json, name);
	fprintf(json->out, "%" PRIu64, number);
}

void
json_signed(struct json *json, const char *name, int64_t number)
{
	member(json, name);
	fprintf(json->out, "%" PRId64, number);
}

void
json_tenths(struct json *json, const char *name, uint64_t tenths)
{
	member(json, name);
	fprintf(json->out, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

void
json_bool(struct json *json, const char *name, bool value)
{
	member(json, name);
	fputs(value ? "true" : "false", json->out);
}

void
json_null(struct json *json, const char *name)
{
	member(json, name);
	fputs("null", json->out);
}

void
json_key(struct json *json, uint32_t key)
{
	json_number(json, "key", key);
	member(json, "key_hex");
	fprintf(json->out, "\"0x%08" PRIx32 "\"", key);
}
