/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The .meta of a saved segment: lines of a name and a value, each exactly
 * once, in one order, and a digest of these lines at the end.  A text is
 * accepted only if it is, byte for byte, what would be written for its values.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "archive/name.h"
#include "shmtool.h"
#include "sys/file.h"

#define LINE_MAX_LENGTH (SHMT__ENCODED + 32)

/* 9999-12-31: later ones have no ISO 8601 date of four digits. */
#define LAST_DATE INT64_C(253402300799)

enum form { DECIMAL, HEX32, OCTAL, TIME, STATUS_WORDS, KIND_WORD,
    CONTENTS_SUFFIX };

enum { FORMAT, KIND, ID, KEY, SEGMENT_SIZE, OBJECT_SIZE, ALLOCATED, PERMS, UID,
    GID, CUID, CGID, CPID, LPID, ATIME, DTIME, MTIME, CTIME, BTIME, STATUS,
    CONTENTS, FIELDS };

#define SYSV	SHMT_KIND(SHMT_SYSV)
#define POSIX	SHMT_KIND(SHMT_POSIX)
#define OBJECT	(POSIX | SHMT_UNNAMED)
#define ANY	(SYSV | OBJECT)

/*
 * All fields in the order of the file, but for the name of an object, which
 * follows the kind, and the two digests.  Segments, objects and memory without
 * a name each have their own version of the format, so that an earlier program
 * reports an unknown version if it does not know the kind.
 */
static const struct field {
	const char *name;
	enum form form;
	uint64_t min, max;
	unsigned kinds;
} fields[FIELDS] = {
	[FORMAT] = { "shmtool-saved", DECIMAL, SHMT__META_VERSION,
	    SHMT__META_NEWEST, ANY },
	[KIND] = { "kind", KIND_WORD, SHMT_SYSV, SHMT_ANON, ANY },
	[ID] = { "id", DECIMAL, 0, INT_MAX, SYSV },
	[KEY] = { "key", HEX32, 0, UINT32_MAX, SYSV },
	[SEGMENT_SIZE] = { "size", DECIMAL, 1, INT64_MAX, SYSV },
	[OBJECT_SIZE] = { "size", DECIMAL, 0, INT64_MAX, OBJECT },
	[ALLOCATED] = { "allocated", DECIMAL, 0, INT64_MAX, OBJECT },
	[PERMS] = { "perms", OCTAL, 0, 0777, ANY },
	[UID] = { "uid", DECIMAL, 0, UINT32_MAX, ANY },
	[GID] = { "gid", DECIMAL, 0, UINT32_MAX, ANY },
	[CUID] = { "cuid", DECIMAL, 0, UINT32_MAX, SYSV },
	[CGID] = { "cgid", DECIMAL, 0, UINT32_MAX, SYSV },
	[CPID] = { "cpid", DECIMAL, 0, INT_MAX, SYSV },
	[LPID] = { "lpid", DECIMAL, 0, INT_MAX, SYSV },
	[ATIME] = { "atime", TIME, 0, INT64_MAX, ANY },
	[DTIME] = { "dtime", TIME, 0, INT64_MAX, SYSV },
	[MTIME] = { "mtime", TIME, 0, INT64_MAX, OBJECT },
	[CTIME] = { "ctime", TIME, 0, INT64_MAX, ANY },
	[BTIME] = { "btime", TIME, 0, INT64_MAX, OBJECT },
	[STATUS] = { "status", STATUS_WORDS, 0,
	    SHMT_DEST | SHMT_LOCKED | SHMT_HUGE, SYSV },
	[CONTENTS] = { "contents", CONTENTS_SUFFIX, 0, SHMT__CONTENTS_MAX - 1,
	    ANY }
};

#define NAME		"name"
#define CONTENTS_DIGEST	"xxh3-128"
#define OWN_DIGEST	"meta-xxh3-128"

static uint64_t
version_of(uint64_t kind)
{
	return kind < SHMT_DELETED ? SHMT__META_VERSION + kind :
	    SHMT__META_NEWEST;
}

/* An object may have a time before the Epoch, which its owner has set. */
static uint64_t
since_epoch(int64_t when)
{
	return when > 0 ? (uint64_t)when : 0;
}

static void
to_values(const struct shmt_saved *saved, uint64_t v[static FIELDS])
{
	const struct shmt_info *segment = &saved->segment;

	v[KIND] = segment->object.kind;
	v[FORMAT] = version_of(v[KIND]);
	v[ID] = (uint64_t)segment->object.id;
	v[KEY] = segment->key;
	v[SEGMENT_SIZE] = v[OBJECT_SIZE] = segment->size;
	v[ALLOCATED] = segment->allocated;
	v[PERMS] = segment->mode;
	v[UID] = segment->uid;
	v[GID] = segment->gid;
	v[CUID] = segment->cuid;
	v[CGID] = segment->cgid;
	v[CPID] = (uint64_t)segment->cpid;
	v[LPID] = (uint64_t)segment->lpid;
	v[ATIME] = since_epoch(segment->atime);
	v[DTIME] = since_epoch(segment->dtime);
	v[MTIME] = since_epoch(segment->mtime);
	v[CTIME] = since_epoch(segment->ctime);
	v[BTIME] = since_epoch(segment->btime);
	v[STATUS] = segment->state;
	v[CONTENTS] = (uint64_t)shmt__contents_number(saved->suffix);
}

