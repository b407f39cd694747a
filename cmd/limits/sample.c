/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits and their use.  --usage, --check and --prometheus take their figures
 * from one such sample, so that they agree.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limits/sample.h"
#include "namespace.h"
#include "shmtool.h"

static uint64_t
count_stale(const struct shmt_info *list, size_t count)
{
	struct shmt_clause clause = { .by = SHMT_BY_STALE };
	const struct shmt_filter is_stale = { &clause, 1 };
	int64_t now = (int64_t)time(NULL);
	uint64_t stale = 0;
	size_t i;

	for (i = 0; i < count; i++)
		stale += shmt_match(&is_stale, &list[i], now, NULL);
	return stale;
}

int
take_sample(bool stale, struct sample *sample, struct shmt_list *all,
    const char **bad)
{
	struct shmt_list list;

	memset(sample, 0, sizeof(*sample));
	*bad = NULL;
	if (shmt_limits(SHMT_LIMITS_SHM, &sample->limits, bad) == -1)
		return -1;
	*bad = "segments in use";
	if (shmt_list(SHMT_KIND(SHMT_SYSV), SHMT_WANT_RSS, &list) == -1)
		return -1;
	shmt_usage_of(list.list, list.count, &sample->usage);
	if (stale)
		sample->stale = count_stale(list.list, list.count);
	if (all != NULL)
		*all = list;
	else
		shmt_list_free(&list);
	return 0;
}

void
add_memory_limits(struct sample *sample)
{
	struct shmt_headroom cgroup;

	/* --ns PID enters another IPC namespace, but /dev/shm and the memory
	 * cgroup are still those of this process. */
	if (entered_namespace() != NULL)
		return;
	sample->has_dev_shm = shmt_dev_shm(&sample->dev_shm) == 0;
	sample->has_cgroup = shmt_memory_cgroup(&cgroup);
	if (!sample->has_cgroup)
		return;
	/* The page cache, which the kernel reclaims, and free swap do not count
	 * as used. */
	sample->cgroup_limit = cgroup.limit;
	sample->cgroup_used = cgroup.left < cgroup.limit ?
	    cgroup.limit - cgroup.left : 0;
}

/* Whether a limit, in units of so many bytes, is above any machine's memory; a
 * kernel of 32 bits has this default.  A program of 32 bits may run on either
 * kernel. */
static bool
is_unlimited(uint64_t limit, uint64_t unit)
{
	return limit > INT64_MAX / unit || limit == UINT32_MAX - (1u << 24);
}

size_t
list_uses(const struct sample *sample, struct use uses[USES_MAX])
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct shmt_limits *l = &sample->limits;
	const struct shmt_usage *u = &sample->usage;
	const struct shmt_dev_shm *d = &sample->dev_shm;
	size_t n = 0;

	uses[n++] = (struct use){ "shmmni", "segments", "segments", "",
		VALUE_NUMBER, l->shmmni, u->segments, .has_limit = true,
		.is_checked = true };
	uses[n++] = (struct use){ "shmall", "pages", "pages", "",
		VALUE_NUMBER, l->shmall, u->pages, .has_limit = true,
		.is_checked = true,
		.unlimited = is_unlimited(l->shmall, page) };
	/* Not checked: one segment of the largest size is no problem. */
	uses[n++] = (struct use){ "shmmax", "bytes", "largest", "",
		VALUE_SIZE, l->shmmax, u->largest, .has_limit = true,
		.unlimited = is_unlimited(l->shmmax, 1) };
	/* For a tmpfs without a limit, the kernel reports no use. */
	if (sample->has_dev_shm) {
		uses[n++] = (struct use){ SHMT_DEV_SHM_SIZE, "bytes",
			"dev_shm", "/dev/shm", VALUE_SIZE, d->size, d->used,
			.has_limit = d->size != 0, .is_checked = true };
		uses[n++] = (struct use){ "dev_shm_inodes", "inodes",
			"dev_shm_inodes", "/dev/shm", VALUE_NUMBER, d->inodes,
			d->used_inodes, .has_limit = d->inodes != 0,
			.is_checked = true };
	}
	if (sample->has_cgroup)
		uses[n++] = (struct use){ "memory_cgroup", "bytes",
			"memory_cgroup", "memory cgroup", VALUE_SIZE,
			sample->cgroup_limit, sample->cgroup_used,
			.has_limit = true, .is_checked = true };
	return n;
}
