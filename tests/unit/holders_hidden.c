/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Who is attached, where namespaces, namesakes and permission hide it.
 */

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "segment.h"
#include "shmtool.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/process.h"
#include "holders_child.h"

/*
 * Namespaces: ids repeat.
 */

static bool
attach_and_leave(const void *arg)
{
	return attach(arg) && unshare(CLONE_NEWIPC) == 0;
}

static void
who_left_the_namespace(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_and_leave, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	/* It holds the segment, but that its number means ours is no longer
	 * to be seen: the answer is not complete. */
	assert_int_equal(h.count, 0);
	assert_int_equal(nattch(id), 1);
	assert_false(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* In a namespace of its own, the same id attached there. */
static bool
attach_elsewhere(const void *arg)
{
	const int *wanted = arg;
	int id;

	if (unshare(CLONE_NEWIPC) == -1)
		return false;
	do
		id = shmget(IPC_PRIVATE, PAGE, 0600);
	while (id != -1 && id < *wanted);
	return id == *wanted && attach(&id);
}

static void
same_id_in_another_namespace(void **state)
{
	/* The first of a fresh slot, which the other can get too. */
	int id = make(KEY, PAGE, 0);
	struct shmt_holders h;
	pid_t helper;

	(void)state;
	if (id >= 32768)
		skip();
	helper = start(attach_elsewhere, &id);
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* What a mapping brought along from another namespace must not be taken for:
 * a segment here with the same id, but another key, or too small, or that
 * nobody has attached, or none at all. */
struct namesake {
	key_t key;
	size_t pages;
	size_t unmapped;	/* of the first pages of the mapping */
	bool attached;
	size_t holders;
};

static bool
meet_a_namesake(const struct namesake *row)
{
	int id = shmget(KEY, 4 * PAGE, IPC_CREAT | 0600), here;
	struct shmt_holders h;
	pid_t helper = 0;
	bool good;
	char *at;

	at = shmat(id, NULL, 0);
	if (at == (void *)-1 || (row->unmapped > 0 &&
	    munmap(at, row->unmapped * PAGE) == -1) ||
	    unshare(CLONE_NEWIPC) == -1)
		return false;
	h = holders_of(id);
	if (h.count != 0)
		return false;
	do
		here = shmget(IPC_PRIVATE, PAGE, 0600);
	while (here != -1 && here < id - 1);
	here = shmget(row->key, row->pages * PAGE, IPC_CREAT | 0600);
	if (here != id)
		return false;
	if (row->attached)
		helper = start(attach, &here);
	h = holders_of(here);
	good = h.count == row->holders;
	if (row->attached)
		kill_child(helper);
	return good;
}

/* In a fresh namespace, where ids begin at 0, which stays for the next. */
static void
in_fresh_namespace(bool (*act)(const struct namesake *row),
    const struct namesake *row)
{
	pid_t pid;
	int status;

	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWIPC) == -1 ||
		    shmget(IPC_PRIVATE, PAGE, 0600) == -1)
			_exit(2);
		_exit(act(row) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
namesakes(void **state)
{
	static const struct namesake rows[] = {
		{ KEY + 1, 4, 0, true, 1 }, { IPC_PRIVATE, 4, 0, true, 1 },
		{ KEY, 3, 0, true, 1 }, { KEY, 4, 0, false, 0 },
		{ KEY, 2, 3, true, 1 }, { KEY, 3, 3, true, 1 },
		/* Nothing speaks against these. */
		{ KEY, 4, 0, true, 2 }, { KEY, 4, 3, true, 2 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		in_fresh_namespace(meet_a_namesake, &rows[i]);
}

static int inode_out;

/* A file of a segment's name at the root of a mount namespace, for its path
 * to be just that name, mapped and deleted; tells its inode. */
static bool
make_mounts_private(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool
map_a_file(const void *arg)
{
	const char *dir = arg;
	struct stat st;
	int fd;

	if (!make_mounts_private() ||
	    mount("none", dir, "tmpfs", 0, NULL) == -1 ||
	    chdir(dir) == -1 || mount(".", "/", NULL, MS_MOVE, NULL) == -1 ||
	    chroot(".") == -1)
		return false;
	fd = open("/SYSV000004d2", O_RDWR | O_CREAT, 0600);
	return fd != -1 && ftruncate(fd, 4096) == 0 && fstat(fd, &st) == 0 &&
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED &&
	    unlink("/SYSV000004d2") == 0 &&
	    write(inode_out, &st.st_ino, sizeof(st.st_ino)) > 0;
}

static bool
meet_a_file(const struct namesake *row)
{
	char dir[] = "/tmp/shmtool.XXXXXX";
	struct shmt_holders h;
	pid_t file, helper;
	int id, ends[2];
	ino_t inode;
	bool good;

	(void)row;
	if (mkdtemp(dir) == NULL || pipe(ends) == -1)
		return false;
	inode_out = ends[1];
	file = start(map_a_file, dir);
	if (read(ends[0], &inode, sizeof(inode)) <= 0 || inode > 4000)
		return false;
	do
		id = shmget(IPC_PRIVATE, PAGE, 0600);
	while (id != -1 && (ino_t)id + 1 < inode);
	id = shmget(KEY, PAGE, IPC_CREAT | 0600);
	helper = start(attach, &id);
	h = holders_of(id);
	good = (ino_t)id == inode && h.count == 1 && h.list[0].pid == helper;
	kill_child(helper);
	kill_child(file);
	rmdir(dir);
	return good;
}

/* Name, key, number and size are right, and it is a file all the same. */
static void
a_file_with_the_number_of_a_segment(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(make_mounts_private() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0) {
		print_message("# no mount namespace can be made here\n");
		skip();
	}
	in_fresh_namespace(meet_a_file, NULL);
}

/*
 * What cannot be seen, and what goes away.
 */

static bool
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		_LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	return syscall(SYS_capset, &header, none) == 0;
}

static bool
attach_undumpable(const void *arg)
{
	return attach(arg) && prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* Without the right to look, it is told that the answer is partial. */
static void
hidden_processes(void **state)
{
	int id = make(KEY, PAGE, 0), status;
	pid_t helper = start(attach_undumpable, &id);
	struct shmt_holders h;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		if (!drop_capabilities() ||
		    shmt_holders(OF_ID(id), &h) == -1)
			_exit(1);
		if (h.count != 0 || h.hidden == 0)
			_exit(2);
		_exit(is_complete(&h, id) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	kill_child(helper);
	drop(id);
}

/* Processes come and go while others are looked at. */
static bool
churn(const void *arg)
{
	pid_t pid, self = getpid();

	if (fork() != 0)
		return true;
	die_with(self);
	for (;;) {
		pid = fork();
		if (pid == 0)
			_exit(attach(arg) ? 0 : 1);
		waitpid(pid, NULL, 0);
	}
}

static void
processes_that_end_midway(void **state)
{
	int id = make(KEY, PAGE, 0), i;
	pid_t steady = start(attach, &id), busy = start(churn, &id);
	struct shmt_holders h;
	size_t count;

	(void)state;
	for (i = 0; i < 100; i++) {
		fault(i % 2 == 0 ? "ioctl" : NULL, 0, ENOTTY);
		assert_int_equal(shmt_holders(NULL, &h), 0);
		fault_end();
		shmt_holders_of(&h, OF_ID(id), &count);
		assert_true(count == 1 || count == 2);
		shmt_holders_free(&h);
	}
	kill_child(busy);
	kill_child(steady);
	drop(id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_left_the_namespace),
		cmocka_unit_test(same_id_in_another_namespace),
		cmocka_unit_test(namesakes),
		cmocka_unit_test(a_file_with_the_number_of_a_segment),
		cmocka_unit_test(hidden_processes),
		cmocka_unit_test(processes_that_end_midway),
	};

	return cmocka_run_group_tests_name("holders_hidden", tests, NULL, NULL);
}
