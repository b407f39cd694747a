/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Filters: each clause holds or fails by itself, and an unknown fact lets no
 * segment pass, negated or not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "segment.h"
#include "shmtool.h"
#include "world.h"
#include "select_rows.h"

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
	struct shmt_info s = { 0 };
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

static void
criteria_one_by_one(void **state)
{
	struct shmt_info keyed = forgotten(), marked = forgotten();
	struct shmt_info plain = forgotten();
	const struct {
		enum shmt_criterion by;
		uint64_t value;
		const struct shmt_info *segment;
		bool passes;
	} rows[] = {
		{ SHMT_BY_OWNER, 1000, &plain, true },
		{ SHMT_BY_OWNER, 1001, &plain, false },
		{ SHMT_BY_CREATOR, 1001, &plain, true },
		{ SHMT_BY_CREATOR, 1000, &plain, false },
		{ SHMT_BY_KEY, 7, &keyed, true },
		{ SHMT_BY_KEY, 8, &keyed, false },
		{ SHMT_BY_KEY, 7, &plain, false },
		{ SHMT_BY_PRIVATE, 0, &plain, true },
		{ SHMT_BY_PRIVATE, 0, &keyed, false },
		{ SHMT_BY_UNATTACHED, 0, &plain, true },
		{ SHMT_BY_UNATTACHED, 0, &marked, false },
		{ SHMT_BY_DEST, 0, &marked, true },
		{ SHMT_BY_DEST, 0, &plain, false },
		{ SHMT_BY_IDLE, 2 * HOUR, &plain, true },
		{ SHMT_BY_IDLE, 2 * HOUR + 1, &plain, false },
		{ SHMT_BY_MIN_SIZE, 4096, &plain, true },
		{ SHMT_BY_MIN_SIZE, 4097, &plain, false },
		{ SHMT_BY_MAX_SIZE, 4096, &plain, true },
		{ SHMT_BY_MAX_SIZE, 4095, &plain, false },
		{ SHMT_BY_CREATOR_DEAD, 0, &plain, true },
		{ SHMT_BY_PID, (uint64_t)dead, &plain, true },
		{ SHMT_BY_PID, 1, &plain, false },
		{ SHMT_BY_STALE, 0, &plain, true },
		{ SHMT_BY_STALE, 0, &marked, false },
	};
	size_t i;

	(void)state;
	keyed.key = 7;
	marked.state = SHMT_DEST;
	marked.known &= ~SHMT_HAS_KEY;
	marked.nattch = 1;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* All of these facts are known: one of the two holds. */
		if (passes_one(rows[i].by, rows[i].value, rows[i].segment,
		    NULL) != rows[i].passes)
			fail_msg("row %zu", i);
		if (passes_not(rows[i].by, rows[i].value, rows[i].segment,
		    NULL) == rows[i].passes)
			fail_msg("row %zu, negated", i);
	}
}

