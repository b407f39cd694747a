/* SPDX-License-Identifier: BSD-2-Clause */

/* One scan of /proc over all processes. */

#ifndef SHMT_USERS_SCAN_H
#define SHMT_USERS_SCAN_H

#include <sys/queue.h>

#include "shmtool.h"
#include "users/maps.h"

struct shmt__process {
	SLIST_ENTRY(shmt__process) link;
	pid_t pid;
	uint32_t uid;
	char command[SHMT_COMMAND_MAX];
};

SLIST_HEAD(shmt__processes, shmt__process);

/* A mapping of a segment, as its number, device and name say. */
struct shmt__found {
	struct shmt__mapping mapping;
	bool huge;
	const struct shmt__process *process;	/* one of the pass's */
};

struct shmt__scan {
	struct shmt__found *found;
	size_t count;
	struct shmt__processes processes;
	size_t hidden;		/* processes that could not be looked into */
};

/* The mappings that processes of this IPC namespace have of one id (-1: of
 * all), in no order. */
int shmt__scan(int id, enum shmt__way way, struct shmt__scan *pass);
void shmt__scan_free(struct shmt__scan *pass);

/*
 * Whether a holder matters to a segment: one of root, of its owner or creator
 * or of the caller.  Others may forge: a process that shares its memory with
 * one in an IPC namespace of its own shows the segments of there, whose ids,
 * keys and sizes are as it likes.
 */
bool shmt__is_trusted(const struct shmt_holder *holder,
    const struct shmt_segment *segment);

#endif
