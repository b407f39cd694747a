/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Saved segments: the .meta byte by byte, the digest, files that were
 * damaged, cut, swapped or replaced by links, left-over files, and what a
 * restore gives back.
 */

#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "archive/name.h"
#include "archive/pair.h"
#include "shmtool.h"
#include "sysv.h"
#include "segment.h"

#define KEY 0x5afe
#define SIZE 10000

static const struct shmt_saving quiet;
static const struct shmt_saving replacing = { .flags = SHMT_REPLACE };
static const struct shmt_restoring plain;

static char dir[] = "/tmp/shmtool-archive.XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL || chdir(dir) == -1 ? -1 : 0;
}

static int
remove_file(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_file, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct shmt_saved example = {
	.ending = ".shm",
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
	struct shmt_trouble trouble = { 0 };
	struct shmt_saved saved;
	char *exact;
	int result;

	/* Of exactly this length, so that a checker sees who reads on. */
	exact = malloc(length > 0 ? length : 1);
	assert_non_null(exact);
	memcpy(exact, text, length);
	errno = 0;
	result = shmt__parse_meta(exact, length, &saved, &trouble);
	if (result == -1)
		assert_int_equal(errno, EBADMSG);
	free(exact);
	*line = trouble.line;
	*damage = trouble.damage;
	return result;
}

/* What a .meta carries; a struct as a whole has bytes that belong to none of
 * its members. */
static void
assert_same_meta(const struct shmt_saved *a, const struct shmt_saved *b)
{
	const struct shmt_info *s = &a->segment, *t = &b->segment;

	assert_string_equal(a->ending, b->ending);
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
	struct shmt_trouble trouble;
	struct shmt_saved saved, extreme = example;
	char text[SHMT__META_MAX];
	size_t length;

	(void)state;
	length = shmt__format_meta(&example, text);
	assert_int_equal(shmt__parse_meta(text, length, &saved, &trouble), 0);
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
	strlcpy(extreme.ending, ".9.shm", sizeof(extreme.ending));
	length = shmt__format_meta(&extreme, text);
	assert_true(length < SHMT__META_MAX);
	assert_non_null(strstr(text, "9999-12-31T23:59:59Z"));
	assert_non_null(strstr(text, "status dest locked huge\n"));
	assert_non_null(strstr(text, "contents .9.shm\n"));
	assert_int_equal(shmt__parse_meta(text, length, &saved, &trouble), 0);
	assert_same_meta(&saved, &extreme);
}

/* The .meta of an object, of a name of all bytes that one may have. */
static void
meta_of_object(void **state)
{
	struct shmt_saved saved, object = {
		.ending = ".shm",
		.segment = {
			.object.kind = SHMT_POSIX, .mode = 0600,
			.allocated = 4096, .atime = -5, .mtime = INT64_MAX,
			.btime = 1763690000
		}
	};
	struct shmt_trouble trouble;
	char text[SHMT__META_MAX];
	size_t length, i, n = 0;

	(void)state;
	for (i = 255; i > 0; i--)
		if (i != '/')
			object.object[n++] = (char)i;
	shmt__own_name(&object);
	length = shmt__format_meta(&object, text);
	assert_non_null(strstr(text, "shmtool-saved 3\nkind posix\n"
	    "name /%FF%FE%FD"));
	assert_non_null(strstr(text, "_%5E%5D%5C%5BZYX"));
	assert_non_null(strstr(text, "\nsize 0\nallocated 4096\n"));
	assert_non_null(strstr(text, "\natime 0 never\n"));
	assert_int_equal(shmt__parse_meta(text, length, &saved, &trouble), 0);
	assert_int_equal(saved.segment.object.kind, SHMT_POSIX);
	assert_string_equal(saved.segment.object.name, object.object);
	assert_ptr_equal(saved.segment.object.name, saved.object);
	assert_int_equal(saved.segment.allocated, 4096);
	assert_true(saved.segment.mtime == INT64_MAX);
	memset(object.object, 0xff, NAME_MAX);
	length = shmt__format_meta(&object, text);
	assert_true(length < SHMT__META_MAX - 200);
	assert_int_equal(shmt__parse_meta(text, length, &saved, &trouble), 0);
	assert_string_equal(saved.object, object.object);
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
		{ "saved 2\n", "saved 4\n", SHMT_BAD_VERSION, 0 },
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

/*
 * Saving and restoring
 */

/* A segment with a few bytes in it. */
static int
make_segment(key_t key, size_t size, unsigned mode)
{
	int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);
	struct shmid_ds ds;
	char *p;

	assert_int_not_equal(id, -1);
	p = shmat(id, NULL, 0);
	assert_ptr_not_equal(p, (void *)-1);
	memcpy(p, "first", sizeof("first"));
	p[size - 1] = 'z';
	shmdt(p);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	ds.shm_perm.mode = (unsigned short)mode;
	assert_int_equal(shmctl(id, IPC_SET, &ds), 0);
	return id;
}

static unsigned
files(void)
{
	const struct dirent *entry;
	unsigned count = 0;
	DIR *d = opendir(".");

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	closedir(d);
	return count;
}

static unsigned
segments(void)
{
	struct shmt_info *list;
	size_t count;

	assert_int_equal(shmt__sysv_all(false, &list, &count), 0);
	free(list);
	return (unsigned)count;
}

static void
clear_files(void)
{
	struct dirent *entry;
	DIR *d = opendir(".");

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		unlink(entry->d_name);
	closedir(d);
}

static void
clear(void)
{
	struct shmt_info *list;
	size_t count, i;

	clear_files();
	assert_int_equal(shmt__sysv_all(false, &list, &count), 0);
	for (i = 0; i < count; i++)
		shmt__sysv_rmid(list[i].object.id);
	free(list);
}

static int
tidy(void **state)
{
	(void)state;
	clear();
	return 0;
}

static void
save_ok(int id, struct shmt_saved *saved)
{
	struct shmt_trouble trouble;

	if (shmt_save(".", OF_ID(id), &quiet, saved, &trouble) == -1)
		fail_msg("place %d: %s", (int)trouble.place, strerror(errno));
}

/* Restores a file as a private segment, which is removed again. */
static int
check_saved(const char *file, struct shmt_saved *saved,
    struct shmt_trouble *trouble)
{
	const struct shmt_restoring how = { .flags = SHMT_OTHER_KEY };
	int id = -1;

	if (restore_to(file, &how, &id, saved, trouble) == -1)
		return -1;
	return shmt__sysv_rmid(id);
}

static void
restored_as_it_was(void **state)
{
	struct shmt_info before, after;
	struct shmt_trouble trouble;
	struct shmt_saved saved, again;
	int id, other = -1;
	char *p;

	(void)state;
	id = make_segment(KEY, SIZE, 0440);
	assert_int_equal(shmt__sysv_look(id, &before), 0);
	save_ok(id, &saved);
	assert_true(shmt_same(&before, &saved.segment));
	assert_int_equal(saved.segment.lpid, before.lpid);
	assert_int_equal(saved.segment.nattch, 0);
	assert_int_equal(files(), 2);
	assert_int_equal(check_saved(saved.name, &again, &trouble), 0);
	assert_memory_equal(again.digest, saved.digest, SHMT__DIGEST);
	shmt__sysv_rmid(id);
	assert_int_equal(
	    restore_to(saved.name, &plain, &other, &again, &trouble), 0);
	assert_int_equal(again.lost, 0);
	assert_int_equal(shmt__sysv_look(other, &after), 0);
	assert_int_equal(after.key, KEY);
	assert_int_equal(after.size, SIZE);
	assert_int_equal(after.mode, 0440);
	assert_int_equal(after.uid, before.uid);
	assert_int_equal(after.nattch, 0);
	p = shmat(other, NULL, SHM_RDONLY);
	assert_string_equal(p, "first");
	assert_int_equal(p[SIZE - 1], 'z');
	assert_int_equal(p[SIZE / 2], 0);
	shmdt(p);
}

static void
every_ending(void **state)
{
	static const char *const endings[] = { "", ".meta", ".shm", ".7.shm" };
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	char path[300], name[256];
	size_t i;
	int id;

	(void)state;
	id = make_segment(IPC_PRIVATE, 1, 0600);
	save_ok(id, &saved);
	strlcpy(name, saved.name, sizeof(name));
	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", name, endings[i]);
		assert_int_equal(shmt_saved_stem(path), strlen(name));
		assert_int_equal(check_saved(path, &saved, &trouble), 0);
	}
	assert_int_equal(shmt_saved_stem("a.0.shm"), 3);
	assert_int_equal(shmt_saved_stem("a.b.shm"), 3);
	assert_int_equal(shmt_saved_stem(".1.shm"), 2);
	assert_int_equal(shmt_saved_stem(".meta"), 5);
	assert_int_equal(check_saved(".meta", &saved, &trouble), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(trouble.place, SHMT_AT_META);
}

static void
expect_damage(const char *name, enum shmt_place place,
    enum shmt_damage damage)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	unsigned before = segments();
	int id = -1;

	assert_int_equal(restore_to(name, &plain, &id, &saved, &trouble), -1);
	assert_int_equal(errno, damage == SHMT_INTACT ? ENOENT : EBADMSG);
	assert_int_equal(trouble.place, place);
	assert_int_equal(trouble.damage, damage);
	assert_int_equal(id, -1);
	assert_int_equal(segments(), before);
}

