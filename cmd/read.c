/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool read: contents of a segment, raw, as a dump, or watched.
 */

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "operand.h"
#include "option_values.h"
#include "output.h"
#include "read/dump.h"
#include "read/watch.h"
#include "semaphore.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/progress.h"
#include "ui/signals.h"
#include "ui/terminal.h"
#include "ui/text.h"

struct opts {
	struct arguments args;
	uint64_t offset, length;
	uint64_t interval;	/* of --watch, in ms; 0: without */
	const char *file;
	int form;		/* an enum dump_form, or NO_FORM */
	struct dump dump;
	bool no_trace;		/* leave atime, lpid and nattch as they are */
	bool zero_copy, verbose;
	struct semaphore semaphore;
	struct operand operand;
};

#define NO_FORM (-1)

/* "-" is as without the option: a terminal gets a hex dump or safe text. */
static int
store_output(const struct option_row *row, const char *text, void *to)
{
	return store_text(row, strcmp(text, "-") == 0 ? NULL : text, to);
}

static int
store_type(const struct option_row *row, const char *text, void *to)
{
	struct opts *o = to;

	o->form = DUMP_TYPED;
	o->dump.type = find_value_type(text);
	if (o->dump.type != NULL)
		return ST_OK;
	return option_error(row, "%s: not one of d1 d2 d4 d8 u1 u2 u4 u8 x1 "
	    "x2 x4 x8 f4 f8 c a", text);
}

/* The forms exclude each other: group 1. */
static const struct option_row options[] = {
	{ 'o', "offset", "OFFSET", "begin there; 0 by default",
	    store_offset, TO(offset) },
	{ 'n', "length", "LENGTH", "read LENGTH bytes; else up to the end",
	    store_offset, TO(length), .max = LENGTH_MAX },
	{ 'O', "output", "FILE", "write to FILE, complete or not at all",
	    store_output, TO(file) },
	{ 'x', "hex", NULL, "print hexadecimal and characters",
	    store_choice, TO(form), .choice = DUMP_HEX, .group = 1 },
	{ 's', "string", NULL, "print text, up to the first NUL",
	    store_choice, TO(form), .choice = DUMP_TEXT, .group = 1 },
	{ 't', "type", "TYPE", "print d1 d2 d4 d8, u and x too, f4 f8 c a",
	    store_type, .group = 1 },
	{ 0, "raw", NULL, "copy bytes as they are, to a terminal too",
	    store_choice, TO(form), .choice = DUMP_RAW, .group = 1 },
	{ 'w', "watch", "[=SECONDS]", "read every second; print changes",
	    store_interval, TO(interval), .absent = "1" },
	{ 0, "no-trace", NULL, "leave atime, lpid and nattch as they are",
	    store_flag, TO(no_trace) },
	{ 0, "zero-copy", NULL, "give pages, not copies, to a pipe",
	    store_flag, TO(zero_copy) },
	{ .rows = semaphore_options, TO(semaphore) },
	{ 'v', "verbose", NULL, "print offsets of --type, or what was read",
	    store_flag, TO(verbose) },
	{ 0 }
};

static int
check_zero_copy(const struct opts *o)
{
	struct stat st;

	if (o->interval > 0 || o->file != NULL || (o->form != NO_FORM &&
	    o->form != DUMP_RAW))
		return usage_error("--zero-copy", "only for bytes as they "
		    "are, on standard output");
	if (o->semaphore.text != NULL)
		return usage_error("--zero-copy", "lends pages for longer "
		    "than --lock-with would hold the semaphore");
	if (fstat(STDOUT_FILENO, &st) == -1 || !S_ISFIFO(st.st_mode))
		return usage_error("--zero-copy", "standard output is not a "
		    "pipe");
	return ST_OK;
}

