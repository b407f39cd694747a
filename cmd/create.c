/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool create: creates a segment and prints its id, or creates one for the
 * run of a command.  A failure after the creation removes it.  POSIX objects
 * are created in create/object.c.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "create/input.h"
#include "create/object.h"
#include "diagnose.h"
#include "namespace.h"
#include "operand.h"
#include "option_values.h"
#include "reaper.h"
#include "shmtool.h"
#include "ui/signals.h"
#include "ui/text.h"

#define DEFAULT_MODE 0600u

/* To fill and to attach it; other users have no access until that is done. */
#define WORKING_MODE 0600u

struct opts {
	struct arguments args;
	struct shmt_request request;
	const char *key, *file, *size, *input, *owner_text, *id;
	const char *object;	/* named in messages */
	unsigned mode;
	struct owner owner;
	bool lock, verbose;
	struct operand name;	/* of a POSIX object; text NULL: a segment */
};

/* A segment that is being created. */
struct work {
	struct shmt_info segment;
	bool created;		/* false: opened */
	void *at;		/* attached here for COMMAND, or NULL */
	struct reaper reaper;
	bool has_reaper;
};

static int
kind_huge_size(const struct option_row *row, const char *text, void *to)
{
	uint64_t *size = to;
	int status;

	status = kind_size(row, text, size);
	if (status != ST_OK || (*size != 0 && (*size & (*size - 1)) == 0))
		return status;
	return option_error(row, "%s: not a power of two", text);
}

static const struct option_row options[] = {
	{ 'k', "key", "KEY", "give it this key; else it is private",
	    kind_key, TO(request.key), TEXT(key), .group = 1 },
	{ 'f', "file", "PATH[:PROJ]", "give it the key that ftok(3) makes",
	    kind_text, TO(file), .group = 1 },
	{ 's', "size", "SIZE", "set its size",
	    kind_size, TO(request.size), TEXT(size) },
	{ 'm', "mode", "MODE", "set its permissions, 0600 by default",
	    kind_mode, TO(mode) },
	{ 'u', "owner", "OWNER[:GROUP]", "set owner and group; or :GROUP",
	    kind_owner, TO(owner), TEXT(owner_text) },
	{ 'i', "input", "FILE", "fill it from FILE; - is standard input",
	    kind_text, TO(input) },
	{ 'e', "existing-ok", NULL, "open the one that has the key or /NAME",
	    SETS(request.flags, SHMT_OPEN) },
	{ 'v', "verbose", NULL, "print whether it was created or opened",
	    kind_flag, TO(verbose) },
	{ 0, "huge", "[=SIZE]", "use huge pages, of SIZE",
	    kind_huge_size, TO(request.huge_size),
	    SETS(request.flags, SHMT_HUGETLB) },
	{ 0, "no-reserve", NULL, "do not reserve memory for it",
	    SETS(request.flags, SHMT_NORESERVE) },
	{ 0, "lock", NULL, "keep its pages in memory", kind_flag, TO(lock) },
	{ 0, "id", "N", "give it exactly this id",
	    kind_number, TO(request.id), TEXT(id),
	    SETS(request.flags, SHMT_WITH_ID) },
	{ 0 }
};

static int
check_open(const struct opts *o)
{
	if (o->key == NULL && o->file == NULL && o->name.text == NULL)
		return usage_error("--existing-ok", "needs --key, --file or "
		    "/NAME");
	if (o->request.flags & SHMT_WITH_ID)
		return usage_error("--existing-ok", "does not go with --id, "
		    "which is for a new segment");
	if (o->args.command != NULL)
		return usage_error("--existing-ok", "does not go with a "
		    "command: what was there before it must stay after it");
	return ST_OK;
}

/* Options that exclude or need each other. */
static int
check(struct opts *o)
{
	int status;

	if (o->size == NULL && o->input == NULL)
		return usage_error(NULL, "which --size?");
	if (o->request.flags & SHMT_OPEN) {
		status = check_open(o);
		if (status != ST_OK)
			return status;
	} else if (o->size != NULL && o->request.size == 0)
		return usage_error("--size", "%s: a new segment needs at "
		    "least 1 byte", o->size);
	o->object = o->key != NULL ? o->key : o->file != NULL ? o->file :
	    o->id != NULL ? o->id : o->size != NULL ? o->size : o->input;
	if (o->file == NULL || shmt_parse_ftok(o->file, &o->request.key) == 0)
		return ST_OK;
	if (errno == EINVAL || errno == ERANGE)
		return usage_error("--file", "%s: not PATH[:PROJ], PROJ one "
		    "character or 1 to 255", o->file);
	warn_about(o->file, "%s", strerror(errno));
	return errno == EACCES ? ST_DENIED : ST_FAILED;
}

