/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Saved segments: the .meta byte by byte, the digest, files that were
 * damaged, cut, swapped or made to lead elsewhere, and what a restore gives
 * back.
 */

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
#include <sha2.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "shmtool.h"

#define KEY 0x5afe
#define SIZE 10000

static const struct shmt_transfer quiet = { .length = UINT64_MAX };

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
	.name = "65536-0x000004d2",
	.segment = {
		.object.id = 65536, .key = 0x4d2, .size = 1048576, .mode = 0640,
		.uid = 1000, .gid = 1001, .cuid = 1002, .cgid = 1003,
		.cpid = 4242, .lpid = 4250, .state = SHMT_LOCKED,
		.atime = 1763690000, .ctime = 1763690001
	},
	.digest = { 0xab, 0xcd, 0xef, [31] = 0x42 }
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

	assert_string_equal(a->name, b->name);
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
	assert_int_equal(
	    (s->known & SHMT_HAS_RSS) != 0, (t->known & SHMT_HAS_RSS) != 0);
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
	strlcpy(extreme.name, "2147483647-0xffffffff", sizeof(extreme.name));
	length = shmt__format_meta(&extreme, text);
	assert_true(length < SHMT__META_MAX);
	assert_non_null(strstr(text, "9999-12-31T23:59:59Z"));
	assert_non_null(strstr(text, "status dest locked huge\n"));
	assert_int_equal(shmt__parse_meta(text, length, &saved, &trouble), 0);
	assert_same_meta(&saved, &extreme);
}

