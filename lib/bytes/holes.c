/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where a segment has bytes and where nobody ever wrote any.  Looking must
 * not allocate, and must never take a page that was swapped out for a hole:
 * what cannot be told counts as data.
 */

#include <sys/mman.h>
#include <sys/sysinfo.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes/view.h"
#include "shmtool.h"

/* Pages looked at in one call: 64 MiB, a table of 16 KiB. */
#define WINDOW_PAGES ((size_t)16384)

/* SEEK_DATA of the segment as a file knows swapped pages too. */
static bool
run_by_seek(const struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__run *run)
{
	off_t next;

	next = lseek(view->fd, (off_t)offset, SEEK_DATA);
	if (next == -1 && errno != ENXIO)
		return false;
	run->data = next == (off_t)offset;
	if (run->data)
		next = lseek(view->fd, (off_t)offset, SEEK_HOLE);
	run->end = next == -1 || (uint64_t)next > end ? end : (uint64_t)next;
	return run->end > offset;
}

/*
 * To mincore(2) a page that was swapped out looks like one that never was.
 */
static bool
nothing_swapped(const struct shmt_view *view)
{
	struct shmt_info segment;
	struct sysinfo info;

	if (sysinfo(&info) == 0 && info.totalswap == 0)
		return true;
	return shmt_info_rss(view->segment.object.id, &segment) == 0 &&
	       (segment.known & SHMT_HAS_RSS) != 0 && segment.swap == 0;
}

/* Fills the window with what is resident from offset on. */
static bool
look(struct shmt_view *view, uint64_t offset)
{
	uint64_t left = view->size - offset;
	size_t pages = WINDOW_PAGES;

	if (view->resident == NULL)
		view->resident = malloc(WINDOW_PAGES);
	view->resident_pages = 0;
	if (view->resident == NULL)
		return false;
	if (left < pages * view->page)
		pages = (size_t)((left + view->page - 1) / view->page);
	/* Before and after: it may be swapped out while we look. */
	if (!nothing_swapped(view) || mincore(view->at + offset,
	    pages * view->page, view->resident) == -1 ||
	    !nothing_swapped(view))
		return false;
	view->resident_at = offset;
	view->resident_pages = pages;
	return true;
}

static bool
run_by_mincore(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__run *run)
{
	uint64_t start = offset & ~(uint64_t)(view->page - 1);
	unsigned char first;
	size_t i;

	if ((start < view->resident_at || start >= view->resident_at +
	    view->resident_pages * view->page) && !look(view, start))
		return false;
	i = (size_t)((start - view->resident_at) / view->page);
	first = view->resident[i] & 1;
	while (++i < view->resident_pages && (view->resident[i] & 1) == first)
		continue;
	run->data = first != 0;
	run->end = view->resident_at + i * view->page;
	if (run->end > end)
		run->end = end;
	return true;
}

void
shmt__view_run(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__run *run)
{
	if (view->fd != -1 && run_by_seek(view, offset, end, run))
		return;
	if (view->fd == -1 && view->at != NULL && !view->huge &&
	    run_by_mincore(view, offset, end, run))
		return;
	run->data = true;
	run->end = end;
}

void
shmt__view_invalidate(struct shmt_view *view)
{
	view->resident_pages = 0;
}
