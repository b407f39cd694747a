/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits as facts: percentages that no double could hold, the figures of
 * advice, values set and read back, and the file that keeps them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"

static void
permille(void **state)
{
	static const struct {
		uint64_t part, whole, expected;
	} rows[] = {
		{ 0, 0, 0 }, { 1, 0, UINT64_MAX }, { 0, 1, 0 },
		{ 1, 1, 1000 }, { 1, 3, 333 }, { 2, 3, 666 },
		{ 999999, 1000000, 999 }, { 5, 4, 1250 },
		{ UINT64_MAX, UINT64_MAX, 1000 },
		{ UINT64_MAX - 1, UINT64_MAX, 999 },
		{ UINT64_MAX / 2, UINT64_MAX, 499 },
		{ UINT64_MAX / 2 + 1, UINT64_MAX, 500 },
		{ UINT64_MAX, 1, UINT64_MAX },
		{ UINT64_MAX / 1000, 1, UINT64_MAX / 1000 * 1000 }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(shmt_permille(rows[i].part, rows[i].whole) ==
		    rows[i].expected);
}

/* The system call beside the files. */
static void
limits_of_the_kernel(void **state)
{
	struct shmt_limits limits;
	struct shminfo info;
	struct shmid_ds ds;
	const char *bad = "untouched";

	(void)state;
	assert_int_not_equal(shmctl(0, IPC_INFO, &ds), -1);
	memcpy(&info, &ds, sizeof(info));
	assert_int_equal(shmt_limits(SHMT_LIMITS_SHM | SHMT_LIMITS_MSG |
	    SHMT_LIMITS_SEM, &limits, &bad), 0);
	assert_string_equal(bad, "untouched");
	assert_true(limits.shmmni == info.shmmni);
	assert_true(limits.shmmin == 1 && limits.semvmx == 32767);
	assert_true(limits.msgmax > 0 && limits.semmsl > 0);
	if (sizeof(long) == 8)
		assert_true(limits.shmmax == info.shmmax &&
		    limits.shmall == info.shmall);
}

static void
usage_of_two(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct shmt_usage before, after;
	int a, b;

	(void)state;
	assert_int_equal(shmt_usage(&before), 0);
	a = shmget(IPC_PRIVATE, 1, 0600);
	b = shmget(IPC_PRIVATE, (size_t)(5 * page + 1), 0600);
	assert_true(a != -1 && b != -1);
	assert_int_equal(shmt_usage(&after), 0);
	shmctl(a, IPC_RMID, NULL);
	shmctl(b, IPC_RMID, NULL);
	assert_true(after.segments == before.segments + 2);
	assert_true(after.pages == before.pages + 7);
	assert_true(after.largest == 5 * page + 1);
	assert_true(after.unattached == before.unattached + 2);
	assert_true(after.attachments == before.attachments);
}

static void
advice_figures(void **state)
{
	static const struct {
		enum shmt_profile profile;
		uint64_t gigabytes, shmmax, shmall;
	} rows[] = {
		{ SHMT_ADVISE_GENERAL, 8, 4294967296, 1048576 },
		{ SHMT_ADVISE_GENERAL, 32, 17179869184, 4194304 },
		{ SHMT_ADVISE_GENERAL, 128, 68719476736, 16777216 },
		{ SHMT_ADVISE_POSTGRESQL, 8, 4294967296, 1048576 },
		{ SHMT_ADVISE_POSTGRESQL, 128, 68719476736, 16777216 },
		{ SHMT_ADVISE_ANALYTICS, 8, 6442450944, 1572864 },
		{ SHMT_ADVISE_ANALYTICS, 32, 25769803776, 6291456 },
		{ SHMT_ADVISE_DB2, 32, 34359738368, 8388608 }
	};
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	size_t i, count;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(shmt_advise(rows[i].profile,
		    rows[i].gigabytes << 30, advice, &count, NULL), 0);
		assert_true(count == (rows[i].profile == SHMT_ADVISE_DB2 ?
		    8 : 2));
		assert_string_equal(advice[0].name, "shmmax");
		assert_string_equal(advice[1].name, "shmall");
		assert_true(advice[0].recommended == rows[i].shmmax);
		assert_true(advice[1].recommended ==
		    rows[i].shmall * 4096 / page);
	}
}

