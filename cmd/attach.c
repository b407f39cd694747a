/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool attach: attaches segments, maps objects, and prints their addresses.
 * They stay attached until a signal, the end of a time or of a command.
 */

#include <sys/mman.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "diagnose.h"
#include "namespace.h"
#include "operand.h"
#include "option_values.h"
#include "shmtool.h"
#include "ui/text.h"

/* One segment, attached or to be attached. */
struct held {
	const struct operand *operand;
	struct shmt_info segment;
	void *at;		/* the address; NULL: not attached */
};

struct opts {
	struct arguments args;
	unsigned flags;
	uint64_t address;	/* 0: the kernel chooses */
	uint64_t time;		/* ms; UINT64_MAX: no limit */
	struct operand *operands;
	struct held *held;
	size_t count;
};

static int
store_address(const struct option_row *row, const char *text, void *to)
{
	uint64_t address;

	if (shmt_parse_offset(text, &address) == -1 || address == 0 ||
	    address > UINTPTR_MAX)
		return option_error(row, "%s: not an address "
		    "(0x7f0000000000)", text);
	*(uint64_t *)to = address;
	return ST_OK;
}

static const struct option_row options[] = {
	{ 'r', "read-only", NULL, "attach for reading only",
	    SETS(flags, SHMT_RDONLY) },
	{ 'x', "exec", NULL, "allow running code in it",
	    SETS(flags, SHMT_EXEC) },
	{ 'a', "address", "ADDRESS", "attach there and nowhere else",
	    store_address, TO(address) },
	{ 0, "round", NULL, "round ADDRESS down to a page",
	    SETS(flags, SHMT_ROUND) },
	{ 0, "remap", NULL, "replace what is mapped at ADDRESS",
	    SETS(flags, SHMT_REMAP) },
	{ 't', "time", "DURATION", "detach after DURATION",
	    store_duration, TO(time) },
	{ 0 }
};

/* COMMAND would run as root of the other user namespace, whose processes could
 * take over what it has open here, the terminal too. */
static int
refuse_command(const struct opts *o)
{
	size_t i;

	if (entered_namespace() == NULL || o->args.command == NULL)
		return ST_OK;
	for (i = 0; i < o->count; i++)
		if (o->operands[i].ref.kind != SHMT_SYSV)
			return usage_error(o->operands[i].text, "--ns goes "
			    "with /NAME or with COMMAND, not with both");
	return ST_OK;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_attach, argc, argv, o);
	if (status != ST_OK)
		return status;
	if ((o->flags & (SHMT_ROUND | SHMT_REMAP)) != 0 && o->address == 0)
		return usage_error(o->flags & SHMT_ROUND ? "--round" :
		    "--remap", "needs --address");
	if (o->address != 0 && o->args.count > 1)
		return usage_error("--address", "is for one "
		    "segment only");
	o->count = (size_t)o->args.count;
	status = parse_operands(o->args.count, o->args.operands,
	    &o->operands);
	if (status == ST_OK)
		status = refuse_command(o);
	if (status == ST_OK && (o->flags & SHMT_ROUND) != 0 &&
	    o->operands[0].ref.kind != SHMT_SYSV)
		return usage_error("--round", "is for System V segments, and "
		    "%s is a POSIX object", o->operands[0].text);
	return status;
}

static const char *
access_word(unsigned flags)
{
	static const char *const words[] = { "rw", "r", "rwx", "rx" };

	return words[(flags & SHMT_RDONLY ? 1 : 0) +
	    (flags & SHMT_EXEC ? 2 : 0)];
}

/* Whether it would end above the stack, which is last in an address space.  The
 * errno of shmat(2) for that is ENOMEM, or EINVAL as for a used address. */
static bool
is_too_high(const struct opts *o, const struct held *h)
{
	const uint64_t stack = (uintptr_t)&stack;

	return o->address > stack || h->segment.size > stack - o->address;
}

static int
report_address(const struct opts *o, const struct held *h)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (is_too_high(o, h))
		warn_about(h->operand->text, "%ju bytes at address %#jx: "
		    "beyond the address space of a process",
		    (uintmax_t)h->segment.size, (uintmax_t)o->address);
	else if (o->address % page != 0 && (o->flags & SHMT_ROUND) == 0)
		warn_about(h->operand->text, "address %#jx is not a multiple "
		    "of %ju%s", (uintmax_t)o->address, (uintmax_t)page,
		    h->segment.object.kind == SHMT_SYSV ?
		    ": --round takes the one below" : "");
	else
		warn_about(h->operand->text, "no room for %ju bytes at address "
		    "%#jx: something is mapped there, which --remap would "
		    "replace", (uintmax_t)h->segment.size,
		    (uintmax_t)o->address);
	return ST_FAILED;
}

/* A refusal that only shmt_map() has; -1: it is another one. */
static int
report_not_mapped(const struct opts *o, const struct held *h, int error)
{
	struct statvfs fs;

	if (error == EINVAL && h->segment.size == 0) {
		warn_about(h->operand->text, "it has no bytes to map: shmtool "
		    "set -s SIZE");
		return ST_FAILED;
	}
	if (error == EPERM && (o->flags & SHMT_EXEC) != 0 &&
	    h->segment.object.kind == SHMT_POSIX &&
	    statvfs("/dev/shm", &fs) == 0 && (fs.f_flag & ST_NOEXEC) != 0) {
		warn_about(h->operand->text, "/dev/shm is mounted noexec: "
		    "mount -o remount,exec /dev/shm");
		return ST_DENIED;
	}
	return error == EEXIST ? report_address(o, h) : -1;
}