static void
damaged_contents(void **state)
{
	struct shmt_saved saved;
	char path[300], gone[300];
	int id, fd;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	shmt__sysv_rmid(id);
	snprintf(path, sizeof(path), "%s.shm", saved.name);
	fd = open(path, O_RDWR);
	assert_int_not_equal(fd, -1);
	/* One bit, in data, in a hole, at the end. */
	assert_int_equal(pwrite(fd, "g", 1, 0), 1);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	assert_int_equal(pwrite(fd, "f", 1, 0), 1);
	assert_int_equal(pwrite(fd, "\1", 1, 5000), 1);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	assert_int_equal(pwrite(fd, "\0", 1, 5000), 1);
	assert_int_equal(pwrite(fd, "{", 1, SIZE - 1), 1);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	assert_int_equal(pwrite(fd, "z", 1, SIZE - 1), 1);
	assert_int_equal(ftruncate(fd, SIZE - 1), 0);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	assert_int_equal(ftruncate(fd, SIZE + 1), 0);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	assert_int_equal(ftruncate(fd, 0), 0);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	close(fd);
	unlink(path);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_INTACT);
	snprintf(gone, sizeof(gone), "%s.meta", saved.name);
	unlink(gone);
	expect_damage(saved.name, SHMT_AT_META, SHMT_INTACT);
}

