/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool create: creates a segment or an object (create/segment.c and
 * create/object.c) and prints its id or name, or creates one for the run of a
 * command.  A failure after the creation removes it.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "create/creation.h"
#include "create/input.h"
#include "namespace.h"
#include "operand.h"
#include "option_values.h"
#include "reaper.h"
#include "shmtool.h"
#include "ui/signals.h"
#include "ui/text.h"

#define DEFAULT_MODE 0600u

struct opts {
	struct arguments args;
	struct creation new;
	const char *key, *file, *size, *id;
	struct operand name;	/* of a POSIX object; text NULL: a segment */
};

static int
store_huge_size(const struct option_row *row, const char *text, void *to)
{
	uint64_t *size = to;
	int status;

	status = store_size(row, text, size);
	if (status != ST_OK || (*size != 0 && (*size & (*size - 1)) == 0))
		return status;
	return option_error(row, "%s: not a power of two", text);
}

static const struct option_row options[] = {
	{ 'k', "key", "KEY", "give it this key; else it is private",
	    store_key, TO(new.request.key), TEXT(key), .group = 1 },
	{ 'f', "file", "PATH[:PROJ]", "give it the key that ftok(3) makes",
	    store_text, TO(file), .group = 1 },
	{ 's', "size", "SIZE", "set its size",
	    store_size, TO(new.request.size), TEXT(size) },
	{ 'm', "mode", "MODE", "set its permissions, 0600 by default",
	    store_mode, TO(new.mode) },
	{ 'u', "owner", "OWNER[:GROUP]", "set owner and group; or :GROUP",
	    store_owner, TO(new.owner), TEXT(new.owner_text) },
	{ 'i', "input", "FILE", "fill it from FILE; - is standard input",
	    store_text, TO(new.input) },
	{ 'e', "existing-ok", NULL, "open the one that has the key or /NAME",
	    SETS(new.request.flags, SHMT_OPEN) },
	{ 'v', "verbose", NULL, "print whether it was created or opened",
	    store_flag, TO(new.verbose) },
	{ 0, "huge", "[=SIZE]", "use huge pages, of SIZE",
	    store_huge_size, TO(new.request.huge_size),
	    SETS(new.request.flags, SHMT_HUGETLB) },
	{ 0, "no-reserve", NULL, "do not reserve memory for it",
	    SETS(new.request.flags, SHMT_NORESERVE) },
	{ 0, "lock", NULL, "keep its pages in memory",
	    store_flag, TO(new.lock) },
	{ 0, "id", "N", "give it exactly this id",
	    store_number, TO(new.request.id), TEXT(id),
	    SETS(new.request.flags, SHMT_WITH_ID) },
	{ 0 }
};

static int
check_existing_ok(const struct opts *o)
{
	if (o->key == NULL && o->file == NULL && o->name.text == NULL)
		return usage_error("--existing-ok", "needs --key, --file or "
		    "/NAME");
	if (o->new.request.flags & SHMT_WITH_ID)
		return usage_error("--existing-ok", "does not go with --id, "
		    "which is for a new segment");
	if (o->args.command != NULL)
		return usage_error("--existing-ok", "does not go with a "
		    "command: what was there before it must stay after it");
	return ST_OK;
}

/* Options that exclude or need each other; the text of messages, and the key
 * of --file. */
static int
check(struct opts *o)
{
	int status;

	if (o->size == NULL && o->new.input == NULL)
		return usage_error(NULL, "give --size");
	if (o->new.request.flags & SHMT_OPEN) {
		status = check_existing_ok(o);
		if (status != ST_OK)
			return status;
	} else if (o->size != NULL && o->new.request.size == 0)
		return usage_error("--size", "%s: a new segment needs at "
		    "least 1 byte", o->size);
	o->new.text = o->name.text != NULL ? o->name.text :
	    o->key != NULL ? o->key : o->file != NULL ? o->file :
	    o->id != NULL ? o->id : o->size != NULL ? o->size : o->new.input;
	if (o->file == NULL ||
	    shmt_parse_ftok(o->file, &o->new.request.key) == 0)
		return ST_OK;
	if (errno == EINVAL || errno == ERANGE)
		return usage_error("--file", "%s: not PATH[:PROJ], PROJ one "
		    "character or 1 to 255", o->file);
	return file_failed(o->file, errno);
}

/* Refuses options for what a POSIX object does not have. */
static int
check_name(const struct opts *o)
{
	const char *option = o->key != NULL ? "--key" :
	    o->file != NULL ? "--file" : o->id != NULL ? "--id" :
	    o->new.request.flags & SHMT_HUGETLB ? "--huge" :
	    o->new.lock ? "--lock" : NULL;

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
		if (status == ST_OK && o->name.ref.kind != SHMT_POSIX)
			return usage_error(o->name.text, "leads to memory "
			    "without a name; a new object needs one: /NAME");
		if (status == ST_OK)
			status = check_name(o);
		o->new.info.object = (struct shmt_object){
			.kind = SHMT_POSIX, .name = o->name.ref.name };
	}
	o->new.command = o->args.command;
	return status == ST_OK ? check(o) : status;
}

