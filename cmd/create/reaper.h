/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A process that removes COMMAND's segment when shmtool ends, however it
 * ends.
 */

#ifndef CMD_CREATE_REAPER_H
#define CMD_CREATE_REAPER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

struct reaper {
	pid_t pid;
	int pipe;		/* its write end */
};

/*
 * In this order: started before a segment with that key (0: private) is made,
 * told which segment it is, ended after the segment was removed.  When shmtool
 * ends before it has told, the reaper looks for a segment that shmtool made.
 * False with errno.
 */
bool start_reaper(struct reaper *reaper, uint32_t key);
bool inform_reaper(const struct reaper *reaper,
    const struct shmt_info *segment);
void end_reaper(const struct reaper *reaper);

#endif
