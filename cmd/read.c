/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool read: contents of a segment, raw, as a dump, or watched.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "operand.h"
#include "read/dump.h"
#include "read/watch.h"
#include "semaphore.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/output.h"
#include "ui/progress.h"
#include "ui/signals.h"
#include "ui/text.h"

enum { OPT_RAW = OPT_LONG, OPT_NO_TRACE, OPT_ZERO_COPY };

static const struct option_row options[] = {
	{ 'o', "offset", "OFFSET", "begin there; 0 by default" },
	{ 'n', "length", "LENGTH", "so many bytes; up to the end by default" },
	{ 'O', "output", "FILE", "to FILE, complete or not at all" },
	{ 'x', "hex", NULL, "hexadecimal and characters" },
	{ 's', "string", NULL, "text, up to the first NUL" },
	{ 't', "type", "TYPE",
	    "values: d1 d2 d4 d8, u and x too, f4 f8 c a" },
	{ OPT_RAW, "raw", NULL, "bytes as they are, on a terminal too" },
	{ 'w', "watch", "[=SECONDS]", "again every second, if changed" },
	{ OPT_NO_TRACE, "no-trace", NULL,
	    "leave atime, lpid and nattch as they are" },
	{ OPT_ZERO_COPY, "zero-copy", NULL,
	    "to a pipe, pages instead of copies of them" },
	SEMAPHORE_OPTIONS,
	{ 'v', "verbose", NULL, "offsets with --type; else what was read" },
	{ 0 }
};

struct opts {
	uint64_t offset, length, interval;
	const char *file;
	struct dump dump;
	unsigned forms;		/* how many were asked for */
	bool watch, no_trace, zero_copy, verbose;
	struct semaphore semaphore;
	struct operand operand;
};

static bool
form_option(struct opts *o, enum dump_form form, const char *type)
{
	o->dump.form = form;
	o->forms++;
	if (type == NULL)
		return true;
	o->dump.type = find_dump_type(type);
	if (o->dump.type != NULL)
		return true;
	usage_error("--type", "%s: not one of d1 d2 d4 d8 u1 u2 u4 u8 x1 x2 "
	    "x4 x8 f4 f8 c a", type);
	return false;
}

static bool
watch_option(struct opts *o, const char *seconds)
{
	o->watch = true;
	o->interval = 1;
	if (seconds == NULL)
		return true;
	if (!duration_value("--watch", seconds, &o->interval))
		return false;
	if (o->interval > 0 && o->interval <= INT32_MAX)
		return true;
	usage_error("--watch", "%s: out of range: 1 to %d seconds", seconds,
	    INT32_MAX);
	return false;
}