static int
make(struct creation *c)
{
	const bool is_segment = c->info.object.kind == SHMT_SYSV;

	/* A segment that is not filled yet is of no use, and its id was not
	 * printed: it must not outlive shmtool. */
	if (c->command != NULL || (is_segment && c->input != NULL)) {
		c->has_reaper = start_reaper(&c->reaper, NULL, 0);
		if (!c->has_reaper)
			return reaper_failed(c->text);
	}
	return is_segment ? make_segment(c) : make_object(c);
}

/* Removes what was created, unless another one has its id or name by now. */
static void
remove_created(const struct creation *c)
{
	const struct shmt_object *object = &c->info.object;
	const bool is_segment = object->kind == SHMT_SYSV;
	struct shmt_info now;
	char text[OPERAND_TEXT];
	int result;

	if (!c->created)
		return;
	result = shmt_info(object, 0, &now);
	if (result == 0 && (is_segment ? now.cpid == getpid() :
	    shmt_same(&c->info, &now)))
		result = shmt_remove(object, SHMT_FORCE, NULL);
	if (result == 0 || errno == ENOENT)
		return;
	operand_text(object, text);
	warn_about(NULL, "%s%s was not removed: %s", is_segment ? "segment " :
	    "", text, strerror(errno));
}

static void
undo(const struct creation *c)
{
	remove_created(c);
	if (c->has_reaper)
		end_reaper(&c->reaper);
	if (c->at != NULL)
		shmt_detach(c->at);
}

/* Warns on a terminal that it is removed at logout. */
static void
note_logout(const struct creation *c)
{
	const uint32_t uid = c->owner.uid == OWNER_KEPT ? geteuid() :
	    c->owner.uid;
	bool removes;

	if (isatty(STDERR_FILENO) &&
	    shmt_logout_removes(uid, &removes) == 0 && removes)
		warn_about(c->text, "systemd-logind removes it at logout "
		    "(RemoveIPC)");
}

/* Names what was created or opened.  Of a segment perhaps only the id is known
 * yet. */
static int
report_which(struct creation *c, const char *name)
{
	const struct shmt_info *info = &c->info;
	const bool is_segment = info->object.kind == SHMT_SYSV;

	if (is_segment && shmt_info(&info->object, 0, &c->info) == -1)
		return fail(c->text, errno);
	warn_about(c->text, "%s %s %s, %ju byte%s",
	    c->created ? "created" : "opened",
	    is_segment ? "segment" : "object", name, (uintmax_t)info->size,
	    plural(info->size, "s"));
	return ST_OK;
}

/* Prints the id or the name, or runs COMMAND. */
static int
print_or_run(struct creation *c)
{
	struct child child = { .command = c->command };
	char name[OPERAND_TEXT];
	int status = ST_OK;

	operand_text(&c->info.object, name);
	if (c->verbose)
		status = report_which(c, name);
	if (c->command != NULL)
		return status == ST_OK && export_segments(&c->info, 1) ?
		    run_child(&child) : ST_NOT_RUN;
	if (status != ST_OK)
		return status;
	if (c->created)
		note_logout(c);
	print_bare(name);
	putchar('\n');
	return flush_output() ? ST_OK : ST_FAILED;
}

static int
create(struct creation *c)
{
	int status;

	status = make(c);
	if (status == ST_OK && caught_signal() == 0)
		status = print_or_run(c);
	else if (c->command != NULL)
		status = ST_NOT_RUN;
	/* No signal between here and exit: the id or name was printed, or it is
	 * removed; both if a signal has just come. */
	block_signals();
	if (status != ST_OK || c->command != NULL || caught_signal() != 0)
		undo(c);
	else if (c->has_reaper)
		dismiss_reaper(&c->reaper);
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .new = { .in = -1, .mode = DEFAULT_MODE,
		.owner = { OWNER_KEPT, OWNER_KEPT } } };
	struct creation *c = &o.new;
	int status;

	status = parse(argc, argv, &o);
	if (status != ST_OK)
		return not_started(o.args.command, status);
	catch_signals();
	ignore_sigpipe();
	if (c->input != NULL)
		status = open_input(c->input, o.size != NULL, &c->request.size,
		    &c->in);
	status = status == ST_OK ? create(c) : not_started(c->command, status);
	if (c->in > STDERR_FILENO)
		close(c->in);
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
	.runs_command = true,
	.not_run = command_not_run
};
