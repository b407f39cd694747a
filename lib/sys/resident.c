/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Blocks of a file of tmpfs count pages in memory and pages swapped out
 * alike.  Only cachestat(2) tells them apart.
 */

#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include <unistd.h>

#include "sys/resident.h"

/* Linux 6.5; the number is the same for every architecture. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cache_range {
	uint64_t offset, length;	/* length 0: to the end */
};

struct cache_counts {
	uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

bool
shmt__nothing_swapped(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 && info.freeswap == info.totalswap;
}

int
shmt__resident(int fd, uint64_t *rss, uint64_t *swap)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct cache_counts counts = { 0 };
	struct cache_range all = { 0, 0 };

	if (syscall(SYS_cachestat, fd, &all, &counts, 0) == -1)
		return -1;
	*rss = counts.cached * page;
	*swap = counts.evicted * page;
	return 0;
}