static void
several_clauses(void **state)
{
	static const struct {
		struct filter_row filter;
		bool passes;
	} rows[] = {
		{ { .count = 0 }, true },
		/* Of several values of one criterion one must hold. */
		{ { { { SHMT_BY_OWNER, false, 1, NULL },
		    { SHMT_BY_OWNER, false, 1000, NULL } }, 2 }, true },
		{ { { { SHMT_BY_OWNER, false, 1000, NULL },
		    { SHMT_BY_OWNER, false, 1, NULL } }, 2 }, true },
		{ { { { SHMT_BY_OWNER, false, 1, NULL },
		    { SHMT_BY_OWNER, false, 2, NULL } }, 2 }, false },
		{ { { { SHMT_BY_MIN_SIZE, false, 8192, NULL },
		    { SHMT_BY_MIN_SIZE, false, 4096, NULL } }, 2 }, true },
		/* Criteria must all hold. */
		{ { { { SHMT_BY_OWNER, false, 1000, NULL },
		    { SHMT_BY_DEST, false, 0, NULL } }, 2 }, false },
		{ { { { SHMT_BY_OWNER, false, 1000, NULL },
		    { SHMT_BY_KEY, false, 7, NULL },
		    { SHMT_BY_STALE, false, 0, NULL } }, 3 }, true },
		{ { { { SHMT_BY_KEY, false, 8, NULL },
		    { SHMT_BY_STALE, false, 0, NULL } }, 2 }, false },
		/* Of negated ones none may hold. */
		{ { { { SHMT_BY_OWNER, true, 1, NULL },
		    { SHMT_BY_OWNER, true, 2, NULL } }, 2 }, true },
		{ { { { SHMT_BY_OWNER, true, 1, NULL },
		    { SHMT_BY_OWNER, true, 1000, NULL } }, 2 }, false },
		{ { { { SHMT_BY_STALE, false, 0, NULL },
		    { SHMT_BY_OWNER, true, 1, NULL } }, 2 }, true },
		{ { { { SHMT_BY_STALE, false, 0, NULL },
		    { SHMT_BY_OWNER, true, 1000, NULL } }, 2 }, false },
		/* Both forms of one criterion. */
		{ { { { SHMT_BY_MIN_SIZE, false, 1, NULL },
		    { SHMT_BY_MIN_SIZE, true, 4097, NULL } }, 2 }, true },
		{ { { { SHMT_BY_MIN_SIZE, false, 1, NULL },
		    { SHMT_BY_MIN_SIZE, true, 4096, NULL } }, 2 }, false },
		/* What is negated does not replace the hour of stale. */
		{ { { { SHMT_BY_STALE, false, 0, NULL },
		    { SHMT_BY_IDLE, true, 3 * HOUR, NULL } }, 2 }, true },
		{ { { { SHMT_BY_STALE, false, 0, NULL },
		    { SHMT_BY_IDLE, false, 0, NULL },
		    { SHMT_BY_IDLE, false, 3 * HOUR, NULL } }, 3 }, false },
	};
	struct shmt_info s = forgotten();
	size_t i;

	(void)state;
	s.key = 7;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (passes(&rows[i].filter, &s, NULL) != rows[i].passes)
			fail_msg("row %zu", i);
}

static void
all_that_fails_is_named(void **state)
{
	struct shmt_clause clauses[] = {
		{ .by = SHMT_BY_STALE }, { .by = SHMT_BY_OWNER, .value = 1 },
		{ .by = SHMT_BY_MIN_SIZE, .value = 1 },
		{ .by = SHMT_BY_CREATOR, .value = 1001, .negated = true },
	};
	const struct shmt_filter filter = { clauses, 4 };
	struct shmt_info s = forgotten();

	(void)state;
	assert_int_equal(shmt_mismatch(&filter, &s, now, NULL),
	    1u << SHMT_BY_OWNER | 1u << SHMT_BY_CREATOR);
	s.uid = 1;
	s.cuid = 7;
	assert_int_equal(shmt_mismatch(&filter, &s, now, NULL), 0);
	s.nattch = 1;
	assert_int_equal(shmt_mismatch(&filter, &s, now, NULL),
	    1u << SHMT_BY_STALE);
}

