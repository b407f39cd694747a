/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Who has a POSIX object mapped or open: found by device and inode, whatever
 * the name, the mount and the way it is used.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "shm.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/process.h"
#include "users/scan.h"

#define PAGE ((size_t)4096)

static struct shmt_object
known(const char *name)
{
	const struct shmt_object x = object(name);
	struct shmt_info info;

	assert_int_equal(shmt_info(&x, 0, &info), 0);
	return info.object;
}

static struct shmt_holders
holders_of(const char *name)
{
	const struct shmt_object x = known(name);
	struct shmt_holders holders;

	assert_int_equal(shmt_holders(&x, &holders), 0);
	return holders;
}

static size_t
count_holders(const char *name)
{
	struct shmt_holders holders = holders_of(name);
	size_t count = holders.count;

	shmt_holders_free(&holders);
	return count;
}

/*
 * Ways to use it
 */

static bool
map_shared(const void *arg)
{
	int fd = open_object(arg, O_RDWR);

	return mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0) != MAP_FAILED && close(fd) == 0;
}

static bool
map_private(const void *arg)
{
	int fd = open_object(arg, O_RDONLY);

	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
	    0) != MAP_FAILED && close(fd) == 0;
}

static bool
open_to_read(const void *arg)
{
	int fd = open_object(arg, O_RDONLY);

	return dup2(fd, 40) == 40 && dup2(fd, 41) == 41 && close(fd) == 0;
}

static bool
open_to_write(const void *arg)
{
	return open_object(arg, O_WRONLY) != -1;
}

static bool
open_and_map(const void *arg)
{
	return open_to_read(arg) && map_shared(arg) && map_private(arg);
}

static void
each_way(void **state)
{
	static const struct {
		bool (*begin)(const void *arg);
		unsigned access, maps, fds;
		uint64_t size;
	} rows[] = {
		{ map_shared, SHMT_ACCESS_W, 1, 0, 2 * PAGE },
		{ map_private, SHMT_ACCESS_X, 1, 0, PAGE },
		{ open_to_read, 0, 0, 2, 0 },
		{ open_to_write, SHMT_ACCESS_W, 0, 1, 0 },
		{ open_and_map, SHMT_ACCESS_W | SHMT_ACCESS_X, 2, 2,
		    3 * PAGE }
	};
	struct shmt_holders holders;
	const struct shmt_holder *h;
	pid_t user;
	size_t i;

	(void)state;
	put_object("x", 2 * PAGE);
	put_object("other", 2 * PAGE);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		user = start(rows[i].begin, "x");
		holders = holders_of("x");
		kill_child(user);
		assert_int_equal(holders.count, 1);
		h = holders.list;
		assert_int_equal(h->object.kind, SHMT_POSIX);
		assert_int_equal(h->pid, user);
		assert_int_equal(h->uid, geteuid());
		assert_int_equal(h->access, rows[i].access);
		assert_int_equal(h->maps, rows[i].maps);
		assert_int_equal(h->fds, rows[i].fds);
		assert_int_equal(h->fd, rows[i].begin == open_to_read ||
		    rows[i].begin == open_and_map ? 40 : h->fd);
		assert_int_equal(h->size, rows[i].size);
		assert_int_equal(h->address != 0, rows[i].maps > 0);
		assert_string_equal(h->command, "files");
		shmt_holders_free(&holders);
		assert_int_equal(count_holders("other"), 0);
	}
	assert_int_equal(count_holders("x"), 0);
}

/* By the text of maps and by the ioctl the same is found. */
static void
both_ways_to_read_maps(void **state)
{
	struct shmt_object x;
	struct shmt__query query = { .kinds = SHMT_KIND(SHMT_POSIX),
	    .one = &x, .device_count = 1 };
	struct shmt__scan scan;
	dev_t device;
	pid_t user;
	int i;

	(void)state;
	put_object("a b\n(deleted)", 2 * PAGE);
	x = known("a b\n(deleted)");
	device = x.dev;
	query.devices = &device;
	user = start(open_and_map, "a b\n(deleted)");
	for (i = 0; i < 2; i++) {
		fault(i == 0 ? "ioctl" : NULL, 0, ENOTTY);
		assert_int_equal(shmt__scan(&query, &scan), 0);
		fault_end();
		/* No descriptors: they were not asked for. */
		assert_int_equal(scan.count, 2);
		assert_int_equal(scan.found[0].process->pid, user);
		assert_true(scan.found[0].mapping.shared !=
		    scan.found[1].mapping.shared);
		shmt__scan_free(&scan);
	}
	kill_child(user);
}

static void
hostile_names(void **state)
{
	static char longest[256];
	const char *const names[] = { "a\nb", "x (deleted)", "\xff\x1b[31m",
	    "SYSV00000000 (deleted)", "-n", longest };
	pid_t user;
	size_t i;

	(void)state;
	memset(longest, 'x', 255);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		put_object(names[i], 2 * PAGE);
		user = start(map_shared, names[i]);
		assert_int_equal(count_holders(names[i]), 1);
		kill_child(user);
		assert_int_equal(count_holders(names[i]), 0);
	}
}

static bool
use_and_fork(const void *arg)
{
	pid_t self = getpid();

	if (!open_and_map(arg))
		return false;
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1);
		for (;;)
			pause();
	}
	return true;
}

static void
children_inherit(void **state)
{
	struct shmt_holders holders;
	pid_t user;

	(void)state;
	put_object("x", 2 * PAGE);
	user = start(use_and_fork, "x");
	holders = holders_of("x");
	assert_int_equal(holders.count, 2);
	assert_true(holders.list[0].pid < holders.list[1].pid);
	assert_int_equal(holders.list[1].fds, 2);
	shmt_holders_free(&holders);
	kill_child(user);
}

