/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits and what is used of them, read once for all output about them.
 */

#ifndef CMD_LIMITS_SAMPLE_H
#define CMD_LIMITS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"
#include "ui/value.h"

struct sample {
	struct shmt_limits limits;
	struct shmt_usage usage;
	uint64_t stale;		/* if it was counted */
	/* Filled by add_memory_limits(). */
	bool has_dev_shm, has_cgroup;
	struct shmt_dev_shm dev_shm;
	uint64_t cgroup_limit, cgroup_used;	/* bytes */
};

/*
 * Takes a sample of the present IPC namespace; -1 with errno, and *bad as of
 * shmt_limits().  Counting stale segments reads the state of their processes.
 * The caller frees the list of segments that the sample is of, unless all is
 * NULL.
 */
int take_sample(bool stale, struct sample *sample, struct shmt_list *all,
    const char **bad);

/* Adds the limits of other shared memory: /dev/shm and the memory cgroup. */
void add_memory_limits(struct sample *sample);

/* A limit beside what is used of it. */
struct use {
	const char *name, *unit;
	const char *label;	/* of performance data */
	const char *where;	/* before its figures in a sentence */
	enum value_kind kind;
	uint64_t limit, used;
	bool has_limit;		/* false: neither is known */
	bool unlimited;		/* the limit is above any machine's memory */
	bool is_checked;	/* a high percentage is a problem */
	bool in_words;		/* "no limit", for people */
};

#define USES_MAX 8

/* Lists the limits of a sample; returns how many. */
size_t list_uses(const struct sample *sample, struct use uses[USES_MAX]);

#endif
