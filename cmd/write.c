/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool write: copies a file, a string or standard input into a segment, or
 * fills it with a byte.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "diagnose.h"
#include "operand.h"
#include "option_values.h"
#include "semaphore.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/progress.h"
#include "ui/text.h"

struct opts {
	struct arguments args;
	uint64_t offset, length;
	const char *file, *string;
	int fill;		/* the byte; -1: none */
	bool nul, verbose;
	struct semaphore semaphore;
	struct operand operand;
};

static int
store_byte(const struct option_row *row, const char *text, void *to)
{
	uint64_t number = (unsigned char)text[0];
	bool character = strlen(text) == 1 && (*text < '0' || *text > '9');

	if (!character && (shmt_parse_offset(text, &number) == -1 ||
	    number > UINT8_MAX))
		return option_error(row, "%s: not a byte: 0 to 255, 0x00 to "
		    "0xff, or one character that is not a digit", text);
	*(int *)to = (int)number;
	return ST_OK;
}

static const struct option_row options[] = {
	{ 'o', "offset", "OFFSET", "begin there; 0 by default",
	    store_offset, TO(offset) },
	{ 'n', "length", "LENGTH", "write at most LENGTH bytes",
	    store_offset, TO(length), .max = LENGTH_MAX },
	{ 'f', "file", "FILE", "copy FILE; standard input by default",
	    store_text, TO(file), .group = 1 },
	{ 's', "string", "STRING", "write this text, without a NUL",
	    store_text, TO(string), .group = 1 },
	{ '0', "nul", NULL, "add a NUL to --string", store_flag, TO(nul) },
	{ 'z', "fill", "[=BYTE]", "fill with a number or a character; 0",
	    store_byte, TO(fill), .absent = "0", .group = 1 },
	{ .rows = semaphore_options, TO(semaphore) },
	{ 'v', "verbose", NULL, "print what was written",
	    store_flag, TO(verbose) },
	{ 0 }
};

static int
parse(int argc, char **argv, struct opts *o)
{
	char **operands;
	int count, status;

	status = parse_options(&cmd_write, argc, argv, o);
	if (status != ST_OK)
		return status;
	operands = o->args.operands;
	count = o->args.count;
	if (o->nul && o->string == NULL)
		return usage_error("--nul", "only together with --string");
	if (o->fill != -1 && count > 1)
		return usage_error(operands[1], "one segment at a time, "
		    "and the byte of --fill in one word with it (-z255)");
	if (o->file == NULL && o->string == NULL && count == 2)
		return usage_error(operands[1], "one segment at a time; "
		    "text comes after -s, a file after -f");
	status = parse_single_operand(count, operands, &o->operand);
	return status == ST_OK ? check_semaphore(&o->semaphore) : status;
}

/* The file or string that the bytes come from. */
struct source {
	const char *name;	/* for messages */
	int fd;			/* -1: there is none */
	uint64_t known;		/* its length in bytes; UINT64_MAX: unknown */
};

