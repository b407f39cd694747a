/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Messages: one line on standard error, the exit status that belongs to it,
 * and errors of standard output.  cmd.h tells where messages are worded.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/message.h"
#include "ui/safe.h"
#include "ui/stream.h"

/* The command that runs, or "". */
static const char *command_name = "";

void
set_command_name(const char *command)
{
	command_name = command;
}

void
warn_about(const char *object, const char *format, ...)
{
	char reason[4096], *raw, *line;
	va_list args;
	int length, saved = errno;
	size_t size;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	/* An operand is empty where a shell variable is not set. */
	if (object != NULL && object[0] == '\0')
		object = "''";
	length = asprintf(&raw, "shmtool: %s%s%s%s%s", command_name,
	    command_name[0] != '\0' ? ": " : "",
	    object != NULL ? object : "", object != NULL ? ": " : "", reason);
	line = length == -1 ? NULL : safe_copy(raw);
	if (line != NULL) {
		/* In one piece, so that lines of several programs do not mix;
		 * the newline takes the place of the NUL. */
		size = strlen(line);
		line[size] = '\n';
		write_all(STDERR_FILENO, line, size + 1);
	} else
		dprintf(STDERR_FILENO, "shmtool: no memory for a message\n");
	free(line);
	if (length != -1)
		free(raw);
	errno = saved;
}

int
usage_error(const char *object, const char *format, ...)
{
	char reason[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	/* Most reasons begin with the value, which may be empty. */
	warn_about(object, "%s%s (see shmtool %s%s-h)",
	    reason[0] == ':' ? "''" : "", reason, command_name,
	    command_name[0] != '\0' ? " " : "");
	return ST_USAGE;
}

int
status_of(int error)
{
	switch (error) {
	case ENOENT:
	case EIDRM:
		return ST_ABSENT;
	case EACCES:
	case EPERM:
		return ST_DENIED;
	case EEXIST:
	case EBUSY:
		return ST_BUSY;
	case ENOMEM:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
		return ST_LIMIT;
	default:
		return ST_FAILED;
	}
}

int
fail(const char *object, int error)
{
	warn_about(object, "%s",
	    error == ENOENT ? "no such segment" : strerror(error));
	return status_of(error);
}

int
file_status(int error)
{
	return error == ENOENT ? ST_FAILED : status_of(error);
}

int
file_failed(const char *path, int error)
{
	warn_about(path, "%s", strerror(error));
	return file_status(error);
}

void *
check_memory(void *pointer)
{
	if (pointer == NULL)
		exit(fail(NULL, ENOMEM));
	return pointer;
}

void
add_status(int *status, int outcome)
{
	if (*status == ST_OK)
		*status = outcome;
	else if (outcome != ST_OK && outcome != *status)
		*status = ST_FAILED;
}

/* Reported only once. */
static bool output_lost;

static bool
output_ok(bool written)
{
	if (!written && !output_lost) {
		warn_about(NULL, "standard output: %s", strerror(errno));
		output_lost = true;
	}
	return !output_lost;
}

bool
flush_output(void)
{
	return output_ok(fflush(stdout) == 0 && !ferror(stdout));
}

void
write_output(FILE *out, const char *bytes, size_t length)
{
	if (!ferror_unlocked(out) &&
	    fwrite_unlocked(bytes, 1, length, out) < length && out == stdout)
		flush_output();
}

bool
close_output(void)
{
	return flush_output() && output_ok(fclose(stdout) == 0);
}
