/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the limits should be.  Since Linux 3.16 the kernel's defaults for shared
 * memory are above any machine's memory, so that these figures only cap what
 * programs take; the defaults for messages and semaphores are small.
 */

#include <sys/sysinfo.h>

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"

/* The least that Db2 needs. */
#if LONG_MAX > INT32_MAX
#define DB2_SHMMAX	(UINT64_C(1) << 30)
#define DB2_LEAST	"1 GiB"
#else
#define DB2_SHMMAX	(UINT64_C(1) << 28)
#define DB2_LEAST	"256 MiB"
#endif
#define DB2_MSG		65536
#define DB2_SEMMSL	250
#define DB2_SEMOPM	32
#define DB2_SEMMNI	1024

int
shmt_memory(uint64_t *bytes)
{
	struct sysinfo info;

	if (sysinfo(&info) == -1)
		return -1;
	*bytes = (uint64_t)info.totalram * info.mem_unit;
	return 0;
}

static void
add(struct shmt_advice *advice, size_t *count, const char *name,
    uint64_t current, uint64_t recommended, const char *reason)
{
	advice[(*count)++] = (struct shmt_advice){
		.name = name,
		.current = current,
		.recommended = recommended,
		.reason = reason
	};
}

/* A negative limit permits as little as 0 does. */
static uint64_t
at_least(int64_t current, uint64_t wanted)
{
	return current > 0 && (uint64_t)current > wanted ?
	    (uint64_t)current : wanted;
}

/* These are minima: a limit that is higher stays. */
static void
advise_db2(const struct shmt_limits *now, struct shmt_advice *advice,
    size_t *count)
{
	uint64_t semmsl = at_least(now->semmsl, DB2_SEMMSL);
	uint64_t semmni = at_least(now->semmni, DB2_SEMMNI);
	uint64_t semmns = semmsl * semmni;

	/* The kernel keeps it in an int. */
	if (semmns > INT_MAX)
		semmns = INT_MAX;
	add(advice, count, "msgmax", now->msgmax,
	    at_least((int64_t)now->msgmax, DB2_MSG),
	    "Db2 sends messages of 64 KiB");
	add(advice, count, "msgmnb", now->msgmnb,
	    at_least((int64_t)now->msgmnb, DB2_MSG),
	    "a queue holds at least one of them");
	add(advice, count, "semmsl", at_least(now->semmsl, 0), semmsl,
	    "semaphores in one set, at least 250");
	add(advice, count, "semmns", at_least(now->semmns, 0), semmns,
	    "semaphores in all: semmsl times semmni");
	add(advice, count, "semopm", at_least(now->semopm, 0),
	    at_least(now->semopm, DB2_SEMOPM),
	    "operations in one call, at least 32");
	add(advice, count, "semmni", at_least(now->semmni, 0), semmni,
	    "semaphore sets, at least 1024");
}

/* The bytes of one segment by a profile, and the reason. */
static uint64_t
recommend_size(enum shmt_profile profile, uint64_t memory, const char **reason)
{
	switch (profile) {
	case SHMT_ADVISE_GENERAL:
		*reason = "half of the memory for one segment";
		return memory / 2;
	case SHMT_ADVISE_POSTGRESQL:
		*reason = "half of the memory for shared_buffers and the rest";
		return memory / 2;
	case SHMT_ADVISE_ANALYTICS:
		*reason = "three quarters of the memory for one segment";
		return memory / 4 * 3;
	case SHMT_ADVISE_DB2:
		break;
	}
	*reason = "as much as the memory, at least " DB2_LEAST;
	return memory > DB2_SHMMAX ? memory : DB2_SHMMAX;
}

int
shmt_advise(enum shmt_profile profile, uint64_t memory,
    struct shmt_advice *advice, size_t *count, const char **bad)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), shmmax;
	struct shmt_limits now;
	const char *reason;
	size_t n = 0;

	shmmax = recommend_size(profile, memory, &reason);
	/* Whole pages, so that one segment of shmmax fits into shmall. */
	shmmax -= shmmax % page;
	if (shmmax == 0) {
		if (bad != NULL)
			*bad = NULL;
		return shmt__fail(EINVAL);
	}
	if (shmt_limits(profile == SHMT_ADVISE_DB2 ? SHMT_LIMITS_SHM |
	    SHMT_LIMITS_MSG | SHMT_LIMITS_SEM : SHMT_LIMITS_SHM, &now,
	    bad) == -1)
		return -1;
	add(advice, &n, "shmmax", now.shmmax, shmmax, reason);
	add(advice, &n, "shmall", now.shmall, shmmax / page,
	    "shmmax in pages, for all segments together");
	if (profile == SHMT_ADVISE_DB2)
		advise_db2(&now, advice, &n);
	*count = n;
	return 0;
}