/* The form of the dump where no option chose it. */
static void
choose_form(struct opts *o)
{
	bool terminal = o->file == NULL && isatty(STDOUT_FILENO) == 1;

	if (o->form != NO_FORM)
		o->dump.form = (enum dump_form)o->form;
	else
		o->dump.form = terminal || o->interval > 0 ? DUMP_HEX :
		    DUMP_RAW;
	o->dump.offsets = o->verbose || o->interval > 0;
	o->dump.safe = terminal;
	o->dump.color = terminal && use_color(COLOR_AUTO);
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_read, argc, argv, o);
	if (status != ST_OK)
		return status;
	if (o->interval > 0 && o->args.count > 1)
		return usage_error(o->args.operands[1], "one segment at a "
		    "time, and the seconds of --watch in one word with it "
		    "(-w2)");
	status = parse_single_operand(o->args.count, o->args.operands,
	    &o->operand);
	if (status != ST_OK)
		return status;
	if (o->interval > 0 && o->file != NULL)
		return usage_error("--watch", "shows on standard output, and "
		    "not in --output");
	if (o->zero_copy)
		status = check_zero_copy(o);
	choose_form(o);
	return status == ST_OK ? check_semaphore(&o->semaphore) : status;
}

/* Refuses a range that ends within a value. */
static int
check_values(const struct opts *o)
{
	uint64_t width, rest;

	if (o->form != DUMP_TYPED)
		return ST_OK;
	width = o->dump.type->width;
	rest = o->length % width;
	if (rest == 0)
		return ST_OK;
	warn_about(o->operand.text, "%ju byte%s: not a whole number of %s "
	    "values of %ju bytes: use --length %ju", (uintmax_t)o->length,
	    plural(o->length, "s"), o->dump.type->name, (uintmax_t)width,
	    (uintmax_t)(o->length - rest));
	return ST_FAILED;
}

static int
open_failed(const struct opts *o, const struct shmt_info *segment)
{
	const char *object = o->operand.text;

	switch (errno) {
	case ESRCH:
		warn_about(object, "cannot be read without a trace: %s",
		    segment->nattch == 0 ? "no process has it attached" :
		    "no attached process of root, its owner, its creator or "
		    "you may be read");
		return ST_FAILED;
	case ENODATA:
		warn_about(object, "cannot be read without a trace: it has "
		    "unwritten pages, which reading would allocate without "
		    "CAP_CHECKPOINT_RESTORE");
		return ST_FAILED;
	case EACCES:
		warn_about(object, "no read permission: mode %04o, owner %s",
		    segment->mode, user_name(segment->uid));
		return ST_DENIED;
	default:
		return operand_failed(&o->operand, errno);
	}
}

static int
send_raw(const struct opts *o, struct shmt_view *view,
    const struct output *output, uint64_t *done)
{
	struct progress_line progress;
	struct shmt_transfer how = {
		.offset = o->offset,
		.length = o->length,
		.flags = (o->zero_copy ? SHMT_ZERO_COPY : 0) |
		    (output->holes ? SHMT_SPARSE : 0),
		.progress = show_progress,
		.arg = &progress
	};
	int result;

	progress_begin(&progress, o->length);
	result = shmt_view_send(view, &how, output->fd, done);
	progress_end(&progress);
	return result == 0 ? ST_OK :
	    transfer_failed(&o->operand, output->path, o->length, *done);
}

/* A dump under way. */
struct dumping {
	struct dump dump;
	bool flushes;		/* each piece is printed immediately */
	uint64_t done;		/* bytes */
};

/* Prints one piece of the segment, for shmt_view_visit(); 1 ends it. */
static int
dump_piece(void *arg, const void *bytes, uint64_t length)
{
	struct dumping *d = arg;

	if (bytes != NULL)
		dump_bytes(&d->dump, bytes, (size_t)length);
	else
		dump_hole(&d->dump, length);
	if (d->flushes)
		fflush(d->dump.out);
	if (ferror(d->dump.out))
		return 1;
	d->done += length;
	return d->dump.ended || caught_signal() != 0;
}

