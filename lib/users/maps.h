/* SPDX-License-Identifier: BSD-2-Clause */

/* Mappings of one process. */

#ifndef SHMT_USERS_MAPS_H
#define SHMT_USERS_MAPS_H

#include "shmtool.h"

struct shmt__mapping {
	uint64_t start, end;	/* addresses */
	uint64_t offset;	/* of start, in the segment */
	uint64_t inode;		/* the segment's id */
	dev_t device;
	uint32_t key;		/* as created */
	unsigned access;	/* SHMT_ACCESS_* */
};

/*
 * A line of /proc/PID/maps, without its newline.  True where it has the form
 * of a mapped segment; whether it is one is for shmt__is_segment() to say.
 */
bool shmt__parse_maps_line(const char *line, size_t length,
    struct shmt__mapping *mapping);

/* The kernel's own file systems that segments live in; all zero at first. */
struct shmt__devices {
	bool asked, asked_huge;
	dev_t small;		/* 0: the kernel would not tell */
	dev_t huge[8];		/* one for each size of huge pages */
	size_t huge_count;
};

/* Whether a mapping is of a segment, and not of a file that is called so. */
bool shmt__is_segment(struct shmt__devices *devices,
    const struct shmt__mapping *mapping, bool *huge);

enum shmt__way {
	SHMT__ANY_WAY,
	SHMT__BY_TEXT,
	SHMT__BY_QUERY		/* PROCMAP_QUERY; ENOTTY before Linux 6.11 */
};

/*
 * Calls found() for each mapping of this form that an open /proc/PID/maps
 * tells, until it returns other than 0 (-1 with errno), which is passed on.
 * ESRCH: that process has no memory, being dead or a kernel thread.
 */
int shmt__read_maps(int maps, enum shmt__way way,
    int (*found)(void *arg, const struct shmt__mapping *mapping), void *arg);

/* Whether the memory that an open maps tells of is still in use. */
bool shmt__maps_live(int maps);

#endif
