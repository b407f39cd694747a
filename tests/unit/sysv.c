/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment's life: made, found, looked at, changed, removed, with the
 * errno that each refusal is told by.
 */

#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

#define KEY 0xf63829c0u

#define assert_refused(call, error) do { \
	errno = 0; \
	assert_int_equal(call, -1); \
	assert_int_equal(errno, error); \
} while (0)

static int
make(uint32_t key, uint64_t size, unsigned flags)
{
	const struct shmt_request request = { .key = key, .size = size,
	    .mode = 0600, .flags = flags };
	bool created = false;
	int id = -1;

	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_true(created);
	return id;
}

static int
teardown(void **state)
{
	struct shmt_info *list;
	size_t i, count;

	(void)state;
	if (shmt__sysv_all(false, &list, &count) == -1)
		return -1;
	for (i = 0; i < count; i++)
		shmt__sysv_rmid(list[i].object.id);
	free(list);
	return 0;
}

static void
made_and_looked_at(void **state)
{
	const struct shmt_request request = { .key = KEY, .size = 5000,
	    .mode = 0640 };
	int64_t before = time(NULL);
	struct shmt_info s;
	bool created;
	int id;

	(void)state;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_true(created);
	memset(&s, 0x5a, sizeof(s));
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	assert_int_equal(s.object.id, id);
	assert_int_equal(s.key, KEY);
	assert_int_equal(s.size, 5000);
	assert_int_equal(s.mode, 0640);
	assert_int_equal(s.state, 0);
	assert_int_equal(s.uid, geteuid());
	assert_int_equal(s.cuid, geteuid());
	assert_int_equal(s.gid, getegid());
	assert_int_equal(s.cgid, getegid());
	assert_int_equal(s.cpid, getpid());
	assert_int_equal(s.lpid, 0);
	assert_int_equal(s.nattch, 0);
	assert_int_equal(s.atime, 0);
	assert_int_equal(s.dtime, 0);
	assert_true(s.ctime >= before && s.ctime <= time(NULL));
	assert_false((s.known & SHMT_HAS_RSS) != 0);
	assert_int_equal(shmt__sysv_stat_rss(id, &s), 0);
	assert_true((s.known & SHMT_HAS_RSS) != 0);
	assert_int_equal(s.rss, 0);
	assert_int_equal(s.swap, 0);
}

static void
found_by_key(void **state)
{
	const struct shmt_ref by_id = { .id = 12345 };
	struct shmt_ref by_key = { .by_key = true, .key = KEY };
	struct shmt_object object = { .id = 77 };
	int id = make(KEY, 1, 0), found = -1;

	(void)state;
	assert_int_equal(shmt_find(KEY, &found), 0);
	assert_int_equal(found, id);
	assert_int_equal(shmt_resolve(&by_key, &object), 0);
	assert_int_equal(object.id, id);
	/* An id is taken as it is. */
	assert_int_equal(shmt_resolve(&by_id, &object), 0);
	assert_int_equal(object.id, 12345);
	found = 77;
	by_key.key++;
	assert_refused(shmt_resolve(&by_key, &object), ENOENT);
	assert_refused(shmt_find(0, &found), EINVAL);
	assert_int_equal(found, 77);
}

static void
absent(void **state)
{
	struct shmt_info s = { .size = 99 };
	void *at;
	int id = make(0, 1, 0);

	(void)state;
	assert_int_equal(shmt__sysv_rmid(id), 0);
	assert_refused(shmt__sysv_stat(id, &s), ENOENT);
	assert_refused(shmt__sysv_stat(-1, &s), ENOENT);
	assert_refused(shmt__sysv_stat(INT32_MAX, &s), ENOENT);
	assert_refused(shmt__sysv_attach(INT32_MAX, NULL, 0, &at), ENOENT);
	assert_refused(shmt__sysv_stat_rss(id, &s), ENOENT);
	assert_int_equal(s.size, 99);
	s.object.id = id;
	assert_refused(shmt__sysv_set(&s), ENOENT);
	assert_refused(shmt__sysv_lock(id, true), ENOENT);
	assert_refused(shmt__sysv_lock(id, false), ENOENT);
	assert_refused(shmt__sysv_rmid(id), ENOENT);
}

/* An id whose slot another segment has now is not there. */
static void
another_in_that_slot(void **state)
{
	struct shmt_info s;
	int id = make(0, 1, 0);

	(void)state;
	assert_refused(shmt__sysv_stat(id + 32768, &s), ENOENT);
	assert_refused(shmt__sysv_stat(id | 0x40000000, &s), ENOENT);
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
}

static void
exclusive_by_default(void **state)
{
	struct shmt_request request = { .key = KEY, .size = 4096,
	    .mode = 0600 };
	int first = make(KEY, 4096, 0), id = 77;
	bool created = true;

	(void)state;
	assert_refused(shmt__sysv_create(&request, &id, &created), EEXIST);
	assert_int_equal(id, 77);
	request.flags = SHMT_OPEN;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(id, first);
	assert_false(created);
	request.size = 4095;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(id, first);
	request.size = 4097;
	assert_refused(shmt__sysv_create(&request, &id, &created), EINVAL);
	/* Without a key there is never one to open. */
	request.key = 0;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_not_equal(id, first);
	assert_true(created);
}