static int
send_dump(const struct opts *o, struct shmt_view *view,
    struct output *output, uint64_t *done)
{
	struct dumping d = { .dump = o->dump, .flushes = o->dump.safe };
	int error;

	d.dump.offset = o->offset;
	d.dump.out = output_stream(output);
	if (d.dump.out == NULL)
		return fail(output->path, errno);
	if (shmt_view_visit(view, o->offset, o->length, dump_piece,
	    &d) == -1) {
		error = errno;
		fclose(d.dump.out);
		errno = error;
		return transfer_failed(&o->operand, o->operand.text,
		    o->length, d.done);
	}
	dump_end(&d.dump);
	*done = d.done;
	if (output_end_stream(output, d.dump.out) == 0)
		return ST_OK;
	return transfer_failed(&o->operand, output->path, o->length, d.done);
}

static int
open_segment(struct opts *o, struct shmt_info *segment,
    struct shmt_view **view)
{
	int status;

	status = find_operand(&o->operand, segment);
	if (status == ST_OK)
		status = check_range(&o->operand, segment->size, o->offset,
		    &o->length);
	if (status == ST_OK)
		status = check_values(o);
	if (status != ST_OK)
		return status;
	status = open_view(&o->operand, segment, o->no_trace ? SHMT_NO_TRACE :
	    0, view);
	return status == -1 ? open_failed(o, segment) : status;
}

static int
send_locked(struct opts *o, struct output *output)
{
	struct shmt_info segment;
	struct shmt_view *view;
	uint64_t done = 0;
	int status;

	/* First, since until it is held the segment may be resized, or replaced
	 * by another one of its key or name. */
	status = acquire_semaphore(&o->semaphore);
	if (status != ST_OK)
		return status;
	status = open_segment(o, &segment, &view);
	if (status == ST_OK) {
		status = o->dump.form == DUMP_RAW ?
		    send_raw(o, view, output, &done) :
		    send_dump(o, view, output, &done);
		shmt_view_close(view);
	}
	add_status(&status, release_semaphore(&o->semaphore));
	if (status == ST_OK && o->verbose && o->dump.form != DUMP_TYPED)
		fprintf(stderr, "read %ju byte%s at %ju\n", (uintmax_t)done,
		    plural(done, "s"), (uintmax_t)o->offset);
	return status;
}

static int
send_all(struct opts *o)
{
	struct output output;
	int status;

	/* A signal ends the program once the unfinished file is removed. */
	if (o->file != NULL) {
		catch_signals();
		ignore_sigpipe();
	}
	status = output_open(&output, o->file);
	if (status != ST_OK)
		return status;
	status = send_locked(o, &output);
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

	/* Cannot fail for standard output. */
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
watch_segment(struct opts *o)
{
	struct shmt_info segment;
	struct watch watch = {
		.operand = &o->operand,
		.segment = &segment,
		.semaphore = &o->semaphore,
		.offset = o->offset,
		.interval = o->interval
	};
	int status;

	status = open_segment(o, &segment, &watch.view);
	if (status != ST_OK)
		return status;
	watch.length = o->length;
	status = watch_all(&watch, &o->dump);
	shmt_view_close(watch.view);
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .length = UINT64_MAX, .form = NO_FORM };
	int status;

	status = parse(argc, argv, &o);
	if (status != ST_OK)
		return status;
	return o.interval > 0 ? watch_segment(&o) : send_all(&o);
}

const struct cmd cmd_read = {
	.name = "read",
	.summary = "Copies a segment's contents out, or shows them",
	.synopsis = "[-o OFFSET] [-n LENGTH] [-O FILE] "
	    "[-x | -s | -t TYPE | --raw] "
	    "[-w[SECONDS]] [--no-trace] [--zero-copy] [--lock-with SEM "
	    "[--lock-timeout DURATION]] [-v] SEGMENT",
	.options = options,
	.run = run
};
