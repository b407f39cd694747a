/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The .meta of an archive: written and read, every byte of it changed.
 */

#include <errno.h>
#include <setjmp.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "archive/name.h"
#include "shmtool.h"
#include "archive_made.h"

static const struct shmt_saved example = {
	.suffix = ".shm",
	.segment = {
		.object.id = 65536, .key = 0x4d2, .size = 1048576, .mode = 0640,
		.uid = 1000, .gid = 1001, .cuid = 1002, .cgid = 1003,
		.cpid = 4242, .lpid = 4250, .state = SHMT_LOCKED,
		.atime = 1763690000, .ctime = 1763690001
	},
	.digest = { 0xab, 0xcd, 0xef, [15] = 0x42 }
};

static int
parse(const char *text, size_t length, unsigned *line,
    enum shmt_damage *damage)
{
	struct shmt_failure failure = { 0 };
	struct shmt_saved saved;
	char *exact;
	int result;

	/* Of exactly this length, so that a checker sees who reads on. */
	exact = malloc(length > 0 ? length : 1);
	assert_non_null(exact);
	memcpy(exact, text, length);
	errno = 0;
	result = shmt__parse_meta(exact, length, &saved, &failure);
	if (result == -1)
		assert_int_equal(errno, EBADMSG);
	free(exact);
	*line = failure.line;
	*damage = failure.damage;
	return result;
}

/* What a .meta carries; a struct as a whole has bytes that belong to none of
 * its members. */
static void
assert_same_meta(const struct shmt_saved *a, const struct shmt_saved *b)
{
	const struct shmt_info *s = &a->segment, *t = &b->segment;

	assert_string_equal(a->suffix, b->suffix);
	assert_memory_equal(a->digest, b->digest, sizeof(a->digest));
	assert_int_equal(a->disturbed, b->disturbed);
	assert_int_equal(a->lost, b->lost);
	assert_int_equal(s->object.id, t->object.id);
	assert_int_equal(s->key, t->key);
	assert_int_equal(s->uid, t->uid);
	assert_int_equal(s->gid, t->gid);
	assert_int_equal(s->cuid, t->cuid);
	assert_int_equal(s->cgid, t->cgid);
	assert_int_equal(s->mode, t->mode);
	assert_int_equal(s->state, t->state);
	assert_int_equal(s->size, t->size);
	assert_int_equal(s->nattch, t->nattch);
	assert_int_equal(s->cpid, t->cpid);
	assert_int_equal(s->lpid, t->lpid);
	assert_int_equal(s->atime, t->atime);
	assert_int_equal(s->dtime, t->dtime);
	assert_int_equal(s->ctime, t->ctime);
	assert_int_equal(s->known & SHMT_HAS_RSS, t->known & SHMT_HAS_RSS);
	assert_int_equal(s->rss, t->rss);
	assert_int_equal(s->swap, t->swap);
}

static void
meta_round_trip(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved saved, extreme = example;
	char text[SHMT__META_MAX];
	size_t length;

	(void)state;
	length = shmt__format_meta(&example, text);
	assert_int_equal(shmt__parse_meta(text, length, &saved, &failure), 0);
	assert_same_meta(&saved, &example);
	extreme.segment.object.id = INT32_MAX;
	extreme.segment.key = UINT32_MAX;
	extreme.segment.size = INT64_MAX;
	extreme.segment.mode = 0777;
	extreme.segment.uid = extreme.segment.cgid = UINT32_MAX;
	extreme.segment.cpid = INT32_MAX;
	extreme.segment.atime = extreme.segment.ctime = INT64_MAX;
	extreme.segment.dtime = INT64_C(253402300799);
	extreme.segment.state = SHMT_DEST | SHMT_LOCKED | SHMT_HUGE;
	strlcpy(extreme.suffix, ".9.shm", sizeof(extreme.suffix));
	length = shmt__format_meta(&extreme, text);
	assert_true(length < SHMT__META_MAX);
	assert_non_null(strstr(text, "9999-12-31T23:59:59Z"));
	assert_non_null(strstr(text, "status dest locked huge\n"));
	assert_non_null(strstr(text, "contents .9.shm\n"));
	assert_int_equal(shmt__parse_meta(text, length, &saved, &failure), 0);
	assert_same_meta(&saved, &extreme);
}