static int
open_source(const struct opts *o, struct source *source)
{
	struct stat st;
	off_t at;

	*source = (struct source){ "standard input", -1, UINT64_MAX };
	if (o->string != NULL)
		source->known = strlen(o->string) + (o->nul ? 1 : 0);
	if (o->string != NULL || o->fill != -1)
		return ST_OK;
	source->fd = STDIN_FILENO;
	if (o->file != NULL && strcmp(o->file, "-") != 0) {
		source->name = o->file;
		source->fd = open(o->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (source->fd == -1)
			return file_failed(o->file, errno);
	}
	/* Files of /proc have size 0 but are not empty. */
	if (fstat(source->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > 0) {
		at = lseek(source->fd, 0, SEEK_CUR);
		source->known = at < st.st_size ?
		    (uint64_t)(st.st_size - at) : 0;
	}
	return ST_OK;
}

/* Input that is known not to fit is refused before anything is written. */
static int
check_fit(const struct opts *o, const struct source *source, uint64_t size,
    uint64_t *length)
{
	uint64_t space, wanted = source->known;
	int status;

	*length = o->length;
	status = check_range(&o->operand, size, o->offset, length);
	if (status != ST_OK)
		return status;
	space = *length;
	/* Input beyond --length need not fit. */
	if (o->length != UINT64_MAX && wanted > o->length)
		wanted = o->length;
	if (wanted == UINT64_MAX || wanted <= space) {
		*length = wanted < space ? wanted : space;
		return ST_OK;
	}
	warn_about(o->operand.text, "no room for %ju byte%s of input: there "
	    "are %ju from offset %ju to the end; nothing was written",
	    (uintmax_t)wanted, plural(wanted, "s"), (uintmax_t)space,
	    (uintmax_t)o->offset);
	return ST_FAILED;
}

static int
put(const struct opts *o, struct shmt_view *view, const struct source *source,
    const struct shmt_transfer *how, uint64_t *done)
{
	if (o->fill != -1)
		return shmt_view_fill(view, how, (unsigned char)o->fill, done);
	if (o->string == NULL)
		return shmt_view_receive(view, how, source->fd, done);
	/* The string in memory ends with the NUL that -0 adds. */
	if (shmt_view_put(view, how->offset, o->string,
	    (size_t)how->length) == -1)
		return -1;
	*done = how->length;
	return 0;
}

static int
put_failed(const struct opts *o, const struct source *source, uint64_t length,
    uint64_t done)
{
	const struct shmt_request request = { .size = length - done };
	struct shmt_object object;
	const int error = errno;

	if (error == EFBIG && done == length) {
		warn_about(o->operand.text, "the input is longer: %ju byte%s "
		    "written at offset %ju, up to the end", (uintmax_t)done,
		    done == 1 ? " was" : "s were", (uintmax_t)o->offset);
		return ST_FAILED;
	}
	if (error == EFBIG) {
		warn_about(o->operand.text, "longer than a file may be (ulimit "
		    "-f), after %ju byte%s", (uintmax_t)done,
		    plural(done, "s"));
		return ST_LIMIT;
	}
	if (error == ENOSPC && shmt_resolve(&o->operand.ref, &object) == 0)
		return diagnose_object(o->operand.text, &object, &request,
		    error);
	errno = error;
	return transfer_failed(&o->operand, source->name, length, done);
}

static int
copy_source(const struct opts *o, struct shmt_view *view,
    const struct source *source, uint64_t length)
{
	struct progress_line progress;
	struct shmt_transfer how = {
		.offset = o->offset,
		.length = length,
		/* Input beyond --length is left unread.  A file may grow while
		 * it is read. */
		.flags = o->length != UINT64_MAX ||
		    source->known != UINT64_MAX ? SHMT_LEAVE_REST : 0,
		.progress = show_progress,
		.arg = &progress
	};
	uint64_t done = 0;
	int result;

	progress_begin(&progress, length);
	result = put(o, view, source, &how, &done);
	progress_end(&progress);
	if (result == -1)
		return put_failed(o, source, length, done);
	if (o->verbose)
		printf("wrote %ju byte%s at %ju\n", (uintmax_t)done,
		    plural(done, "s"), (uintmax_t)o->offset);
	return ST_OK;
}

static int
open_failed(const struct opts *o, const struct shmt_info *segment)
{
	if (errno == EINVAL) {
		warn_about(o->operand.text, "memory of huge pages without a "
		    "name can be read, but not written to");
		return ST_FAILED;
	}
	if (errno != EACCES)
		return operand_failed(&o->operand, errno);
	warn_about(o->operand.text, "no write permission: mode %04o, owner %s",
	    segment->mode, user_name(segment->uid));
	return ST_DENIED;
}

static int
write_segment(const struct opts *o, const struct source *source)
{
	struct shmt_info segment;
	struct shmt_view *view;
	uint64_t length;
	int status;

	status = find_operand(&o->operand, &segment);
	if (status == ST_OK)
		status = check_sealed(&o->operand, &segment);
	if (status == ST_OK)
		status = check_fit(o, source, segment.size, &length);
	if (status != ST_OK)
		return status;
	status = open_view(&o->operand, &segment, SHMT_WRITE, &view);
	if (status == -1)
		return open_failed(o, &segment);
	if (status != ST_OK)
		return status;
	status = copy_source(o, view, source, length);
	shmt_view_close(view);
	return status;
}

/* The semaphore comes first: until it is held, the segment may be resized or
 * replaced by another one of its key or name. */
static int
write_locked(const struct opts *o, const struct source *source)
{
	int status;

	status = acquire_semaphore(&o->semaphore);
	if (status != ST_OK)
		return status;
	status = write_segment(o, source);
	add_status(&status, release_semaphore(&o->semaphore));
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .length = UINT64_MAX, .fill = -1 };
	struct source source;
	int status;

	status = parse(argc, argv, &o);
	if (status != ST_OK)
		return status;
	status = open_source(&o, &source);
	if (status == ST_OK)
		status = write_locked(&o, &source);
	if (source.fd > STDERR_FILENO)
		close(source.fd);
	return status;
}

const struct cmd cmd_write = {
	.name = "write",
	.summary = "Copies a file, a string or standard input into a segment",
	.synopsis = "[-o OFFSET] [-n LENGTH] "
	    "[-f FILE | -s STRING [-0] | -z[BYTE]] "
	    "[--lock-with SEM [--lock-timeout DURATION]] [-v] SEGMENT",
	.options = options,
	.run = run
};
