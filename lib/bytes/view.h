/* SPDX-License-Identifier: BSD-2-Clause */

/* A view of a segment's bytes. */

#ifndef SHMT_BYTES_VIEW_H
#define SHMT_BYTES_VIEW_H

#include "shmtool.h"

/* Linux 5.14; EINVAL before. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define SHMT__HUGEST ((uint64_t)16 << 30)	/* largest page there is */

struct shmt_view {
	struct shmt_info segment;	/* as it was after the attach */
	unsigned flags;		/* SHMT_WRITE, SHMT_NO_TRACE */
	uint64_t size;
	size_t page;
	bool huge;		/* of huge pages */
	char *at;		/* our own attachment, or NULL */
	int fd;			/* the segment as a file, or -1 */
	struct shmt__remote *through;	/* a process that has it, or NULL */
	unsigned char *resident;	/* a window of mincore(2) */
	uint64_t resident_at;
	size_t resident_pages;	/* 0: nothing was looked at yet */
	uint64_t credit;	/* bytes that there is memory for */
	char *bounce;
};

struct shmt__run {
	bool data;		/* else nobody ever wrote here */
	uint64_t end;
};

/* The longest run of one kind known from offset on, up to end. */
void shmt__view_run(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__run *run);

/* What was looked at is old: look again. */
void shmt__view_invalidate(struct shmt_view *view);

/* Whether there is memory in plenty for so many bytes more.  *credit is what
 * is left of the last look, 0 at first. */
bool shmt__affords(uint64_t *credit, uint64_t length);

/*
 * To be called before pages of a range are touched that may not be there:
 * where memory is short a child touches them first and is killed instead of
 * us.  ENOMEM: it was.
 */
int shmt__view_touch(struct shmt_view *view, uint64_t offset, uint64_t length,
    bool writing);

/* Whether a file is on a tmpfs: made of pages. */
bool shmt__in_memory(int fd);

/* After a long way through it: what is behind is unmapped. */
void shmt__view_drop(const struct shmt_view *view, uint64_t offset,
    uint64_t length);

/* A piece that is in the range, holes not looked for. */
int shmt__view_load(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length);
int shmt__view_store(struct shmt_view *view, uint64_t offset,
    const void *buffer, size_t length);

/* Whether a range is in the segment; else ERANGE. */
bool shmt__view_has(const struct shmt_view *view, uint64_t offset,
    uint64_t length);

#endif
