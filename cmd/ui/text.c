/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Text for people: sizes, times, and the names of users and groups.
 */

#include <sys/queue.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ui/message.h"
#include "ui/text.h"

char *
written_text(FILE *out, char **text)
{
	/* Without memory fclose() may succeed and leave no text. */
	if (fclose(out) == 0)
		return *text;
	free(*text);
	return NULL;
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
plural(uint64_t count, const char *suffix)
{
	return count == 1 ? "" : suffix;
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
known_name(struct names *names, uint32_t id, const char *(*find)(uint32_t))
{
	const char *found;
	struct name *name;
	char number[16];
	size_t length;

	SLIST_FOREACH(name, names, link)
		if (name->id == id)
			return name->text;
	found = find(id);
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
find_user_name(uint32_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw != NULL ? pw->pw_name : NULL;
}

static const char *
find_group_name(uint32_t gid)
{
	const struct group *gr = getgrgid(gid);

	return gr != NULL ? gr->gr_name : NULL;
}

const char *
user_name(uint32_t uid)
{
	static struct names users = SLIST_HEAD_INITIALIZER(users);

	return known_name(&users, uid, find_user_name);
}

const char *
group_name(uint32_t gid)
{
	static struct names groups = SLIST_HEAD_INITIALIZER(groups);

	return known_name(&groups, gid, find_group_name);
}
