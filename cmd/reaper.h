/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A process that removes a segment when shmtool ends, however it ends.
 */

#ifndef CMD_REAPER_H
#define CMD_REAPER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "shmtool.h"

struct reaper {
	pid_t pid;
	int pipe;		/* its write end */
};

/*
 * Call these in this order: start before a segment is created, inform which
 * segment it is, and then either end, so that the reaper removes it, or
 * dismiss, so that it stays.  If shmtool ends before it has informed the
 * reaper, the reaper removes the segments that shmtool has created since, but
 * for the ids in kept.  False with errno.
 */
bool start_reaper(struct reaper *reaper, const int *kept, size_t count);
bool inform_reaper(const struct reaper *reaper,
    const struct shmt_info *segment);

/* Reports that it could not be started or informed; returns a status. */
int reaper_failed(const char *object);

void end_reaper(const struct reaper *reaper);
void dismiss_reaper(const struct reaper *reaper);

#endif
