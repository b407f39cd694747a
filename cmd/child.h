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

/* The exit status where status keeps COMMAND (NULL: none) from being started.
 * A wrong command line and -h keep theirs. */
int not_started(char **command, int status);

/* The same as not_run of struct cmd. */
int command_not_run(char **argv, int status);

struct child {
	char **command;
	/* Called once, with arg, if COMMAND still runs after time (ms): attach
	 * -t detaches then, and waits on.  NULL: there is no such time. */
	void (*time_over)(void *arg);
	void *arg;
	uint64_t time;
};

/*
 * Runs COMMAND, passes signals on to it, and returns its status: 128 + N
 * after a signal, ST_NO_EXEC or ST_NO_COMMAND.  ST_NOT_RUN: it was not
 * started, after a message, or because of a signal that caught_signal() knows;
 * or, after a message, waitpid(2) is refused, and COMMAND may still run.
 */
int run_child(const struct child *child);

/* Sets SHMTOOL_ID, SHMTOOL_KEY, SHMTOOL_NAME and SHMTOOL_SIZE for COMMAND.  The
 * values of several segments are separated by blanks, with "-" for a missing
 * one.  False after a message. */
bool export_segments(const struct shmt_info *list, size_t count);

#endif