static int
report_refusal(const struct opts *o, const struct held *h, int error)
{
	const struct shmt_request request = { .size = h->segment.size };
	int status;

	if (error == EPERM && (o->flags & SHMT_RDONLY) == 0) {
		status = check_sealed(h->operand, &h->segment);
		if (status != ST_OK)
			return status;
	}
	if (h->segment.object.kind != SHMT_SYSV) {
		status = report_not_mapped(o, h, error);
		if (status != -1)
			return status;
	}
	if (o->address != 0 && (error == EINVAL ||
	    (error == ENOMEM && is_too_high(o, h))))
		return report_address(o, h);
	if (error != EACCES)
		return diagnose_refusal(h->operand->text, &request,
		    SHMT_STEP_ATTACH, error);
	warn_about(h->operand->text, "mode %04o of %s:%s does not permit %s "
	    "access%s", h->segment.mode, user_name(h->segment.uid),
	    group_name(h->segment.gid), access_word(o->flags),
	    o->flags & SHMT_RDONLY ? "" : ": try -r, read-only");
	return ST_DENIED;
}

/*
 * Looks up the segment that was attached: before the attach its id may have
 * been given to another segment.
 */
static int
check_attached(struct held *h, const struct shmt_object *object)
{
	const struct shmt_ref *ref = &h->operand->ref;

	if (shmt_info(object, 0, &h->segment) == -1)
		return operand_failed(h->operand, errno);
	if (ref->by_key && h->segment.key != ref->key &&
	    (h->segment.state & SHMT_DEST) == 0)
		return operand_failed(h->operand, ENOENT);
	return ST_OK;
}

static int
attach_one(const struct opts *o, struct held *h)
{
	void *address = (void *)(uintptr_t)o->address;
	struct shmt_object object;
	int error;

	if (shmt_resolve(&h->operand->ref, &object) == -1)
		return operand_failed(h->operand, errno);
	if (object.kind != SHMT_SYSV) {
		if (shmt_map(&object, address, o->flags, &h->at,
		    &h->segment) == 0)
			return ST_OK;
	} else if (shmt_attach(&object, address, o->flags, &h->at) == 0)
		return check_attached(h, &object);
	error = errno;
	if (error == ENOENT ||
	    shmt_info(&object, 0, &h->segment) == -1)
		return operand_failed(h->operand, error);
	return report_refusal(o, h, error);
}

static void
detach(struct held *h)
{
	if (h->at == NULL)
		return;
	if (h->segment.object.kind != SHMT_SYSV)
		munmap(h->at, (size_t)h->segment.size);
	else
		shmt_detach(h->at);
	h->at = NULL;
}

static void
detach_all(void *arg)
{
	struct opts *o = arg;
	size_t i;

	for (i = 0; i < o->count; i++)
		detach(&o->held[i]);
}

/* Attaches all segments, or none. */
static int
attach_all(struct opts *o)
{
	int status = ST_OK;
	size_t i;

	o->held = calloc(o->count, sizeof(*o->held));
	if (o->held == NULL)
		return fail(NULL, errno);
	for (i = 0; i < o->count; i++) {
		o->held[i].operand = &o->operands[i];
		add_status(&status, attach_one(o, &o->held[i]));
	}
	if (status != ST_OK)
		detach_all(o);
	return status;
}

/* Prints to standard error with COMMAND, which has standard output. */
static bool
announce(const struct opts *o)
{
	FILE *out = o->args.command != NULL ? stderr : stdout;
	const struct held *h;
	char text[OPERAND_TEXT];
	size_t i;

	for (i = 0; i < o->count; i++) {
		h = &o->held[i];
		operand_text(&h->segment.object, text);
		print_safe(out, text);
		fprintf(out, " %#jx %ju %s\n", (uintmax_t)(uintptr_t)h->at,
		    (uintmax_t)h->segment.size, access_word(o->flags));
		if (h->segment.state & SHMT_DEST)
			warn_about(h->operand->text,
			    "marked for removal at the last detach");
	}
	return flush_output();
}

static int
run_for(struct opts *o)
{
	struct child child = { .command = o->args.command };
	struct shmt_info *list;
	size_t i;
	bool ready;

	list = calloc(o->count, sizeof(*list));
	if (list == NULL) {
		fail(NULL, errno);
		return ST_NOT_RUN;
	}
	for (i = 0; i < o->count; i++)
		list[i] = o->held[i].segment;
	ready = export_segments(list, o->count);
	free(list);
	if (o->time != UINT64_MAX) {
		child.time = o->time;
		child.time_over = detach_all;
		child.arg = o;
	}
	return ready ? run_child(&child) : ST_NOT_RUN;
}

static int
hold(struct opts *o)
{
	int status;

	/* Before the first line: a process that reads it may send a signal. */
	block_ending_signals();
	status = attach_all(o);
	if (status == ST_OK && !announce(o))
		status = ST_FAILED;
	if (o->args.command != NULL)
		status = status == ST_OK ? run_for(o) : ST_NOT_RUN;
	else if (status == ST_OK)
		wait_for_ending_signal(o->time);
	if (o->held != NULL)
		detach_all(o);
	free(o->held);
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .time = UINT64_MAX };
	int status;

	status = parse(argc, argv, &o);
	status = status == ST_OK ? hold(&o) :
	    not_started(o.args.command, status);
	free(o.operands);
	return status;
}

const struct cmd cmd_attach = {
	.name = "attach",
	.summary = "Attaches segments and keeps them attached",
	.synopsis = "[-rx] [-a ADDRESS [--round] [--remap]] [-t DURATION] "
	    "SEGMENT... [-- COMMAND [ARG...]]",
	.options = options,
	.note = "Prints a line for each segment: id or /NAME, address, size, "
	    "access.",
	.run = run,
	.runs_command = true,
	.not_run = command_not_run
};
