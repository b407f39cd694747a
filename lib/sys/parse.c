/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Text to numbers: ids, keys, sizes, offsets, durations, modes.  The whole
 * string or an error; never a wrap, a clamp or a guess.
 */

#include <sys/ipc.h>

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/parse.h"

/* The value of a digit of any base up to 16, or 16. */
static unsigned
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

int
shmt__digits(const char **text, unsigned base, uint64_t max, uint64_t *number)
{
	const char *p = *text;
	uint64_t n = 0;
	unsigned d;

	/* Not by a division for each digit: this reads thousands of lines. */
	for (; (d = digit_value(*p)) < base; p++)
		if (__builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)d, &n))
			return shmt__fail(ERANGE);
	if (p == *text || n > max)
		return shmt__fail(p == *text ? EINVAL : ERANGE);
	*text = p;
	*number = n;
	return 0;
}

bool
shmt__is_hex(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

/* Parses all of a text. */
static int
parse_all(const char *text, unsigned base, uint64_t max, uint64_t *number)
{
	uint64_t n;

	if (shmt__digits(&text, base, max, &n) == -1)
		return -1;
	if (*text != '\0')
		return shmt__fail(EINVAL);
	*number = n;
	return 0;
}

int
shmt__parse_c_number(const char *text, uint64_t max, uint64_t *number)
{
	if (shmt__is_hex(text))
		return parse_all(text + 2, 16, max, number);
	return parse_all(text, text[0] == '0' && text[1] != '\0' ? 8 : 10, max,
	    number);
}

int
shmt_parse_number(const char *text, uint64_t max, uint64_t *number)
{
	return parse_all(text, 10, max, number);
}

int
shmt_parse_key(const char *text, uint32_t *key)
{
	uint64_t n;

	if (text[0] == '-') {
		if (shmt__parse_c_number(text + 1, (uint64_t)INT_MAX + 1,
		    &n) == -1)
			return -1;
		n = -n;
	} else if (shmt__parse_c_number(text, UINT32_MAX, &n) == -1)
		return -1;
	if (n == 0)
		return shmt__fail(ERANGE);
	*key = (uint32_t)n;
	return 0;
}

/* PROJ of an ftok operand: a number from 1 to 255, or one character. */
static int
parse_proj(const char *text, int *proj)
{
	uint64_t n;

	if (isdigit((unsigned char)text[0])) {
		if (shmt_parse_number(text, 255, &n) == -1)
			return -1;
		if (n == 0)
			return shmt__fail(ERANGE);
		*proj = (int)n;
	} else if (text[0] != '\0' && text[1] == '\0')
		*proj = (unsigned char)text[0];
	else
		return shmt__fail(EINVAL);
	return 0;
}

int
shmt_parse_ftok(const char *text, uint32_t *key)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
	char path[PATH_MAX];
	int proj = 1;
	key_t k;

	if (length == 0)
		return shmt__fail(EINVAL);
	if (length >= sizeof(path))
		return shmt__fail(ENAMETOOLONG);
	if (colon != NULL && parse_proj(colon + 1, &proj) == -1)
		return -1;
	memcpy(path, text, length);
	path[length] = '\0';
	/* Never key 0, for the project is a part of it; but it may be -1. */
	errno = 0;
	k = ftok(path, proj);
	if (k == -1 && errno != 0)
		return -1;
	*key = (uint32_t)k;
	return 0;
}

/* The factor that a suffix means, or 0 where it is none. */
static uint64_t
parse_suffix(const char *text)
{
	static const char letters[] = "KMGTPE";
	const char *at;
	uint64_t factor = 1, step;

	if (*text == '\0')
		return 1;
	at = strchr(letters, toupper((unsigned char)*text));
	if (at == NULL)
		return 0;
	if (text[1] == '\0' || strcmp(text + 1, "iB") == 0)
		step = 1024;
	else if (strcmp(text + 1, "B") == 0)
		step = 1000;
	else
		return 0;
	for (; at >= letters; at--)
		factor *= step;
	return factor;
}

struct decimal {
	uint64_t whole;
	const char *decimals;	/* its digits after a point, and how many */
	size_t count;
};

/* Digits, with or without a fraction after a point. */
static int
parse_decimal(const char **text, struct decimal *d)
{
	*d = (struct decimal){ 0 };
	if (shmt__digits(text, 10, UINT64_MAX, &d->whole) == -1)
		return -1;
	if (**text != '.')
		return 0;
	d->decimals = ++*text;
	d->count = strspn(*text, "0123456789");
	*text += d->count;
	return d->count > 0 ? 0 : shmt__fail(EINVAL);
}

/* d times factor, which is at most 2^60; a fraction of the product is
 * dropped. */
static int
multiply(const struct decimal *d, uint64_t factor, uint64_t *product)
{
	uint64_t rest = 0;
	size_t i;

	/* The last digit first: a fraction dropped on the way is less than one
	 * unit of the digit before. */
	for (i = d->count; i-- > 0;)
		rest = ((uint64_t)(d->decimals[i] - '0') * factor + rest) / 10;
	if (d->whole > (UINT64_MAX - rest) / factor)
		return shmt__fail(ERANGE);
	*product = d->whole * factor + rest;
	return 0;
}

int
shmt_parse_size(const char *text, uint64_t *size)
{
	struct decimal d;
	uint64_t factor;

	if (parse_decimal(&text, &d) == -1)
		return -1;
	factor = parse_suffix(text);
	if (factor == 0 || (factor == 1 && d.count > 0))
		return shmt__fail(EINVAL);
	return multiply(&d, factor, size);
}

int
shmt_parse_offset(const char *text, uint64_t *offset)
{
	if (shmt__is_hex(text))
		return shmt__parse_c_number(text, UINT64_MAX, offset);
	return shmt_parse_size(text, offset);
}

int
shmt_parse_duration(const char *text, uint64_t *milliseconds)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 }, { "w", 604800 }
	};
	struct decimal d;
	size_t i;

	if (parse_decimal(&text, &d) == -1)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, text) == 0)
			return multiply(&d, units[i].seconds * 1000,
			    milliseconds);
	return shmt__fail(EINVAL);
}

int
shmt_parse_mode(const char *text, unsigned base, unsigned *mode)
{
	unsigned result;
	void *set;

	set = setmode(text);
	if (set == NULL)
		return shmt__fail(errno == ENOMEM ? ENOMEM : EINVAL);
	result = getmode(set, base);
	free(set);
	if ((result & ~0777u) != 0)
		return shmt__fail(ERANGE);
	*mode = result;
	return 0;
}
