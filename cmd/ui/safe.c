/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Untrusted bytes made safe for a terminal.
 */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vis.h>
#include <wchar.h>
#include <wctype.h>

#include "ui/safe.h"

bool
is_plain(const char *src)
{
	for (; *src != '\0'; src++)
		if (*src < ' ' || *src > '~' || *src == '\\')
			return false;
	return true;
}

bool
is_hidden_character(uint32_t c)
{
	/* The characters that Unicode calls Default_Ignorable_Code_Point,
	 * line and paragraph separator, and the interlinear annotations. */
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c },
		{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c <= ranges[i].last)
			return c >= ranges[i].first;
	return false;
}

/* Whether vis(3) shows all of src well.  It passes on hidden characters, and
 * bytes that are not characters of this locale; of characters that cannot be
 * printed it shows other bytes than theirs. */
static bool
is_fit_for_vis(const char *src)
{
	wchar_t wide;
	int length;

	for (; *src != '\0'; src += length) {
		length = mbtowc(&wide, src, MB_CUR_MAX);
		if (length < 1 || is_hidden_character((uint32_t)wide) ||
		    (length > 1 && !iswprint((wint_t)wide)))
			return false;
	}
	return true;
}

char *
safe_copy(const char *src)
{
	static bool has_locale;
	int flags = VIS_CSTYLE | VIS_NL | VIS_TAB;
	char *safe;

	if (is_plain(src))
		return strdup(src);
	/* vis(3) knows letters beyond ASCII by the locale, which costs time to
	 * load and is worth it only for those. */
	if (!has_locale)
		setlocale(LC_CTYPE, "");
	has_locale = true;
	if (!is_fit_for_vis(src))
		flags |= VIS_NOLOCALE;
	/* Where memory is exhausted, stravis(3) may return freed memory, and
	 * strvis(3) an empty string.  No byte becomes more than four. */
	safe = reallocarray(NULL, strlen(src) + 1, 4);
	if (safe != NULL && strvis(safe, src, flags) < 1) {
		free(safe);
		safe = NULL;
	}
	return safe;
}

void
print_safe(FILE *out, const char *text)
{
	char *safe;

	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	safe = safe_copy(text);
	fputs(safe != NULL ? safe : "?", out);
	free(safe);
}

void
print_bare(const char *text)
{
	if (isatty(STDOUT_FILENO))
		print_safe(stdout, text);
	else
		fputs(text, stdout);
}

size_t
text_width(const char *text)
{
	size_t width = 0;
	wchar_t wide;
	int length, columns;

	for (; *text != '\0'; text += length < 1 ? 1 : length) {
		length = (unsigned char)*text < 0x80 ? 1 :
		    mbtowc(&wide, text, MB_CUR_MAX);
		columns = length <= 1 ? 1 : wcwidth(wide);
		width += columns < 0 ? 1 : (size_t)columns;
	}
	return width;
}
