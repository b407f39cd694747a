/* SPDX-License-Identifier: BSD-2-Clause */

/* Mappings of one process. */

#ifndef SHMT_USERS_MAPS_H
#define SHMT_USERS_MAPS_H

#include "shmtool.h"

/* A mapping of a file; of a System V segment the inode is the id. */
struct shmt__mapping {
	uint64_t start, end;	/* addresses */
	uint64_t offset;	/* of start, in the file */
	uint64_t inode;
	dev_t device;
	unsigned access;	/* SHMT_ACCESS_* */
	bool shared;		/* else private */
};

/* The kind of a file on an internal device, by the name the kernel gave it:
 * SHMT_SYSV with its key, SHMT_MEMFD or SHMT_ANON; SHMT_KINDS: another. */
enum shmt_kind shmt__kind_by_name(const char *name, uint32_t *key);

/* A line of /proc/PID/maps, without its newline; *name is the end of it and may
 * be empty.  False: not such a line. */
bool shmt__parse_maps_line(const char *line, struct shmt__mapping *mapping,
    const char **name);

/* Whether a name is exactly that of a mapped segment, and its key. */
bool shmt__parse_segment_name(const char *name, uint32_t *key);

/* The kernel's own file systems, which hold segments, memfds and shared
 * anonymous memory; initialise to 0. */
struct shmt__devices {
	bool has_small, has_huge;	/* which of these are set */
	dev_t small;		/* not of huge pages; 0: it is not known */
	uint64_t attributes;	/* those that tmpfs knows, as statx(2) */
	dev_t huge[8];		/* one for each size of huge pages */
	size_t huge_count;
};

/* Whether a device is one of them, and not a file system that anybody can
 * put files into; where no memfd can be made, any without a disk counts. */
bool shmt__is_internal(struct shmt__devices *devices, dev_t device,
    bool *huge);

enum shmt__choice { SHMT__SKIP, SHMT__TAKE, SHMT__TAKE_WITH_NAME };

struct shmt__maps_reader {
	bool shared_only;	/* leave out private mappings */
	/* Which mappings to report, by everything but the name. */
	enum shmt__choice (*choose)(void *arg,
	    const struct shmt__mapping *mapping);
	/* Called for each of these, with its name if SHMT__TAKE_WITH_NAME
	 * asked for that.  Other than 0 (-1 with ENOMEM) ends the reading. */
	int (*found)(void *arg, const struct shmt__mapping *mapping,
	    const char *name);
	void *arg;
};

/*
 * Reads an open /proc/PID/maps.  ESRCH: that process has no memory, since it
 * has exited or is a kernel thread.
 */
int shmt__read_maps(int maps, const struct shmt__maps_reader *reader);

/* Calls found() for each mapping of the segment with this id; the rest as
 * shmt__read_maps(). */
int shmt__read_segment_maps(int maps, uint64_t id,
    int (*found)(void *arg, const struct shmt__mapping *mapping), void *arg);

/* Whether the memory of an open maps file is still in use. */
bool shmt__memory_exists(int maps);

#endif
