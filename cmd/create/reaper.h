/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A process that removes a segment when we end, however we end.
 */

#ifndef CMD_CREATE_REAPER_H
#define CMD_CREATE_REAPER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

struct reaper {
	pid_t pid;
	int socket;
};

/* In this order: started before there is a segment of that key (0: private),
 * told which one it is, ended (which removes it).  Where we end before it is
 * told it looks for one that we made.  False with errno. */
bool start_reaper(struct reaper *reaper, uint32_t key);
bool inform_reaper(const struct reaper *reaper,
    const struct shmt_segment *segment);
void end_reaper(const struct reaper *reaper);

#endif
