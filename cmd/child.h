/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * COMMAND of create and attach, and the wait for a signal.
 */

#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"

/* Blocks HUP, INT and TERM, for one of the two functions below. */
void block_ending_signals(void);

/* Waits for HUP, INT or TERM, for at most ms milliseconds (UINT64_MAX: no
 * limit). */
void wait_for_ending_signal(uint64_t ms);

struct child {
	char **command;
	/* Called once, when COMMAND has run for that time; may be NULL. */
	void (*release)(void *arg);
	void *arg;
	uint64_t time;		/* ms */
};

/*
 * Runs COMMAND, passes signals on to it, and returns its status: 128 + N
 * after a signal, ST_NO_EXEC or ST_NO_COMMAND.  ST_NOT_RUN: it was not
 * started, after a message, or because of a signal that caught_signal() knows.
 */
int run_child(const struct child *child);

/* Sets SHMTOOL_ID, SHMTOOL_KEY, SHMTOOL_NAME and SHMTOOL_SIZE for COMMAND.  The
 * values of several segments are separated by blanks, with "-" for a missing
 * one.  False after a message. */
bool export_segments(const struct shmt_info *list, size_t count);

#endif
