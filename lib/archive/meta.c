/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The .meta of a saved segment: lines of a name and a value, each exactly
 * once, in one order, and a digest of these lines at the end.  Whatever is
 * read must be, byte for byte, what would be written for its meaning.
 */

#include <errno.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "shmtool.h"

#define LINE_MAX_LENGTH 160

/* 9999-12-31: later ones have no ISO 8601 date of four digits. */
#define LAST_DATE INT64_C(253402300799)

enum kind { DECIMAL, HEX32, OCTAL, TIME, WORDS };

enum { FORMAT, ID, KEY, SIZE, PERMS, UID, GID, CUID, CGID, CPID, LPID, ATIME,
    DTIME, CTIME, STATUS, FIELDS };

/* All but the two digests, in the order of the file. */
static const struct field {
	const char *name;
	enum kind kind;
	uint64_t min, max;
} fields[FIELDS] = {
	[FORMAT] = { "shmtool-saved", DECIMAL, 1, 1 },
	[ID] = { "id", DECIMAL, 0, INT_MAX },
	[KEY] = { "key", HEX32, 0, UINT32_MAX },
	[SIZE] = { "size", DECIMAL, 1, INT64_MAX },
	[PERMS] = { "perms", OCTAL, 0, 0777 },
	[UID] = { "uid", DECIMAL, 0, UINT32_MAX },
	[GID] = { "gid", DECIMAL, 0, UINT32_MAX },
	[CUID] = { "cuid", DECIMAL, 0, UINT32_MAX },
	[CGID] = { "cgid", DECIMAL, 0, UINT32_MAX },
	[CPID] = { "cpid", DECIMAL, 0, INT_MAX },
	[LPID] = { "lpid", DECIMAL, 0, INT_MAX },
	[ATIME] = { "atime", TIME, 0, INT64_MAX },
	[DTIME] = { "dtime", TIME, 0, INT64_MAX },
	[CTIME] = { "ctime", TIME, 0, INT64_MAX },
	[STATUS] = { "status", WORDS, 0,
	    SHMT_DEST | SHMT_LOCKED | SHMT_HUGE }
};

/* The digests' names; the first tells how it is reckoned (digest.c). */
#define CONTENTS_PLAIN	"sha256"
#define CONTENTS_PARTS	"sha256-1M"
#define OWN_DIGEST	"meta-sha256"

static void
to_values(const struct shmt_info *segment, uint64_t v[static FIELDS])
{
	v[FORMAT] = 1;
	v[ID] = (uint64_t)segment->object.id;
	v[KEY] = segment->key;
	v[SIZE] = segment->size;
	v[PERMS] = segment->mode;
	v[UID] = segment->uid;
	v[GID] = segment->gid;
	v[CUID] = segment->cuid;
	v[CGID] = segment->cgid;
	v[CPID] = (uint64_t)segment->cpid;
	v[LPID] = (uint64_t)segment->lpid;
	v[ATIME] = (uint64_t)segment->atime;
	v[DTIME] = (uint64_t)segment->dtime;
	v[CTIME] = (uint64_t)segment->ctime;
	v[STATUS] = segment->state;
}

static void
from_values(const uint64_t v[static FIELDS], struct shmt_info *segment)
{
	*segment = (struct shmt_info){.object.id = (int)v[ID],
	    .key = (uint32_t)v[KEY],
	    .size = v[SIZE],
	    .mode = (unsigned)v[PERMS],
	    .uid = (uint32_t)v[UID],
	    .gid = (uint32_t)v[GID],
	    .cuid = (uint32_t)v[CUID],
	    .cgid = (uint32_t)v[CGID],
	    .cpid = (pid_t)v[CPID],
	    .lpid = (pid_t)v[LPID],
	    .atime = (int64_t)v[ATIME],
	    .dtime = (int64_t)v[DTIME],
	    .ctime = (int64_t)v[CTIME],
	    .state = (unsigned)v[STATUS]};
}

/*
 * Values to text
 */

