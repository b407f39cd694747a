/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Each call of the functions of segments, limits and archives failed in turn:
 * see failed_calls.h.
 */

#include <sys/shm.h>

#include <dirent.h>
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

#include "../fault/fault.h"
#include "limits/logind.h"
#include "shm.h"
#include "sys/atomic_file.h"
#include "sys/file.h"
#include "sysv.h"
#include "users/holders.h"
#include "segment.h"
#include "failed_calls.h"

/*
 * The functions, each with all that it needs; they return what the function
 * does, and check themselves what it promises.
 */

static int
list_by(bool rss)
{
	struct shmt_info *list = KEPT;
	size_t count = 77;
	int result = ours_now(shmt__sysv_all(rss, &list, &count));

	if (result == 0) {
		assert_int_equal(count, 1);
		assert_int_equal(list[0].object.id, id);
		free(list);
	} else {
		assert_ptr_equal(list, KEPT);
		assert_int_equal(count, 77);
	}
	return result;
}

static int
list_with_rss(void)
{
	return list_by(true);
}

static int
list_without_rss(void)
{
	return list_by(false);
}

static int
info(void)
{
	struct shmt_info s = { .object.id = -2 };
	int result = shmt__sysv_stat_rss(id, &s);

	assert_int_equal(s.object.id, result == 0 ? id : -2);
	return result;
}

static int
limits(void)
{
	struct shmt_limits l = { .shmmin = 77 };
	const char *bad = NULL;
	int result = shmt_limits(SHMT_LIMITS_SHM | SHMT_LIMITS_MSG |
	    SHMT_LIMITS_SEM, &l, &bad);

	assert_int_equal(l.shmmin, result == 0 ? 1 : 77);
	if (result == -1 && bad != NULL)
		assert_int_equal(bad[0], '/');
	return result;
}

static int
usage(void)
{
	struct shmt_usage u = { .segments = 77 };
	int result = shmt_usage(&u);

	assert_int_equal(u.segments, result == 0 ? 1 : 77);
	return result;
}

static int
persist(void)
{
	const struct shmt_setting settings[] = { { "shmmni", 4096 } };
	struct shmt_atomic_file *new;
	int result, fd;

	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	close(fd);
	if (shmt_persist_prepare(file, settings, 1, &new) == -1)
		return -1;
	result = shmt_persist_commit(new);
	shmt_atomic_file_close(new);
	return result;
}

static int
advise(void)
{
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	size_t count = 77;
	int result = shmt_advise(SHMT_ADVISE_DB2, (uint64_t)8 << 30, advice,
	    &count, NULL);

	assert_true(result == 0 ? count > 3 : count == 77);
	return result;
}

static int
memory(void)
{
	uint64_t bytes = 77;
	int result = shmt_memory(&bytes);

	assert_true(result == 0 ? bytes > 4096 : bytes == 77);
	return result;
}

static int
diagnose(void)
{
	static const struct {
		enum shmt_step step;
		int error;
	} refused[] = {
		{ SHMT_STEP_CREATE, EINVAL }, { SHMT_STEP_CREATE, ENOSPC },
		{ SHMT_STEP_CREATE, ENOMEM }, { SHMT_STEP_CREATE, EEXIST },
		{ SHMT_STEP_CREATE, EPERM }, { SHMT_STEP_CREATE, EACCES },
		{ SHMT_STEP_ATTACH, ENOMEM }, { SHMT_STEP_LOCK, ENOMEM },
		{ SHMT_STEP_LOCK, EPERM }
	};
	struct shmt_request request = { .key = 0x51, .size = 4096 };
	struct shmt_cause cause;
	size_t i, huge;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		for (huge = 0; huge < 2; huge++) {
			request.flags = huge ? SHMT_HUGETLB : 0;
			shmt_diagnose(&request, refused[i].step,
			    refused[i].error, &cause);
			assert_true(cause.kind <= SHMT_CAUSE_MODE);
			assert_true(!cause.has_segment ||
			    cause.segment.object.id == id);
		}
	return 0;
}

static int
create(void)
{
	struct shmt_request request = { .size = 4096, .mode = 0600,
	    .flags = SHMT_WITH_ID, .id = 5 };
	bool created = false;
	int made = -2, result;

	result = ours_now(shmt__sysv_create(&request, &made, &created));
	if (result == 0) {
		assert_int_equal(made, 5);
		assert_int_equal(shmt__sysv_rmid(made), 0);
	} else
		assert_int_equal(made, -2);
	return result;
}

/* With a root folder of its own: a main file and drop-ins. */
static int
logout(void)
{
	bool removes = false;
	int result = shmt__logout_removes(dir, 1000, &removes);

	assert_true(result == 0 || !removes);
	return result;
}

static int
logout_here(void)
{
	bool removes;

	return shmt_logout_removes(getuid(), &removes);
}