static void
swapped_files(void **state)
{
	struct shmt_saved a, b;
	char from[300], to[300], *p;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &a);
	shmt__sysv_rmid(id);
	id = make_segment(KEY + 1, SIZE, 0600);
	p = shmat(id, NULL, 0);
	p[0] = 'F';
	shmdt(p);
	save_ok(id, &b);
	shmt__sysv_rmid(id);
	snprintf(from, sizeof(from), "%s.shm", b.name);
	snprintf(to, sizeof(to), "%s.shm", a.name);
	assert_int_equal(rename(from, to), 0);
	expect_damage(a.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
}

/* A .meta or a .shm that is a link, a FIFO, a device. */
static void
not_a_file(void **state)
{
	static const struct {
		const char *ending;
		enum shmt_place place;
	} rows[] = {
		{ "meta", SHMT_AT_META }, { "shm", SHMT_AT_CONTENTS }
	};
	struct shmt_trouble trouble;
	struct shmt_saved saved, damaged;
	char path[300];
	size_t i;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	for (i = 0; i < 2; i++) {
		save_ok(id, &saved);
		snprintf(path, sizeof(path), "%s.%s", saved.name,
		    rows[i].ending);
		assert_int_equal(rename(path, "other"), 0);
		assert_int_equal(symlink("other", path), 0);
		assert_int_equal(check_saved(path, &damaged, &trouble), -1);
		assert_int_equal(errno, ELOOP);
		assert_int_equal(trouble.place, rows[i].place);
		unlink(path);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_int_equal(check_saved(path, &damaged, &trouble), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(trouble.place, rows[i].place);
		snprintf(path, sizeof(path), "%s.shm", saved.name);
		unlink(path);
		snprintf(path, sizeof(path), "%s.meta", saved.name);
		unlink(path);
	}
}

static unsigned
ending_in(const char *ending)
{
	const struct dirent *entry;
	unsigned count = 0;
	DIR *d = opendir(".");
	size_t length;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		length = strlen(entry->d_name);
		count += length > strlen(ending) && strcmp(entry->d_name +
		    length - strlen(ending), ending) == 0;
	}
	closedir(d);
	return count;
}

static void
store_byte(int id, char byte)
{
	char *p = shmat(id, NULL, 0);

	p[0] = byte;
	shmdt(p);
}

