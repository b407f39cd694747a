/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Filters, staleness and its proof: each part holds or fails by itself, and
 * what cannot be known never makes a segment stale.
 */

#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"

#define HOUR 3600L

static pid_t dead;
static int64_t now;

/* Forgotten: private, unattached, its users dead, at rest for two hours. */
static struct shmt_segment
forgotten(void)
{
	return (struct shmt_segment){ .id = 5, .uid = 1000, .cuid = 1001,
	    .mode = 0600, .size = 4096, .cpid = dead, .lpid = dead,
	    .ctime = now - 4 * HOUR, .atime = now - 3 * HOUR,
	    .dtime = now - 2 * HOUR };
}

static int
setup(void **state)
{
	(void)state;
	dead = fork();
	if (dead == 0)
		_exit(0);
	now = time(NULL);
	return waitpid(dead, NULL, 0) == dead ? 0 : -1;
}

static void
idle_times(void **state)
{
	static const struct {
		int64_t ctime, atime, dtime;
		uint64_t idle;
	} rows[] = {
		{ 100, 0, 0, 900 }, { 100, 200, 0, 800 },
		{ 100, 0, 300, 700 }, { 100, 400, 300, 600 },
		{ 999, 400, 300, 1 }, { 1000, 400, 300, 0 },
		/* Any of the three in the future. */
		{ 1001, 400, 300, 0 }, { 100, 1001, 300, 0 },
		{ 100, 400, INT64_MAX, 0 },
		{ INT64_MIN, INT64_MIN, INT64_MIN,
		    1000 + (UINT64_C(1) << 63) },
	};
	struct shmt_segment s = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.ctime = rows[i].ctime;
		s.atime = rows[i].atime;
		s.dtime = rows[i].dtime;
		if (shmt_idle(&s, 1000) != rows[i].idle)
			fail_msg("row %zu: %ju", i,
			    (uintmax_t)shmt_idle(&s, 1000));
	}
}

static bool
is_stale(const struct shmt_segment *s, uint64_t idle)
{
	const struct shmt_filter filter = { .by = SHMT_BY_STALE |
	    SHMT_BY_IDLE, .idle = idle };
	struct shmt_proof proof;

	shmt_check_stale(s, now, idle, &proof);
	/* The filter and the proof must never disagree. */
	assert_int_equal(shmt_match(&filter, s, now, NULL), proof.stale);
	return proof.stale;
}

static void
a_forgotten_one_is_stale(void **state)
{
	struct shmt_segment s = forgotten();
	struct shmt_proof proof;

	(void)state;
	shmt_check_stale(&s, now, SHMT_STALE_IDLE, &proof);
	assert_true(proof.stale);
	assert_true(proof.unattached);
	assert_true(proof.not_dest);
	assert_true(proof.idle_enough);
	assert_int_equal(proof.idle, 2 * HOUR);
	assert_int_equal(proof.creator.life, SHMT_GONE);
	assert_int_equal(proof.last_user.life, SHMT_GONE);
}

static void
each_part_of_stale_counts(void **state)
{
	struct shmt_segment s = forgotten();
	struct shmt_proof proof;

	(void)state;
	s.nattch = 1;
	assert_false(is_stale(&s, HOUR));
	shmt_check_stale(&s, now, HOUR, &proof);
	assert_false(proof.unattached);
	assert_true(proof.not_dest && proof.idle_enough);

	s = forgotten();
	s.state = SHMT_DEST;
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
	const struct shmt_filter filter = { .by = SHMT_BY_STALE };
	struct shmt_segment s = forgotten();

	(void)state;
	s.dtime = now - SHMT_STALE_IDLE;
	assert_true(shmt_match(&filter, &s, now, NULL));
	s.dtime++;
	assert_false(shmt_match(&filter, &s, now, NULL));
}