/* Its first thread has ended, and what is left shows nothing of its own. */
static void
a_thread_that_is_left(void **state)
{
	pid_t pid;

	(void)state;
	put_object("x", 2 * PAGE);
	pid = start_without_first_thread(open_to_read, "x");
	assert_int_equal(count_holders("x"), 1);
	kill_child(pid);
}

/* It has the object open all the time, but each time in new memory. */
static void
a_process_that_execs(void **state)
{
	static const char again[] = "exec sh -c \"$0\" \"$0\"";
	size_t i, found = 0;
	pid_t pid;

	(void)state;
	put_object("x", PAGE);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open_object("x", O_RDONLY), 9);
		execl("/bin/sh", "sh", "-c", again, again, NULL);
		_exit(1);
	}
	for (i = 0; i < 1000 && found == 0; i++)
		found = count_holders("x");
	for (i = 0; i < 500; i++)
		assert_int_equal(count_holders("x"), 1);
	kill_child(pid);
}

/* The same inode number on another tmpfs is another object. */
static void
another_tmpfs(void **state)
{
	struct shmt_object here, there;
	struct shmt_holders holders;
	pid_t user;

	(void)state;
	put_object("x", 2 * PAGE);
	here = known("x");
	assert_true(mount_shm("size=1M"));
	put_object("x", 2 * PAGE);
	there = known("x");
	user = start(map_shared, "x");
	assert_int_equal(count_holders("x"), 1);
	uncover(SHM);
	here.inode = there.inode;
	assert_int_equal(shmt_holders(&here, &holders), 0);
	assert_int_equal(holders.count, 0);
	shmt_holders_free(&holders);
	kill_child(user);
}

/* In a mount namespace where it has another path, or none. */
static bool
use_elsewhere(const void *arg)
{
	int fd;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(SHM, "/mnt", NULL, MS_BIND, NULL) == -1 ||
	    umount2(SHM, MNT_DETACH) == -1 || chdir("/mnt") == -1)
		return false;
	fd = open(arg, O_RDONLY | O_CLOEXEC);
	return fd != -1 && umount2("/mnt", MNT_DETACH) == 0;
}

static void
another_mount_namespace(void **state)
{
	pid_t user;

	(void)state;
	put_object("x", 2 * PAGE);
	user = start(use_elsewhere, "x");
	assert_int_equal(count_holders("x"), 1);
	kill_child(user);
}

/*
 * Lists
 */

static void
holders_of_a_list(void **state)
{
	struct shmt_request request = { .size = 1, .mode = 0600 };
	struct shmt_holders holders;
	const struct shmt_holder *h;
	struct shmt_list list;
	bool created;
	size_t count;
	pid_t users[3];
	void *at;
	int id;

	(void)state;
	put_object("a", 2 * PAGE);
	put_object("b", 2 * PAGE);
	put_object("gone", 2 * PAGE);
	users[0] = start(map_shared, "b");
	users[1] = start(open_and_map, "b");
	/* Without a name it is not in the list, and nor are its users. */
	users[2] = start(map_shared, "gone");
	assert_int_equal(unlink(SHM "/gone"), 0);
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(shmt__sysv_attach(id, NULL, 0, &at), 0);
	assert_int_equal(shmt_list(SHMT_KIND(SHMT_SYSV) |
	    SHMT_KIND(SHMT_POSIX), 0, &list), 0);
	assert_int_equal(list.count, 3);
	assert_int_equal(shmt_holders_of_list(list.list, list.count,
	    &holders), 0);
	assert_int_equal(holders.count, 3);
	h = shmt_holders_of(&holders, &list.list[0].object, &count);
	assert_int_equal(count, 1);
	assert_int_equal(h->pid, getpid());
	assert_int_equal(h->object.kind, SHMT_SYSV);
	shmt_holders_of(&holders, &list.list[1].object, &count);
	assert_int_equal(count, 0);
	h = shmt_holders_of(&holders, &list.list[2].object, &count);
	assert_int_equal(count, 2);
	assert_true(h[0].pid < h[1].pid);
	assert_int_equal(h[0].object.inode, list.list[2].object.inode);
	shmt_holders_free(&holders);
	/* Of nothing nobody is found. */
	assert_int_equal(shmt_holders_of_list(NULL, 0, &holders), 0);
	assert_int_equal(holders.count, 0);
	shmt_holders_free(&holders);
	shmt_list_free(&list);
	assert_int_equal(shmt_detach(at), 0);
	assert_int_equal(shmt__sysv_rmid(id), 0);
	kill_child(users[0]);
	kill_child(users[1]);
	kill_child(users[2]);
}

static int
look_as_other(void)
{
	struct shmt_holders holders;

	if (!become_other_user())
		return 2;
	holders = holders_of("x");
	return holders.count == 0 && holders.hidden > 0 ? 0 : 1;
}

static void
processes_of_others_are_counted(void **state)
{
	pid_t user;

	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object("x", 2 * PAGE);
	user = start(map_shared, "x");
	assert_int_equal(in_child(look_as_other), 0);
	kill_child(user);
}

#define TEST(function) cmocka_unit_test_teardown(function, shm_empty)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_way),
		TEST(both_ways_to_read_maps),
		TEST(hostile_names),
		TEST(children_inherit),
		TEST(a_thread_that_is_left),
		TEST(a_process_that_execs),
		TEST(another_tmpfs),
		TEST(another_mount_namespace),
		TEST(holders_of_a_list),
		TEST(processes_of_others_are_counted),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