static void
never_over_an_existing_pair(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved first, again;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &first);
	assert_string_equal(first.ending, ".shm");
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &again, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(trouble.place, SHMT_AT_META);
	assert_string_equal(trouble.name, first.name);
	store_byte(id, 'F');
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &trouble), 0);
	assert_string_equal(again.ending, ".1.shm");
	assert_string_equal(again.name, first.name);
	assert_int_equal(files(), 2);
	assert_memory_not_equal(again.digest, first.digest, SHMT__DIGEST);
	assert_int_equal(check_saved(again.name, &first, &trouble), 0);
	assert_memory_equal(again.digest, first.digest, SHMT__DIGEST);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &trouble), 0);
	assert_string_equal(again.ending, ".shm");
	assert_int_equal(files(), 2);
}

/* What cannot be replaced leaves nothing, and no directory is removed. */
static void
directory_in_the_way(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	char path[300];
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	clear_files();
	snprintf(path, sizeof(path), "%s.meta", saved.name);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &saved, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &saved, &trouble), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(trouble.place, SHMT_AT_META);
	assert_int_equal(files(), 1);
	rmdir(path);
}

static void
touch(const char *name, const char *ending)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s%s", name, ending);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

/* Of killed processes: a contents file alone, with a .meta that was not
 * renamed, beside a good pair, and under the number that is taken next. */
static void
left_over_files(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved, again;
	char hidden[300];
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	clear_files();
	touch(saved.name, ".shm");
	touch(saved.name, ".3.shm");
	snprintf(hidden, sizeof(hidden), ".%s", saved.name);
	touch(hidden, ".3.tmp");
	save_ok(id, &again);
	assert_int_equal(files(), 2);
	assert_string_equal(again.ending, ".shm");
	touch(saved.name, ".1.shm");
	touch(hidden, ".1.tmp");
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &trouble), 0);
	assert_int_equal(files(), 2);
	assert_int_equal(check_saved(saved.name, &again, &trouble), 0);
}

/* A file that its writer has locked is not left over; nor is one that a .meta
 * names which cannot be read. */
static void
files_of_others(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved, again;
	char path[300];
	int id, fd;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	snprintf(path, sizeof(path), "%s.1.shm", saved.name);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &trouble), 0);
	assert_string_equal(again.ending, ".2.shm");
	assert_int_equal(files(), 3);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s.meta", saved.name);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &again, &trouble), -1);
	assert_int_equal(files(), 3);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &trouble), 0);
	assert_int_equal(files(), 2);
}

static void
ten_at_once(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	char path[300], ending[SHMT__ENDING];
	int id, i, fds[SHMT__COPIES];

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	clear_files();
	for (i = 0; i < SHMT__COPIES; i++) {
		shmt__contents_ending(i, ending);
		snprintf(path, sizeof(path), "%s%s", saved.name, ending);
		fds[i] = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		assert_int_equal(flock(fds[i], LOCK_EX), 0);
	}
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &saved, &trouble), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(trouble.place, SHMT_AT_CONTENTS);
	for (i = 0; i < SHMT__COPIES; i++)
		close(fds[i]);
	save_ok(id, &saved);
	assert_int_equal(files(), 2);
}

/* Two lives of one id within a second. */
static void
names_of_two_lives(void **state)
{
	struct shmt_saved a = {.segment = {.object.id = 0,
				   .ctime = 1763690001,
				   .size = 4096,
				   .cpid = 77}},
			  b = a;

	(void)state;
	shmt__name_saved(&a);
	shmt__name_saved(&b);
	assert_string_equal(a.name, b.name);
	assert_memory_equal(a.name, "0-0x00000000-20251121T015321Z-", 30);
	assert_int_equal(strlen(a.name), 38);
	b.segment.cpid = 78;
	shmt__name_saved(&b);
	assert_string_not_equal(a.name, b.name);
	b = a;
	b.segment.ctime = INT64_MAX;
	b.segment.object.id = INT32_MAX;
	shmt__name_saved(&b);
	assert_true(strlen(b.name) < sizeof(b.name) - 1);
}

