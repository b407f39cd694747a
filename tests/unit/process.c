/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The process whose pid a segment records: gone and reused only with proof,
 * alive or unknown otherwise.
 */

#include <sys/prctl.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "users/process.h"
#include "child.h"
#include "world.h"

#define TAIL "1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 5 6 7\n"

static void
stat_texts(void **state)
{
	static const struct {
		const char *text, *command;	/* NULL: refused */
	} rows[] = {
		{ "7 (sh) S " TAIL, "sh" },
		{ "7 () S " TAIL, "" },
		{ "7 (a b) S " TAIL, "a b" },
		{ "7 (x) Z 9) S " TAIL, "x) Z 9" },
		{ "7 ((sd-pam)) S " TAIL, "(sd-pam)" },
		{ "7 (a\nb) S " TAIL, "a\nb" },
		{ "7 (\xff\x1b[0m) S " TAIL, "\xff\x1b[0m" },
		{ "", NULL }, { "7", NULL }, { "7 (sh", NULL },
		{ "7 sh) S " TAIL, NULL }, { ")(", NULL },
		{ "7 (sh)", NULL }, { "7 (sh) ", NULL }, { "7 (sh) S", NULL },
		{ "7 (sh) S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0",
		    NULL },
		{ "7 (sh) S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ",
		    NULL },
		{ "7 (sh) S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x",
		    NULL },
		{ "7 (0123456789012345678901234567890123456789012345678901234"
		    "567890123) S " TAIL, NULL },
	};
	struct shmt__stat s;
	size_t i;
	bool good;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		good = shmt__parse_stat(rows[i].text, &s);
		if (good != (rows[i].command != NULL))
			fail_msg("\"%s\": %d", rows[i].text, good);
		if (!good)
			continue;
		assert_string_equal(s.command, rows[i].command);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.flags, 4194560);
		assert_int_equal(s.threads, 1);
		assert_int_equal(s.started, 4242);
	}
}

static void
states_by_start(void **state)
{
	enum { BOOT = 1000, NOW = 9000 };
	static const struct {
		int64_t at, started;
		enum shmt_process_state state;
	} rows[] = {
		{ 5000, 4000, SHMT_ALIVE }, { 5000, 5000, SHMT_ALIVE },
		{ 5000, 5002, SHMT_ALIVE }, { 5000, 5003, SHMT_REUSED },
		{ 5000, 9000, SHMT_REUSED }, { 1000, 1003, SHMT_REUSED },
		/* Used before the boot: the clock was set since. */
		{ 999, 5000, SHMT_UNKNOWN }, { 0, 5000, SHMT_UNKNOWN },
		{ -5, 5000, SHMT_UNKNOWN }, { 999, 1001, SHMT_ALIVE },
		/* Used in the future: the clock was set back. */
		{ 9003, 9006, SHMT_UNKNOWN }, { 9003, 9005, SHMT_ALIVE },
		/* Started in the future, which no process can. */
		{ 5000, 9003, SHMT_UNKNOWN },
	};
	struct shmt__use use;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		use = (struct shmt__use){ rows[i].at, rows[i].at };
		if (shmt__state_by_start(&use, rows[i].started, BOOT, NOW) !=
		    rows[i].state)
			fail_msg("at %jd, started %jd", (intmax_t)rows[i].at,
			    (intmax_t)rows[i].started);
	}
	/* Another time of the segment lies before the boot. */
	use = (struct shmt__use){ .at = 5000, .oldest = 999 };
	assert_int_equal(shmt__state_by_start(&use, 6000, BOOT, NOW),
	    SHMT_UNKNOWN);
	assert_int_equal(shmt__state_by_start(&use, 5002, BOOT, NOW),
	    SHMT_ALIVE);
}

#define FORKS(n)                                                               \
	"cpu  1 2 3\nctxt 5\nbtime 7\nprocesses " n "\nprocs_running 1\n"