static void
advice_at_the_ends(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	const char *bad = "untouched";
	size_t count;

	(void)state;
	assert_int_equal(shmt_advise(SHMT_ADVISE_ANALYTICS, UINT64_MAX,
	    advice, &count, NULL), 0);
	assert_true(advice[0].recommended == UINT64_MAX / 4 * 3 -
	    UINT64_MAX / 4 * 3 % page);
	assert_int_equal(shmt_advise(SHMT_ADVISE_GENERAL, page, advice,
	    &count, &bad), -1);
	assert_int_equal(errno, EINVAL);
	assert_null(bad);
	assert_int_equal(shmt_advise(SHMT_ADVISE_DB2, 1, advice, &count,
	    NULL), 0);
	assert_true(advice[0].recommended ==
	    (sizeof(long) == 8 ? UINT64_C(1) << 30 : UINT64_C(1) << 28));
}

static void
db2_semaphores(void **state)
{
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	uint64_t of[4] = { 0 };
	size_t i, count;

	(void)state;
	assert_int_equal(shmt_advise(SHMT_ADVISE_DB2, UINT64_C(8) << 30,
	    advice, &count, NULL), 0);
	for (i = 0; i < count; i++)
		if (strcmp(advice[i].name, "msgmax") == 0 ||
		    strcmp(advice[i].name, "msgmnb") == 0)
			assert_true(advice[i].recommended >= 65536);
	assert_string_equal(advice[count - 4].name, "semmsl");
	assert_string_equal(advice[count - 1].name, "semmni");
	for (i = 0; i < 4; i++)
		of[i] = advice[count - 4 + i].recommended;
	assert_true(of[0] >= 250 && of[2] >= 32 && of[3] >= 1024);
	assert_true(of[1] == of[0] * of[3]);
}

static void
set_and_read_back(void **state)
{
	char reason[SHMT_REASON] = "untouched";
	uint64_t old, now = 1;

	(void)state;
	assert_int_equal(shmt_limit_get("shmmni", &old), 0);
	if (shmt_limit_set("shmmni", old, &now, reason) == -1) {
		print_message("# skipped: limits cannot be set here\n");
		skip();
	}
	assert_int_equal(shmt_limit_set("shmmni", 17, &now, reason), 0);
	assert_true(now == 17);
	assert_int_equal(shmt_limit_get("shmmni", &now), 0);
	assert_true(now == 17);
	assert_int_equal(shmt_limit_set("shmmni", UINT64_C(1) << 31, &now,
	    reason), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(shmt_limit_set("shmmni", old, &now, reason), 0);
	assert_int_equal(shmt_limit_set("shmmax", UINT64_MAX, &now, reason), 0);
	assert_true(now == UINT64_MAX);
	assert_string_equal(reason, "");
}

static void
defaults(void **state)
{
	uint64_t value, memory;

	(void)state;
	assert_int_equal(shmt_limit_default("shmmax", &value), 0);
	assert_true(value == (uint64_t)ULONG_MAX - (1 << 24));
	assert_int_equal(shmt_limit_default("shmall", &value), 0);
	assert_true(value == (uint64_t)ULONG_MAX - (1 << 24));
	assert_int_equal(shmt_limit_default("shmmni", &value), 0);
	assert_true(value == 4096);
	assert_int_equal(shmt_limit_default("shm_rmid_forced", &value), 0);
	assert_true(value == 0);
	assert_int_equal(shmt_memory(&memory), 0);
	assert_int_equal(shmt_limit_default(SHMT_DEV_SHM_SIZE, &value), 0);
	assert_true(value >= memory / 2 && value <= memory);
	assert_true(value % (uint64_t)sysconf(_SC_PAGESIZE) == 0);
}

static void
names_that_are_not_ours(void **state)
{
	static const char *const names[] = {
		"", "sem", "shm_next_id", "kernel.shmmax", "../vm/swappiness"
	};
	char reason[SHMT_REASON];
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		errno = 0;
		assert_int_equal(shmt_limit_get(names[i], &value), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(shmt_limit_set(names[i], 1, &value, reason),
		    -1);
		assert_int_equal(errno, EINVAL);
		errno = 0;
		assert_int_equal(shmt_limit_check(names[i], reason), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(shmt_limit_default(names[i], &value), -1);
	}
}

/* The file of one test, in a folder of its own. */
static char folder[] = "/tmp/shmtool-unit-XXXXXX", file[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/90-test.conf", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(file);
	/* Fails where something was left beside it. */
	return rmdir(folder);
}

static void
put(const char *text, size_t length)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fwrite(text, 1, length, f) == length);
	assert_int_equal(fclose(f), 0);
}

static void
holds(const char *text, size_t length)
{
	char buf[4096];
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	assert_int_equal(fread(buf, 1, sizeof(buf), f), length);
	fclose(f);
	assert_memory_equal(buf, text, length);
}

static int
persist(const char *path, const struct shmt_setting *settings, size_t count)
{
	struct shmt_atomic_file *new;
	int result;

	if (shmt_persist_prepare(path, settings, count, &new) == -1)
		return -1;
	result = shmt_persist_commit(new);
	shmt_atomic_file_close(new);
	return result;
}

