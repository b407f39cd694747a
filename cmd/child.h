/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * COMMAND of create and attach, and the wait for an end.
 */

#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"

/* From here on HUP, INT and TERM wait for one of the two below. */
void hold_signals(void);

/* Waits for HUP, INT or TERM, or until the time is over (UINT64_MAX: never).
 */
void wait_for_end(uint64_t ms);

struct child {
	char **command;
	/* Called once after so long a time of COMMAND's run; may be NULL. */
	void (*let_go)(void *arg);
	void *arg;
	uint64_t time;		/* ms */
};

/* Runs COMMAND, passes signals on to it, and returns its status: 128 + N
 * after a signal, ST_NOT_RUN, ST_NO_EXEC or ST_NO_COMMAND, then told. */
int run_child(const struct child *child);

/* SHMTOOL_ID, SHMTOOL_KEY and SHMTOOL_SIZE for COMMAND, of several segments
 * with blanks between; false, and told why. */
bool export_segments(const struct shmt_segment *list, size_t count);

#endif
