/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What /proc and /sys do not tell, or tell wrongly: the system calls answer
 * then, or nobody, and no figure is made up.  In a mount namespace of its own.
 */

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "shmtool.h"
#include "sysv.h"
#include "users/holders.h"
#include "world.h"

#define SYSVIPC "/proc/sysvipc"
#define HEAD "key shmid perms size cpid lpid nattch uid gid cuid cgid atime " \
	"dtime ctime rss swap\n"

static int id;

static int
setup(void **state)
{
	struct shmt_request request = { .key = 0x51, .size = 4096,
	    .mode = 0600 };
	bool created;

	(void)state;
	return shmt__sysv_create(&request, &id, &created);
}

static int
teardown(void **state)
{
	(void)state;
	fault_end();
	return shmt__sysv_rmid(id);
}

/* Without /proc/sysvipc the calls tell of the one segment, by each of three
 * commands; where the first fails nothing is believed to be there. */
static void
no_sysvipc(void **state)
{
	struct shmt_info *list = NULL, s;
	size_t count = 0;

	(void)state;
	hide(SYSVIPC);
	assert_int_equal(shmt__sysv_all(true, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].object.id, id);
	assert_false((list[0].known & SHMT_HAS_RSS) != 0);
	free(list);
	fault("shmctl", 1, EPERM);
	assert_int_equal(shmt__sysv_all(true, &list, &count), -1);
	assert_int_equal(errno, EPERM);
	/* No SHM_STAT_ANY: SHM_STAT. */
	fault("shmctl", 2, EINVAL);
	assert_int_equal(shmt__sysv_all(true, &list, &count), 0);
	assert_true(fault_end());
	assert_int_equal(count, 1);
	assert_int_equal(list[0].object.id, id);
	free(list);
	fault("shmctl", 2, EPERM);
	assert_int_equal(shmt__sysv_stat_rss(id, &s), -1);
	assert_int_equal(errno, EPERM);
	uncover(SYSVIPC);
}

static void
none_there(void **state)
{
	struct shmt_info *list = NULL;
	size_t count;

	(void)state;
	assert_int_equal(shmt__sysv_rmid(id), 0);
	hide(SYSVIPC);
	for (unsigned n = 2; n <= 3; n++) {
		/* Neither how many there are can be told, nor what is in a
		 * slot: none is found. */
		count = 77;
		fault("shmctl", n, EPERM);
		assert_int_equal(shmt__sysv_all(true, &list, &count), 0);
		assert_true(fault_end());
		assert_int_equal(count, 0);
		free(list);
	}
	uncover(SYSVIPC);
	assert_int_equal(setup(NULL), 0);
}

/* Without /proc/sys the calls tell, and if they do not nothing does. */
static void
no_sysctls(void **state)
{
	static const struct {
		unsigned which;
		const char *call;
	} kinds[] = {
		{ SHMT_LIMITS_SHM, "shmctl" }, { SHMT_LIMITS_MSG, "msgctl" },
		{ SHMT_LIMITS_SEM, "semctl" }
	};
	struct shmt_limits known, l;
	const char *bad;
	size_t i;

	(void)state;
	assert_int_equal(shmt_limits(7, &known, NULL), 0);
	hide("/proc/sys");
	assert_int_equal(shmt_limits(7, &l, NULL), 0);
	/* To 32 bits the call tells no more than they hold. */
	if (sizeof(long) == 4)
		l.shmmax = l.shmall = known.shmmax = known.shmall = 0;
	assert_memory_equal(&l, &known, sizeof(l));
	for (i = 0; i < 3; i++) {
		l.shmmin = 77;
		fault(kinds[i].call, 1, EACCES);
		assert_int_equal(shmt_limits(kinds[i].which, &l, &bad), -1);
		assert_int_equal(errno, EACCES);
		assert_int_equal(l.shmmin, 77);
		assert_true(fault_end());
	}
	uncover("/proc/sys");
}

/* A page of 1 GiB, or as many of 4 KiB: unknown while huge ones are used, or
 * where there are some of another size. */
static void
huge_rss(void **state)
{
	static const struct {
		const char *meminfo;
		bool known;
	} rows[] = {
		/* A kernel without huge pages has no such lines. */
		{ "MemTotal: 9 kB\n", true },
		{ "HugePages_Total:       3\nHugePages_Free:        3\n"
		    "Hugepagesize: 2048 kB\nHugetlb: 6144 kB\n", true },
		{ "HugePages_Total:       3\nHugePages_Free:        2\n"
		    "Hugepagesize: 2048 kB\nHugetlb: 6144 kB\n", false },
		{ "HugePages_Total:       3\nHugePages_Free:        3\n"
		    "Hugepagesize: 2048 kB\nHugetlb: 1054720 kB\n", false }
	};
	struct shmt_info *list;
	size_t count, i;

	(void)state;
	cover(SYSVIPC "/shm", HEAD
	    "1 1 600 4096 1 1 0 0 0 0 0 0 0 0 1073741824 0\n"
	    "2 2 600 4294967296 1 1 0 0 0 0 0 0 0 0 1073741824 4096\n"
	    "3 3 600 4294967296 1 1 0 0 0 0 0 0 0 0 8192 0\n");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cover("/proc/meminfo", rows[i].meminfo);
		assert_int_equal(shmt__sysv_all(true, &list, &count), 0);
		uncover("/proc/meminfo");
		assert_int_equal(count, 3);
		assert_int_equal(list[0].state, SHMT_HUGE);
		assert_false((list[0].known & SHMT_HAS_RSS) != 0);
		assert_int_equal(list[0].rss, 0);
		assert_int_equal(list[1].state, 0);
		assert_int_equal((list[1].known & SHMT_HAS_RSS) != 0,
		    rows[i].known);
		assert_int_equal(list[1].rss, rows[i].known ? 1 << 30 : 0);
		assert_int_equal(list[1].swap, rows[i].known ? 4096 : 0);
		assert_true(
		    (list[2].known & SHMT_HAS_RSS) != 0 && list[2].rss == 8192);
		free(list);
	}
	uncover(SYSVIPC "/shm");
}

