/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The JSON writer: strings of any bytes come out as valid UTF-8 in quotes,
 * by a strict reader of its own.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

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
string(const unsigned char *p)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json json = { 0 };
	char *text, *written;
	const unsigned char *p;
	size_t length;

	text = malloc(size + 1);
	json.out.file = open_memstream(&written, &length);
	if (text == NULL || json.out.file == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	json_open(&json, NULL, '{');
	json_text(&json, "name", text);
	json_close(&json, '}');
	json_end(&json);
	fclose(json.out.file);
	p = string((const unsigned char *)written + 1);
	if (written[0] != '{' || strncmp((const char *)p, ": ", 2) != 0 ||
	    strcmp((const char *)string(p + 2), "}\n") != 0)
		abort();
	free(written);
	free(text);
	return 0;
}
