/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Causes of a refusal: the figures, and what is said where there is no
 * reason to be seen.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/resource.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "sysv.h"

#define KEY 0x4d2u

static struct shmt_cause
diagnose(const struct shmt_request *request, enum shmt_step step, int error)
{
	struct shmt_cause cause;

	errno = ECHILD;
	shmt_diagnose(request, step, error, &cause);
	assert_int_equal(errno, ECHILD);
	return cause;
}

static struct shmt_cause
diagnose_create(const struct shmt_request *request, int error)
{
	return diagnose(request, SHMT_STEP_CREATE, error);
}

static int
make(uint64_t size)
{
	struct shmt_request request = { .key = KEY, .size = size,
	    .mode = 0600 };
	bool created;
	int id;

	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	return id;
}

static void
sizes(void **state)
{
	struct shmt_request request = { .size = 0 };
	struct shmt_cause cause;

	(void)state;
	cause = diagnose_create(&request, EINVAL);
	assert_int_equal(cause.kind, SHMT_CAUSE_ZERO_SIZE);
	assert_true(cause.certain);
	assert_true(cause.limit == 1);
	request.size = UINT64_MAX;
	cause = diagnose_create(&request, EINVAL);
	assert_int_equal(cause.kind, SHMT_CAUSE_LARGEST);
	assert_true(cause.requested == UINT64_MAX);
	/* Nothing is wrong with it: whatever it was, errno tells. */
	request.size = 1;
	cause = diagnose_create(&request, EINVAL);
	assert_int_equal(cause.kind, SHMT_CAUSE_OTHER);
	assert_false(cause.certain);
}

static void
existing(void **state)
{
	struct shmt_request request = { .key = KEY, .size = 5000,
	    .flags = SHMT_OPEN };
	struct shmt_cause cause;
	int id = make(4096);

	(void)state;
	cause = diagnose_create(&request, EINVAL);
	assert_int_equal(cause.kind, SHMT_CAUSE_EXISTING);
	assert_true(cause.certain && cause.has_segment);
	assert_int_equal(cause.segment.object.id, id);
	assert_true(cause.requested == 5000 && cause.limit == 4096);
	cause = diagnose_create(&request, EEXIST);
	assert_int_equal(cause.kind, SHMT_CAUSE_EXISTS);
	assert_int_equal(cause.segment.object.id, id);
	cause = diagnose_create(&request, EACCES);
	assert_int_equal(cause.kind, SHMT_CAUSE_MODE);
	assert_int_equal(cause.segment.object.id, id);
	assert_int_equal(shmt__sysv_rmid(id), 0);
	/* It has gone since. */
	cause = diagnose_create(&request, EEXIST);
	assert_int_equal(cause.kind, SHMT_CAUSE_EXISTS);
	assert_false(cause.has_segment);
	cause = diagnose_create(&request, EACCES);
	assert_int_equal(cause.kind, SHMT_CAUSE_OTHER);
}

static void
spaces(void **state)
{
	struct shmt_request request = { .size = 4097 };
	struct shmt_cause cause;
	struct shmt_limits limits;

	(void)state;
	assert_int_equal(shmt_limits(SHMT_LIMITS_SHM, &limits, NULL), 0);
	/* There is room: the nearer limit is the likely one. */
	cause = diagnose_create(&request, ENOSPC);
	assert_int_equal(cause.kind, SHMT_CAUSE_SHMALL);
	assert_false(cause.certain);
	assert_true(cause.limit == limits.shmall);
	assert_true(
	    cause.requested == (4097 + (uint64_t)sysconf(_SC_PAGESIZE) - 1) /
				   (uint64_t)sysconf(_SC_PAGESIZE));
	assert_true(cause.used == 0);
}

/* One more segment comes nearer to its limit than its pages do. */
static void
nearly_too_many(void **state)
{
	struct shmt_request request = { .size = 1 };
	char reason[SHMT_REASON];
	struct shmt_cause cause;
	uint64_t before, now;

	(void)state;
	assert_int_equal(shmt_limit_get("shmmni", &before), 0);
	if (shmt_limit_set("shmmni", 1, &now, reason) == -1)
		skip();
	cause = diagnose_create(&request, ENOSPC);
	assert_int_equal(shmt_limit_set("shmmni", before, &now, reason), 0);
	assert_int_equal(cause.kind, SHMT_CAUSE_SHMMNI);
	assert_false(cause.certain);
	assert_true(
	    cause.requested == 1 && cause.used == 0 && cause.limit == 1);
}

