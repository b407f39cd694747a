/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Messages and exit statuses.  cmd.h tells where messages are worded.
 */

#ifndef UI_MESSAGE_H
#define UI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit statuses, the same for every command. */
enum {
	ST_OK,
	ST_FAILED,	/* otherwise, or failures of several kinds */
	ST_USAGE,	/* the command line is wrong, nothing was done */
	ST_ABSENT,	/* no such segment */
	ST_DENIED,	/* permission denied */
	ST_BUSY,	/* it exists, or is in use */
	ST_LIMIT,	/* a limit or memory is exhausted */

	/* No exit status: -h was given, and main() prints the help. */
	ST_HELP = -1,

	/* For create and attach, which run a COMMAND; as env(1) has them. */
	ST_NOT_RUN = 125,	/* shmtool failed before it ran COMMAND */
	ST_NO_EXEC,		/* COMMAND cannot be run */
	ST_NO_COMMAND		/* there is no COMMAND of this name */
};

/* Names the command in all messages from here on. */
void set_command_name(const char *command);

/* Prints a message that ends with a hint at -h; returns ST_USAGE. */
int usage_error(const char *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Prints one line on stderr: "shmtool: COMMAND: OBJECT: reason".  The object
 * (NULL: none) is as the user wrote it.  Both may hold untrusted bytes.
 */
void warn_about(const char *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* warn_about() with strerror(error), or "no such segment" for ENOENT; returns
 * status_of(error), the exit status for it. */
int fail(const char *object, int error);
int status_of(int error);

/* The same for a file, whose absence is not an absent segment. */
int file_failed(const char *path, int error);
int file_status(int error);

/* Returns pointer; where it is NULL, reports that memory is exhausted and ends
 * the program with ST_LIMIT.  For commands that have nothing to undo. */
void *check_memory(void *pointer) __attribute__((returns_nonnull));

/* Combines two outcomes: failures of different kinds make ST_FAILED. */
void add_status(int *status, int outcome);

/* Writes to a stream, but nothing more once that has failed: each call could
 * wait again where a signal has interrupted it.  Reports a failure of stdout at
 * once, while errno has the reason. */
void write_output(FILE *out, const char *bytes, size_t length);

/* Flush or close stdout; false, after a message, if any of it was lost. */
bool flush_output(void);
bool close_output(void);

#endif