/* What a POSIX object does not have. */
static int
check_name(const struct opts *o)
{
	const char *option = o->key != NULL ? "--key" :
	    o->file != NULL ? "--file" : o->id != NULL ? "--id" :
	    o->request.flags & SHMT_HUGETLB ? "--huge" :
	    o->lock ? "--lock" : NULL;

	return option == NULL ? ST_OK : usage_error(option, "is for System V "
	    "segments, and %s is a POSIX object", o->name.text);
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_create, argc, argv, o);
	if (status == ST_OK && o->args.count > 0) {
		if (o->args.count > 1 || o->args.operands[0][0] != '/')
			return usage_error(o->args.operands[o->args.count - 1],
			    "one /NAME is the only operand; a command comes "
			    "after --");
		if (entered_namespace() != NULL && o->args.command != NULL)
			return usage_error(o->args.operands[0], "--ns goes "
			    "with /NAME or with COMMAND, not with both");
		status = parse_operand(o->args.operands[0], &o->name);
		if (status == ST_OK)
			status = check_name(o);
	}
	return status == ST_OK ? check(o) : status;
}

static unsigned
first_mode(const struct opts *o)
{
	return o->input != NULL || o->args.command != NULL ? WORKING_MODE :
	    o->mode;
}

/* Whether mode or owner have to be set after the segment was made. */
static bool
needs_set(const struct opts *o)
{
	return o->owner_text != NULL || first_mode(o) != o->mode;
}

/* No other process can create a segment with this cpid. */
static bool
is_ours(const struct shmt_info *segment)
{
	return segment->cpid == getpid();
}

/*
 * Looks up the segment that was created.  Root of the IPC namespace may have
 * removed it and created another one with this id.  Once the segment is
 * attached its id is not given to another one.
 */
static int
check_created(const struct opts *o, struct work *w)
{
	struct shmt_info there;

	if (shmt_info(&w->segment.object, 0, &there) == -1)
		return fail(o->object, errno);
	if (!is_ours(&there)) {
		warn_about(o->object, "segment %d was removed, and another one "
		    "has this id now", w->segment.object.id);
		return ST_ABSENT;
	}
	w->segment = there;
	return ST_OK;
}

static void
undo(const struct work *w)
{
	struct shmt_info there;

	if (w->created && shmt_info(&w->segment.object, 0, &there) == 0 &&
	    is_ours(&there) &&
	    shmt_remove(&w->segment.object, 0, NULL) == -1)
		warn_about(NULL, "segment %d was not removed: %s",
		    w->segment.object.id, strerror(errno));
	if (w->has_reaper)
		end_reaper(&w->reaper);
	if (w->at != NULL)
		shmt_detach(w->at);
}

static int
no_reaper(const struct opts *o)
{
	warn_about(o->object, "cannot start the process that removes it: %s",
	    strerror(errno));
	return status_of(errno);
}

/* From now on the reaper removes this segment, unless it is dismissed. */
static int
inform(const struct opts *o, struct work *w)
{
	int status = check_created(o, w);

	if (status != ST_OK)
		return status;
	return inform_reaper(&w->reaper, &w->segment) ? ST_OK : no_reaper(o);
}

/*
 * Attaches the segment.  A private one is marked for removal at once: the
 * kernel removes it at the last detach, however shmtool ends.
 */
static int
attach_created(const struct opts *o, struct work *w)
{
	int status;

	if (shmt_attach(&w->segment.object, NULL, SHMT_RDONLY, &w->at) == -1)
		return diagnose_refusal(
		    o->object, &o->request, SHMT_STEP_ATTACH, errno);
	status = check_created(o, w);
	if (status != ST_OK)
		return status;
	if (o->request.key == 0 &&
	    shmt_remove(&w->segment.object, 0, NULL) == -1)
		return fail(o->object, errno);
	return inform_reaper(&w->reaper, &w->segment) ? ST_OK : no_reaper(o);
}

static int
make(const struct opts *o, struct work *w)
{
	struct shmt_request request = o->request;

	/* A segment that is not filled yet is of no use, and its id was not
	 * printed: it must not outlive shmtool. */
	if (o->args.command != NULL || o->input != NULL) {
		w->has_reaper = start_reaper(&w->reaper, NULL, 0);
		if (!w->has_reaper)
			return no_reaper(o);
	}
	request.mode = first_mode(o);
	if (shmt_create(&request, &w->segment.object, &w->created) == -1)
		return diagnose_refusal(o->object, &request, SHMT_STEP_CREATE,
		    errno);
	return ST_OK;
}

static int
lock(const struct opts *o, struct work *w)
{
	int status = check_created(o, w);

	if (status == ST_OK && shmt_lock(&w->segment.object, true) == -1)
		status = diagnose_refusal(
		    o->object, &o->request, SHMT_STEP_LOCK, errno);
	return status;
}

/* Opens the segment before it compares it: an open one keeps its id. */
static int
fill(const struct opts *o, struct work *w, int in)
{
	struct shmt_view *view;
	int status;

	if (shmt_view_open(&w->segment.object, SHMT_WRITE, &view) == -1)
		return diagnose_refusal(
		    o->object, &o->request, SHMT_STEP_ATTACH, errno);
	status = check_created(o, w);
	if (status == ST_OK)
		status = copy_input(view, o->input, in);
	shmt_view_close(view);
	return status;
}

