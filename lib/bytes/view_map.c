/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A view by a mapping of this process.  The kernel does all copying: for a page
 * that cannot be allocated a system call fails with an errno, where an access
 * by this process would raise SIGBUS.
 */

#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/prefault.h"
#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sys/resident.h"
#include "sysv.h"
#include "users/maps.h"

/* Pages that one mincore(2) looks at: 64 MiB, a table of 16 KiB. */
#define WINDOW_PAGES ((size_t)16384)

/* The OOM killer counts the pages that a process has mapped in: during a
 * transfer only this many bytes stay mapped in, and those of the thread that
 * faults pages in ahead. */
#define MAPPED_MAX ((uint64_t)4 << 20)

/* An extent of this length is worth a thread. */
#define WORTH_PREFAULT ((uint64_t)8 << 20)

struct shmt__mapped {
	char *at;
	bool is_small;		/* certainly of small pages */
	bool no_vm_copy;	/* process_vm_readv(2) is refused */

	unsigned char *resident;	/* a window of mincore(2) */
	uint64_t window;	/* where it begins */
	size_t window_pages;	/* 0: nothing was looked at yet */
	uint64_t found;		/* resident pages in all windows so far */
	uint64_t expected;	/* in the whole segment, at least */

	/* The range copied since the last unmapping, and how many bytes of it
	 * are mapped in. */
	uint64_t used, used_end, mapped_in;
	bool had_prefault;	/* it was started, or could not be */
	struct shmt__prefault *prefault;
};

/*
 * Holes
 */

static bool
get_resident(const struct shmt_view *view, struct shmt_info *segment)
{
	return shmt__sysv_stat_rss(view->segment.object.id, segment) == 0 &&
	    (segment->known & SHMT_HAS_RSS) != 0;
}

/* To mincore(2) a page that is swapped out looks like one that was never
 * written. */
static bool
nothing_swapped(const struct shmt_view *view)
{
	struct shmt_info segment;

	if (shmt__nothing_swapped())
		return true;
	return get_resident(view, &segment) && segment.swap == 0;
}

/* Fills the window with what is resident from offset on, up to end. */
static bool
fill_window(struct shmt_view *view, uint64_t offset, uint64_t end)
{
	struct shmt__mapped *m = view->mapped;
	uint64_t left = end - offset;
	size_t pages = WINDOW_PAGES, i;

	m->window_pages = 0;
	if (m->resident == NULL)
		m->resident = malloc(WINDOW_PAGES);
	if (m->resident == NULL)
		return false;
	if (left < pages * view->page)
		pages = (size_t)((left + view->page - 1) / view->page);
	/* Before and after: a page may be swapped out meanwhile. */
	if (!nothing_swapped(view) || mincore(m->at + offset,
	    pages * view->page, m->resident) == -1 || !nothing_swapped(view))
		return false;
	for (i = 0; i < pages; i++)
		m->found += m->resident[i] & 1;
	m->window = offset;
	m->window_pages = pages;
	return true;
}

/*
 * Whether the rest is one hole, because every resident page was found.  The
 * number expected only grows: pages that are freed meanwhile stay counted, so
 * that too much is read, and never too little of what was there at first.
 */
static bool
found_all(struct shmt_view *view)
{
	struct shmt__mapped *m = view->mapped;
	struct shmt_info segment;

	if (m->found < m->expected)
		return false;
	if (!get_resident(view, &segment) || segment.swap > 0)
		return false;
	if (m->expected < segment.rss / view->page)
		m->expected = segment.rss / view->page;
	return m->found >= m->expected;
}

static bool
find_extent(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__extent *extent)
{
	struct shmt__mapped *m = view->mapped;
	uint64_t start = offset & ~(uint64_t)(view->page - 1);
	unsigned char first;
	size_t i;

	/* mincore(2) reports no huge page that this mapping has not touched. */
	if (!m->is_small)
		return false;
	if (start < m->window ||
	    start >= m->window + m->window_pages * view->page) {
		/* Reads /proc only where that may save many calls. */
		if (end - start > WINDOW_PAGES * view->page &&
		    found_all(view)) {
			*extent = (struct shmt__extent){ false, end };
			return true;
		}
		if (!fill_window(view, start, end))
			return false;
	}
	i = (size_t)((start - m->window) / view->page);
	first = m->resident[i] & 1;
	while (++i < m->window_pages && (m->resident[i] & 1) == first)
		continue;
	extent->data = first != 0;
	extent->end = m->window + i * view->page;
	if (extent->end > end)
		extent->end = end;
	return true;
}