static void
no_proc(void **state)
{
	struct shmt_holders holders;
	struct shmt_process process;
	struct shmt_ns *list;
	size_t count, hidden;
	bool told;

	(void)state;
	hide("/proc");
	told = shmt_ns_list(SHMT_SYSV, &list, &count, &hidden) == 0 ||
	    errno != ENOTSUP ||
	       shmt_holders(NULL, &holders) == 0 ||
	       errno != ENOTSUP;
	shmt_process(getppid(), 0, &process);
	uncover("/proc");
	assert_false(told);
	assert_int_equal(process.state, SHMT_UNKNOWN);
}

/* A number that is no process's own text proves nothing. */
static void
false_stat(void **state)
{
	struct shmt_process process;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	cover(path, "not what a kernel writes\n");
	shmt_process(getpid(), INT32_MAX, &process);
	uncover(path);
	assert_int_equal(process.state, SHMT_UNKNOWN);
	assert_string_equal(process.command, "");
}

/* Semaphores in all are an int of the kernel's, whatever the product is. */
static void
more_semaphores_than_int(void **state)
{
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	size_t i, count, seen = 0;

	(void)state;
	cover("/proc/sys/kernel/sem", "2000000 32000 500 32000\n");
	assert_int_equal(shmt_advise(SHMT_ADVISE_DB2, (uint64_t)8 << 30,
	    advice, &count, NULL), 0);
	uncover("/proc/sys/kernel/sem");
	for (i = 0; i < count; i++)
		if (strcmp(advice[i].name, "semmns") == 0) {
			assert_int_equal(advice[i].recommended, INT32_MAX);
			seen++;
		}
	assert_int_equal(seen, 1);
}

/* What is written is not what is there afterwards: 51 is 0x33. */
static void
other_value(void **state)
{
	char reason[SHMT_REASON];
	uint64_t now = 0;

	(void)state;
	assert_int_equal(mount("/proc/self/coredump_filter",
	    "/proc/sys/kernel/shmmni", NULL, MS_BIND, NULL), 0);
	assert_int_equal(shmt_limit_set("shmmni", 51, &now, reason), -1);
	uncover("/proc/sys/kernel/shmmni");
	assert_int_equal(errno, EIO);
	assert_int_equal(now, 33);
}

/*
 * Namespaces that cannot be had
 */

static int
say_nothing(void *arg, int out)
{
	(void)arg;
	(void)out;
	return 0;
}

static void
moved_on(void **state)
{
	struct shmt_ns ns = { .inode = 1, .pid = getpid() };
	void *answer;
	size_t length;
	pid_t gone;

	(void)state;
	/* It lives elsewhere now. */
	assert_int_equal(shmt_ns_run(&ns, say_nothing, NULL, &answer, &length),
	    -1);
	assert_int_equal(errno, ESRCH);
	gone = fork();
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	ns.pid = gone;
	assert_int_equal(shmt_ns_run(&ns, say_nothing, NULL, &answer, &length),
	    -1);
	assert_int_equal(errno, ESRCH);
}

static int
refuse(void *arg, int out)
{
	(void)arg;
	(void)out;
	return EXFULL;
}

/* The kernel keeps no exit status then. */
static void
ignored_children(void **state)
{
	struct shmt_ns ns = { .pid = getpid() };
	void *answer;
	size_t length;

	(void)state;
	assert_int_equal(shmt_ns_self(SHMT_SYSV, &ns.inode), 0);
	assert_int_equal(shmt_ns_run(&ns, refuse, NULL, &answer, &length), -1);
	assert_int_equal(errno, EXFULL);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(shmt_ns_run(&ns, refuse, NULL, &answer, &length), -1);
	assert_int_equal(errno, ECHILD);
	signal(SIGCHLD, SIG_DFL);
}

/* It is there, and we may not go there. */
static void
not_let_in(void **state)
{
	struct shmt_ns ns = { .inode = 0 };
	int ends[2], result, error;
	void *answer;
	size_t length;
	struct stat st;
	char path[64];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	ns.pid = fork();
	if (ns.pid == 0) {
		if (unshare(CLONE_NEWIPC) == 0 && write(ends[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], path, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)ns.pid);
	assert_int_equal(stat(path, &st), 0);
	ns.inode = st.st_ino;
	use_capabilities(false);
	result = shmt_ns_run(&ns, say_nothing, NULL, &answer, &length);
	error = errno;
	use_capabilities(true);
	kill(ns.pid, SIGKILL);
	assert_int_equal(waitpid(ns.pid, NULL, 0), ns.pid);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(result, -1);
	assert_int_equal(error, EPERM);
}

/* A kernel that does not tell which user namespace owns it. */
static void
no_owner(void **state)
{
	(void)state;
	use_capabilities(false);
	fault("ioctl", 1, ENOTTY);
	assert_int_equal(shmt_ns_enter("/proc/self/ns/ipc"), -1);
	assert_int_equal(errno, EPERM);
	assert_true(fault_end());
	use_capabilities(true);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_sysvipc),
		TEST(none_there),
		TEST(no_sysctls),
		TEST(huge_rss),
		TEST(no_proc),
		TEST(false_stat),
		TEST(more_semaphores_than_int),
		TEST(other_value),
		TEST(moved_on),
		TEST(ignored_children),
		TEST(not_let_in),
		TEST(no_owner),
	};

	if (emulated() || !own_mounts())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