static void
reuse_of_pids(void **state)
{
	static const struct {
		const char *stat, *pid_max;
		enum shmt_answer reuse;
	} rows[] = {
		{ FORKS("32767"), "32768\n", SHMT_NO },
		{ FORKS("32768"), "32768\n", SHMT_YES },
		{ FORKS("251435"), "32768\n", SHMT_YES },
		{ FORKS("251435"), "4194304\n", SHMT_NO },
		{ "", "32768\n", SHMT_CANNOT_TELL },
		{ "cpu  1 2 3\n", "32768\n", SHMT_CANNOT_TELL },
		{ FORKS(""), "32768\n", SHMT_CANNOT_TELL },
		{ FORKS("x"), "32768\n", SHMT_CANNOT_TELL },
		{ FORKS("1"), "", SHMT_CANNOT_TELL },
		{ FORKS("1"), "many\n", SHMT_CANNOT_TELL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (shmt__parse_reuse(rows[i].stat, rows[i].pid_max) !=
		    rows[i].reuse)
			fail_msg("row %zu", i);
}

static void
states(void **state)
{
	static const struct {
		struct shmt__stat stat;
		enum shmt_process_state state;
	} rows[] = {
		{ { .state = 'S', .threads = 1 }, SHMT_ALIVE },
		{ { .state = 'Z', .threads = 2 }, SHMT_ALIVE },
		{ { .state = 'Z', .threads = 1 }, SHMT_GONE },
		/* As seen while a second thread calls execve(2). */
		{ { .state = 'X', .threads = 0 }, SHMT_UNKNOWN },
		{ { .state = 'Z', .threads = 0 }, SHMT_UNKNOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(shmt__state_by_stat(&rows[i].stat),
		    rows[i].state);
}

static enum shmt_process_state
state_of(pid_t pid, int64_t at)
{
	struct shmt_process process;

	memset(&process, 0x5a, sizeof(process));
	shmt_process(pid, at, &process);
	return process.state;
}

/* A number that belonged to a process of ours until just now. */
static pid_t
dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void
alive(void **state)
{
	struct shmt_process process;
	char name[17];

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "odd) R (\n"), 0);
	shmt_process(getpid(), time(NULL), &process);
	assert_int_equal(process.state, SHMT_ALIVE);
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_string_equal(process.command, name);
	assert_true(process.started >= time(NULL) - 600);
	assert_true(process.started <= time(NULL) + 1);
	/* Somebody else's process, that may not be sent signals. */
	assert_int_equal(state_of(1, time(NULL)), SHMT_ALIVE);
}

static void
gone(void **state)
{
	pid_t pid = dead_pid();
	struct shmt_process process;

	(void)state;
	shmt_process(pid, time(NULL), &process);
	assert_int_equal(process.state, SHMT_GONE);
	assert_int_equal(process.started, 0);
	assert_string_equal(process.command, "");
	/* Whatever the clock says. */
	assert_int_equal(state_of(pid, 1), SHMT_GONE);
}

static void
never_known(void **state)
{
	(void)state;
	assert_int_equal(state_of(0, time(NULL)), SHMT_UNKNOWN);
	assert_int_equal(state_of(-1, time(NULL)), SHMT_UNKNOWN);
	assert_int_equal(state_of(INT32_MIN, time(NULL)), SHMT_UNKNOWN);
}

static int64_t
boot_time(void)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	return time(NULL) - up.tv_sec;
}

#define MANY "4000000000"
#define FEW "200"

static void
reused(void **state)
{
	(void)state;
	cover_stat(MANY);
	/* Used soon after the boot: not by us. */
	assert_int_equal(state_of(getpid(), boot_time() + 2), SHMT_REUSED);
	/* Before the boot: the clock was set, we may have been it. */
	assert_int_equal(state_of(getpid(), boot_time() - 5), SHMT_UNKNOWN);
	assert_int_equal(state_of(getpid(), 0), SHMT_UNKNOWN);
}

/* The clock was set: no other process has had our pid. */
static void
not_reused_while_pids_are_new(void **state)
{
	(void)state;
	cover_stat(FEW);
	assert_int_equal(state_of(getpid(), boot_time() + 2), SHMT_ALIVE);
	assert_int_equal(state_of(getpid(), boot_time() - 5), SHMT_ALIVE);
	uncover("/proc/stat");
	cover_stat("");
	assert_int_equal(state_of(getpid(), boot_time() + 2), SHMT_UNKNOWN);
}

static void
zombies_are_gone(void **state)
{
	siginfo_t info;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	    0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(state_of(pid, time(NULL)), SHMT_GONE);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool
do_nothing(const void *arg)
{
	(void)arg;
	return true;
}

static void
threads_outlive_the_first(void **state)
{
	pid_t pid = start_without_first_thread(do_nothing, NULL);

	(void)state;
	assert_int_equal(state_of(pid, time(NULL)), SHMT_ALIVE);
	kill_child(pid);
}

/* In a PID namespace of our own, with the /proc of the one above. */
static int
look_with_foreign_proc(void)
{
	pid_t self = getpid(), child;

	if (self != 1 || shmt__proc_is_ours())
		return 1;
	if (state_of(self, time(NULL)) != SHMT_UNKNOWN ||
	    state_of(self, boot_time() + 2) != SHMT_UNKNOWN)
		return 2;
	child = fork();
	if (child == 0)
		_exit(0);
	if (waitpid(child, NULL, 0) != child ||
	    state_of(child, time(NULL)) != SHMT_GONE)
		return 3;
	return 0;
}

static void
foreign_proc(void **state)
{
	(void)state;
	assert_true(shmt__proc_is_ours());
	check_under_foreign_proc(look_with_foreign_proc);
}

static void
users_of_a_segment(void **state)
{
	struct shmt_info s = { 0 };
	struct shmt_process process;

	(void)state;
	s.ctime = time(NULL);
	s.cpid = getpid();
	shmt_creator(&s, &process);
	assert_int_equal(process.state, SHMT_ALIVE);
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_NONE);
	/* Attached by a process that our PID namespace does not know. */
	s.atime = s.ctime;
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_UNKNOWN);
	s.atime = 0;
	s.dtime = s.ctime;
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_UNKNOWN);
	s.lpid = dead_pid();
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_GONE);
}