/*
 * Copying
 */

static void
unmap_used(struct shmt_view *view)
{
	struct shmt__mapped *m = view->mapped;
	uint64_t start = m->used & ~(uint64_t)(view->page - 1);
	int saved = errno;

	/* The pages stay the segment's.  Huge ones are not counted. */
	if (m->mapped_in > 0 && !view->huge)
		madvise(m->at + start, (size_t)(m->used_end - start),
		    MADV_DONTNEED);
	m->used = m->used_end;
	m->mapped_in = 0;
	errno = saved;
}

/* Counts what a copy has mapped in, and unmaps it where it is too much. */
static void
note_use(struct shmt_view *view, uint64_t offset, uint64_t length)
{
	struct shmt__mapped *m = view->mapped;

	/* A range that follows the last one is unmapped together with it. */
	if (m->mapped_in == 0 || offset < m->used_end) {
		unmap_used(view);
		m->used = offset;
	}
	m->used_end = offset + length;
	m->mapped_in += length;
	if (m->mapped_in >= MAPPED_MAX)
		unmap_used(view);
}

/* Where process_vm_readv(2) is refused, through a pipe of our own. */
static int
copy_by_pipe(char *at, char *buffer, size_t length, bool out)
{
	ssize_t n, m = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	for (; length > 0; at += n, buffer += n, length -= (size_t)n) {
		/* No more than the smallest pipe takes at once. */
		n = write(ends[1], out ? at : buffer,
		    length < 4096 ? length : 4096);
		if (n <= 0)
			break;
		m = read(ends[0], out ? buffer : at, (size_t)n);
		if (m != n)
			break;
	}
	shmt__close(ends[0]);
	shmt__close(ends[1]);
	if (length > 0 && m >= 0 && n > 0)
		errno = EFAULT;
	return length == 0 ? 0 : -1;
}

/* Memory of the mapping into a buffer, or the other way round. */
static int
copy(struct shmt__mapped *m, uint64_t offset, void *buffer, size_t length,
    bool out)
{
	char *at = m->at + offset, *p = buffer;
	struct iovec ours, segments;
	ssize_t n;

	for (; length > 0 && !m->no_vm_copy; p += n, at += n,
	    length -= (size_t)n) {
		ours = (struct iovec){ p, length };
		segments = (struct iovec){ at, length };
		n = out ? process_vm_readv(getpid(), &ours, 1, &segments, 1, 0)
			: process_vm_writev(getpid(), &ours, 1, &segments, 1,
			      0);
		if (n == -1 && shmt__is_unsupported(errno)) {
			m->no_vm_copy = true;
			break;
		}
		if (n <= 0)
			return -1;
	}
	return length == 0 ? 0 : copy_by_pipe(at, p, length, out);
}

static int
load(struct shmt_view *view, uint64_t offset, void *buffer, size_t length)
{
	int result = copy(view->mapped, offset, buffer, length, true);

	note_use(view, offset, length);
	return result;
}

static int
store(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length)
{
	int result;
	void *p;

	memcpy(&p, &buffer, sizeof(p));	/* iov_base is not const */
	result = copy(view->mapped, offset, p, length, false);
	note_use(view, offset, length);
	return result;
}

/* Many pages at once are faulted in four times as fast as one by one. */
static void
fault_in(struct shmt_view *view, uint64_t offset, size_t length, int advice)
{
	size_t more = (size_t)(offset & (view->page - 1));

	/* If this fails, the copy fails too and reports why. */
	madvise(view->mapped->at + offset - more, length + more, advice);
}

/* A long extent has the help of a thread. */
static bool
prefault(struct shmt_view *view, uint64_t from, uint64_t to, uint64_t end)
{
	struct shmt__mapped *m = view->mapped;

	if (!m->had_prefault && end > from && end - from >= WORTH_PREFAULT) {
		m->had_prefault = true;
		m->prefault = shmt__prefault_start(m->at,
		    view->flags & SHMT_WRITE ? MADV_POPULATE_WRITE :
		    MADV_POPULATE_READ);
	}
	if (m->prefault == NULL)
		return false;
	shmt__prefault_range(m->prefault, from, to, end);
	return true;
}

