/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Messages and exit statuses.
 */

#ifndef UI_MESSAGE_H
#define UI_MESSAGE_H

#include <stdbool.h>

/* Exit statuses, the same for every command. */
enum {
	ST_OK,
	ST_FAILED,	/* otherwise, or failures of several kinds */
	ST_USAGE,	/* the command line is wrong, nothing was done */
	ST_ABSENT,	/* no such segment */
	ST_DENIED,	/* permission denied */
	ST_BUSY,	/* it exists, or is in use */
	ST_LIMIT,	/* a limit or memory is exhausted */

	/* Not an exit status: -h is there, main() prints the help. */
	ST_HELP = -1,

	/* Of the verbs that run a COMMAND, as env(1) has them. */
	ST_NOT_RUN = 125,	/* it was not started, for a reason of ours */
	ST_NO_EXEC,		/* it cannot be run */
	ST_NO_COMMAND		/* there is none of this name */
};

/* The command in whose name messages are, from here on. */
void set_command_name(const char *command);

/* A usage error of our own: the message, a hint at -h, and ST_USAGE. */
int usage_error(const char *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * One line on stderr: "shmtool: COMMAND: OBJECT: reason".  The object (NULL:
 * none) is as the user wrote it.  Both may hold untrusted bytes.
 */
void warn_about(const char *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* warn_about() with strerror(error), and the exit status that belongs to it. */
int fail(const char *object, int error);
int status_of(int error);

/* Adds a further outcome to a status: another kind of failure makes it 1. */
void add_status(int *status, int outcome);

/* Flushes stdout and tells whether all of it arrived: false, and said why. */
bool flush_output(void);
bool close_output(void);

#endif
