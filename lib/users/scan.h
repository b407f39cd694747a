/* SPDX-License-Identifier: BSD-2-Clause */

/* One scan of /proc over all processes. */

#ifndef SHMT_USERS_SCAN_H
#define SHMT_USERS_SCAN_H

#include <sys/queue.h>

#include "shmtool.h"
#include "users/maps.h"

struct shmt__strings;

/* What to look for. */
struct shmt__query {
	/* Memory of these kinds.  System V segments are those of our IPC
	 * namespace.  SHMT_POSIX is every file on the devices below, whether
	 * it still has its name or not. */
	unsigned kinds;
	const struct shmt_object *one;	/* only this one; NULL: all */
	const dev_t *devices;
	size_t device_count;
	bool unlinked;		/* with SHMT_DELETED: files without a name of
				 * any tmpfs */
	bool fds;		/* look at open descriptors too */
	/* No memory, but of every process: */
	bool ids;		/* its user ids */
	const char *ns;		/* its namespace of this name below ns/ */
	const pid_t *pids;	/* only these processes; NULL: all */
	size_t pid_count;
};

struct shmt__process {
	SLIST_ENTRY(shmt__process) link;
	pid_t pid;
	uint32_t uid;		/* effective */
	char command[SHMT_COMMAND_MAX];
	/* Where ids were asked for. */
	uint32_t uids[4];	/* real, effective, saved, file system */
	uint64_t started;	/* clock ticks since boot */
	bool nested;		/* in a pid namespace below ours */
	uint64_t ns;		/* inode of the namespace that was asked for */
};

SLIST_HEAD(shmt__processes, shmt__process);

/* A mapping or a descriptor that a process has. */
struct shmt__found {
	enum shmt_kind kind;
	struct shmt__mapping mapping;
	int fd;			/* -1: a mapping; else of it only device, inode
				 * and access are known */
	bool path_only;		/* a descriptor opened with O_PATH */
	bool huge;
	bool unlinked;		/* a descriptor of a file without links, or a
				 * mapping whose name ends with " (deleted)" */
	uint32_t key;		/* of a segment, as created */
	const char *name;	/* of a mapping of a deleted file; else NULL */
	const struct shmt__process *process;	/* one of the scan's */
};

struct shmt__scan {
	struct shmt__found *found;	/* in no order */
	size_t count;
	struct shmt__processes processes;
	struct shmt__strings *names;
	size_t hidden;		/* processes that could not be looked into; of a
				 * scan of all at least 1 where /proc does not
				 * list those of other users */
};

/* ENOENT: /proc is not there. */
int shmt__scan(const struct shmt__query *query, struct shmt__scan *scan);
void shmt__scan_free(struct shmt__scan *scan);

#endif
