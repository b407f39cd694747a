/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Bytes for people: names made safe for a terminal, sizes, times, users.
 */

#include <sys/queue.h>

#include <errno.h>
#include <grp.h>
#include <locale.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vis.h>
#include <wchar.h>
#include <wctype.h>

#include "ui/message.h"
#include "ui/text.h"

bool
is_plain(const char *src)
{
	for (; *src != '\0'; src++)
		if (*src < ' ' || *src > '~' || *src == '\\')
			return false;
	return true;
}

/* vis(3) knows letters beyond ASCII by the locale, which costs time to load
 * and is worth it only for those. */
static void
load_locale(void)
{
	static bool loaded;

	if (!loaded)
		setlocale(LC_CTYPE, "");
	loaded = true;
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
 * bytes that are no characters of this locale; of characters that cannot be
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
	int flags = VIS_CSTYLE | VIS_NL | VIS_TAB;
	char *safe;

	if (is_plain(src))
		return strdup(src);
	load_locale();
	if (!is_fit_for_vis(src))
		flags |= VIS_NOLOCALE;
	/* Where memory ends, stravis(3) may return what it has freed, and
	 * strvis(3) nothing of something.  No byte becomes more than four. */
	safe = reallocarray(NULL, strlen(src) + 1, 4);
	if (safe != NULL && strvis(safe, src, flags) < 1) {
		free(safe);
		safe = NULL;
	}
	return safe;
}

void
print_safe(const char *text)
{
	char *safe;

	if (is_plain(text)) {
		fputs(text, stdout);
		return;
	}
	safe = safe_copy(text);
	fputs(safe != NULL ? safe : "?", stdout);
	free(safe);
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

/* Dividing by a number that is not constant takes far longer. */
static size_t
decimal_digits(char *text, uint64_t number)
{
	uint64_t rest = number;
	size_t n = 1, i;

	for (; rest > 9; rest /= 10)
		n++;
	text[n] = '\0';
	for (i = n; i > 0; number /= 10)
		text[--i] = (char)('0' + number % 10);
	return n;
}

size_t
digits(char *text, uint64_t number, unsigned base, unsigned least)
{
	const unsigned shift = base == 16 ? 4 : 3;
	uint64_t rest = number;
	size_t n = 1, i;

	if (base == 10)
		return decimal_digits(text, number);
	for (; rest >= base; rest >>= shift)
		n++;
	if (n < least)
		n = least;
	text[n] = '\0';
	for (i = n; i > 0; number >>= shift)
		text[--i] = "0123456789abcdef"[number & (base - 1)];
	return n;
}

const char *
plural(uint64_t count, const char *ending)
{
	return count == 1 ? "" : ending;
}

uint64_t
add_sizes(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

void
short_size(char text[static SHORT_TEXT], uint64_t bytes)
{
	/* One decimal below 10, as ls -h and du -h print it. */
	if (bytes < 1024)
		digits(text, bytes, 10, 1);
	else if (bytes > INT64_MAX || humanize_number(text, 5, (int64_t)bytes,
	    "", HN_AUTOSCALE, HN_DECIMAL | HN_NOSPACE) == -1)
		snprintf(text, SHORT_TEXT, "%.1fE", (double)bytes / 0x1p60);
}

/* Does not use printf(3), which is slow: tables are full of these. */
static void
with_unit(char text[static SHORT_TEXT], uint64_t number, char unit)
{
	size_t n = digits(text, number, 10, 1);

	text[n] = unit;
	text[n + 1] = '\0';
}

void
short_duration(char text[static SHORT_TEXT], uint64_t seconds)
{
	const uint64_t minute = 60, hour = 3600, day = 86400;

	if (seconds < minute)
		with_unit(text, seconds, 's');
	else if (seconds < hour)
		with_unit(text, seconds / minute, 'm');
	else if (seconds < day)
		snprintf(text, SHORT_TEXT, "%dh%02dm", (int)(seconds / hour),
		    (int)(seconds % hour / minute));
	else
		snprintf(text, SHORT_TEXT, "%jud%02dh",
		    (uintmax_t)(seconds / day), (int)(seconds % day / hour));
}

void
short_time(char text[static SHORT_TEXT], int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (when == 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(text, SHORT_TEXT, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		strlcpy(text, "-", SHORT_TEXT);
}

/* Names looked up so far: few, however many segments there are. */
struct name {
	SLIST_ENTRY(name) link;
	uint32_t id;
	char text[];
};

SLIST_HEAD(names, name);

static const char *
known_name(struct names *names, uint32_t id, const char *(*look)(uint32_t))
{
	const char *found;
	struct name *name;
	char number[16];
	size_t length;

	SLIST_FOREACH(name, names, link)
		if (name->id == id)
			return name->text;
	found = look(id);
	if (found == NULL) {
		snprintf(number, sizeof(number), "%u", id);
		found = number;
	}
	length = strlen(found) + 1;
	name = malloc(sizeof(*name) + length);
	if (name == NULL) {
		warn_about(NULL, "name of %u: %s", id, strerror(errno));
		return "?";
	}
	name->id = id;
	memcpy(name->text, found, length);
	SLIST_INSERT_HEAD(names, name, link);
	return name->text;
}

static const char *
look_user(uint32_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw != NULL ? pw->pw_name : NULL;
}

static const char *
look_group(uint32_t gid)
{
	const struct group *gr = getgrgid(gid);

	return gr != NULL ? gr->gr_name : NULL;
}

const char *
user_name(uint32_t uid)
{
	static struct names users = SLIST_HEAD_INITIALIZER(users);

	return known_name(&users, uid, look_user);
}

const char *
group_name(uint32_t gid)
{
	static struct names groups = SLIST_HEAD_INITIALIZER(groups);

	return known_name(&groups, gid, look_group);
}