/* The .meta of an object, of a name of all bytes that one may have. */
static void
meta_of_object(void **state)
{
	struct shmt_saved saved, object = {
		.suffix = ".shm",
		.segment = {
			.object.kind = SHMT_POSIX, .mode = 0600,
			.allocated = 4096, .atime = -5, .mtime = INT64_MAX,
			.btime = 1763690000
		}
	};
	struct shmt_failure failure;
	char text[SHMT__META_MAX];
	size_t length, i, n = 0;

	(void)state;
	for (i = 255; i > 0; i--)
		if (i != '/')
			object.object[n++] = (char)i;
	shmt__assign_name(&object);
	length = shmt__format_meta(&object, text);
	assert_non_null(strstr(text, "shmtool-saved 3\nkind posix\n"
	    "name /%FF%FE%FD"));
	assert_non_null(strstr(text, "_%5E%5D%5C%5BZYX"));
	assert_non_null(strstr(text, "\nsize 0\nallocated 4096\n"));
	assert_non_null(strstr(text, "\natime 0 never\n"));
	assert_int_equal(shmt__parse_meta(text, length, &saved, &failure), 0);
	assert_int_equal(saved.segment.object.kind, SHMT_POSIX);
	assert_string_equal(saved.segment.object.name, object.object);
	assert_ptr_equal(saved.segment.object.name, saved.object);
	assert_int_equal(saved.segment.allocated, 4096);
	assert_true(saved.segment.mtime == INT64_MAX);
	memset(object.object, 0xff, NAME_MAX);
	length = shmt__format_meta(&object, text);
	assert_true(length < SHMT__META_MAX - 200);
	assert_int_equal(shmt__parse_meta(text, length, &saved, &failure), 0);
	assert_string_equal(saved.object, object.object);
}

/* Memory without a name has a version of its own, and no line of a name. */
static void
meta_of_unnamed(void **state)
{
	static const enum shmt_kind kinds[] = { SHMT_DELETED, SHMT_MEMFD,
	    SHMT_ANON };
	struct shmt_saved saved, unnamed = { .suffix = ".shm",
	    .segment = { .mode = 0777, .size = 5000, .allocated = 8192,
	    .btime = 1763690000 } };
	static const char *const words[] = { "deleted", "memfd", "anon" };
	struct shmt_failure failure;
	char text[SHMT__META_MAX], start[64];
	size_t length, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		unnamed.segment.object.kind = kinds[i];
		length = shmt__format_meta(&unnamed, text);
		snprintf(start, sizeof(start), "shmtool-saved 4\nkind %s\n"
		    "size 5000\nallocated 8192\nperms 0777\n", words[i]);
		assert_memory_equal(text, start, strlen(start));
		assert_int_equal(shmt__parse_meta(text, length, &saved,
		    &failure), 0);
		assert_int_equal(saved.segment.object.kind, kinds[i]);
		assert_int_equal(saved.segment.size, 5000);
		assert_null(saved.segment.object.name);
		/* The version of an object. */
		text[strlen("shmtool-saved ")] = '3';
		assert_int_equal(shmt__parse_meta(text, length, &saved,
		    &failure), -1);
		assert_int_equal(failure.line, 2);
	}
}

/* As xxhsum -H2 prints it. */
static void
to_hex(XXH128_hash_t hash, char hex[static 33])
{
	snprintf(hex, 33, "%016jx%016jx", (uintmax_t)hash.high64,
	    (uintmax_t)hash.low64);
}

