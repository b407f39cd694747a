/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the tests of filters share: a segment that nobody uses any more, and
 * whether it passes.
 */

#ifndef SELECT_ROWS_H
#define SELECT_ROWS_H

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
#include "world.h"

#define HOUR 3600L

static pid_t dead;
static int64_t now;

#define SYSV_FACTS (SHMT_HAS_KEY | SHMT_HAS_OWNER | SHMT_HAS_CREATOR | \
	SHMT_HAS_SIZE | SHMT_HAS_NATTCH | SHMT_HAS_CPID | SHMT_HAS_LPID | \
	SHMT_HAS_ATIME | SHMT_HAS_DTIME | SHMT_HAS_CTIME)

/* Private, unattached, its users gone, idle for two hours. */
static inline struct shmt_info
forgotten(void)
{
	return (struct shmt_info){ .object.id = 5, .known = SYSV_FACTS,
	    .uid = 1000, .cuid = 1001,
	    .mode = 0600, .size = 4096, .cpid = dead, .lpid = dead,
	    .ctime = now - 4 * HOUR, .atime = now - 3 * HOUR,
	    .dtime = now - 2 * HOUR };
}

static inline int
setup(void **state)
{
	(void)state;
	dead = fork();
	if (dead == 0)
		_exit(0);
	now = time(NULL);
	return waitpid(dead, NULL, 0) == dead ? 0 : -1;
}

#define CLAUSES 4

struct filter_row {
	struct shmt_clause clauses[CLAUSES];
	size_t count;
};

static inline bool
passes(const struct filter_row *row, const struct shmt_info *s,
    const struct shmt_holders *holders)
{
	struct shmt_clause clauses[CLAUSES];
	const struct shmt_filter filter = { clauses, row->count };
	unsigned failed;
	bool match;

	memcpy(clauses, row->clauses, sizeof(clauses));
	match = shmt_match(&filter, s, now, holders);
	failed = shmt_mismatch(&filter, s, now, holders);
	assert_int_equal(match, failed == 0);
	return match;
}

static inline bool
passes_one(enum shmt_criterion by, uint64_t value,
    const struct shmt_info *s, const struct shmt_holders *holders)
{
	const struct filter_row row = { { { by, false, value, NULL } }, 1 };

	return passes(&row, s, holders);
}

static inline bool
passes_not(enum shmt_criterion by, uint64_t value,
    const struct shmt_info *s, const struct shmt_holders *holders)
{
	const struct filter_row row = { { { by, true, value, NULL } }, 1 };

	return passes(&row, s, holders);
}

#endif