/* Sets mode and owner last: until then other users have no access. */
static int
set(const struct opts *o, struct work *w)
{
	struct shmt_info wanted;
	int status;

	status = check_created(o, w);
	if (status != ST_OK)
		return status;
	wanted = w->segment;
	wanted.mode = o->mode;
	if (o->owner.uid != OWNER_KEPT)
		wanted.uid = o->owner.uid;
	if (o->owner.gid != OWNER_KEPT)
		wanted.gid = o->owner.gid;
	if (shmt_set(&wanted) == 0)
		return ST_OK;
	if (errno != EINVAL)
		return fail(o->object, errno);
	warn_about(o->owner_text, "not in this user namespace");
	return ST_FAILED;
}

/* Attaches, locks and fills the new segment, and sets its mode and owner. */
static int
complete(const struct opts *o, struct work *w, int in)
{
	int status = ST_OK;

	if (o->args.command != NULL)
		status = attach_created(o, w);
	else if (w->has_reaper)
		status = inform(o, w);
	if (status == ST_OK && o->lock)
		status = lock(o, w);
	if (status == ST_OK && in != -1)
		status = fill(o, w, in);
	if (status == ST_OK && needs_set(o))
		status = set(o, w);
	return status;
}

static int
report_which(const struct opts *o, struct work *w)
{
	if (shmt_info(&w->segment.object, 0, &w->segment) == -1)
		return fail(o->object, errno);
	warn_about(o->object, "%s segment %d, %ju byte%s",
	    w->created ? "created" : "opened", w->segment.object.id,
	    (uintmax_t)w->segment.size, w->segment.size == 1 ? "" : "s");
	return ST_OK;
}

/* Prints the id, or runs COMMAND. */
static int
deliver(const struct opts *o, struct work *w)
{
	struct child child = { .command = o->args.command };
	int status = ST_OK;

	if (o->verbose)
		status = report_which(o, w);
	if (status != ST_OK)
		return o->args.command != NULL ? ST_NOT_RUN : status;
	if (o->args.command != NULL)
		return export_segments(&w->segment, 1) ?
		    run_child(&child) : ST_NOT_RUN;
	note_logout(o->object, o->owner.uid);
	printf("%d\n", w->segment.object.id);
	return flush_output() ? ST_OK : ST_FAILED;
}

static int
create(struct opts *o, int in)
{
	struct work w = { 0 };
	int status;

	status = make(o, &w);
	if (status == ST_OK && w.created)
		status = complete(o, &w, in);
	if (status == ST_OK && caught_signal() == 0)
		status = deliver(o, &w);
	else if (o->args.command != NULL)
		status = ST_NOT_RUN;
	/* No signal between here and exit: either the id was printed, or the
	 * segment is removed. */
	stop_catching();
	if (status != ST_OK || o->args.command != NULL || caught_signal() != 0)
		undo(&w);
	else if (w.has_reaper)
		dismiss_reaper(&w.reaper);
	return status;
}

/* The same for a POSIX object. */
static int
create_named(const struct opts *o, int in)
{
	const struct new_object object = {
		.text = o->name.text, .name = o->name.ref.name,
		.request = { .size = o->request.size, .mode = o->mode,
		    .flags = o->request.flags },
		.owner = o->owner, .owner_text = o->owner_text,
		.input = o->input, .in = in, .command = o->args.command,
		.verbose = o->verbose
	};

	return create_object(&object);
}

static int
run(int argc, char **argv)
{
	struct opts o = { .mode = DEFAULT_MODE,
		.owner = { OWNER_KEPT, OWNER_KEPT } };
	int status, in = -1;

	status = parse(argc, argv, &o);
	if (status != ST_OK)
		return status;
	catch_signals();
	ignore_sigpipe();
	if (o.input != NULL)
		status = open_input(o.input, o.size != NULL, &o.request.size,
		    &in);
	if (status == ST_OK)
		status = o.name.text != NULL ? create_named(&o, in) :
		    create(&o, in);
	else if (o.args.command != NULL && status != ST_USAGE)
		status = ST_NOT_RUN;
	if (in > STDERR_FILENO)
		close(in);
	return status;
}

const struct cmd cmd_create = {
	.name = "create",
	.summary = "Makes a segment and prints its id",
	.synopsis = "[-ev] [-k KEY | -f PATH[:PROJ]] -s SIZE [-m MODE] "
	    "[-u OWNER[:GROUP]] [-i FILE] [--huge[=SIZE]] [--no-reserve] "
	    "[--lock] [--id N] [-- COMMAND [ARG...]]\n"
	    "[-ev] -s SIZE [-m MODE] [-u OWNER[:GROUP]] [-i FILE] "
	    "[--no-reserve] /NAME [-- COMMAND [ARG...]]",
	.options = options,
	.note = "SIZE defaults to the size of FILE.\n"
	    "COMMAND finds SHMTOOL_ID, SHMTOOL_KEY, SHMTOOL_NAME and "
	    "SHMTOOL_SIZE in its\nenvironment; the segment or object is "
	    "removed after it.",
	.run = run,
	.runs_command = true
};
