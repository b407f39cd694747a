/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One JSON value, member by member.  Always valid, always UTF-8: what is not
 * becomes U+FFFD, byte by byte.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

#define NAME_MOST 64

static void
flush(struct json *json)
{
	write_output(json->file, json->text, json->used);
	json->used = 0;
}

static void
put(struct json *json, const char *bytes, size_t length)
{
	size_t part;

	for (; length > 0; bytes += part, length -= part) {
		if (json->used == sizeof(json->text))
			flush(json);
		part = sizeof(json->text) - json->used;
		if (part > length)
			part = length;
		memcpy(json->text + json->used, bytes, part);
		json->used += part;
	}
}

/* Begins a member and returns a place for its value, of SHORT_TEXT bytes. */
static inline char *
begin_member(struct json *json, const char *name)
{
	char *p;

	if (NAME_MOST + SHORT_TEXT > sizeof(json->text) - json->used)
		flush(json);
	p = json->text + json->used;
	if (json->comma_due) {
		*p++ = ',';
		*p++ = ' ';
	}
	json->comma_due = true;
	if (name != NULL) {
		*p++ = '"';
		while (*name != '\0')
			*p++ = *name++;
		*p++ = '"';
		*p++ = ':';
		*p++ = ' ';
	}
	return p;
}

static inline void
end_member(struct json *json, const char *end)
{
	json->used = (size_t)(end - json->text);
}

void
json_open(struct json *json, const char *name, char bracket)
{
	char *p = begin_member(json, name);

	*p = bracket;
	end_member(json, p + 1);
	json->comma_due = false;
}

void
json_close(struct json *json, char bracket)
{
	put(json, &bracket, 1);
	json->comma_due = true;
}

void
json_end(struct json *json)
{
	put(json, "\n", 1);
	flush(json);
	json->comma_due = false;
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

/* Counts the bytes at the beginning that need no escape: mostly all. */
static size_t
plain_length(const char *text)
{
	static const bool plain[256] = {
		[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true
	};
	size_t n = 0;

	while (plain[(unsigned char)text[n]])
		n++;
	return n;
}

static uint32_t
utf8_character(const unsigned char *text, size_t length)
{
	uint32_t c = length == 1 ? text[0] : text[0] & (0x7fu >> length);
	size_t i;

	for (i = 1; i < length; i++)
		c = c << 6 | (text[i] & 0x3fu);
	return c;
}

static void
put_escape(struct json *json, uint32_t code_unit)
{
	char text[SHORT_TEXT] = "\\u";

	put(json, text, 2 + digits(text + 2, code_unit, 16, 4));
}

/* A terminal may act on control characters, those of U+0080 to U+009F too. */
static bool
needs_escape(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || is_hidden_character(c);
}

/* Puts the first character of text and returns its length.  Characters above
 * U+FFFF are escaped as a surrogate pair. */
static size_t
put_special(struct json *json, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t length = utf8_length(p);
	uint32_t c;

	if (length == 0) {
		put(json, "\xef\xbf\xbd", 3);
		return 1;
	}
	c = utf8_character(p, length);
	if (!needs_escape(c)) {
		if (c == '"' || c == '\\')
			put(json, "\\", 1);
		put(json, text, length);
	} else if (c > 0xffff) {
		put_escape(json, 0xd800 + ((c - 0x10000) >> 10));
		put_escape(json, 0xdc00 + (c & 0x3ff));
	} else
		put_escape(json, c);
	return length;
}

void
json_text(struct json *json, const char *name, const char *text)
{
	size_t length;
	char *p;

	if (text == NULL) {
		json_null(json, name);
		return;
	}
	p = begin_member(json, name);
	length = plain_length(text);
	*p++ = '"';
	if (length <= SHORT_TEXT - 2 && text[length] == '\0') {
		p = mempcpy(p, text, length);
		*p++ = '"';
		end_member(json, p);
		return;
	}
	end_member(json, p);
	for (; *text != '\0'; length = plain_length(text)) {
		put(json, text, length);
		text += length;
		if (*text != '\0')
			text += put_special(json, text);
	}
	put(json, "\"", 1);
}

bool
is_utf8(const char *text)
{
	size_t length;

	for (; *text != '\0'; text += length) {
		length = utf8_length((const unsigned char *)text);
		if (length == 0)
			return false;
	}
	return true;
}

void
json_hex(struct json *json, const char *name, const char *bytes)
{
	char hex[SHORT_TEXT];

	end_member(json, begin_member(json, name));
	put(json, "\"", 1);
	for (; *bytes != '\0'; bytes++)
		put(json, hex, digits(hex, (unsigned char)*bytes, 16, 2));
	put(json, "\"", 1);
}

void
json_number(struct json *json, const char *name, uint64_t number)
{
	char *p = begin_member(json, name);

	end_member(json, p + digits(p, number, 10, 1));
}

void
json_known(struct json *json, const char *name, bool known, uint64_t number)
{
	if (known)
		json_number(json, name, number);
	else
		json_null(json, name);
}

void
json_signed(struct json *json, const char *name, int64_t number)
{
	char *p = begin_member(json, name);

	if (number < 0)
		*p++ = '-';
	end_member(json, p + digits(p, number < 0 ? -(uint64_t)number :
	    (uint64_t)number, 10, 1));
}

void
json_tenths(struct json *json, const char *name, uint64_t tenths)
{
	char *p = begin_member(json, name);

	p += digits(p, tenths / 10, 10, 1);
	*p++ = '.';
	end_member(json, p + digits(p, tenths % 10, 10, 1));
}

void
json_bool(struct json *json, const char *name, bool value)
{
	char *p = begin_member(json, name);

	end_member(json, stpcpy(p, value ? "true" : "false"));
}

void
json_null(struct json *json, const char *name)
{
	char *p = begin_member(json, name);

	end_member(json, mempcpy(p, "null", 4));
}

void
json_key(struct json *json, uint32_t key)
{
	char text[SHORT_TEXT] = "0x";

	json_number(json, "key", key);
	digits(text + 2, key, 16, 8);
	json_text(json, "key_hex", text);
}