static void
punch(struct shmt_view *view, uint64_t from, uint64_t to)
{
	uint64_t mask = ~(uint64_t)(view->page - 1);

	from = (from + view->page - 1) & mask;
	to &= mask;
	if (from < to)
		madvise(view->mapped->at + from, (size_t)(to - from),
		    MADV_REMOVE);
}

static bool
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static ssize_t
send_pages(struct shmt_view *view, uint64_t offset, uint64_t end, int fd,
    bool zero_copy)
{
	const bool is_long = view->mapped->prefault != NULL ||
	    end - offset >= WORTH_PREFAULT;
	struct iovec pages = { view->mapped->at + offset,
		shmt__up_to(offset, end, SHMT__CHUNK) };
	ssize_t n;

	/* At the other end of a pipe another process already helps. */
	if (!is_long || !is_regular(fd) ||
	    !prefault(view, offset, offset + pages.iov_len, end))
		fault_in(view, offset, pages.iov_len, MADV_POPULATE_READ);
	n = zero_copy ? vmsplice(fd, &pages, 1, 0) :
	    write(fd, pages.iov_base, pages.iov_len);
	/* vmsplice(2) fails with this for anything but a pipe. */
	if (n == -1 && zero_copy && errno == EBADF)
		errno = EINVAL;
	if (n > 0)
		note_use(view, offset, (uint64_t)n);
	return n;
}

static ssize_t
receive_pages(struct shmt_view *view, uint64_t offset, size_t length, int fd)
{
	ssize_t n;

	fault_in(view, offset, length, MADV_POPULATE_WRITE);
	n = read(fd, view->mapped->at + offset, length);
	if (n > 0)
		note_use(view, offset, (uint64_t)n);
	return n;
}

/*
 * Beginning and end
 */

static void
reset(struct shmt_view *view)
{
	struct shmt__mapped *m = view->mapped;

	shmt__prefault_end(m->prefault);
	m->prefault = NULL;
	m->had_prefault = false;
	unmap_used(view);
	m->window_pages = 0;
	m->found = m->expected = 0;
}

static void
detach(struct shmt_view *view)
{
	reset(view);
	shmdt(view->mapped->at);
	free(view->mapped->resident);
	free(view->mapped);
}

struct own_mapping {
	uint64_t at;
	dev_t device;		/* 0: not found */
};

/* Another mapping may be of a segment of this id in another namespace, which
 * this process has left. */
static int
take_device(void *arg, const struct shmt__mapping *mapping)
{
	struct own_mapping *own = arg;

	if (mapping->start == own->at)
		own->device = mapping->device;
	return 0;
}

/* Whether the pages are certainly small: the kernel refuses advice for a part
 * of a huge page. */
static bool
has_small_pages(const struct shmt_view *view)
{
	return view->segment.size > view->page &&
	    madvise(view->mapped->at + view->page, view->page,
	    MADV_DONTNEED) == 0;
}

/* Segments of huge pages are on a device of their own. */
static void
find_page_kind(struct shmt_view *view)
{
	struct own_mapping own = { (uintptr_t)view->mapped->at, 0 };
	struct shmt__devices devices = { 0 };
	int maps;

	view->mapped->is_small = has_small_pages(view);
	if (view->mapped->is_small)
		return;
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (maps == -1)
		return;
	shmt__read_segment_maps(maps, (uint64_t)view->segment.object.id,
	    take_device, &own);
	shmt__close(maps);
	if (own.device != 0 &&
	    shmt__is_internal(&devices, own.device, &view->huge))
		view->mapped->is_small = own.device == devices.small;
}

static const struct shmt__view_ops by_mapping = {
	.find_extent = find_extent,
	.load = load,
	.store = store,
	.send = send_pages,
	.receive = receive_pages,
	.prefault = prefault,
	.punch = punch,
	.reset = reset,
	.close = detach
};

int
shmt__view_map(struct shmt_view *view, void *at)
{
	view->mapped = calloc(1, sizeof(*view->mapped));
	if (view->mapped == NULL)
		return -1;
	view->mapped->at = at;
	/* So that copying does not mark the pages as recently used. */
	madvise(at, (size_t)view->segment.size, MADV_SEQUENTIAL);
	find_page_kind(view);
	view->ops = &by_mapping;
	return 0;
}