static void
existing_key_or_id(void **state)
{
	const struct shmt_restoring same_id = {
		.flags = SHMT_SAME_ID | SHMT_OTHER_KEY, .key = KEY + 1
	}, other_key = { .flags = SHMT_OTHER_KEY, .key = KEY + 1 };
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	int id, other = -1;
	char name[256];

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	strlcpy(name, saved.name, sizeof(name));
	assert_int_equal(restore_to(name, &plain, &other, &saved, &trouble),
	    -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(trouble.place, SHMT_AT_SEGMENT);
	assert_int_equal(restore_to(name, &same_id, &other, &saved,
	    &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(segments(), 1);
	assert_int_equal(restore_to(name, &other_key, &other, &saved,
	    &trouble), 0);
	assert_int_equal(saved.segment.key, KEY);
	assert_int_equal(shmt_find(KEY + 1, &id), 0);
	assert_int_equal(id, other);
	shmt__sysv_rmid(id);
}

/* Callbacks: counts, and stops at the first call of a phase. */
struct watch {
	uint64_t last;
	unsigned calls, copied, confirmed, made, stop_at;
	bool refuse;
};

static bool
watch_progress(void *arg, uint64_t done)
{
	struct watch *watch = arg;

	assert_true(done >= watch->last);
	watch->last = done;
	return ++watch->calls == watch->stop_at;
}

static void
watch_copied(void *arg)
{
	struct watch *watch = arg;

	watch->copied++;
}

static bool
watch_confirm(void *arg, const struct shmt_saved *saved)
{
	struct watch *watch = arg;

	assert_int_equal(saved->disturbed, false);
	assert_int_equal(ending_in(".shm"), 1 + ending_in(".meta"));
	watch->confirmed++;
	return !watch->refuse;
}

static bool
watch_made(void *arg, const struct shmt_info *segment)
{
	struct watch *watch = arg;

	assert_int_equal(segment->mode, 0600);
	assert_int_equal(segment->nattch, 0);
	watch->made++;
	return !watch->refuse;
}

static int
make_full(key_t key, size_t size)
{
	int id = make_segment(key, size, 0600);
	char *p = shmat(id, NULL, 0);

	memset(p, 'x', size);
	shmdt(p);
	return id;
}

/* Saves the segment, or restores the file; the callbacks, and stopping at one
 * of them. */
static int
watched(int id, const char *file, unsigned stop_at, struct watch *watch)
{
	const struct shmt_saving saving = {
		.progress = watch_progress, .copied = watch_copied,
		.confirm = watch_confirm, .arg = watch
	};
	const struct shmt_restoring restoring = {
		.progress = watch_progress, .made = watch_made, .arg = watch
	};
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	int made, result;

	*watch = (struct watch){ .stop_at = stop_at,
	    .refuse = stop_at == UINT_MAX };
	if (file == NULL)
		return shmt_save(".", OF_ID(id), &saving, &saved, &trouble);
	result = restore_to(file, &restoring, &made, &saved, &trouble);
	if (result == 0)
		shmt__sysv_rmid(made);
	return result;
}

static void
progress_and_stopping(void **state)
{
	const size_t size = (size_t)9 << 20;
	struct watch watch, stopped;
	struct shmt_saved saved;
	unsigned i;
	int id;

	(void)state;
	id = make_full(KEY, size);
	save_ok(id, &saved);
	clear_files();
	assert_int_equal(watched(id, NULL, 0, &watch), 0);
	assert_true(watch.last > size / 2 && watch.last <= size);
	assert_int_equal(watch.copied, 1);
	assert_int_equal(watch.confirmed, 1);
	assert_true(watch.calls >= 4);
	shmt__sysv_rmid(id);
	id = make_full(KEY + 1, size);
	for (i = 1; i <= watch.calls; i++) {
		assert_int_equal(watched(id, NULL, i, &stopped), -1);
		assert_int_equal(errno, ECANCELED);
		assert_int_equal(files(), 2);
	}
	assert_int_equal(watched(id, NULL, UINT_MAX, &stopped), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(files(), 2);
	shmt__sysv_rmid(id);
	assert_int_equal(watched(-1, saved.name, 0, &watch), 0);
	assert_true(watch.last > size / 2 && watch.last <= size);
	assert_int_equal(watch.made, 1);
	for (i = 1; i <= watch.calls; i++) {
		assert_int_equal(watched(-1, saved.name, i, &stopped), -1);
		assert_int_equal(errno, ECANCELED);
		assert_int_equal(segments(), 0);
	}
	assert_int_equal(watched(-1, saved.name, UINT_MAX, &stopped), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(segments(), 0);
}

/*
 * File systems that can do less
 */

/* From here on a call fails with an errno: openat(2) only with O_TMPFILE. */
static int
refuse_call(unsigned call, unsigned error)
{
	const uint32_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, call != __NR_openat ? 0 :
		    offsetof(struct seccomp_data, args[2]) + low),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, call != __NR_openat ?
		    UINT32_MAX : O_TMPFILE & ~O_DIRECTORY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	const struct sock_fprog program = {
		sizeof(filter) / sizeof(filter[0]), filter
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* All files were last written two hours ago. */
static void
make_old(void)
{
	const struct timespec times[] = { { 0, UTIME_OMIT },
	    { time(NULL) - 7200, 0 } };
	struct dirent *entry;
	DIR *d = opendir(".");

	while ((entry = readdir(d)) != NULL)
		if (entry->d_type == DT_REG)
			utimensat(AT_FDCWD, entry->d_name, times, 0);
	closedir(d);
}

/* Saves twice, once more over it, and stops once; 0 or the step that went
 * wrong.  Without locks the old contents stay until they are an hour old. */
static int
save_there(int id, bool locks)
{
	struct watch watch = { 0 };
	struct shmt_trouble trouble;
	struct shmt_saved saved, again;

	if (watched(id, NULL, 1, &watch) != -1 || files() != 0)
		return 3;
	if (shmt_save(".", OF_ID(id), &quiet, &saved, &trouble) == -1 ||
	    files() != 2)
		return 4;
	if (shmt_save(".", OF_ID(id), &quiet, &saved, &trouble) != -1 ||
	    errno != EEXIST || files() != 2)
		return 5;
	if (shmt_save(".", OF_ID(id), &replacing, &saved, &trouble) == -1 ||
	    files() != (locks ? 2 : 3))
		return 6;
	make_old();
	if (shmt_save(".", OF_ID(id), &replacing, &saved, &trouble) == -1 ||
	    files() != 2)
		return 11;
	return check_saved(saved.name, &again, &trouble) == 0 ? 0 : 7;
}

/* A file that is published twice, the second time over the first. */
static int
publish_there(void)
{
	struct shmt_atomic_file *file;
	int i;

	for (i = 0; i < 2; i++) {
		if (shmt_atomic_file_open("file", &file) == -1)
			return 8;
		if (write(shmt_atomic_file_fd(file), "x", 1) != 1 ||
		    shmt_atomic_file_publish(file) == -1)
			return 9;
		shmt_atomic_file_close(file);
	}
	return files() == 3 ? 0 : 10;
}

/* A system call that does not exist here, or that a filter refuses, is
 * replaced by another way. */
static void
calls_refused(void **state)
{
	static const unsigned calls[] = {
		__NR_openat, __NR_linkat, __NR_flock
	}, errors[] = { ENOSYS, EPERM, EINVAL, EOPNOTSUPP };
	int id, status, result;
	pid_t child;
	size_t i;

	(void)state;
	for (i = 0; i < 12; i++) {
		id = make_full(KEY, SIZE);
		child = fork();
		if (child == 0) {
			if (refuse_call(calls[i / 4], errors[i % 4]) == -1)
				_exit(1);
			result = save_there(id, calls[i / 4] != __NR_flock);
			_exit(result == 0 ? publish_there() : result);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (status != 0)
			fail_msg("call %u, errno %u: step %d", calls[i / 4],
			    errors[i % 4], WEXITSTATUS(status));
		clear();
	}
}

static void
absent_things(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	int id;

	(void)state;
	assert_int_equal(shmt_save(".", OF_ID(0x7fffffff), &quiet, &saved,
	    &trouble), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(trouble.place, SHMT_AT_SEGMENT);
	id = make_segment(KEY, SIZE, 0600);
	assert_int_equal(shmt_save("nowhere", OF_ID(id), &quiet, &saved,
	    &trouble), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(trouble.place, SHMT_AT_DIR);
	assert_int_equal(shmt_save("/dev/null", OF_ID(id), &quiet, &saved,
	    &trouble), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(files(), 0);
}

#define TIDILY(test) cmocka_unit_test_teardown(test, tidy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meta_round_trip),
		cmocka_unit_test(meta_of_object),
		cmocka_unit_test(meta_text),
		cmocka_unit_test(meta_every_byte),
		cmocka_unit_test(meta_cut_and_longer),
		cmocka_unit_test(meta_lines),
		cmocka_unit_test(meta_edited),
		cmocka_unit_test(digests_by_blocks),
		cmocka_unit_test(names_of_two_lives),
		TIDILY(restored_as_it_was),
		TIDILY(every_ending),
		TIDILY(damaged_contents),
		TIDILY(swapped_files),
		TIDILY(not_a_file),
		TIDILY(never_over_an_existing_pair),
		TIDILY(directory_in_the_way),
		TIDILY(left_over_files),
		TIDILY(files_of_others),
		TIDILY(ten_at_once),
		TIDILY(existing_key_or_id),
		TIDILY(progress_and_stopping),
		TIDILY(calls_refused),
		TIDILY(absent_things)
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