/* The text is a format that others read: it stays as it is. */
static void
meta_text(void **state)
{
	static const char expected[] =
	    "shmtool-saved 2\n"
	    "kind sysv\n"
	    "id 65536\n"
	    "key 0x000004d2\n"
	    "size 1048576\n"
	    "perms 0640\n"
	    "uid 1000\n"
	    "gid 1001\n"
	    "cuid 1002\n"
	    "cgid 1003\n"
	    "cpid 4242\n"
	    "lpid 4250\n"
	    "atime 1763690000 2025-11-21T01:53:20Z\n"
	    "dtime 0 never\n"
	    "ctime 1763690001 2025-11-21T01:53:21Z\n"
	    "status locked\n"
	    "contents .shm\n"
	    "xxh3-128 abcdef00000000000000000000000042\n"
	    "meta-xxh3-128 ";
	char text[SHMT__META_MAX], hex[33];
	const size_t before = sizeof(expected) - 1 - strlen("meta-xxh3-128 ");
	size_t length;

	(void)state;
	length = shmt__format_meta(&example, text);
	assert_int_equal(length, sizeof(expected) - 1 + 33);
	assert_memory_equal(text, expected, sizeof(expected) - 1);
	to_hex(XXH3_128bits(text, before), hex);
	assert_memory_equal(text + sizeof(expected) - 1, hex, 32);
}

/* Lines of a text up to and with the one that at is in. */
static unsigned
line_of(const char *text, size_t at)
{
	unsigned line = 1;

	for (; at > 0; at--)
		if (*text++ == '\n')
			line++;
	return line;
}

static void
meta_every_byte(void **state)
{
	static const char others[] = "\0\n\r\t -+0197afFxX#\177\377";
	char text[SHMT__META_MAX], changed[SHMT__META_MAX];
	enum shmt_damage damage;
	unsigned line;
	size_t length, i, j;

	(void)state;
	length = shmt__format_meta(&example, text);
	for (i = 0; i < length; i++)
		for (j = 0; j < sizeof(others) - 1; j++) {
			if (text[i] == others[j])
				continue;
			memcpy(changed, text, length);
			changed[i] = others[j];
			if (parse(changed, length, &line, &damage) != -1)
				fail_msg("byte %zu as %d is taken", i,
				    others[j]);
			/* A new end of a line may leave a good one. */
			if (damage == SHMT_BAD_META &&
			    line != line_of(text, i) &&
			    (others[j] != '\n' || line != line_of(text, i) + 1))
				fail_msg("byte %zu: line %u", i, line);
		}
}

static void
meta_cut_and_longer(void **state)
{
	char text[SHMT__META_MAX + 1];
	enum shmt_damage damage;
	size_t length, i;
	unsigned line;

	(void)state;
	length = shmt__format_meta(&example, text);
	for (i = 0; i < length; i++) {
		assert_int_equal(parse(text, i, &line, &damage), -1);
		assert_int_equal(damage, SHMT_BAD_META);
		assert_int_equal(line, line_of(text, i));
	}
	text[length] = '\n';
	assert_int_equal(parse(text, length + 1, &line, &damage), -1);
	assert_int_equal(damage, SHMT_BAD_META);
	assert_int_equal(line, 20);
	text[length] = '\0';
	assert_int_equal(parse(text, length + 1, &line, &damage), -1);
}

enum edit { LEFT_OUT, DOUBLED, ONE_BEFORE };

/* The text with something done to its nth line. */
static void
edit_line(const char *text, unsigned n, enum edit edit,
    char changed[static SHMT__META_MAX])
{
	const char *start = text, *end;
	unsigned i;

	for (i = 1; i < n; i++)
		start = strchr(start, '\n') + 1;
	end = strchr(start, '\n') + 1;
	snprintf(changed, SHMT__META_MAX, "%.*s%s%s",
	    (int)((edit == DOUBLED ? end : start) - text), text,
	    edit == ONE_BEFORE ? "comment x\n" : "",
	    edit == LEFT_OUT ? end : start);
}