/* A fact that cannot be known satisfies neither form. */
static void
unknown_facts(void **state)
{
	struct shmt_info s = forgotten();
	struct shmt_holder list[] = {
		{ .object.id = 5, .key = 7, .pid = 11, .maps = 1 },
	};
	const struct shmt_holders holders = { list, 1, 0, NULL };

	(void)state;
	/* A creator outside our PID namespace. */
	s.cpid = 0;
	assert_false(passes_one(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
	assert_false(passes_not(SHMT_BY_CREATOR_DEAD, 0, &s, NULL));
	assert_false(passes_one(SHMT_BY_STALE, 0, &s, NULL));
	assert_false(passes_not(SHMT_BY_STALE, 0, &s, NULL));
	assert_false(passes_one(SHMT_BY_PID, 11, &s, NULL));
	assert_false(passes_not(SHMT_BY_PID, 11, &s, NULL));
	/* What is attached is not stale, whoever created it. */
	s.nattch = 2;
	assert_true(passes_not(SHMT_BY_STALE, 0, &s, NULL));
	/* Not all holders are seen, or none were looked for. */
	s.cpid = dead;
	assert_true(passes_one(SHMT_BY_PID, 11, &s, &holders));
	assert_false(passes_not(SHMT_BY_PID, 11, &s, &holders));
	assert_false(passes_one(SHMT_BY_PID, 12, &s, &holders));
	assert_false(passes_not(SHMT_BY_PID, 12, &s, &holders));
	assert_false(passes_not(SHMT_BY_PID, 12, &s, NULL));
	s.nattch = 1;
	assert_true(passes_not(SHMT_BY_PID, 12, &s, &holders));
	/* The key of a marked segment that nobody seen has attached. */
	s.state = SHMT_DEST;
	s.known &= ~SHMT_HAS_KEY;
	assert_true(passes_one(SHMT_BY_KEY, 7, &s, &holders));
	assert_true(passes_not(SHMT_BY_KEY, 8, &s, &holders));
	assert_false(passes_one(SHMT_BY_PRIVATE, 0, &s, NULL));
	assert_false(passes_not(SHMT_BY_PRIVATE, 0, &s, NULL));
	assert_false(passes_one(SHMT_BY_KEY, 7, &s, NULL));
	assert_false(passes_not(SHMT_BY_KEY, 8, &s, NULL));
}

/* Memory of a kind that has no such fact passes neither form. */
static void
facts_that_are_not_there(void **state)
{
	struct shmt_info s = { .object.kind = SHMT_POSIX };
	unsigned by;

	(void)state;
	/* Every kind is known, and a name is no fact about memory. */
	for (by = SHMT_BY_OWNER; by < SHMT_CRITERIA; by++) {
		if (passes_one((enum shmt_criterion)by, 0, &s, NULL))
			fail_msg("criterion %u", by);
		if (passes_not((enum shmt_criterion)by, 0, &s, NULL))
			fail_msg("criterion %u, negated", by);
	}
}

static void
holders_count(void **state)
{
	struct shmt_holder list[] = {
		{ .object.id = 4, .key = 9, .pid = 10, .maps = 1 },
		{ .object.id = 5, .key = 7, .pid = 11, .maps = 1 },
		{ .object.id = 5, .key = 7, .pid = 12, .maps = 1 },
		{ .object.id = 6, .key = 0, .pid = 13, .maps = 1 },
	};
	const struct shmt_holders holders = { list, 4, 0, NULL };
	struct shmt_info s = forgotten();
	uint64_t pid;

	(void)state;
	s.nattch = 2;
	for (pid = 10; pid <= 13; pid++)
		assert_int_equal(passes_one(SHMT_BY_PID, pid, &s, &holders),
		    pid == 11 || pid == 12);
	/* The key that a marked segment has lost. */
	s.state = SHMT_DEST;
	s.known &= ~SHMT_HAS_KEY;
	assert_true(passes_one(SHMT_BY_KEY, 7, &s, &holders));
	assert_false(passes_one(SHMT_BY_KEY, 9, &s, &holders));
	assert_false(passes_one(SHMT_BY_PRIVATE, 0, &s, &holders));
	s.object.id = 6;
	assert_true(passes_one(SHMT_BY_PRIVATE, 0, &s, &holders));
	s.object.id = 7;
	assert_false(passes_one(SHMT_BY_PRIVATE, 0, &s, &holders));
}

static void
runs_of_holders(void **state)
{
	struct shmt_holder list[] = {
	    {.object.id = 4, .maps = 1},
	    {.object.id = 5, .maps = 2},
	    {.object.id = 5, .maps = 3},
	    {.object.id = 9, .maps = 1},
	};
	const struct shmt_holders holders = { list, 4, 0, NULL }, none = { 0 };
	static const struct {
		int id;
		size_t count;
	} rows[] = { { 0, 0 }, { 4, 1 }, { 5, 2 }, { 8, 0 }, { 9, 1 },
		{ 10, 0 }, { -1, 0 } };
	struct shmt_info s = { .object.id = 5, .nattch = 5 };
	size_t i, count;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shmt_holder *run = shmt_holders_of(&holders,
		    OF_ID(rows[i].id), &count);

		assert_int_equal(count, rows[i].count);
		if (count > 0)
			assert_int_equal(run->object.id, rows[i].id);
	}
	shmt_holders_of(&none, OF_ID(5), &count);
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
		cmocka_unit_test(criteria_one_by_one),
		cmocka_unit_test(several_clauses),
		cmocka_unit_test(all_that_fails_is_named),
		cmocka_unit_test(unknown_facts),
		cmocka_unit_test(facts_that_are_not_there),
		cmocka_unit_test(holders_count),
		cmocka_unit_test(runs_of_holders),
	};

	return cmocka_run_group_tests_name("select", tests, setup, NULL);
}