static void
limit_locked(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

/* What we locked before counts. */
static void
locked_before(void **state)
{
	struct shmt_request request = { .size = 5000 };
	struct shmt_cause cause;
	int id = make(4096);

	(void)state;
	if (shmt__sysv_lock(id, true) == -1) {
		shmt__sysv_rmid(id);
		skip();
	}
	/* A page and two pages: three are enough. */
	limit_locked((rlim_t)(3 * sysconf(_SC_PAGESIZE)));
	shmt_diagnose(&request, SHMT_STEP_LOCK, ENOMEM, &cause);
	assert_int_equal(cause.kind, SHMT_CAUSE_MEMLOCK);
	assert_true(!cause.certain && cause.requested == 5000);
	limit_locked((rlim_t)(3 * sysconf(_SC_PAGESIZE) - 1));
	shmt_diagnose(&request, SHMT_STEP_LOCK, ENOMEM, &cause);
	assert_int_equal(shmt__sysv_rmid(id), 0);
	assert_int_equal(cause.kind, SHMT_CAUSE_MEMLOCK);
	assert_true(cause.certain && cause.requested == 5000);
	assert_true(cause.used == (uint64_t)sysconf(_SC_PAGESIZE));
}

static void
memory(void **state)
{
	struct shmt_request request = { .size = (uint64_t)1 << 46 };
	struct shmt_cause cause;

	(void)state;
	cause = diagnose_create(&request, ENOMEM);
	assert_int_equal(cause.kind, SHMT_CAUSE_OVERCOMMIT);
	assert_true(cause.limit > 0 && cause.limit < request.size);
	request.size = 1;
	cause = diagnose_create(&request, ENOMEM);
	assert_int_equal(cause.kind, SHMT_CAUSE_OVERCOMMIT);
	assert_false(cause.certain);
	request.flags = SHMT_HUGETLB;
	request.huge_size = 12345 * UINT64_C(1024);
	cause = diagnose_create(&request, ENOMEM);
	assert_int_equal(cause.kind, SHMT_CAUSE_HUGE_FREE);
	assert_false(cause.certain);
	assert_true(cause.requested == 1);
}

static void
rights(void **state)
{
	struct shmt_request request = { .size = 1 };
	struct shmt_cause cause;

	(void)state;
	cause = diagnose_create(&request, EPERM);
	assert_int_equal(cause.kind, SHMT_CAUSE_OTHER);
	request.flags = SHMT_HUGETLB;
	cause = diagnose_create(&request, EPERM);
	assert_int_equal(cause.kind, SHMT_CAUSE_HUGE_GROUP);
	/* The kernel was booted without them. */
	cause = diagnose_create(&request, ENOENT);
	assert_int_equal(cause.kind, SHMT_CAUSE_HUGE_SIZE);
	request.flags = SHMT_WITH_ID;
	cause = diagnose_create(&request, EACCES);
	assert_int_equal(cause.kind, SHMT_CAUSE_NEXT_ID);
	cause = diagnose_create(&request, EROFS);
	assert_int_equal(cause.kind, SHMT_CAUSE_NEXT_ID);
}

static void
steps(void **state)
{
	struct shmt_request request = { .size = 4096 };
	struct shmt_cause cause;

	(void)state;
	limit_locked(4096);
	cause = diagnose(&request, SHMT_STEP_LOCK, ENOMEM);
	assert_int_equal(cause.kind, SHMT_CAUSE_MEMLOCK);
	cause = diagnose(&request, SHMT_STEP_LOCK, EPERM);
	assert_int_equal(cause.kind, SHMT_CAUSE_MEMLOCK);
	cause = diagnose(&request, SHMT_STEP_LOCK, EINVAL);
	assert_int_equal(cause.kind, SHMT_CAUSE_OTHER);
	cause = diagnose(&request, SHMT_STEP_ATTACH, EMFILE);
	assert_int_equal(cause.kind, SHMT_CAUSE_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(existing),
		cmocka_unit_test(spaces),
		cmocka_unit_test(nearly_too_many),
		cmocka_unit_test(locked_before),
		cmocka_unit_test(memory),
		cmocka_unit_test(rights),
		cmocka_unit_test(steps),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
