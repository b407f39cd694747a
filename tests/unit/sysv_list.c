/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The reader of /proc/sysvipc/shm, by captured and by broken texts, and the
 * list of all segments by each way, which must agree.
 */

#include <sys/ipc.h>
#include <sys/shm.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "sysv.h"
#include "child.h"

#define HEAD14 \
"       key      shmid perms       size  cpid  lpid nattch   uid   gid" \
"  cuid  cgid      atime      dtime      ctime\n"
#define HEAD16 \
"       key      shmid perms                  size  cpid  lpid nattch   uid" \
"   gid  cuid  cgid      atime      dtime      ctime                   rss" \
"                  swap\n"
#define ROW16 \
"      1234      98305   600                  4096  1200  1300      2  1000" \
"   100  1001   101 1700000001 1700000002 1700000003                  8192" \
"                 12288\n"
/* What follows key and id, but for ctime. */
#define MORE " 600 4096 1 2 3 4 5 6 7 8 9"

static int
parse_bytes(const char *text, size_t length, struct shmt_info **list,
    size_t *count)
{
	char *copy = strndup(text, length);
	int result, error;

	assert_non_null(copy);
	result = shmt__parse_sysvipc(copy, list, count);
	error = errno;
	free(copy);
	errno = error;
	return result;
}

static int
parse(const char *text, struct shmt_info **list, size_t *count)
{
	return parse_bytes(text, strlen(text), list, count);
}