static void
filters_one_by_one(void **state)
{
	struct shmt_segment keyed = forgotten(), marked = forgotten();
	struct shmt_segment plain = forgotten();
	const struct {
		struct shmt_filter filter;
		const struct shmt_segment *segment;
		bool passes;
	} rows[] = {
		{ { .by = 0 }, &plain, true },
		{ { .by = SHMT_BY_OWNER, .owner = 1000 }, &plain, true },
		{ { .by = SHMT_BY_OWNER, .owner = 1001 }, &plain, false },
		{ { .by = SHMT_BY_CREATOR, .creator = 1001 }, &plain, true },
		{ { .by = SHMT_BY_CREATOR, .creator = 1000 }, &plain, false },
		{ { .by = SHMT_BY_KEY, .key = 7 }, &keyed, true },
		{ { .by = SHMT_BY_KEY, .key = 8 }, &keyed, false },
		{ { .by = SHMT_BY_KEY, .key = 7 }, &plain, false },
		{ { .by = SHMT_BY_PRIVATE }, &plain, true },
		{ { .by = SHMT_BY_PRIVATE }, &keyed, false },
		{ { .by = SHMT_BY_PRIVATE }, &marked, false },
		{ { .by = SHMT_BY_UNATTACHED }, &plain, true },
		{ { .by = SHMT_BY_UNATTACHED }, &marked, false },
		{ { .by = SHMT_BY_DEST }, &marked, true },
		{ { .by = SHMT_BY_DEST }, &plain, false },
		{ { .by = SHMT_BY_IDLE, .idle = 2 * HOUR }, &plain, true },
		{ { .by = SHMT_BY_IDLE, .idle = 2 * HOUR + 1 }, &plain,
		    false },
		{ { .by = SHMT_BY_MIN_SIZE, .min_size = 4096 }, &plain, true },
		{ { .by = SHMT_BY_MIN_SIZE, .min_size = 4097 }, &plain,
		    false },
		{ { .by = SHMT_BY_MAX_SIZE, .max_size = 4096 }, &plain, true },
		{ { .by = SHMT_BY_MAX_SIZE, .max_size = 4095 }, &plain,
		    false },
		{ { .by = SHMT_BY_CREATOR_DEAD }, &plain, true },
		{ { .by = SHMT_BY_PID, .pid = dead }, &plain, true },
		{ { .by = SHMT_BY_PID, .pid = 1 }, &plain, false },
		/* All must hold. */
		{ { .by = SHMT_BY_OWNER | SHMT_BY_DEST, .owner = 1000 },
		    &plain, false },
		{ { .by = SHMT_BY_OWNER | SHMT_BY_DEST, .owner = 1000 },
		    &marked, true },
		{ { .by = SHMT_BY_KEY | SHMT_BY_STALE, .key = 7 }, &keyed,
		    true },
		{ { .by = SHMT_BY_KEY | SHMT_BY_STALE, .key = 8 }, &keyed,
		    false },
	};
	size_t i;

	(void)state;
	keyed.key = 7;
	marked.state = SHMT_DEST;
	marked.nattch = 1;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (shmt_match(&rows[i].filter, rows[i].segment, now, NULL) !=
		    rows[i].passes)
			fail_msg("row %zu", i);
}

static void
a_living_creator_is_not_dead(void **state)
{
	const struct shmt_filter filter = { .by = SHMT_BY_CREATOR_DEAD };
	struct shmt_segment s = forgotten();

	(void)state;
	s.cpid = getpid();
	s.ctime = now;
	assert_false(shmt_match(&filter, &s, now, NULL));
	s.cpid = 0;
	assert_false(shmt_match(&filter, &s, now, NULL));
}

static void
holders_count(void **state)
{
	struct shmt_holder list[] = {
		{ .id = 4, .key = 9, .pid = 10 },
		{ .id = 5, .key = 7, .pid = 11 },
		{ .id = 5, .key = 7, .pid = 12 },
		{ .id = 6, .key = 0, .pid = 13 },
	};
	const struct shmt_holders holders = { list, 4, 0 };
	struct shmt_filter filter = { .by = SHMT_BY_PID };
	struct shmt_segment s = forgotten();

	(void)state;
	for (filter.pid = 10; filter.pid <= 13; filter.pid++)
		assert_int_equal(shmt_match(&filter, &s, now, &holders),
		    filter.pid == 11 || filter.pid == 12);
	/* The key that a marked segment has lost. */
	s.state = SHMT_DEST;
	s.nattch = 2;
	filter = (struct shmt_filter){ .by = SHMT_BY_KEY, .key = 7 };
	assert_true(shmt_match(&filter, &s, now, &holders));
	filter.key = 9;
	assert_false(shmt_match(&filter, &s, now, &holders));
	filter.by = SHMT_BY_PRIVATE;
	assert_false(shmt_match(&filter, &s, now, &holders));
	s.id = 6;
	assert_true(shmt_match(&filter, &s, now, &holders));
	s.id = 7;
	assert_false(shmt_match(&filter, &s, now, &holders));
}

