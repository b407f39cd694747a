/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Views of a segment's bytes, and the three ways to reach them: a descriptor
 * (view_file.c), a mapping of our own (view_map.c), the memory of another
 * process (view_remote.c).
 */

#ifndef SHMT_BYTES_VIEW_OPS_H
#define SHMT_BYTES_VIEW_OPS_H

#include "shmtool.h"

/* Linux 5.14; EINVAL before. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* Bytes from an offset on that are all alike: written, or in a hole. */
struct shmt__extent {
	bool data;
	uint64_t end;
};

struct shmt__view_ops {
	/* The longest extent known from offset on, up to end; false: nothing is
	 * known, so all counts as data.  May be NULL.  copy.c skips or writes
	 * the holes found here. */
	bool (*find_extent)(struct shmt_view *view, uint64_t offset,
	    uint64_t end, struct shmt__extent *extent);
	/* Copy into a buffer and out of one. */
	int (*load)(struct shmt_view *view, uint64_t offset, void *buffer,
	    size_t length);
	int (*store)(struct shmt_view *view, uint64_t offset,
	    const void *buffer, size_t length);
	/*
	 * Move up to SHMT__CHUNK bytes between the segment and a descriptor
	 * without a buffer; with zero_copy, pages themselves to a pipe.
	 * They return as write(2) and read(2) do.  If one is NULL, or fails
	 * with an errno of shmt__is_unsupported(), load() or store() is used.
	 */
	ssize_t (*send)(struct shmt_view *view, uint64_t offset, uint64_t end,
	    int fd, bool zero_copy);
	ssize_t (*receive)(struct shmt_view *view, uint64_t offset,
	    size_t length, int fd);
	bool files_only;	/* send() and receive() take regular files */
	/* As shmt__view_prefault() and shmt__view_punch(); both may be NULL. */
	bool (*prefault)(struct shmt_view *view, uint64_t from, uint64_t to,
	    uint64_t end);
	void (*punch)(struct shmt_view *view, uint64_t from, uint64_t to);
	/* As shmt__view_reset(); may be NULL. */
	void (*reset)(struct shmt_view *view);
	void (*close)(struct shmt_view *view);
};

struct shmt_view {
	const struct shmt__view_ops *ops;
	struct shmt_info segment;	/* as it was after the attach */
	unsigned flags;		/* SHMT_WRITE, SHMT_NO_TRACE */
	size_t page;
	bool huge;		/* of huge pages */
	char *buffer;		/* of SHMT__BUFFER bytes, or NULL */
	struct shmt__extent extent;	/* where shmt_view_visit() is */

	int fd;			/* view_file.c; or -1 */
	struct shmt__mapped *mapped;	/* view_map.c; or NULL */
	struct shmt__remote *remote;	/* view_remote.c; or NULL */
};

/* Small enough for a processor's cache; a larger buffer is no faster. */
#define SHMT__BUFFER ((size_t)128 * 1024)

/* Alignment of buffers.  Large ones of malloc(3) begin 16 bytes after the start
 * of a page, where some processors copy at a third of the speed. */
#define SHMT__ALIGNMENT ((size_t)4096)

/* Bytes that are moved by one call without a buffer. */
#define SHMT__CHUNK ((size_t)1 << 20)

/* The bytes between two offsets, but at most `most`. */
static inline size_t
shmt__up_to(uint64_t from, uint64_t to, size_t most)
{
	return to - from < most ? (size_t)(to - from) : most;
}

/*
 * Each of these gives a view, whose segment and flags are set, one of the three
 * ways.  shmt__view_file() takes the descriptor over; EINVAL: only a mapping
 * can write there.  shmt__view_map() takes the attachment over.
 * shmt__view_remote() reads through a process that has the segment attached;
 * ESRCH: there is none; ENODATA: only in a way that allocates pages.  With
 * descriptor_only it tries the creator and the last user alone, and no other
 * way than a descriptor.
 */
int shmt__view_file(struct shmt_view *view, int fd);
int shmt__view_map(struct shmt_view *view, void *at);
int shmt__view_remote(struct shmt_view *view, bool descriptor_only);

/* Whether a range is in the segment; else ERANGE. */
bool shmt__view_has(const struct shmt_view *view, uint64_t offset,
    uint64_t length);

/* Whether the view was opened for writing; else EBADF. */
bool shmt__view_writable(const struct shmt_view *view);

/*
 * For transfers: extents and pieces in ascending order, after a reset, which
 * forgets what is known of holes and pages, and before another one.
 */
void shmt__view_reset(struct shmt_view *view);
void shmt__view_extent(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__extent *extent);

/*
 * Faults in the pages of a range that is going to be copied, all of it data,
 * and has a thread go on with those up to end.  False: that does not help here,
 * and nothing was done.  shmt__view_punch() makes a hole of what it has
 * allocated, as far as the range consists of whole pages.
 */
bool shmt__view_prefault(struct shmt_view *view, uint64_t from, uint64_t to,
    uint64_t end);
void shmt__view_punch(struct shmt_view *view, uint64_t from, uint64_t to);

#endif
