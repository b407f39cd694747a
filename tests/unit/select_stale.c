/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Staleness as a filter: each part of the proof counts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "world.h"
#include "select_rows.h"

static bool
is_stale(const struct shmt_info *s, uint64_t idle)
{
	const struct filter_row row = { { { .by = SHMT_BY_STALE },
	    { .by = SHMT_BY_IDLE, .value = idle } }, 2 };
	struct shmt_proof proof;

	shmt_check_stale(s, now, idle, &proof);
	/* The filter and the proof must never disagree. */
	assert_int_equal(passes(&row, s, NULL), proof.stale);
	return proof.stale;
}

static void
a_forgotten_one_is_stale(void **state)
{
	struct shmt_info s = forgotten();
	struct shmt_proof proof;

	(void)state;
	shmt_check_stale(&s, now, SHMT_STALE_IDLE, &proof);
	assert_true(proof.stale);
	assert_true(proof.unattached);
	assert_true(proof.not_dest);
	assert_true(proof.idle_enough);
	assert_int_equal(proof.idle, 2 * HOUR);
	assert_int_equal(proof.creator.state, SHMT_GONE);
	assert_int_equal(proof.last_user.state, SHMT_GONE);
}

static void
each_part_of_stale_counts(void **state)
{
	struct shmt_info s = forgotten();
	struct shmt_proof proof;

	(void)state;
	s.nattch = 1;
	assert_false(is_stale(&s, HOUR));
	shmt_check_stale(&s, now, HOUR, &proof);
	assert_false(proof.unattached);
	assert_true(proof.not_dest && proof.idle_enough);

	s = forgotten();
	s.state = SHMT_DEST;
	s.known &= ~SHMT_HAS_KEY;
	assert_false(is_stale(&s, HOUR));
	shmt_check_stale(&s, now, HOUR, &proof);
	assert_false(proof.not_dest);

	s = forgotten();
	assert_true(is_stale(&s, 2 * HOUR));
	assert_false(is_stale(&s, 2 * HOUR + 1));
	s.ctime = now + 60;
	assert_false(is_stale(&s, 1));

	s = forgotten();
	s.cpid = getpid();
	s.ctime = now;
	assert_false(is_stale(&s, 0));
	s.cpid = 0;
	assert_false(is_stale(&s, 0));

	s = forgotten();
	s.lpid = getpid();
	s.dtime = now;
	assert_false(is_stale(&s, 0));
	s.lpid = 0;
	assert_false(is_stale(&s, 0));
	/* Never attached by anyone: there is no last user to ask about. */
	s.atime = s.dtime = 0;
	assert_true(is_stale(&s, 0));
}

static void
an_hour_is_the_default(void **state)
{
	struct shmt_info s = forgotten();

	(void)state;
	s.dtime = now - SHMT_STALE_IDLE;
	assert_true(passes_one(SHMT_BY_STALE, 0, &s, NULL));
	s.dtime++;
	assert_false(passes_one(SHMT_BY_STALE, 0, &s, NULL));
}