/* False after a mistake, which has been told. */
static bool
take_option(struct opts *o, int c)
{
	switch (c) {
	case 'o':
		return offset_value("--offset", optarg, &o->offset);
	case 'n':
		return length_value(optarg, &o->length);
	case 'x':
		return form_option(o, DUMP_HEX, NULL);
	case 's':
		return form_option(o, DUMP_TEXT, NULL);
	case 't':
		return form_option(o, DUMP_TYPED, optarg);
	case OPT_RAW:
		return form_option(o, DUMP_RAW, NULL);
	case 'w':
		return watch_option(o, optarg);
	case OPT_LOCK_WITH:
	case OPT_LOCK_TIMEOUT:
		return semaphore_option(&o->semaphore, c, optarg);
	case 'O':
		o->file = optarg;
		break;
	case 'v':
		o->verbose = true;
		break;
	case OPT_NO_TRACE:
		o->no_trace = true;
		break;
	case OPT_ZERO_COPY:
		o->zero_copy = true;
		break;
	}
	return true;
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* What does not go together, and what nobody chose. */
static int
check(struct opts *o)
{
	bool terminal = o->file == NULL && isatty(STDOUT_FILENO) == 1;

	if (o->forms > 1)
		return usage_error(NULL, "only one of --hex, --string, --type "
		    "and --raw");
	if (o->watch && o->file != NULL)
		return usage_error("--watch", "shows on standard output, and "
		    "not in --output");
	if (o->zero_copy && (o->watch || o->file != NULL || (o->forms == 1 &&
	    o->dump.form != DUMP_RAW)))
		return usage_error("--zero-copy", "only for bytes as they "
		    "are, on standard output");
	if (o->zero_copy && o->semaphore.text != NULL)
		return usage_error("--zero-copy", "lends pages for longer "
		    "than --lock-with would hold the semaphore");
	if (o->zero_copy && !is_pipe(STDOUT_FILENO))
		return usage_error("--zero-copy", "standard output is not a "
		    "pipe");
	if (o->forms == 0)
		o->dump.form = terminal || (o->watch && !o->zero_copy) ?
		    DUMP_HEX : DUMP_RAW;
	o->dump.offsets = o->verbose;
	o->dump.safe = terminal;
	o->dump.colour = terminal && getenv("NO_COLOR") == NULL;
	return check_semaphore(&o->semaphore);
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int c, status;

	while ((c = next_option(&cmd_read, argc, argv)) != -1) {
		if (c == 'h' || c == '?')
			return option_status(c);
		if (!take_option(o, c))
			return told_status();
	}
	if (o->watch && argc - optind > 1)
		return usage_error(argv[optind + 1], "one segment at a time, "
		    "and the seconds of --watch in one word with it (-w2)");
	status =
	    parse_single_operand(argc - optind, argv + optind, &o->operand);
	return status == ST_OK ? check(o) : status;
}

static int
open_failed(const struct opts *o, const struct shmt_segment *segment)
{
	switch (errno) {
	case ESRCH:
		warn_about(o->operand.text,
		    "cannot be read without a trace: %s",
		    segment->nattch == 0
			? "nobody has it attached"
			: "of root, its owner, its creator and you, no process "
			  "has it attached that you may read");
		return ST_FAILED;
	case ENODATA:
		warn_about(o->operand.text,
		    "cannot be read without a trace: it "
		    "has pages that nobody wrote, and only with "
		    "CAP_CHECKPOINT_RESTORE are they not allocated by that");
		return ST_FAILED;
	case EACCES:
		warn_about(o->operand.text, "no read permission: mode %04o, "
		    "owner %s", segment->mode, user_name(segment->uid));
		return ST_DENIED;
	default:
		return fail(o->operand.text, errno);
	}
}

static int
send_raw(const struct opts *o, struct shmt_view *view,
    const struct output *output, uint64_t *done)
{
	struct progress progress;
	struct shmt_transfer how = {
		.offset = o->offset,
		.length = o->length,
		.flags = (o->zero_copy ? SHMT_ZERO_COPY : 0) |
		    (output->holes ? SHMT_SPARSE : 0),
		.progress = progress_tell,
		.arg = &progress
	};
	int result;

	progress_begin(&progress, o->length);
	result = shmt_view_send(view, &how, output->fd, done);
	progress_end(&progress);
	return result == 0 ? ST_OK :
	    copy_failed(&o->operand, output->path, *done);
}

#define PIECE ((size_t)64 * 1024)

static int
send_dump(const struct opts *o, struct shmt_view *view,
    struct output *output, uint64_t *done)
{
	static unsigned char piece[PIECE];
	struct dump dump = o->dump;
	bool more = true;
	int error;
	size_t n;

	dump.out = output_stream(output);
	if (dump.out == NULL)
		return fail(output->path, errno);
	for (*done = 0; more && *done < o->length;
	    *done += ferror(dump.out) ? 0 : n) {
		n = o->length - *done < PIECE ? (size_t)(o->length - *done) :
		    PIECE;
		if (shmt_view_get(view, o->offset + *done, piece, n) == -1) {
			error = errno;
			fclose(dump.out);
			errno = error;
			return copy_failed(&o->operand, o->operand.text, *done);
		}
		more = dump_bytes(&dump, o->offset + *done, piece, n) &&
		    !ferror(dump.out) && caught_signal() == 0;
	}
	dump_end(&dump, o->offset + *done);
	if (output_end_stream(output, dump.out) == 0)
		return ST_OK;
	return copy_failed(&o->operand, output->path, *done);
}

static int
send_locked(const struct opts *o, struct shmt_view *view,
    struct output *output)
{
	uint64_t done = 0;
	int status;

	status = acquire_semaphore(&o->semaphore);
	if (status != ST_OK)
		return status;
	status = o->dump.form == DUMP_RAW ? send_raw(o, view, output, &done) :
	    send_dump(o, view, output, &done);
	add_status(&status, release_semaphore(&o->semaphore));
	if (status == ST_OK && o->verbose && o->dump.form != DUMP_TYPED)
		fprintf(stderr, "read %ju bytes at %ju\n", (uintmax_t)done,
		    (uintmax_t)o->offset);
	return status;
}

static int
send_all(const struct opts *o, struct shmt_view *view)
{
	struct output output;
	int status;

	/* A half-made file is taken away before we die of a signal. */
	if (o->file != NULL) {
		catch_signals();
		ignore_sigpipe();
	}
	status = output_open(&output, o->file);
	if (status != ST_OK)
		return status;
	status = send_locked(o, view, &output);
	if (status == ST_OK && caught_signal() == 0)
		return output_commit(&output);
	output_abandon(&output);
	return status;
}

static int
watch_all(const struct watch *watch, struct dump *dump)
{
	struct output output;
	int status;

	/* Standard output needs no opening that could fail. */
	output_open(&output, NULL);
	dump->out = output_stream(&output);
	if (dump->out == NULL)
		return fail(output.path, errno);
	status = watch_contents(watch, dump);
	if (output_end_stream(&output, dump->out) == -1 && status == ST_OK)
		status = fail(output.path, errno);
	return status;
}

static int
act(struct opts *o, struct shmt_view *view, const struct shmt_segment *segment)
{
	const struct watch watch = {
		.operand = &o->operand,
		.segment = segment,
		.semaphore = &o->semaphore,
		.view = view,
		.offset = o->offset,
		.length = o->length,
		.interval = o->interval
	};

	return o->watch ? watch_all(&watch, &o->dump) : send_all(o, view);
}

static int
run(int argc, char **argv)
{
	struct opts o = { .length = UINT64_MAX };
	struct shmt_segment segment;
	struct shmt_view *view;
	int status;

	status = parse(argc, argv, &o);
	if (status != ST_OK || o.operand.text == NULL)
		return status;
	status = find_operand(&o.operand, &segment);
	if (status != ST_OK)
		return status;
	status = check_range(&o.operand, segment.size, o.offset, &o.length);
	if (status != ST_OK)
		return status;
	status = open_view(&o.operand, &segment, o.no_trace ? SHMT_NO_TRACE :
	    0, &view);
	if (status == -1)
		return open_failed(&o, &segment);
	if (status != ST_OK)
		return status;
	status = act(&o, view, &segment);
	shmt_view_close(view);
	return status;
}

const struct cmd cmd_read = {
	"read", "Copies a segment's contents out, or shows them",
	"[-o OFFSET] [-n LENGTH] [-O FILE] [-x | -s | -t TYPE | --raw] "
	"[-w[SECONDS]] [--no-trace] [--zero-copy] [--lock-with SEM "
	"[--lock-timeout DURATION]] [-v] SEGMENT",
	options, NULL, run
};
