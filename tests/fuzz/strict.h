/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A strict reader of JSON (RFC 8259, UTF-8): it returns what follows a value,
 * and aborts where there is none.
 */

#ifndef STRICT_H
#define STRICT_H

#include <stdlib.h>
#include <string.h>

/* Bytes of one well-formed UTF-8 character, 0 if it is none. */
static size_t
character(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} forms[] = {
		{ 0x20, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 }
	};
	size_t i, n;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		if (forms[i].length > 1 &&
		    (p[1] < forms[i].low || p[1] > forms[i].high))
			return 0;
		for (n = 2; n < forms[i].length; n++)
			if ((p[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* The end of the string that begins at p. */
static const unsigned char *
strict_string(const unsigned char *p)
{
	size_t n;

	if (*p++ != '"')
		abort();
	while (*p != '"') {
		if (*p == '\\') {
			p++;
			if (*p == 'u' && strspn((const char *)p + 1,
			    "0123456789abcdefABCDEF") >= 4)
				p += 5;
			else if (*p != '\0' && strchr("\"\\/bfnrt", *p) != NULL)
				p++;
			else
				abort();
			continue;
		}
		n = character(p);
		if (n == 0)
			abort();
		p += n;
	}
	return p + 1;
}

static const unsigned char *
strict_digits(const unsigned char *p)
{
	if (*p < '0' || *p > '9')
		abort();
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

static const unsigned char *
strict_number(const unsigned char *p)
{
	p += *p == '-';
	p = *p == '0' ? p + 1 : strict_digits(p);
	if (*p == '.')
		p = strict_digits(p + 1);
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		p = strict_digits(p);
	}
	return p;
}

static const unsigned char *
strict_blanks(const unsigned char *p)
{
	return p + strspn((const char *)p, " \t\r\n");
}

static const unsigned char *strict_value(const unsigned char *p);

/* An object or an array, and whether names go before its values. */
static const unsigned char *
strict_members(const unsigned char *p, char end)
{
	p = strict_blanks(p + 1);
	if (*p == end)
		return p + 1;
	for (;; p = strict_blanks(p + 1)) {
		if (end == '}') {
			p = strict_blanks(strict_string(p));
			if (*p++ != ':')
				abort();
			p = strict_blanks(p);
		}
		p = strict_blanks(strict_value(p));
		if (*p == end)
			return p + 1;
		if (*p != ',')
			abort();
	}
}

static const unsigned char *
strict_value(const unsigned char *p)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp((const char *)p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	switch (*p) {
	case '{':
		return strict_members(p, '}');
	case '[':
		return strict_members(p, ']');
	case '"':
		return strict_string(p);
	default:
		return strict_number(p);
	}
}

#endif