/* One mapping too many: only those that matter to the segment are believed. */
static void
forged_holders_do_not_count(void **state)
{
	struct shmt_holder list[] = {
		{ .id = 5, .pid = 11, .uid = 2000, .maps = 1 },
		{ .id = 5, .pid = 12, .uid = 1000, .maps = 1 },
		{ .id = 5, .pid = 13, .uid = 1001, .maps = 1 },
		{ .id = 5, .pid = 14, .uid = 0, .maps = 1 },
	};
	const struct shmt_holders holders = { list, 4, 0 };
	struct shmt_filter filter = { .by = SHMT_BY_PID };
	struct shmt_segment s = forgotten();

	(void)state;
	for (s.nattch = 3; s.nattch <= 5; s.nattch++)
		for (filter.pid = 11; filter.pid <= 14; filter.pid++)
			assert_int_equal(shmt_match(&filter, &s, now,
			    &holders), s.nattch > 3 || filter.pid != 11);
}

/* A process that came later by the number of a creator made nothing. */
static void
a_reused_number_created_nothing(void **state)
{
	const struct shmt_filter filter = { .by = SHMT_BY_PID,
	    .pid = getpid() };
	struct shmt_segment s = forgotten();
	struct timespec up;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &up);
	if (up.tv_sec < 60)
		skip();
	s.cpid = getpid();
	s.ctime = now;
	assert_true(shmt_match(&filter, &s, now, NULL));
	s.ctime = now - up.tv_sec + 2;
	assert_false(shmt_match(&filter, &s, now, NULL));
}

/* Setting the clock forward gives a living creator the looks of a later
 * process: it has to have begun after the last use as well. */
static void
a_clock_set_forward_proves_nothing(void **state)
{
	const struct shmt_filter dead_creator = {
		.by = SHMT_BY_CREATOR_DEAD
	}, stale = { .by = SHMT_BY_STALE | SHMT_BY_IDLE };
	struct shmt_segment s = forgotten();
	struct shmt_proof proof;
	struct timespec up;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &up);
	if (up.tv_sec < 60)
		skip();
	s.cpid = getpid();
	s.ctime = now - up.tv_sec + 2;
	s.atime = s.dtime = s.ctime + 1;
	assert_true(shmt_match(&dead_creator, &s, now, NULL));
	assert_true(shmt_match(&stale, &s, now, NULL));
	/* Used after the present owner of the number began. */
	s.atime = s.dtime = now;
	assert_false(shmt_match(&dead_creator, &s, now, NULL));
	assert_false(shmt_match(&stale, &s, now, NULL));
	shmt_check_stale(&s, now, 0, &proof);
	assert_int_equal(proof.creator.life, SHMT_UNKNOWN);
	assert_false(proof.stale);
	/* In the same second it may have been before or after. */
	s.atime = s.dtime = proof.creator.started;
	shmt_check_stale(&s, now, 0, &proof);
	assert_int_equal(proof.creator.life, SHMT_UNKNOWN);
	s.atime = s.dtime = proof.creator.started - 1;
	shmt_check_stale(&s, now, 0, &proof);
	assert_int_equal(proof.creator.life, SHMT_REUSED);
}

static void
runs_of_holders(void **state)
{
	struct shmt_holder list[] = {
		{ .id = 4, .maps = 1 }, { .id = 5, .maps = 2 },
		{ .id = 5, .maps = 3 }, { .id = 9, .maps = 1 },
	};
	const struct shmt_holders holders = { list, 4, 0 }, none = { 0 };
	static const struct {
		int id;
		size_t count;
	} rows[] = { { 0, 0 }, { 4, 1 }, { 5, 2 }, { 8, 0 }, { 9, 1 },
		{ 10, 0 }, { -1, 0 } };
	struct shmt_segment s = { .id = 5, .nattch = 5 };
	size_t i, count;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shmt_holder *run = shmt_holders_of(&holders,
		    rows[i].id, &count);

		assert_int_equal(count, rows[i].count);
		if (count > 0)
			assert_int_equal(run->id, rows[i].id);
	}
	shmt_holders_of(&none, 5, &count);
	assert_int_equal(count, 0);
	assert_true(shmt_holders_complete(&holders, &s));
	s.nattch = 6;
	assert_false(shmt_holders_complete(&holders, &s));
	s.nattch = 4;
	assert_false(shmt_holders_complete(&holders, &s));
	s.nattch = 0;
	assert_true(shmt_holders_complete(&none, &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_times),
		cmocka_unit_test(a_forgotten_one_is_stale),
		cmocka_unit_test(each_part_of_stale_counts),
		cmocka_unit_test(an_hour_is_the_default),
		cmocka_unit_test(filters_one_by_one),
		cmocka_unit_test(a_living_creator_is_not_dead),
		cmocka_unit_test(holders_count),
		cmocka_unit_test(forged_holders_do_not_count),
		cmocka_unit_test(a_reused_number_created_nothing),
		cmocka_unit_test(a_clock_set_forward_proves_nothing),
		cmocka_unit_test(runs_of_holders),
	};

	return cmocka_run_group_tests_name("select", tests, setup, NULL);
}