static void
sizes_that_cannot_be(void **state)
{
	struct shmt_request request = { .mode = 0600 };
	int id = 77;
	bool created;

	(void)state;
	assert_refused(shmt__sysv_create(&request, &id, &created), EINVAL);
	request.size = UINT64_MAX;
	assert_refused(shmt__sysv_create(&request, &id, &created), EINVAL);
	request.size = UINT64_C(1) << 63;
	assert_refused(shmt__sysv_create(&request, &id, &created), EINVAL);
	/* Huge pages are of a power of two, and of 2^63 bytes nowhere. */
	request.size = 4096;
	request.flags = SHMT_HUGETLB;
	request.huge_size = 3 << 20;
	assert_refused(shmt__sysv_create(&request, &id, &created), EINVAL);
	request.huge_size = UINT64_C(1) << 63;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), -1);
	assert_int_equal(id, 77);
}

static void
set_and_locked(void **state)
{
	int id = make(KEY, 1, 0);
	struct shmt_info s;

	(void)state;
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	s.mode = 0444;
	assert_int_equal(shmt__sysv_set(&s), 0);
	assert_int_equal(shmt__sysv_lock(id, true), 0);
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	assert_int_equal(s.mode, 0444);
	assert_int_equal(s.state, SHMT_LOCKED);
	/* State bits do not get into the mode that is written. */
	s.mode |= 01000;
	assert_int_equal(shmt__sysv_set(&s), 0);
	assert_int_equal(shmt__sysv_lock(id, false), 0);
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	assert_int_equal(s.mode, 0444);
	assert_int_equal(s.state, 0);
	s.uid = UINT32_MAX;
	assert_refused(shmt__sysv_set(&s), EINVAL);
}

static void
removed_at_the_last_detach(void **state)
{
	int id = make(KEY, 1, 0);
	struct shmt_info before, s;
	void *at = shmat(id, NULL, 0);

	(void)state;
	assert_ptr_not_equal(at, (void *)-1);
	assert_int_equal(shmt__sysv_stat(id, &before), 0);
	assert_int_equal(before.nattch, 1);
	assert_int_equal(before.lpid, getpid());
	assert_int_equal(shmt__sysv_rmid(id), 0);
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	assert_int_equal(s.state, SHMT_DEST);
	assert_int_equal(s.key, 0);
	assert_true(shmt_same(&before, &s));
	assert_int_equal(shmt__sysv_rmid(id), 0);
	assert_int_equal(shmdt(at), 0);
	assert_refused(shmt__sysv_stat(id, &s), ENOENT);
}