/* Of the times that a segment records the latest use counts, and one before
 * the boot refutes all. */
static void
times_of_a_segment(void **state)
{
	struct shmt_info s = { .ctime = time(NULL), .dtime = time(NULL) };
	struct shmt_process process;

	(void)state;
	cover_stat(MANY);
	s.lpid = getpid();
	s.atime = boot_time() + 2;
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_ALIVE);
	s.dtime = s.atime;
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_REUSED);
	s.ctime = boot_time() - 5;
	shmt_last_user(&s, &process);
	assert_int_equal(process.state, SHMT_UNKNOWN);
	s.cpid = getpid();
	s.ctime = boot_time() + 2;
	shmt_creator(&s, &process);
	assert_int_equal(process.state, SHMT_REUSED);
	s.atime = boot_time() - 5;
	shmt_creator(&s, &process);
	assert_int_equal(process.state, SHMT_UNKNOWN);
	s.cpid = 0;
	shmt_creator(&s, &process);
	assert_int_equal(process.state, SHMT_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_texts),
		cmocka_unit_test(states_by_start),
		cmocka_unit_test(reuse_of_pids),
		cmocka_unit_test(states),
		cmocka_unit_test(alive),
		cmocka_unit_test(gone),
		cmocka_unit_test(never_known),
		cmocka_unit_test_teardown(reused, uncover_stat),
		cmocka_unit_test_teardown(not_reused_while_pids_are_new,
		    uncover_stat),
		cmocka_unit_test(zombies_are_gone),
		cmocka_unit_test(threads_outlive_the_first),
		cmocka_unit_test(foreign_proc),
		cmocka_unit_test(users_of_a_segment),
		cmocka_unit_test_teardown(times_of_a_segment, uncover_stat),
	};

	has_own_mounts = make_own_mounts();
	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