static void
sixteen_columns(void **state)
{
	struct shmt_info *s;
	size_t count;

	(void)state;
	assert_int_equal(parse(HEAD16 ROW16, &s, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(s->key, 1234);
	assert_int_equal(s->object.id, 98305);
	assert_int_equal(s->mode, 0600);
	assert_int_equal(s->state, 0);
	assert_int_equal(s->size, 4096);
	assert_int_equal(s->cpid, 1200);
	assert_int_equal(s->lpid, 1300);
	assert_int_equal(s->nattch, 2);
	assert_int_equal(s->uid, 1000);
	assert_int_equal(s->gid, 100);
	assert_int_equal(s->cuid, 1001);
	assert_int_equal(s->cgid, 101);
	assert_int_equal(s->atime, 1700000001);
	assert_int_equal(s->dtime, 1700000002);
	assert_int_equal(s->ctime, 1700000003);
	assert_true((s->known & SHMT_HAS_RSS) != 0);
	assert_int_equal(s->rss, 8192);
	assert_int_equal(s->swap, 12288);
	free(s);
}

static void
fourteen_columns(void **state)
{
	struct shmt_info *s;
	size_t count;

	(void)state;
	assert_int_equal(parse(HEAD14
	    "-164091456 2147483647 3777 18446744073709551615 0 0 0 4294967295"
	    " 0 0 4294967294 0 0 9223372036854775807\n"
	    "0 0 1000 0 2147483647 0 18446744073709551615 0 0 0 0 0 0 0\n",
	    &s, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(s[0].key, 0xf63829c0);
	assert_int_equal(s[0].object.id, INT32_MAX);
	assert_int_equal(s[0].mode, 0777);
	assert_int_equal(s[0].state, SHMT_DEST | SHMT_LOCKED);
	assert_true(s[0].size == UINT64_MAX);
	assert_int_equal(s[0].uid, UINT32_MAX);
	assert_int_equal(s[0].cgid, UINT32_MAX - 1);
	assert_true(s[0].ctime == INT64_MAX);
	assert_false((s[0].known & SHMT_HAS_RSS) != 0);
	assert_int_equal(s[1].key, 0);
	assert_int_equal(s[1].mode, 0);
	assert_int_equal(s[1].state, SHMT_DEST);
	assert_int_equal(s[1].cpid, INT32_MAX);
	assert_true(s[1].nattch == UINT64_MAX);
	free(s);
}

static void
no_segments(void **state)
{
	struct shmt_info *s;
	size_t count = 9;

	(void)state;
	assert_int_equal(parse(HEAD16, &s, &count), 0);
	assert_int_equal(count, 0);
	free(s);
}

static void
many_segments(void **state)
{
	const size_t rows = 1000;
	struct shmt_info *s;
	char *text;
	size_t i, count;

	(void)state;
	text = calloc(1, sizeof(HEAD16) + rows * sizeof(ROW16));
	assert_non_null(text);
	strcpy(text, HEAD16);
	for (i = 0; i < rows; i++)
		strcpy(text + sizeof(HEAD16) - 1 + i * (sizeof(ROW16) - 1),
		    ROW16);
	assert_int_equal(parse(text, &s, &count), 0);
	assert_int_equal(count, rows);
	assert_int_equal(s[rows - 1].swap, 12288);
	free(s);
	free(text);
}

static void
what_no_kernel_writes(void **state)
{
	static const char *const rows[] = {
		"", "\n", "x", "key\n", HEAD14 "\n", HEAD14 "1\n",
		HEAD14 "1 2" MORE " 10", HEAD14 "1 2" MORE "\n",
		HEAD14 "1 2" MORE " 10 11\n",
		HEAD14 "1 2" MORE " 10 11 12 13\n",
		HEAD14 "1 2" MORE " 10 11 12", HEAD14 "1 2" MORE " 1x\n",
		HEAD14 "x 2" MORE " 10\n", HEAD14 "1 -2" MORE " 10\n",
		HEAD14 "- 2" MORE " 10\n", HEAD14 "--1 2" MORE " 10\n",
		HEAD14 "- 1 2" MORE " 10\n", HEAD14 "+1 2" MORE " 10\n",
		HEAD14 "1\t2" MORE " 10\n",
		HEAD14 "2147483648 2" MORE " 10\n",
		HEAD14 "-2147483649 2" MORE " 10\n",
		HEAD14 "1 2147483648" MORE " 10\n",
		HEAD14 "1 2 680 4096 1 2 3 4 5 6 7 8 9 10\n",
		HEAD14 "1 2 1000000 4096 1 2 3 4 5 6 7 8 9 10\n",
		HEAD14 "1 2 600 18446744073709551616 1 2 3 4 5 6 7 8 9 10\n",
		HEAD14 "1 2 600 1 2147483648 2 3 4 5 6 7 8 9 10\n",
		HEAD14 "1 2 600 1 -1 2 3 4 5 6 7 8 9 10\n",
		HEAD14 "1 2 600 1 1 2 3 4294967296 5 6 7 8 9 10\n",
		HEAD14 "1 2 600 1 1 2 3 4 5 6 7 9223372036854775808 9 10\n",
		HEAD14 "1 2 600 1 1 2 3 4 5 6 7 8 9 10 -1 1\n",
		"1 2" MORE " 10\n", ROW16 HEAD16,
	};
	struct shmt_info *s;
	size_t i, count = 77;
	int result;

	(void)state;
	/* The one that they are broken forms of. */
	assert_int_equal(parse(HEAD14 "1 2" MORE " 10\n", &s, &count), 0);
	assert_int_equal(count, 1);
	free(s);
	count = 77;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		errno = 0;
		result = parse(rows[i], &s, &count);
		if (result != -1 || errno != EBADMSG || count != 77)
			fail_msg("row %zu: %d, errno %d", i, result, errno);
	}
	/* A part of a line at the end. */
	assert_int_equal(parse_bytes(HEAD16 ROW16,
	    sizeof(HEAD16 ROW16) - 3, &s, &count), -1);
	assert_int_equal(errno, EBADMSG);
}

/* Any piece of a true text is refused or a part of the truth; never read
 * beyond its end. */
static void
every_piece(void **state)
{
	static const char whole[] = HEAD16 ROW16 ROW16;
	struct shmt_info *s;
	size_t length, count;
	char *text;
	int result;

	(void)state;
	for (length = 0; length < sizeof(whole); length++) {
		text = malloc(length + 1);
		assert_non_null(text);
		memcpy(text, whole, length);
		text[length] = '\0';
		result = parse_bytes(text, length, &s, &count);
		assert_int_equal(result, length == sizeof(HEAD16) - 1 ||
		    length == sizeof(HEAD16 ROW16) - 1 ||
		    length == sizeof(whole) - 1 ? 0 : -1);
		if (result == 0) {
			assert_int_equal(count,
			    (length - sizeof(HEAD16) + 1) /
			    (sizeof(ROW16) - 1));
			free(s);
		}
		free(text);
	}
}

/*
 * The list
 */

static void
remove_all(void)
{
	struct shmt_info *list;
	size_t i, count;

	assert_int_equal(shmt__sysv_all(false, &list, &count), 0);
	for (i = 0; i < count; i++)
		shmctl(list[i].object.id, IPC_RMID, NULL);
	free(list);
}

static void
assert_lists_agree(size_t expected)
{
	struct shmt_info *fast, *full;
	size_t i, n, m;

	assert_int_equal(shmt__sysv_all(false, &fast, &n), 0);
	assert_int_equal(shmt__sysv_all(true, &full, &m), 0);
	assert_int_equal(n, expected);
	assert_int_equal(m, expected);
	for (i = 0; i < n; i++) {
		assert_true(shmt_same(&fast[i], &full[i]));
		assert_int_equal(fast[i].key, full[i].key);
		assert_int_equal(fast[i].mode, full[i].mode);
		assert_int_equal(fast[i].nattch, full[i].nattch);
		assert_int_equal(fast[i].lpid, full[i].lpid);
		assert_int_equal(fast[i].ctime, full[i].ctime);
		assert_false((fast[i].known & SHMT_HAS_RSS) != 0 &&
		    fast[i].rss != full[i].rss);
		assert_true((full[i].known & SHMT_HAS_RSS) != 0);
	}
	free(fast);
	free(full);
}

static void
both_ways_agree(void **state)
{
	int ids[300];
	int i;

	(void)state;
	assert_lists_agree(0);
	/* Id 0, the first of a fresh namespace, is one like others. */
	for (i = 0; i < 300; i++) {
		ids[i] = shmget(i % 3 == 0 ? IPC_PRIVATE : INT32_MIN + i,
		    (size_t)i + 1, IPC_CREAT | IPC_EXCL | (i & 0777));
		assert_int_not_equal(ids[i], -1);
		if (i < 3)
			assert_lists_agree((size_t)i + 1);
	}
	assert_lists_agree(300);
	/* Few among many empty slots. */
	for (i = 0; i < 295; i++)
		assert_int_equal(shmctl(ids[i], IPC_RMID, NULL), 0);
	assert_lists_agree(5);
	remove_all();
	assert_lists_agree(0);
}

/* The kernel translates process numbers for who reads, whosever /proc it is:
 * proofs of staleness rest on that. */
static int
list_under_foreign_proc(void)
{
	struct shmt_info *list, one;
	size_t count;
	int id = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

	if (getpid() != 1 || id == -1 || shmat(id, NULL, 0) == (void *)-1)
		return 1;
	if (shmt__sysv_all(true, &list, &count) == -1 || count != 1)
		return 2;
	if (list->cpid != 1 || list->lpid != 1)
		return 3;
	return shmt__sysv_stat_rss(id, &one) == 0 &&
		       (one.known & SHMT_HAS_RSS) != 0 && one.cpid == 1
		   ? 0
		   : 4;
}

static void
foreign_proc(void **state)
{
	(void)state;
	check_under_foreign_proc(list_under_foreign_proc);
	remove_all();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_columns),
		cmocka_unit_test(fourteen_columns),
		cmocka_unit_test(no_segments),
		cmocka_unit_test(many_segments),
		cmocka_unit_test(what_no_kernel_writes),
		cmocka_unit_test(every_piece),
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(foreign_proc),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
