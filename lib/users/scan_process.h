/* SPDX-License-Identifier: BSD-2-Clause */

/* What the threads of a scan share, and what each takes from a process. */

#ifndef SHMT_USERS_SCAN_PROCESS_H
#define SHMT_USERS_SCAN_PROCESS_H

#include <sys/types.h>

#include <stdatomic.h>

#include "users/maps.h"
#include "users/scan.h"

struct shmt__job {
	const struct shmt__query *query;
	int proc;		/* the directory /proc */
	uint64_t ns;		/* our IPC namespace */
	const pid_t *pids;
	size_t count;
	atomic_size_t next;	/* index of the next pid to look at */
};

struct shmt__worker {
	struct shmt__job *job;
	struct shmt__devices devices;
	const char *base;	/* "PID" of the process that it looks into */
	bool has_mounts;	/* that process's are in mounted */
	/* The devices of all mounts read so far, whether each is a tmpfs. */
	struct shmt__device *mounted;
	size_t mounted_count;
	struct shmt__scan scan;
	size_t capacity;	/* of scan.found */
	int error;		/* errno of what ended it, or 0 */
};

/* Adds what a process has to the worker's scan; one that cannot be looked into
 * is counted there, and one that has exited has nothing. */
int shmt__scan_process(struct shmt__worker *worker, pid_t pid);

/* The inode of a namespace ("ipc") of a process ("PID", "self"). */
int shmt__read_ns(const struct shmt__job *job, const char *base,
    const char *name, uint64_t *inode);

#endif
