/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a transfer allocates, and whether there is memory for it.
 */

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>

#include "bytes/allocation.h"
#include "bytes/memcg.h"
#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

bool
shmt__in_memory(int fd)
{
	struct stat st;

	/* A FIFO or a device may also have its name on a tmpfs. */
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    shmt__is_on_tmpfs(fd);
}

/* Counts bytes up to the first that does not fit into left. */
static bool
count_fits(struct shmt_view *view, uint64_t from, uint64_t to, unsigned parts,
    uint64_t left)
{
	struct shmt__extent extent;
	uint64_t sum = 0;

	for (; from < to && sum <= left; from = extent.end) {
		shmt__view_extent(view, from, to, &extent);
		if (parts & (extent.data ? SHMT__DATA : SHMT__HOLES))
			sum += extent.end - from;
	}
	shmt__view_reset(view);
	return sum <= left;
}

/* The bytes that have a page in memory or in swap.  Those of an object may
 * include reserved pages in its holes. */
static bool
get_allocated(const struct shmt_view *view, uint64_t *bytes)
{
	struct shmt_info segment;
	struct stat st;

	if (view->fd != -1) {
		if (fstat(view->fd, &st) == -1)
			return false;
		*bytes = (uint64_t)st.st_blocks * 512;
		return true;
	}
	if (shmt__sysv_stat_rss(view->segment.object.id, &segment) == -1 ||
	    (segment.known & SHMT_HAS_RSS) == 0)
		return false;
	*bytes = segment.rss + segment.swap;
	return true;
}

/* The bytes that the data or the holes of a whole view have, at most. */
static uint64_t
estimate(const struct shmt_view *view, unsigned parts)
{
	uint64_t pages = (view->segment.size + view->page - 1) / view->page,
	    allocated;

	if (parts == (SHMT__DATA | SHMT__HOLES) ||
	    !get_allocated(view, &allocated))
		return UINT64_MAX;
	if (parts == SHMT__DATA)
		return allocated;
	return pages * view->page > allocated ?
	    pages * view->page - allocated : 0;
}

/* Whether the pages that a range needs fit into left.  Counting them takes time
 * for each page, so that is the last resort. */
static bool
fits(struct shmt_view *view, uint64_t from, uint64_t to, unsigned parts,
    uint64_t left)
{
	return to - from <= left || estimate(view, parts) <= left ||
	    count_fits(view, from, to, parts, left);
}

int
shmt__expect_memory(struct shmt_view *view, uint64_t from, uint64_t to,
    unsigned parts)
{
	return fits(view, from, to, parts, shmt__memory_left()) ? 0 :
	    shmt__fail(ENOMEM);
}

/* The bytes free in the file system of an object; segments have no file system
 * of their own. */
static uint64_t
count_free(const struct shmt_view *view)
{
	struct statvfs fs;

	if (view->segment.object.kind == SHMT_SYSV ||
	    fstatvfs(view->fd, &fs) == -1 || fs.f_blocks == 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

int
shmt__expect_space(struct shmt_view *view, uint64_t from, uint64_t to,
    uint64_t *left)
{
	const uint64_t space = count_free(view);

	*left = shmt__memory_left();
	if (!fits(view, from, to, SHMT__HOLES, *left))
		return shmt__fail(ENOMEM);
	if (*left > space)
		*left = space;
	return fits(view, from, to, SHMT__HOLES, space) ? 0 :
	    shmt__fail(ENOSPC);
}