/* The text is a format that others read: it stays as it is. */
static void
meta_text(void **state)
{
	static const char expected[] =
	    "shmtool-saved 1\n"
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
	    "sha256 abcdef00000000000000000000000000"
	    "00000000000000000000000000000042\n"
	    "meta-sha256 ";
	char text[SHMT__META_MAX], hex[SHA256_DIGEST_STRING_LENGTH];
	const size_t before = sizeof(expected) - 1 - strlen("meta-sha256 ");
	size_t length;

	(void)state;
	length = shmt__format_meta(&example, text);
	assert_int_equal(length, sizeof(expected) - 1 + 65);
	assert_memory_equal(text, expected, sizeof(expected) - 1);
	SHA256Data((uint8_t *)text, before, hex);
	assert_memory_equal(text + sizeof(expected) - 1, hex, 64);
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
	assert_int_equal(line, 18);
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
	for (n = 1; n <= 17; n++) {
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
		{ "saved 1\n", "saved 2\n", SHMT_BAD_META, 1 },
		{ "id 65536\n", "id 65537\n", SHMT_BAD_SUM, 17 },
		{ "id 65536\n", "id 2147483648\n", SHMT_BAD_META, 2 },
		{ "id 65536\n", "id ../../etc\n", SHMT_BAD_META, 2 },
		{ "id 65536\n", "id 065536\n", SHMT_BAD_META, 2 },
		{ "id 65536\n", "id 65536 \n", SHMT_BAD_META, 2 },
		{ "id 65536\n", "id  65536\n", SHMT_BAD_META, 2 },
		{ "key 0x000004d2\n", "key 0x000004d3\n", SHMT_BAD_SUM, 17 },
		{ "key 0x000004d2\n", "key 0x4d2\n", SHMT_BAD_META, 3 },
		{ "key 0x000004d2\n", "key 0x1000004d2\n", SHMT_BAD_META, 3 },
		{ "key 0x000004d2\n", "key 1234\n", SHMT_BAD_META, 3 },
		{ "key 0x000004d2\n", "key 0x000004D2\n", SHMT_BAD_META, 3 },
		{ "size 1048576\n", "size 1048577\n", SHMT_BAD_SUM, 17 },
		{ "size 1048576\n", "size 0\n", SHMT_BAD_META, 4 },
		{ "size 1048576\n", "size 1M\n", SHMT_BAD_META, 4 },
		{ "size 1048576\n", "size -1\n", SHMT_BAD_META, 4 },
		{ "size 1048576\n", "size 9223372036854775808\n",
		    SHMT_BAD_META, 4 },
		{ "size 1048576\n", "size 18446744073709551617\n",
		    SHMT_BAD_META, 4 },
		{ "size 1048576\n", "size 1099511627776\n", SHMT_BAD_META,
		    16 },
		{ "perms 0640\n", "perms 0644\n", SHMT_BAD_SUM, 17 },
		{ "perms 0640\n", "perms 640\n", SHMT_BAD_META, 5 },
		{ "perms 0640\n", "perms 1640\n", SHMT_BAD_META, 5 },
		{ "perms 0640\n", "perms u=rw\n", SHMT_BAD_META, 5 },
		{ "uid 1000\n", "uid 0\n", SHMT_BAD_SUM, 17 },
		{ "uid 1000\n", "uid 4294967296\n", SHMT_BAD_META, 6 },
		{ "uid 1000\n", "uid root\n", SHMT_BAD_META, 6 },
		{ "cpid 4242\n", "cpid 2147483648\n", SHMT_BAD_META, 10 },
		{ "atime 1763690000 2025", "atime 1763690000 2026",
		    SHMT_BAD_META, 12 },
		{ "dtime 0 never", "dtime 0", SHMT_BAD_META, 13 },
		{ "dtime 0 never", "dtime 1 never", SHMT_BAD_META, 13 },
		{ "status locked", "status -", SHMT_BAD_SUM, 17 },
		{ "status locked", "status locked dest", SHMT_BAD_META, 15 },
		{ "status locked", "status stale", SHMT_BAD_META, 15 },
		{ "status locked", "status ", SHMT_BAD_META, 15 },
		{ "sha256 ab", "sha256 ac", SHMT_BAD_SUM, 17 },
		{ "sha256 ab", "sha256 AB", SHMT_BAD_META, 16 },
		{ "sha256 ab", "sha256-1M ab", SHMT_BAD_META, 16 },
		{ "sha256 ab", "sha256 b", SHMT_BAD_META, 16 },
		{ "meta-sha256 ", "meta-sha256 0", SHMT_BAD_META, 17 }
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

static void
digest_file(int fd, uint64_t size, char hex[static 65])
{
	unsigned char digest[SHMT__DIGEST];
	size_t i;

	assert_int_equal(shmt__digest(fd, size, &quiet, digest), 0);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* A file of this size with one byte at each of some places. */
static int
sparse_file(uint64_t size, const uint64_t *at, size_t count)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	size_t i;

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	for (i = 0; i < count; i++)
		assert_int_equal(pwrite(fd, "x", 1, (off_t)at[i]), 1);
	return fd;
}

/* Line by line, as split(1) and sha256sum(1) would. */
static void
judge_parts(int fd, uint64_t size, char hex[static 65])
{
	const size_t part = 1 << 20;
	char line[80], own[65], *buffer = malloc(part);
	SHA2_CTX sum;
	uint64_t at;
	ssize_t n;

	assert_non_null(buffer);
	SHA256Init(&sum);
	for (at = 0; at < size; at += (uint64_t)n) {
		n = pread(fd, buffer, part, (off_t)at);
		assert_true(n > 0);
		SHA256Data((uint8_t *)buffer, (size_t)n, own);
		snprintf(line, sizeof(line), "%s  -\n", own);
		SHA256Update(&sum, (uint8_t *)line, strlen(line));
	}
	SHA256End(&sum, hex);
	free(buffer);
}

static void
digests(void **state)
{
	const uint64_t m = 1 << 20;
	const struct {
		uint64_t size, at[3];
		size_t count;
		bool parts;
	} rows[] = {
		{ 1, { 0 }, 1, false },
		{ 1, { 0 }, 0, false },
		{ 4097, { 4096 }, 1, false },
		{ 3 * m, { 0, m, 3 * m - 1 }, 3, false },
		{ 3 * m + 1, { m - 1, m, 3 * m }, 3, false },
		{ SHMT__PLAIN + 1, { 0 }, 0, true },
		{ SHMT__PLAIN + 5 * m - 1, { 7 * m, SHMT__PLAIN + 5 * m - 2 },
		    2, true }
	};
	char ours[65], theirs[65], path[32];
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fd = sparse_file(rows[i].size, rows[i].at, rows[i].count);
		digest_file(fd, rows[i].size, ours);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (rows[i].parts)
			judge_parts(fd, rows[i].size, theirs);
		else
			assert_non_null(SHA256File(path, theirs));
		assert_string_equal(ours, theirs);
		close(fd);
	}
}

static void
digest_of_less(void **state)
{
	unsigned char digest[SHMT__DIGEST];
	const uint64_t at = 99;
	int fd = sparse_file(100, &at, 1);

	(void)state;
	assert_int_equal(shmt__digest(fd, 101, &quiet, digest), -1);
	assert_int_equal(errno, EIO);
	close(fd);
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

	assert_int_equal(shmt_list(false, &list, &count), 0);
	free(list);
	return (unsigned)count;
}

static void
clear(void)
{
	struct shmt_info *list;
	struct dirent *entry;
	size_t count, i;
	DIR *d = opendir(".");

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		unlink(entry->d_name);
	closedir(d);
	assert_int_equal(shmt_list(false, &list, &count), 0);
	for (i = 0; i < count; i++)
		shmt_remove(list[i].object.id);
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

	if (shmt_save(".", id, 0, &quiet, saved, &trouble) == -1)
		fail_msg("place %d: %s", (int)trouble.place, strerror(errno));
}

static void
restored_as_it_was(void **state)
{
	struct shmt_info before, after;
	struct shmt_trouble trouble;
	struct shmt_saved saved, again;
	int id, other;
	char *p;

	(void)state;
	id = make_segment(KEY, SIZE, 0440);
	assert_int_equal(shmt_info(id, &before), 0);
	save_ok(id, &saved);
	assert_true(shmt_same(&before, &saved.segment));
	assert_int_equal(saved.segment.lpid, before.lpid);
	assert_int_equal(saved.segment.nattch, 0);
	assert_int_equal(files(), 2);
	assert_int_equal(shmt_saved_check(saved.name, &quiet, &again,
	    &trouble), 0);
	assert_memory_equal(again.digest, saved.digest, SHMT__DIGEST);
	shmt_remove(id);
	assert_int_equal(shmt_restore(saved.name, 0, 0, &quiet, &other,
	    &again, &trouble), 0);
	assert_int_equal(again.lost, 0);
	assert_int_equal(shmt_info(other, &after), 0);
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
	static const char *const endings[] = { "", ".meta", ".shm" };
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	char path[64];
	size_t i;
	int id;

	(void)state;
	id = make_segment(IPC_PRIVATE, 1, 0600);
	save_ok(id, &saved);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", saved.name, endings[i]);
		assert_int_equal(shmt_saved_check(path, &quiet, &saved,
		    &trouble), 0);
	}
	assert_int_equal(shmt_saved_check(".meta", &quiet, &saved, &trouble),
	    -1);
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

	assert_int_equal(shmt_restore(name, 0, 0, &quiet, &id, &saved,
	    &trouble), -1);
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
	char path[64], gone[64];
	int id, fd;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	shmt_remove(id);
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
	char from[64], to[64], *p;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &a);
	shmt_remove(id);
	id = make_segment(KEY + 1, SIZE, 0600);
	p = shmat(id, NULL, 0);
	p[0] = 'F';
	shmdt(p);
	save_ok(id, &b);
	shmt_remove(id);
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
	struct shmt_saved saved;
	char path[64];
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
		assert_int_equal(shmt_saved_check(path, &quiet, &saved,
		    &trouble), -1);
		assert_int_equal(errno, ELOOP);
		assert_int_equal(trouble.place, rows[i].place);
		unlink(path);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_int_equal(shmt_saved_check(path, &quiet, &saved,
		    &trouble), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(trouble.place, rows[i].place);
		snprintf(path, sizeof(path), "%s.shm", saved.name);
		unlink(path);
		snprintf(path, sizeof(path), "%s.meta", saved.name);
		unlink(path);
	}
}