static void
meta_lines(void **state)
{
	char text[SHMT__META_MAX], changed[SHMT__META_MAX];
	enum shmt_damage damage;
	unsigned line, n;

	(void)state;
	shmt__format_meta(&example, text);
	for (n = 1; n <= 19; n++) {
		edit_line(text, n, LEFT_OUT, changed);
		assert_int_equal(parse(changed, strlen(changed), &line,
		    &damage), -1);
		assert_int_equal(line, n);
		edit_line(text, n, DOUBLED, changed);
		assert_int_equal(parse(changed, strlen(changed), &line,
		    &damage), -1);
		assert_int_equal(line, n + 1);
		edit_line(text, n, ONE_BEFORE, changed);
		assert_int_equal(parse(changed, strlen(changed), &line,
		    &damage), -1);
		assert_int_equal(line, n);
	}
}

/* Edits by somebody who knows the format, all but the last line. */
static void
meta_edited(void **state)
{
	static const struct {
		const char *from, *to;
		enum shmt_damage damage;
		unsigned line;
	} edits[] = {
		{ "saved 2\n", "saved 1\n", SHMT_BAD_VERSION, 0 },
		{ "saved 2\n", "saved 3\n", SHMT_BAD_META, 2 },
		{ "saved 2\n", "saved 4\n", SHMT_BAD_META, 2 },
		{ "saved 2\n", "saved 5\n", SHMT_BAD_VERSION, 0 },
		{ "saved 2\n", "saved 02\n", SHMT_BAD_META, 1 },
		{ "saved 2\n", "saved x\n", SHMT_BAD_META, 1 },
		{ "kind sysv\n", "kind posix\n", SHMT_BAD_META, 2 },
		{ "id 65536\n", "id 65537\n", SHMT_BAD_SUM, 19 },
		{ "id 65536\n", "id 2147483648\n", SHMT_BAD_META, 3 },
		{ "id 65536\n", "id ../../etc\n", SHMT_BAD_META, 3 },
		{ "id 65536\n", "id 065536\n", SHMT_BAD_META, 3 },
		{ "id 65536\n", "id 65536 \n", SHMT_BAD_META, 3 },
		{ "id 65536\n", "id  65536\n", SHMT_BAD_META, 3 },
		{ "key 0x000004d2\n", "key 0x000004d3\n", SHMT_BAD_SUM, 19 },
		{ "key 0x000004d2\n", "key 0x4d2\n", SHMT_BAD_META, 4 },
		{ "key 0x000004d2\n", "key 0x1000004d2\n", SHMT_BAD_META, 4 },
		{ "key 0x000004d2\n", "key 1234\n", SHMT_BAD_META, 4 },
		{ "key 0x000004d2\n", "key 0x000004D2\n", SHMT_BAD_META, 4 },
		{ "size 1048576\n", "size 1048577\n", SHMT_BAD_SUM, 19 },
		{ "size 1048576\n", "size 0\n", SHMT_BAD_META, 5 },
		{ "size 1048576\n", "size 1M\n", SHMT_BAD_META, 5 },
		{ "size 1048576\n", "size -1\n", SHMT_BAD_META, 5 },
		{ "size 1048576\n", "size 9223372036854775808\n",
		    SHMT_BAD_META, 5 },
		{ "size 1048576\n", "size 18446744073709551617\n",
		    SHMT_BAD_META, 5 },
		{ "perms 0640\n", "perms 0644\n", SHMT_BAD_SUM, 19 },
		{ "perms 0640\n", "perms 640\n", SHMT_BAD_META, 6 },
		{ "perms 0640\n", "perms 1640\n", SHMT_BAD_META, 6 },
		{ "perms 0640\n", "perms u=rw\n", SHMT_BAD_META, 6 },
		{ "uid 1000\n", "uid 0\n", SHMT_BAD_SUM, 19 },
		{ "uid 1000\n", "uid 4294967296\n", SHMT_BAD_META, 7 },
		{ "uid 1000\n", "uid root\n", SHMT_BAD_META, 7 },
		{ "cpid 4242\n", "cpid 2147483648\n", SHMT_BAD_META, 11 },
		{ "atime 1763690000 2025", "atime 1763690000 2026",
		    SHMT_BAD_META, 13 },
		{ "dtime 0 never", "dtime 0", SHMT_BAD_META, 14 },
		{ "dtime 0 never", "dtime 1 never", SHMT_BAD_META, 14 },
		{ "status locked", "status -", SHMT_BAD_SUM, 19 },
		{ "status locked", "status locked dest", SHMT_BAD_META, 16 },
		{ "status locked", "status stale", SHMT_BAD_META, 16 },
		{ "status locked", "status ", SHMT_BAD_META, 16 },
		{ "contents .shm", "contents .1.shm", SHMT_BAD_SUM, 19 },
		{ "contents .shm", "contents .10.shm", SHMT_BAD_META, 17 },
		{ "contents .shm", "contents .0.shm", SHMT_BAD_META, 17 },
		{ "contents .shm", "contents ../x.shm", SHMT_BAD_META, 17 },
		{ "xxh3-128 ab", "xxh3-128 ac", SHMT_BAD_SUM, 19 },
		{ "xxh3-128 ab", "xxh3-128 AB", SHMT_BAD_META, 18 },
		{ "xxh3-128 ab", "sha256 ab", SHMT_BAD_META, 18 },
		{ "xxh3-128 ab", "xxh3-128 b", SHMT_BAD_META, 18 },
		{ "meta-xxh3-128 ", "meta-xxh3-128 0", SHMT_BAD_META, 19 }
	};
	char text[SHMT__META_MAX], changed[SHMT__META_MAX];
	enum shmt_damage damage;
	unsigned line;
	const char *at;
	size_t i;

	(void)state;
	shmt__format_meta(&example, text);
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		at = strstr(text, edits[i].from);
		assert_non_null(at);
		snprintf(changed, sizeof(changed), "%.*s%s%s",
		    (int)(at - text), text, edits[i].to,
		    at + strlen(edits[i].from));
		if (parse(changed, strlen(changed), &line, &damage) != -1 ||
		    damage != edits[i].damage || line != edits[i].line)
			fail_msg("%s: damage %d in line %u", edits[i].to,
			    (int)damage, line);
	}
}