static void
format_time(char *text, size_t room, uint64_t value)
{
	time_t when = (time_t)value;
	char date[32] = "-";
	struct tm tm;

	if (value == 0)
		strlcpy(date, "never", sizeof(date));
	else if (value <= LAST_DATE && gmtime_r(&when, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, room, "%ju %s", (uintmax_t)value, date);
}

static void
format_words(char *text, size_t room, uint64_t value)
{
	snprintf(text, room, "%s%s%s%s", value == 0 ? " -" : "",
	    value & SHMT_DEST ? " dest" : "",
	    value & SHMT_LOCKED ? " locked" : "",
	    value & SHMT_HUGE ? " huge" : "");
	memmove(text, text + 1, strlen(text));	/* the first blank */
}

static void
format_line(const struct field *field, uint64_t value,
    char line[static LINE_MAX_LENGTH])
{
	char text[64];

	switch (field->kind) {
	case DECIMAL:
		snprintf(text, sizeof(text), "%ju", (uintmax_t)value);
		break;
	case HEX32:
		snprintf(text, sizeof(text), "0x%08jx", (uintmax_t)value);
		break;
	case OCTAL:
		snprintf(text, sizeof(text), "%04jo", (uintmax_t)value);
		break;
	case TIME:
		format_time(text, sizeof(text), value);
		break;
	case WORDS:
		format_words(text, sizeof(text), value);
		break;
	}
	snprintf(line, LINE_MAX_LENGTH, "%s %s\n", field->name, text);
}

static void
format_digest(const char *name, const unsigned char digest[static SHMT__DIGEST],
    char line[static LINE_MAX_LENGTH])
{
	char hex[2 * SHMT__DIGEST + 1];
	size_t i;

	for (i = 0; i < SHMT__DIGEST; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(line, LINE_MAX_LENGTH, "%s %s\n", name, hex);
}

static const char *
contents_name(uint64_t size)
{
	return size > SHMT__PLAIN ? CONTENTS_PARTS : CONTENTS_PLAIN;
}

static void
own_digest(const char *text, size_t length,
    unsigned char digest[static SHMT__DIGEST])
{
	SHA2_CTX sum;

	SHA256Init(&sum);
	SHA256Update(&sum, (const uint8_t *)text, length);
	SHA256Final(digest, &sum);
}

void
shmt__name_saved(struct shmt_saved *saved)
{
	snprintf(saved->name, sizeof(saved->name), "%d-0x%08x",
	    saved->segment.object.id, saved->segment.key);
}

size_t
shmt__format_meta(const struct shmt_saved *saved,
    char text[static SHMT__META_MAX])
{
	unsigned char digest[SHMT__DIGEST];
	uint64_t values[FIELDS];
	char line[LINE_MAX_LENGTH];
	int i;

	to_values(&saved->segment, values);
	text[0] = '\0';
	for (i = 0; i < FIELDS; i++) {
		format_line(&fields[i], values[i], line);
		strlcat(text, line, SHMT__META_MAX);
	}
	format_digest(contents_name(saved->segment.size), saved->digest, line);
	strlcat(text, line, SHMT__META_MAX);
	own_digest(text, strlen(text), digest);
	format_digest(OWN_DIGEST, digest, line);
	return strlcat(text, line, SHMT__META_MAX);
}

/*
 * Text to values
 */

/* A text being read, and the number of the line last taken. */
struct reader {
	const char *p, *end;
	unsigned line;
};

static bool
bad(void)
{
	errno = EBADMSG;
	return false;
}

/* The next line without its newline, and where its value begins. */
static bool
take_line(struct reader *reader, const char *name,
    char line[static LINE_MAX_LENGTH], const char **value)
{
	size_t left = (size_t)(reader->end - reader->p), length;
	const char *newline;

	reader->line++;
	newline = memchr(reader->p, '\n', left);
	if (newline == NULL)
		return bad();
	length = (size_t)(newline - reader->p);
	if (length >= LINE_MAX_LENGTH - 1 ||
	    memchr(reader->p, '\0', length) != NULL)
		return bad();
	memcpy(line, reader->p, length);
	line[length] = '\0';
	reader->p = newline + 1;
	length = strlen(name);
	if (strncmp(line, name, length) != 0 || line[length] != ' ')
		return bad();
	*value = line + length + 1;
	return true;
}

static bool
parse_words(const char *text, uint64_t *value)
{
	char again[LINE_MAX_LENGTH];
	uint64_t v;

	/* So few that each can be tried. */
	for (v = 0; v <= fields[STATUS].max; v++) {
		format_words(again, sizeof(again), v);
		if (strcmp(text, again) == 0) {
			*value = v;
			return true;
		}
	}
	return false;
}

/* What is too lenient here does not look the same when written again. */
static bool
parse_value(enum kind kind, char *text, uint64_t *value)
{
	unsigned mode;

	switch (kind) {
	case DECIMAL:
		return shmt_parse_number(text, UINT64_MAX, value) == 0;
	case HEX32:
		return shmt_parse_offset(text, value) == 0;
	case OCTAL:
		if (shmt_parse_mode(text, 0, &mode) == -1)
			return false;
		*value = mode;
		return true;
	case TIME:
		text[strcspn(text, " ")] = '\0';
		return shmt_parse_number(text, INT64_MAX, value) == 0;
	case WORDS:
		break;
	}
	return parse_words(text, value);
}

static bool
read_field(struct reader *reader, const struct field *field, uint64_t *value)
{
	const char *start = reader->p, *text;
	char line[LINE_MAX_LENGTH], copy[LINE_MAX_LENGTH];
	size_t length;

	if (!take_line(reader, field->name, line, &text))
		return false;
	strlcpy(copy, text, sizeof(copy));
	if (!parse_value(field->kind, copy, value) ||
	    *value < field->min || *value > field->max)
		return bad();
	format_line(field, *value, line);
	length = (size_t)(reader->p - start);
	return (strlen(line) == length && memcmp(line, start, length) == 0) ||
	    bad();
}

static bool
read_digest(struct reader *reader, const char *name,
    unsigned char digest[static SHMT__DIGEST])
{
	static const char digits[] = "0123456789abcdef";
	char line[LINE_MAX_LENGTH];
	const char *text, *high, *low;
	size_t i;

	if (!take_line(reader, name, line, &text) ||
	    strlen(text) != (size_t)2 * SHMT__DIGEST)
		return bad();
	for (i = 0; i < SHMT__DIGEST; i++) {
		high = strchr(digits, text[2 * i]);
		low = strchr(digits, text[2 * i + 1]);
		if (high == NULL || low == NULL)
			return bad();
		digest[i] = (unsigned char)((high - digits) << 4 |
		    (low - digits));
	}
	return true;
}

static bool
read_all(struct reader *reader, struct shmt_saved *saved,
    unsigned char own[static SHMT__DIGEST])
{
	uint64_t values[FIELDS];
	int i;

	for (i = 0; i < FIELDS; i++)
		if (!read_field(reader, &fields[i], &values[i]))
			return false;
	from_values(values, &saved->segment);
	if (!read_digest(reader, contents_name(saved->segment.size),
	    saved->digest) || !read_digest(reader, OWN_DIGEST, own))
		return false;
	if (reader->p == reader->end)
		return true;
	reader->line++;
	return bad();
}

int
shmt__parse_meta(const char *text, size_t length, struct shmt_saved *saved,
    struct shmt_trouble *trouble)
{
	struct reader reader = { text, text + length, 0 };
	unsigned char own[SHMT__DIGEST], again[SHMT__DIGEST];
	char line[LINE_MAX_LENGTH];
	struct shmt_saved s = { 0 };

	if (!read_all(&reader, &s, own)) {
		trouble->damage = SHMT_BAD_META;
		trouble->line = reader.line;
		return -1;
	}
	format_digest(OWN_DIGEST, own, line);
	own_digest(text, length - strlen(line), again);
	if (memcmp(own, again, sizeof(own)) != 0) {
		trouble->damage = SHMT_BAD_SUM;
		trouble->line = reader.line;
		errno = EBADMSG;
		return -1;
	}
	shmt__name_saved(&s);
	*saved = s;
	return 0;
}
