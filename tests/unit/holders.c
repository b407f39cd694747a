/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Who is attached: the pass over /proc on real processes, by text and by ioctl
 * with the same answer.
 */

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
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
#include "users/holders.h"
#include "users/process.h"
#include "holders_child.h"

static void
nobody(void **state)
{
	int id = make(KEY, 100, 0);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 0);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	assert_null(h.list);
	drop(id);
	/* An id that is not there has no holders either. */
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	shmt_holders_free(&h);
}

static bool
attach_by_odd_name(const void *arg)
{
	return prctl(PR_SET_NAME, "a\nb\\c) \xff") == 0 && attach(arg);
}

static void
one_process(void **state)
{
	int id = make(KEY, 3 * PAGE - 5, 0);
	pid_t helper = start(attach_by_odd_name, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].object.id, id);
	assert_int_equal(h.list[0].key, KEY);
	assert_int_equal(h.list[0].pid, helper);
	assert_int_equal(h.list[0].uid, geteuid());
	assert_int_equal(h.list[0].access, SHMT_ACCESS_W);
	assert_int_equal(h.list[0].size, 3 * PAGE);
	assert_int_equal(h.list[0].maps, 1);
	assert_int_not_equal(h.list[0].address, 0);
	assert_false(h.list[0].huge);
	assert_string_equal(h.list[0].command, "a\nb\\c) \xff");
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	shmt_holders_free(&h);
	drop(id);
}

/* Its files in /proc become root's then, for it may not be dumped.  Where
 * there is no other user it stays who it is. */
static bool
attach_and_step_down(const void *arg)
{
	return attach(arg) &&
	    (setresuid(65534, 65534, 65534) == 0 || errno == EINVAL) &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

static void
the_user_is_the_effective_one(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_and_step_down, &id);
	struct shmt_holders h = holders_of(id);
	struct stat st;
	char path[32];

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d", (int)helper);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].uid, st.st_uid);
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
	if (st.st_uid == 0) {
		print_message("# there is one user only\n");
		skip();
	}
}

/* A file with a name that is longer than we ask for, mapped on both sides. */
static bool
attach_beside_a_long_name(const void *arg)
{
	char name[] = "/tmp/shmtool.XXXXXX", path[400];
	void *before, *after;
	bool good;
	int fd;

	if (mkdtemp(name) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/%0250d", name, 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	good = fd != -1 && ftruncate(fd, (off_t)PAGE) == 0;
	before = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	good = good && attach(arg);
	after = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	unlink(path);
	rmdir(name);
	return good && before != MAP_FAILED && after != MAP_FAILED;
}

static void
files_with_long_names(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_beside_a_long_name, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static int access_flags;

static bool
attach_with_flags(const void *arg)
{
	const int *id = arg;

	return shmat(*id, NULL, access_flags) != (void *)-1;
}

static void
access_of_attachments(void **state)
{
	static const struct {
		int flags;
		unsigned access;
	} rows[] = {
		{ 0, SHMT_ACCESS_W }, { SHM_RDONLY, 0 },
		{ SHM_EXEC, SHMT_ACCESS_W | SHMT_ACCESS_X },
		{ SHM_RDONLY | SHM_EXEC, SHMT_ACCESS_X },
	};
	int id = make(IPC_PRIVATE, 1, 0);
	struct shmt_holders h;
	pid_t helper;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		access_flags = rows[i].flags;
		helper = start(attach_with_flags, &id);
		h = holders_of(id);
		assert_int_equal(h.count, 1);
		assert_int_equal(h.list[0].access, rows[i].access);
		assert_int_equal(h.list[0].key, 0);
		shmt_holders_free(&h);
		kill_child(helper);
	}
	drop(id);
}

/* Both kinds at once: what the process can do with either. */
static bool
attach_twice(const void *arg)
{
	const int *id = arg;

	return shmat(*id, NULL, SHM_RDONLY) != (void *)-1 &&
	    shmat(*id, NULL, 0) != (void *)-1;
}

static void
two_attachments(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_twice, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].maps, 2);
	assert_int_equal(h.list[0].size, 2 * PAGE);
	assert_int_equal(h.list[0].access, SHMT_ACCESS_W);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* Five pages: the second is unmapped, the fourth made read-only. */
static bool
attach_and_split(const void *arg)
{
	const int *id = arg;
	char *p = shmat(*id, NULL, 0);

	return p != (void *)-1 && munmap(p + PAGE, PAGE) == 0 &&
	    mprotect(p + 3 * PAGE, PAGE, PROT_READ) == 0;
}