/*
 * The digest
 */

/* The blocks that are not all zero, each behind its number: the judge is the
 * digest of all these bytes in one piece. */
static void
digests_by_blocks(void **state)
{
	static const struct { size_t size, at[3], count; } rows[] = {
		{ 1, { 0 }, 0 }, { 1, { 0 }, 1 }, { 65536, { 65535 }, 1 },
		{ 65537, { 65536 }, 1 }, { 65537, { 65535 }, 1 },
		{ 300000, { 0, 262143, 299999 }, 3 }
	};
	char *bytes = calloc(1, 300000), *judge = calloc(1, 340000);
	unsigned char digest[SHMT__DIGEST];
	struct shmt__digest *ours;
	XXH128_canonical_t theirs;
	size_t i, j, at, n, used;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(bytes, 0, 300000);
		for (j = 0; j < rows[i].count; j++)
			bytes[rows[i].at[j]] = 'x';
		ours = shmt__digest_begin();
		used = 0;
		for (at = 0; at < rows[i].size; at += n) {
			n = rows[i].size - at < 65536 ? rows[i].size - at :
			    65536;
			if (memchr(bytes + at, 'x', n) == NULL)
				continue;
			shmt__digest_add(ours, at / 65536, bytes + at, n);
			memset(judge + used, 0, 8);
			judge[used] = (char)(at / 65536);
			memcpy(judge + used + 8, bytes + at, n);
			used += 8 + n;
		}
		shmt__digest_end(ours, digest);
		XXH128_canonicalFromHash(&theirs, XXH3_128bits(judge, used));
		assert_memory_equal(digest, theirs.digest, SHMT__DIGEST);
	}
	free(bytes);
	free(judge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meta_round_trip),
		cmocka_unit_test(meta_of_object),
		cmocka_unit_test(meta_of_unnamed),
		cmocka_unit_test(meta_text),
		cmocka_unit_test(meta_every_byte),
		cmocka_unit_test(meta_cut_and_longer),
		cmocka_unit_test(meta_lines),
		cmocka_unit_test(meta_edited),
		cmocka_unit_test(digests_by_blocks),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