/* The longest --idle that is not negated replaces the hour. */
static void
idle_of_stale(void **state)
{
	struct shmt_clause clauses[] = {
		{ .by = SHMT_BY_IDLE, .value = 60 },
		{ .by = SHMT_BY_IDLE, .value = 7200 },
		{ .by = SHMT_BY_IDLE, .value = 90000, .negated = true },
		{ .by = SHMT_BY_OWNER, .value = 99999 },
	};
	static const struct {
		size_t from, count;
		uint64_t idle;
	} rows[] = {
		{ 0, 0, SHMT_STALE_IDLE }, { 0, 1, 60 }, { 0, 2, 7200 },
		{ 0, 4, 7200 }, { 2, 1, SHMT_STALE_IDLE },
		{ 2, 2, SHMT_STALE_IDLE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shmt_filter filter = { clauses + rows[i].from,
		    rows[i].count };

		assert_int_equal(shmt_stale_idle(&filter), rows[i].idle);
	}
	clauses[0].value = 0;
	assert_int_equal(shmt_stale_idle(&(struct shmt_filter){ clauses, 1 }),
	    0);
}

static void
a_running_creator_is_not_gone(void **state)
{
	struct shmt_info s = forgotten();

	(void)state;
	s.cpid = getpid();
	s.ctime = now;
	assert_false(passes_one(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
	assert_true(passes_not(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
}

/* One mapping too many: only those that matter to the segment are believed. */
static void
forged_holders_do_not_count(void **state)
{
	struct shmt_holder list[] = {
		{ .object.id = 5, .pid = 11, .uid = 2000, .maps = 1 },
		{ .object.id = 5, .pid = 12, .uid = 1000, .maps = 1 },
		{ .object.id = 5, .pid = 13, .uid = 1001, .maps = 1 },
		{ .object.id = 5, .pid = 14, .uid = 0, .maps = 1 },
	};
	const struct shmt_holders holders = { list, 4, 0, NULL };
	struct shmt_info s = forgotten();
	uint64_t pid;

	(void)state;
	for (s.nattch = 3; s.nattch <= 5; s.nattch++)
		for (pid = 11; pid <= 14; pid++)
			assert_int_equal(passes_one(SHMT_BY_PID, pid, &s,
			    &holders), s.nattch > 3 || pid != 11);
}

static int64_t
boot_time(void)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	return now - up.tv_sec;
}

/* A process that came to have the pid of a creator later made nothing. */
static void
a_reused_pid_created_nothing(void **state)
{
	struct shmt_info s = forgotten();
	uint64_t self = (uint64_t)getpid();

	(void)state;
	cover_stat("4000000000");
	s.cpid = getpid();
	s.ctime = now;
	s.atime = s.dtime = 0;
	assert_true(passes_one(SHMT_BY_PID, self, &s, NULL));
	assert_false(passes_not(SHMT_BY_PID, self, &s, NULL));
	s.ctime = boot_time() + 2;
	assert_false(passes_one(SHMT_BY_PID, self, &s, NULL));
	assert_true(passes_not(SHMT_BY_PID, self, &s, NULL));
}

/* A step of the clock makes a running creator look like a later process: one
 * that started before the last use proves nothing. */
static void
a_clock_set_forward_proves_nothing(void **state)
{
	struct shmt_info s = forgotten();
	struct shmt_proof proof;

	(void)state;
	cover_stat("4000000000");
	s.cpid = getpid();
	s.ctime = boot_time() + 2;
	s.atime = s.dtime = s.ctime + 1;
	assert_true(passes_one(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
	assert_true(is_stale(&s, 0));
	/* Used after the present owner of the pid started. */
	s.atime = s.dtime = now;
	assert_false(passes_one(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
	assert_false(passes_not(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
	assert_false(is_stale(&s, 0));
	shmt_check_stale(&s, now, 0, &proof);
	assert_int_equal(proof.creator.state, SHMT_UNKNOWN);
	/* In the same second it may have been before or after. */
	s.atime = s.dtime = proof.creator.started;
	shmt_check_stale(&s, now, 0, &proof);
	assert_int_equal(proof.creator.state, SHMT_UNKNOWN);
	s.atime = s.dtime = proof.creator.started - 1;
	shmt_check_stale(&s, now, 0, &proof);
	assert_int_equal(proof.creator.state, SHMT_REUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forgotten_one_is_stale),
		cmocka_unit_test(each_part_of_stale_counts),
		cmocka_unit_test(an_hour_is_the_default),
		cmocka_unit_test(idle_of_stale),
		cmocka_unit_test(a_running_creator_is_not_gone),
		cmocka_unit_test(forged_holders_do_not_count),
		cmocka_unit_test_teardown(a_reused_pid_created_nothing,
		    uncover_stat),
		cmocka_unit_test_teardown(a_clock_set_forward_proves_nothing,
		    uncover_stat),
	};

	has_own_mounts = make_own_mounts();
	return cmocka_run_group_tests_name("select", tests, setup, NULL);
}