/* The kernel is asked by a change that it refuses: nothing has changed. */
static void
permission_to_remove(void **state)
{
	int id = make(0, 4096, 0), status;
	struct shmt_info before, after;
	pid_t child;

	(void)state;
	assert_int_equal(shmt__sysv_stat(id, &before), 0);
	child = fork();
	if (child == 0) {
		/* Not in the second in which it was made. */
		while (time(NULL) <= before.ctime)
			usleep(50000);
		_exit(shmt__sysv_may_remove(id) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(shmt__sysv_stat(id, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	child = fork();
	if (child == 0) {
		if (setgid(65534) == -1 || setuid(65534) == -1)
			_exit(77);
		_exit(
		    shmt__sysv_may_remove(id) == -1 && errno == EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 77 << 8)
		assert_int_equal(status, 0);
	assert_int_equal(shmt__sysv_rmid(id), 0);
}

static void
the_same_or_another(void **state)
{
	struct shmt_info a = { .object.id = 1, .key = 2, .size = 3, .cuid = 4,
	    .cgid = 5, .cpid = 6, .uid = 7, .mode = 0600, .ctime = 8 }, b;

	(void)state;
	b = a;
	b.uid++;
	b.mode++;
	b.ctime++;
	b.lpid++;
	b.nattch++;
	assert_true(shmt_same(&a, &b));
	b = a;
	b.object.id++;
	assert_false(shmt_same(&a, &b));
	b = a;
	b.key++;
	assert_false(shmt_same(&a, &b));
	b.key = 0;
	b.state = SHMT_DEST;
	assert_true(shmt_same(&a, &b));
	assert_true(shmt_same(&b, &a));
	b = a;
	b.size++;
	assert_false(shmt_same(&a, &b));
	b = a;
	b.cuid++;
	assert_false(shmt_same(&a, &b));
	b = a;
	b.cgid++;
	assert_false(shmt_same(&a, &b));
	b = a;
	b.cpid++;
	assert_false(shmt_same(&a, &b));
}

/*
 * With a wanted id
 */

static int
next_id(void)
{
	char *text = shmt__read_file(AT_FDCWD, "/proc/sys/kernel/shm_next_id");
	int id;

	assert_non_null(text);
	id = (int)strtol(text, NULL, 10);
	free(text);
	return id;
}

static void
skip_without_wishes(void)
{
	if (access("/proc/sys/kernel/shm_next_id", W_OK) == -1)
		skip();
}

static void
with_an_id(void **state)
{
	struct shmt_request request = { .size = 1, .mode = 0600,
	    .flags = SHMT_WITH_ID, .id = 777 };
	bool created = false;
	int id = -1;

	(void)state;
	skip_without_wishes();
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(id, 777);
	assert_true(created);
	assert_int_equal(next_id(), -1);
	/* Taken, or its slot is. */
	id = 77;
	assert_refused(shmt__sysv_create(&request, &id, &created), EEXIST);
	request.id = 777 + 32768;
	assert_refused(shmt__sysv_create(&request, &id, &created), EEXIST);
	assert_int_equal(id, 77);
	assert_int_equal(next_id(), -1);
	assert_int_equal(shmt__sysv_rmid(777), 0);
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(id, 777 + 32768);
}

static void
make_and_remove(int wanted)
{
	struct shmt_request request = { .size = 1, .mode = 0600,
	    .flags = SHMT_WITH_ID, .id = wanted };
	const struct timespec pause = { 0, 100L * 1000 };
	bool created;
	int id;

	if (shmt__sysv_create(&request, &id, &created) == -1)
		fail_msg("id %d: errno %d", wanted, errno);
	assert_int_equal(id, wanted);
	assert_int_equal(shmt__sysv_rmid(id), 0);
	nanosleep(&pause, NULL);
}

/* Each may get what the other one has asked for. */
static void
two_with_an_id_at_once(void **state)
{
	pid_t other;
	int i;

	(void)state;
	skip_without_wishes();
	other = fork();
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			make_and_remove(888);
	}
	for (i = 0; i < 1000; i++)
		make_and_remove(777);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

/* What is refused leaves neither a segment nor a wish behind. */
static void
a_refused_wish_does_not_stay(void **state)
{
	struct shmt_request request = { .key = KEY, .size = 1, .mode = 0600,
	    .flags = SHMT_WITH_ID, .id = 777 };
	struct shmt_info *list;
	int first = make(KEY, 1, 0), id = 77;
	bool created = true;
	size_t count;

	(void)state;
	skip_without_wishes();
	assert_refused(shmt__sysv_create(&request, &id, &created), EEXIST);
	assert_int_equal(next_id(), -1);
	/* Opened, but it is not the one with this id. */
	request.flags |= SHMT_OPEN;
	assert_refused(shmt__sysv_create(&request, &id, &created), EEXIST);
	assert_int_equal(next_id(), -1);
	request.key++;
	request.size = UINT64_C(1) << 63;
	assert_refused(shmt__sysv_create(&request, &id, &created), EINVAL);
	assert_int_equal(next_id(), -1);
	request.size = 1;
	request.id = -1;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), -1);
	assert_int_equal(next_id(), -1);
	assert_int_equal(id, 77);
	assert_int_equal(shmt__sysv_all(false, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].object.id, first);
	free(list);
}

static void
no_wish_where_nothing_can_be_made(void **state)
{
	const struct shmt_request request = { .size = 1, .mode = 0600,
	    .flags = SHMT_WITH_ID, .id = 777 };
	int fd, id = 77;
	bool created;

	(void)state;
	skip_without_wishes();
	make(0, 1, 0);
	fd = open("/proc/sys/kernel/shmmni", O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		skip();
	assert_int_equal(write(fd, "1", 1), 1);
	assert_refused(shmt__sysv_create(&request, &id, &created), ENOSPC);
	assert_int_equal(pwrite(fd, "4096", 4, 0), 4);
	close(fd);
	assert_int_equal(next_id(), -1);
	assert_int_equal(id, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(made_and_looked_at, teardown),
		cmocka_unit_test_teardown(found_by_key, teardown),
		cmocka_unit_test_teardown(absent, teardown),
		cmocka_unit_test_teardown(another_in_that_slot, teardown),
		cmocka_unit_test_teardown(exclusive_by_default, teardown),
		cmocka_unit_test_teardown(sizes_that_cannot_be, teardown),
		cmocka_unit_test_teardown(set_and_locked, teardown),
		cmocka_unit_test_teardown(removed_at_the_last_detach,
		    teardown),
		cmocka_unit_test(permission_to_remove),
		cmocka_unit_test(the_same_or_another),
		cmocka_unit_test_teardown(with_an_id, teardown),
		cmocka_unit_test_teardown(two_with_an_id_at_once, teardown),
		cmocka_unit_test_teardown(a_refused_wish_does_not_stay,
		    teardown),
		cmocka_unit_test_teardown(no_wish_where_nothing_can_be_made,
		    teardown),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