static void
split_mappings(void **state)
{
	int id = make(KEY, 5 * PAGE, 0);
	pid_t helper = start(attach_and_split, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(nattch(id), 4);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].maps, 4);
	assert_int_equal(h.list[0].size, 4 * PAGE);
	assert_int_equal(h.list[0].access, SHMT_ACCESS_W);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static bool
attach_and_fork(const void *arg)
{
	pid_t self = getpid();

	if (!attach(arg))
		return false;
	if (fork() == 0) {
		die_with(self);
		for (;;)
			pause();
	}
	return true;
}

static void
forks_inherit(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_and_fork, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 2);
	assert_true(h.list[0].pid < h.list[1].pid);
	assert_true(h.list[0].pid == helper ||
	    h.list[1].pid == helper);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static bool
attach_with_threads(const void *arg)
{
	pthread_t thread;

	return attach(arg) &&
	    pthread_create(&thread, NULL, wait_for_ever, NULL) == 0 &&
	    pthread_create(&thread, NULL, wait_for_ever, NULL) == 0;
}

static void
threads_count_once(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_with_threads, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].pid, helper);
	assert_int_equal(h.list[0].maps, 1);
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* Its first thread ends, and what is left has no maps of its own. */
static void
a_thread_that_is_left_holds(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t pid = start_without_first_thread(attach, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].pid, pid);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(pid);
	drop(id);
}

static void
zombies_hold_nothing(void **state)
{
	int id = make(KEY, PAGE, 0);
	struct shmt_holders h, before;
	siginfo_t info;
	pid_t pid;

	(void)state;
	assert_int_equal(shmt_holders(NULL, &before), 0);
	pid = fork();
	if (pid == 0)
		_exit(attach(&id) ? 0 : 1);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	    0);
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	shmt_holders_free(&before);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	drop(id);
}

static void
marked_segments_get_their_key_back(void **state)
{
	int id = make(KEY, PAGE, 0), other;
	pid_t helper = start(attach, &id);
	struct shmt_holders h;
	struct shmt_info s;

	(void)state;
	drop(id);
	/* The key is free at once, and another's now. */
	other = make(KEY, PAGE, 0);
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	assert_int_equal(s.key, 0);
	h = holders_of(id);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].key, KEY);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	h = holders_of(other);
	assert_int_equal(h.count, 0);
	shmt_holders_free(&h);
	kill_child(helper);
	drop(other);
}

static void
huge_segments(void **state)
{
	int id = shmget(IPC_PRIVATE, 1, IPC_CREAT | SHM_HUGETLB |
	    SHM_NORESERVE | 0600);
	struct shmt_holders h;
	pid_t helper;

	(void)state;
	if (id == -1) {
		print_message("# huge pages: %s\n", strerror(errno));
		skip();
	}
	helper = start(attach, &id);
	h = holders_of(id);
	assert_int_equal(h.count, 1);
	assert_true(h.list[0].huge);
	assert_true(h.list[0].size >= UINT64_C(64) * 1024);
	assert_true(h.list[0].size <= (uint64_t)1 << 34);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static void
several_segments_in_order(void **state)
{
	int ids[3], i, j;
	pid_t helpers[2][3];
	struct shmt_holders h;

	(void)state;
	for (i = 0; i < 3; i++)
		ids[i] = make(IPC_PRIVATE, PAGE, 0);
	for (j = 0; j < 2; j++)
		for (i = 2; i >= 0; i--)
			helpers[j][i] = start(attach, &ids[i]);
	assert_int_equal(shmt_holders(NULL, &h), 0);
	assert_int_equal(h.count, 6);
	for (i = 1; i < 6; i++)
		assert_true(h.list[i - 1].object.id < h.list[i].object.id ||
		    (h.list[i - 1].object.id == h.list[i].object.id &&
		    h.list[i - 1].pid < h.list[i].pid));
	shmt_holders_free(&h);
	for (j = 0; j < 2; j++)
		for (i = 0; i < 3; i++)
			kill_child(helpers[j][i]);
	for (i = 0; i < 3; i++)
		drop(ids[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody),
		cmocka_unit_test(one_process),
		cmocka_unit_test(the_user_is_the_effective_one),
		cmocka_unit_test(files_with_long_names),
		cmocka_unit_test(access_of_attachments),
		cmocka_unit_test(two_attachments),
		cmocka_unit_test(split_mappings),
		cmocka_unit_test(forks_inherit),
		cmocka_unit_test(threads_count_once),
		cmocka_unit_test(a_thread_that_is_left_holds),
		cmocka_unit_test(zombies_hold_nothing),
		cmocka_unit_test(marked_segments_get_their_key_back),
		cmocka_unit_test(huge_segments),
		cmocka_unit_test(several_segments_in_order),
	};

	return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
