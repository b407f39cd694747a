/* SPDX-License-Identifier: BSD-2-Clause */

/* Names of objects as text, and of the files of a saved segment. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/digest.h"
#include "archive/name.h"
#include "posix.h"
#include "sys/file.h"

/* Bytes of an encoded name that are part of the names of files, which have a
 * date, a tag and a suffix too. */
#define CUT 200

static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
static const char digits[] = "0123456789ABCDEF";

void
shmt__encode_name(const char *name, char text[static SHMT__ENCODED])
{
	const char *c;

	for (c = name; *c != '\0'; c++)
		if (strchr(plain, *c) != NULL &&
		    (c > name || (*c != '-' && *c != '.')))
			*text++ = *c;
		else {
			*text++ = '%';
			*text++ = digits[(unsigned char)*c >> 4];
			*text++ = digits[*c & 0xf];
		}
	*text = '\0';
}

bool
shmt__decode_name(const char *text, char name[static NAME_MAX + 1])
{
	char pair[3] = "";
	size_t n = 0;

	for (; *text != '\0' && n < NAME_MAX; n++, text++) {
		name[n] = *text;
		if (*text != '%')
			continue;
		if (strlen(text) < sizeof("%XX") - 1)
			return false;
		memcpy(pair, text + 1, 2);
		name[n] = (char)strtoul(pair, NULL, 16);
		if (name[n] == '\0')
			return false;
		text += 2;
	}
	name[n] = '\0';
	return *text == '\0' && shmt__posix_is_name(name);
}

/* Tells apart segments of the same id and key, created in the same second: in
 * another IPC namespace, by another process. */
static int
describe_segment(const struct shmt_info *s, const char *boot, char **text)
{
	uint64_t inode = 0;

	/* Without /proc the inode stays 0. */
	shmt_ns_self(SHMT_SYSV, &inode);
	return asprintf(text, "%s %" PRIu64 " %jd %" PRIu32 " %" PRIu64, boot,
	    inode, (intmax_t)s->cpid, s->cuid, s->size);
}

/* Tells apart objects of the same name, created in the same second or in
 * another tmpfs.  The names of the files may have only a part of the name. */
static int
describe_object(const struct shmt_info *s, const char *boot, char **text)
{
	return asprintf(text, "%s %" PRIu64 " %" PRIu64 " %s", boot,
	    s->object.dev, s->object.inode,
	    s->object.name != NULL ? s->object.name : "");
}

/* Tells apart two segments or objects that would have the same file name,
 * after a reboot too. */
static unsigned
name_tag(const struct shmt_info *s)
{
	unsigned char digest[SHMT__DIGEST];
	char *boot, *text = NULL;
	int n;

	boot = shmt__read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id");
	n = (s->object.kind == SHMT_SYSV ? describe_segment :
	    describe_object)(s, boot != NULL ? boot : "", &text);
	free(boot);
	if (n == -1)
		return 0;
	shmt__digest_text(text, (size_t)n, digest);
	free(text);
	return (unsigned)digest[0] << 24 | (unsigned)digest[1] << 16 |
	    (unsigned)digest[2] << 8 | digest[3];
}

/* The bytes of an encoded name that fit, without a part of a %XX. */
static int
cut(const char *encoded)
{
	size_t n = strlen(encoded);

	if (n > CUT)
		for (n = CUT - 2; n < CUT && encoded[n] != '%'; n++)
			continue;
	return (int)n;
}

/* The birth time if it is known: an object's ctime changes with its mode. */
static int64_t
naming_time(const struct shmt_info *s)
{
	return s->known & SHMT_HAS_BTIME ? s->btime : s->ctime;
}

void
shmt__name_saved(struct shmt_saved *saved)
{
	const struct shmt_info *s = &saved->segment;
	char encoded[SHMT__ENCODED] = "", date[32];
	time_t when = (time_t)naming_time(s);
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm) == 0)
		snprintf(date, sizeof(date), "%jd", (intmax_t)when);
	if (s->object.kind == SHMT_POSIX)
		shmt__encode_name(s->object.name, encoded);
	else if (s->object.kind == SHMT_SYSV)
		snprintf(encoded, sizeof(encoded), "%d-0x%08" PRIx32,
		    s->object.id, s->key);
	else
		snprintf(encoded, sizeof(encoded), "unnamed-%" PRIu64,
		    s->object.inode);
	snprintf(saved->name, sizeof(saved->name), "%.*s-%s-%08x",
	    cut(encoded), encoded, date, name_tag(s));
}