/* Fields that the kind does not have are 0. */
static void
from_values(const uint64_t v[static FIELDS], struct shmt_saved *saved)
{
	shmt__contents_suffix((int)v[CONTENTS], saved->suffix);
	saved->segment = (struct shmt_info){
		.object.kind = (enum shmt_kind)v[KIND],
		.object.id = (int)v[ID], .key = (uint32_t)v[KEY],
		.size = v[SEGMENT_SIZE] + v[OBJECT_SIZE],
		.allocated = v[ALLOCATED],
		.mode = (unsigned)v[PERMS],
		.uid = (uint32_t)v[UID], .gid = (uint32_t)v[GID],
		.cuid = (uint32_t)v[CUID], .cgid = (uint32_t)v[CGID],
		.cpid = (pid_t)v[CPID], .lpid = (pid_t)v[LPID],
		.atime = (int64_t)v[ATIME], .dtime = (int64_t)v[DTIME],
		.mtime = (int64_t)v[MTIME], .ctime = (int64_t)v[CTIME],
		.btime = (int64_t)v[BTIME], .state = (unsigned)v[STATUS]
	};
}

/*
 * Values to text
 */

static void
format_time(char *text, size_t size, uint64_t value)
{
	time_t when = (time_t)value;
	char date[32] = "-";
	struct tm tm;

	if (value == 0)
		strlcpy(date, "never", sizeof(date));
	else if (value <= LAST_DATE && gmtime_r(&when, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, size, "%ju %s", (uintmax_t)value, date);
}

static void
format_words(char *text, size_t size, uint64_t value)
{
	snprintf(text, size, "%s%s%s%s", value == 0 ? " -" : "",
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

	switch (field->form) {
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
	case STATUS_WORDS:
		format_words(text, sizeof(text), value);
		break;
	case KIND_WORD:
		strlcpy(text, shmt_kind_name((enum shmt_kind)value),
		    sizeof(text));
		break;
	case CONTENTS_SUFFIX:
		shmt__contents_suffix((int)value, text);
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

void
shmt__contents_suffix(int number, char suffix[static SHMT__SUFFIX])
{
	static const char *const suffixes[SHMT__CONTENTS_MAX] = {
		".shm", ".1.shm", ".2.shm", ".3.shm", ".4.shm", ".5.shm",
		".6.shm", ".7.shm", ".8.shm", ".9.shm"
	};

	strlcpy(suffix, suffixes[number], SHMT__SUFFIX);
}

int
shmt__contents_number(const char *suffix)
{
	return suffix[1] == 's' ? 0 : suffix[1] - '0';
}

static void
format_name(const char *name, char line[static LINE_MAX_LENGTH])
{
	char text[SHMT__ENCODED];

	shmt__encode_name(name, text);
	snprintf(line, LINE_MAX_LENGTH, NAME " /%s\n", text);
}

size_t
shmt__format_meta(const struct shmt_saved *saved,
    char text[static SHMT__META_MAX])
{
	unsigned char digest[SHMT__DIGEST];
	uint64_t values[FIELDS];
	char line[LINE_MAX_LENGTH];
	int i;

	to_values(saved, values);
	text[0] = '\0';
	for (i = 0; i < FIELDS; i++) {
		if ((fields[i].kinds & SHMT_KIND(values[KIND])) == 0)
			continue;
		format_line(&fields[i], values[i], line);
		strlcat(text, line, SHMT__META_MAX);
		if (i != KIND || values[KIND] != SHMT_POSIX)
			continue;
		format_name(saved->segment.object.name, line);
		strlcat(text, line, SHMT__META_MAX);
	}
	format_digest(CONTENTS_DIGEST, saved->digest, line);
	strlcat(text, line, SHMT__META_MAX);
	shmt__digest_text(text, strlen(text), digest);
	format_digest(OWN_DIGEST, digest, line);
	return strlcat(text, line, SHMT__META_MAX);
}

/*
 * Text to values
 */

/* A text being read, and the number of the last line read. */
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

/* Tries every value, since there are few. */
static bool
parse_word(const struct field *field, const char *text, uint64_t *value)
{
	char line[LINE_MAX_LENGTH];
	size_t before = strlen(field->name) + 1;
	uint64_t v;

	for (v = 0; v <= field->max; v++) {
		format_line(field, v, line);
		line[strlen(line) - 1] = '\0';
		if (strcmp(text, line + before) == 0) {
			*value = v;
			return true;
		}
	}
	return false;
}

/* May be lenient: read_field() refuses a value that is formatted
 * differently. */
static bool
parse_value(const struct field *field, char *text, uint64_t *value)
{
	switch (field->form) {
	case DECIMAL:
		return shmt_parse_number(text, UINT64_MAX, value) == 0;
	case HEX32:
		return shmt_parse_offset(text, value) == 0;
	case OCTAL:
		*value = strtoul(text, NULL, 8);
		return true;
	case TIME:
		text[strcspn(text, " ")] = '\0';
		return shmt_parse_number(text, INT64_MAX, value) == 0;
	default:
		return parse_word(field, text, value);
	}
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
	if (!parse_value(field, copy, value) ||
	    *value < field->min || *value > field->max)
		return bad();
	format_line(field, *value, line);
	length = (size_t)(reader->p - start);
	return (strlen(line) == length && memcmp(line, start, length) == 0) ||
	    bad();
}

static bool
read_name(struct reader *reader, char name[static NAME_MAX + 1])
{
	char line[LINE_MAX_LENGTH], again[LINE_MAX_LENGTH];
	const char *text;

	if (!take_line(reader, NAME, line, &text) || *text != '/' ||
	    !shmt__decode_name(text + 1, name))
		return bad();
	format_name(name, again);
	again[strlen(again) - 1] = '\0';
	return strcmp(line, again) == 0 || bad();
}

/* Checks the version of the kind, and reads the name of an object. */
static bool
read_kind(struct reader *reader, const uint64_t values[static FIELDS],
    struct shmt_saved *saved)
{
	if (values[FORMAT] != version_of(values[KIND]))
		return bad();
	return values[KIND] != SHMT_POSIX || read_name(reader, saved->object);
}

static bool
read_digest(struct reader *reader, const char *name,
    unsigned char digest[static SHMT__DIGEST])
{
	char line[LINE_MAX_LENGTH], again[LINE_MAX_LENGTH];
	char pair[3] = "";
	const char *text;
	size_t i;

	if (!take_line(reader, name, line, &text) ||
	    strlen(text) != (size_t)2 * SHMT__DIGEST)
		return bad();
	for (i = 0; i < SHMT__DIGEST; i++) {
		memcpy(pair, text + 2 * i, 2);
		digest[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	format_digest(name, digest, again);
	again[strlen(again) - 1] = '\0';
	return strcmp(line, again) == 0 || bad();
}

static bool
read_all(struct reader *reader, struct shmt_saved *saved,
    unsigned char own[static SHMT__DIGEST])
{
	uint64_t values[FIELDS] = { 0 };
	unsigned kind = SYSV;
	int i;

	for (i = 0; i < FIELDS; i++) {
		if ((fields[i].kinds & kind) == 0)
			continue;
		if (!read_field(reader, &fields[i], &values[i]) ||
		    (i == KIND && !read_kind(reader, values, saved)))
			return false;
		kind = SHMT_KIND(values[KIND]);
	}
	from_values(values, saved);
	if (!read_digest(reader, CONTENTS_DIGEST, saved->digest) ||
	    !read_digest(reader, OWN_DIGEST, own))
		return false;
	if (reader->p == reader->end)
		return true;
	reader->line++;
	return bad();
}

/* Whether the text is a .meta of another version, which may have any lines. */
static bool
is_other_version(struct reader reader, uint64_t *version)
{
	char line[LINE_MAX_LENGTH];
	const char *text;

	return take_line(&reader, fields[FORMAT].name, line, &text) &&
	    shmt_parse_number(text, UINT64_MAX, version) == 0 &&
	    (*version < SHMT__META_VERSION || *version > SHMT__META_NEWEST);
}

int
shmt__parse_meta(const char *text, size_t length, struct shmt_saved *saved,
    struct shmt_failure *failure)
{
	struct reader reader = { text, text + length, 0 };
	unsigned char own[SHMT__DIGEST], again[SHMT__DIGEST];
	char line[LINE_MAX_LENGTH];
	struct shmt_saved s = { 0 };

	if (is_other_version(reader, &failure->found)) {
		failure->damage = SHMT_BAD_VERSION;
		failure->wanted = SHMT__META_NEWEST;
		return shmt__fail(EBADMSG);
	}
	if (!read_all(&reader, &s, own)) {
		failure->damage = SHMT_BAD_META;
		failure->line = reader.line;
		return -1;
	}
	format_digest(OWN_DIGEST, own, line);
	shmt__digest_text(text, length - strlen(line), again);
	if (memcmp(own, again, sizeof(own)) != 0) {
		failure->damage = SHMT_BAD_SUM;
		failure->line = reader.line;
		return shmt__fail(EBADMSG);
	}
	*saved = s;
	shmt__assign_name(saved);
	return 0;
}

void
shmt__assign_name(struct shmt_saved *saved)
{
	if (saved->segment.object.kind == SHMT_POSIX)
		saved->segment.object.name = saved->object;
}