static int
last_user(void)
{
	struct shmt_process process;

	/* Ours is alive, or nobody knows. */
	shmt_process(getpid(), INT32_MAX, &process);
	assert_true(process.state == SHMT_ALIVE ||
	    process.state == SHMT_UNKNOWN);
	return 0;
}

static int
holders(void)
{
	struct shmt_holders found = { .list = KEPT };
	const struct shmt_holder *h;
	size_t count;
	int result = shmt_holders(OF_ID(id), &found);

	if (result == -1) {
		assert_ptr_equal(found.list, KEPT);
		return -1;
	}
	h = shmt_holders_of(&found, OF_ID(id), &count);
	assert_true(count == 0 || (count == 1 && h->pid == holder));
	shmt_holders_free(&found);
	return 0;
}

static int
namespaces(void)
{
	struct shmt_ns *list = KEPT;
	size_t count, hidden;
	uint64_t ours;
	int result = shmt_ns_list(SHMT_SYSV, &list, &count, &hidden);

	if (result == -1) {
		assert_ptr_equal(list, KEPT);
		return -1;
	}
	assert_true(count > 0);
	if (shmt_ns_self(SHMT_SYSV, &ours) == 0)
		assert_int_equal(list[0].inode, ours);
	free(list);
	return 0;
}

static int
say_hello(void *arg, int out)
{
	(void)arg;
	return shmt__write_all(out, "hello", 5) == 0 ? 0 : errno;
}

static int
ask(void)
{
	struct shmt_ns ns = { .pid = holder };
	void *answer = KEPT;
	size_t length = 77;
	int result;

	if (shmt_ns_self(SHMT_SYSV, &ns.inode) == -1)
		return -1;
	result = shmt_ns_run(&ns, say_hello, NULL, &answer, &length);
	if (result == -1) {
		assert_ptr_equal(answer, KEPT);
		return -1;
	}
	assert_int_equal(length, 5);
	assert_memory_equal(answer, "hello", 5);
	free(answer);
	return 0;
}

static int
enter(void)
{
	return shmt_ns_enter("/proc/self/ns/ipc");
}

static int
save(void)
{
	const struct shmt_saving how = { .flags = SHMT_REPLACE };
	struct shmt_saved s;
	struct shmt_failure failure;

	return shmt_save(dir, OF_ID(id), &how, &s, &failure);
}

static int
save_anew(void)
{
	char path[sizeof(saved) + 8];
	unsigned i;

	for (i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), i == 0 ? "%s.shm" : "%s.%u.shm",
		    saved, i);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s.meta", saved);
	unlink(path);
	return save();
}

static int
restore(void)
{
	const struct shmt_restoring how = { .flags = SHMT_OTHER_KEY };
	struct shmt_saved s;
	struct shmt_failure failure;
	struct shmt_object made = { .id = -2 };
	int result;

	result = ours_now(shmt_restore(saved, &how, &made, &s, &failure));
	if (result == 0)
		assert_int_equal(shmt__sysv_rmid(made.id), 0);
	else
		assert_int_equal(made.id, -2);
	return result;
}

TORMENT(list_with_rss)
TORMENT(list_without_rss)
TORMENT(info)
TORMENT(limits)
TORMENT(usage)
TORMENT(persist)
TORMENT(advise)
TORMENT(memory)
TORMENT(diagnose)

/* shmctl(2) removes the segment that tries whether one can be made. */
static void
create_fails(void **state)
{
	(void)state;
	torment(create, "shmctl");
}

TORMENT(logout)
TORMENT(logout_here)
TORMENT(last_user)
TORMENT(holders)
TORMENT(namespaces)
TORMENT(ask)
TORMENT(enter)
TORMENT(save_anew)
TORMENT(save)
TORMENT(restore)

/* A file that can have no name, one way or another. */
static void
nameless(void **state)
{
	struct shmt_atomic_file *new = KEPT;
	char name[300];

	(void)state;
	fault("openat64", 0, EEXIST);
	assert_int_equal(shmt_atomic_file_open(file, &new), -1);
	assert_int_equal(errno, EEXIST);
	fault("openat64", 0, EACCES);
	assert_int_equal(shmt_atomic_file_open(file, &new), -1);
	assert_int_equal(errno, EACCES);
	assert_true(fault_end());
	assert_int_equal(shmt_atomic_file_open("", &new), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_atomic_file_open("/tmp/", &new), -1);
	assert_int_equal(errno, EISDIR);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(shmt_atomic_file_open(name, &new), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_ptr_equal(new, KEPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(list_with_rss),
		TEST(list_without_rss),
		TEST(info),
		TEST(limits),
		TEST(usage),
		TEST(persist),
		TEST(advise),
		TEST(memory),
		TEST(diagnose),
		TEST(create),
		TEST(logout),
		TEST(logout_here),
		TEST(last_user),
		TEST(holders),
		TEST(namespaces),
		TEST(ask),
		TEST(enter),
		TEST(save_anew),
		TEST(save),
		TEST(restore),
		cmocka_unit_test(nameless),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