static void
lines_of_a_file(void **state)
{
	static const struct shmt_setting ours[] = {
		{ "shmmax", UINT64_MAX }, { "shmmni", 7 }
	};
	static const struct {
		const char *before, *after;
	} rows[] = {
#define MAX "kernel.shmmax = 18446744073709551615\n"
#define NI "kernel.shmmni = 7\n"
		{ "", MAX NI },
		{ "\n", "\n" MAX NI },
		{ "# mine\nvm.swappiness=1\n", "# mine\nvm.swappiness=1\n"
		    MAX NI },
		{ "vm.swappiness=1", "vm.swappiness=1\n" MAX NI },
		{ "kernel.shmmni=1\nx=2\n", NI "x=2\n" MAX },
		{ "  kernel/shmmax =5\n-kernel.shmmni\t= 5\n", MAX NI },
		{ "kernel.shmmni=1\na=1\nkernel.shmmni=2\n", NI "a=1\n" MAX },
		{ "kernel.shmmni=1", NI MAX },
		{ "#kernel.shmmni=1\n", "#kernel.shmmni=1\n" MAX NI },
		{ "kernel.shmmnix=1\n", "kernel.shmmnix=1\n" MAX NI },
		{ "kernel.shmmni\n", "kernel.shmmni\n" MAX NI },
		{ "xkernel.shmmni=1\n", "xkernel.shmmni=1\n" MAX NI },
		{ "kernelxshmmni=1\n", "kernelxshmmni=1\n" MAX NI },
		{ "kernel.shm\n=1\n", "kernel.shm\n=1\n" MAX NI },
		{ "kernel.\n", "kernel.\n" MAX NI }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(rows[i].before, strlen(rows[i].before));
		assert_int_equal(persist(file, ours, 2), 0);
		holds(rows[i].after, strlen(rows[i].after));
		/* Once more changes nothing. */
		assert_int_equal(persist(file, ours, 2), 0);
		holds(rows[i].after, strlen(rows[i].after));
	}
}

static void
bytes_of_others_stay(void **state)
{
	static const struct shmt_setting ours = { "shmmni", 7 };
	static const char before[] = "a\0b\xff\nkernel.shmmni = 1\nc\0";
	static const char after[] = "a\0b\xff\nkernel.shmmni = 7\nc\0\n";

	(void)state;
	put(before, sizeof(before) - 1);
	assert_int_equal(persist(file, &ours, 1), 0);
	holds(after, sizeof(after) - 1);
}

static void
modes_of_a_file(void **state)
{
	static const struct shmt_setting ours = { "shmmni", 7 };
	struct stat st;
	mode_t mask;

	(void)state;
	unlink(file);
	mask = umask(077);
	assert_int_equal(persist(file, &ours, 1), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(persist(file, &ours, 1), 0);
	umask(mask);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void
refuses(const char *path, int error)
{
	static const struct shmt_setting ours = { "shmmni", 7 };

	errno = 0;
	assert_int_equal(persist(path, &ours, 1), -1);
	assert_int_equal(errno, error);
}

static void
files_that_are_refused(void **state)
{
	char other[80], none[80];

	(void)state;
	snprintf(other, sizeof(other), "%s/link", folder);
	snprintf(none, sizeof(none), "%s/none/file", folder);
	put("x\n", 2);
	assert_int_equal(symlink(file, other), 0);
	refuses(other, ELOOP);
	unlink(other);
	/* Nor one that leads nowhere. */
	assert_int_equal(symlink(none, other), 0);
	refuses(other, ELOOP);
	unlink(other);
	holds("x\n", 2);
	refuses(folder, EISDIR);
	refuses(none, ENOENT);
	refuses("/dev/null", access("/dev", W_OK) == 0 ? EINVAL : EACCES);
	assert_int_equal(mkfifo(other, 0600), 0);
	refuses(other, EINVAL);
	unlink(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permille),
		cmocka_unit_test(limits_of_the_kernel),
		cmocka_unit_test(usage_of_two),
		cmocka_unit_test(advice_figures),
		cmocka_unit_test(advice_at_the_ends),
		cmocka_unit_test(db2_semaphores),
		cmocka_unit_test(set_and_read_back),
		cmocka_unit_test(defaults),
		cmocka_unit_test(names_that_are_not_ours),
		cmocka_unit_test(lines_of_a_file),
		cmocka_unit_test(bytes_of_others_stay),
		cmocka_unit_test(modes_of_a_file),
		cmocka_unit_test(files_that_are_refused)
	};

	return cmocka_run_group_tests_name("limits", tests, make_folder,
	    remove_folder);
}