static void
never_over_an_existing_file(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved, again;
	char path[64];
	int id;
	char *p;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	assert_int_equal(shmt_save(".", id, 0, &quiet, &again, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(trouble.place, SHMT_AT_CONTENTS);
	assert_string_equal(trouble.name, saved.name);
	snprintf(path, sizeof(path), "%s.shm", saved.name);
	unlink(path);
	assert_int_equal(shmt_save(".", id, 0, &quiet, &again, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(trouble.place, SHMT_AT_META);
	assert_int_equal(files(), 1);
	p = shmat(id, NULL, 0);
	p[0] = 'F';
	shmdt(p);
	/* One of the two there, then both. */
	assert_int_equal(shmt_save(".", id, SHMT_REPLACE, &quiet, &again,
	    &trouble), 0);
	assert_int_equal(shmt_save(".", id, SHMT_REPLACE, &quiet, &again,
	    &trouble), 0);
	assert_int_equal(files(), 2);
	assert_memory_not_equal(again.digest, saved.digest, SHMT__DIGEST);
	assert_int_equal(shmt_saved_check(again.name, &quiet, &saved,
	    &trouble), 0);
}

/* What cannot be replaced leaves the old pair as it was. */
static void
directory_in_the_way(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	char path[64];
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	snprintf(path, sizeof(path), "%d-0x%08x.meta", id, KEY);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(shmt_save(".", id, 0, &quiet, &saved, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(shmt_save(".", id, SHMT_REPLACE, &quiet, &saved,
	    &trouble), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(trouble.place, SHMT_AT_META);
	assert_int_equal(files(), 1);
	rmdir(path);
}

static void
existing_key_or_id(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	int id, other = -1;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	assert_int_equal(shmt_restore(saved.name, 0, 0, &quiet, &other,
	    &saved, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(trouble.place, SHMT_AT_SEGMENT);
	assert_int_equal(shmt_restore(saved.name, SHMT_SAME_ID |
	    SHMT_OTHER_KEY, KEY + 1, &quiet, &other, &saved, &trouble), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(segments(), 1);
	assert_int_equal(shmt_restore(saved.name, SHMT_OTHER_KEY, KEY + 1,
	    &quiet, &other, &saved, &trouble), 0);
	assert_int_equal(saved.segment.key, KEY);
	assert_int_equal(shmt_find(KEY + 1, &id), 0);
	assert_int_equal(id, other);
	shmt_remove(id);
}

/* Callbacks: counts, and stops at the first call of a phase. */
struct watch {
	uint64_t last;
	unsigned calls, copied, stop_at;
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
	struct shmt_transfer how = {
		.length = UINT64_MAX, .progress = watch_progress,
		.copied = watch_copied, .arg = watch
	};
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	int made, result;

	*watch = (struct watch){ .stop_at = stop_at };
	if (file == NULL)
		return shmt_save(".", id, 0, &how, &saved, &trouble);
	result = shmt_restore(file, 0, 0, &how, &made, &saved, &trouble);
	if (result == 0)
		shmt_remove(made);
	return result;
}

static void
progress_and_stopping(void **state)
{
	const size_t size = (size_t)9 << 20;
	struct watch watch, stopped;
	char file[64];
	unsigned i;
	int id;

	(void)state;
	id = make_full(KEY, size);
	assert_int_equal(watched(id, NULL, 0, &watch), 0);
	assert_int_equal(watch.last, size);
	assert_int_equal(watch.copied, 1);
	assert_true(watch.calls >= 4);
	shmt_remove(id);
	snprintf(file, sizeof(file), "%d-0x%08x", id, KEY);
	id = make_full(KEY + 1, size);
	for (i = 1; i <= watch.calls; i++) {
		assert_int_equal(watched(id, NULL, i, &stopped), -1);
		assert_int_equal(errno, ECANCELED);
		assert_int_equal(files(), 2);
	}
	shmt_remove(id);
	assert_int_equal(watched(-1, file, 0, &watch), 0);
	assert_true(watch.last > size / 2 && watch.last <= size);
	for (i = 1; i <= watch.calls; i++) {
		assert_int_equal(watched(-1, file, i, &stopped), -1);
		assert_int_equal(errno, ECANCELED);
		assert_int_equal(segments(), 0);
	}
}

/* Somebody lays a file at one of the names while we are copying. */
static void
lay_file(void *arg)
{
	int fd = open(arg, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
name_taken_meanwhile(void **state)
{
	static const struct {
		const char *ending;
		enum shmt_place place;
	} rows[] = {
		{ "shm", SHMT_AT_CONTENTS }, { "meta", SHMT_AT_META }
	};
	struct shmt_transfer how = quiet;
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	char path[64];
	size_t i;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	how.copied = lay_file;
	how.arg = path;
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%d-0x%08x.%s", id, KEY,
		    rows[i].ending);
		assert_int_equal(shmt_save(".", id, 0, &how, &saved,
		    &trouble), -1);
		assert_int_equal(errno, EEXIST);
		assert_int_equal(trouble.place, rows[i].place);
		assert_int_equal(files(), 1);
		assert_int_equal(unlink(path), 0);
	}
}

/*
 * File systems that can do less
 */

/* From here on opens with O_TMPFILE, and with flags renames too, fail as on a
 * file system that has none of it. */
static int
as_on_a_poor_file_system(bool flags)
{
	const uint32_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[2]) + low),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
		    O_TMPFILE & ~O_DIRECTORY, 0, 5),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		    flags ? __NR_renameat2 : UINT32_MAX, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[4]) + low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	const struct sock_fprog program = {
		sizeof(filter) / sizeof(filter[0]), filter
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Saves twice, once more over it, and stops once; 0 or the step that went
 * wrong. */
static int
save_there(int id, bool flags)
{
	struct watch watch = { 0 };
	struct shmt_trouble trouble;
	struct shmt_saved saved;

	if (as_on_a_poor_file_system(flags) == -1)
		return 1;
	if (open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) != -1)
		return 2;
	if (watched(id, NULL, 1, &watch) != -1 || files() != 0)
		return 3;
	if (shmt_save(".", id, 0, &quiet, &saved, &trouble) == -1 ||
	    files() != 2)
		return 4;
	if (shmt_save(".", id, 0, &quiet, &saved, &trouble) != -1 ||
	    errno != EEXIST || files() != 2)
		return 5;
	if (shmt_save(".", id, SHMT_REPLACE, &quiet, &saved, &trouble) ==
	    -1 || files() != 2)
		return 6;
	return shmt_saved_check(saved.name, &quiet, &saved, &trouble) == 0 ?
	    0 : 7;
}

static void
poor_file_systems(void **state)
{
	int id, status, flags;
	pid_t child;

	(void)state;
	id = make_full(KEY, SIZE);
	for (flags = 0; flags <= 1; flags++) {
		child = fork();
		if (child == 0)
			_exit(save_there(id, flags == 1));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		assert_int_equal(files(), 2);
		clear();
		id = make_full(KEY, SIZE);
	}
}

static void
absent_things(void **state)
{
	struct shmt_trouble trouble;
	struct shmt_saved saved;
	int id;

	(void)state;
	assert_int_equal(shmt_save(".", 0x7fffffff, 0, &quiet, &saved,
	    &trouble), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(trouble.place, SHMT_AT_SEGMENT);
	id = make_segment(KEY, SIZE, 0600);
	assert_int_equal(shmt_save("nowhere", id, 0, &quiet, &saved,
	    &trouble), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(trouble.place, SHMT_AT_DIR);
	assert_int_equal(shmt_save("/dev/null", id, 0, &quiet, &saved,
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
		cmocka_unit_test(meta_text),
		cmocka_unit_test(meta_every_byte),
		cmocka_unit_test(meta_cut_and_longer),
		cmocka_unit_test(meta_lines),
		cmocka_unit_test(meta_edited),
		cmocka_unit_test(digests),
		cmocka_unit_test(digest_of_less),
		TIDILY(restored_as_it_was),
		TIDILY(every_ending),
		TIDILY(damaged_contents),
		TIDILY(swapped_files),
		TIDILY(not_a_file),
		TIDILY(never_over_an_existing_file),
		TIDILY(directory_in_the_way),
		TIDILY(existing_key_or_id),
		TIDILY(progress_and_stopping),
		TIDILY(name_taken_meanwhile),
		TIDILY(poor_file_systems),
		TIDILY(absent_things)
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
