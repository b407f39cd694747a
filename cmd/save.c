/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool save: save segments to files.
 */

#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive.h"
#include "cmd.h"
#include "filter.h"
#include "operand.h"
#include "semaphore.h"
#include "shmtool.h"
#include "ui/safe.h"
#include "ui/signals.h"

struct opts {
	struct arguments args;
	bool verbose, all;
	bool noted;		/* that saving changes the idle time */
	const char *dir;
	unsigned flags;
	struct semaphore semaphore;
	struct filter filter;
	struct operand *operands;
	int count;
};

static const struct option_row options[] = {
	{ 'f', "force", NULL, "replace the files of an earlier save",
	    SETS(flags, SHMT_REPLACE) },
	{ 'v', "verbose", NULL, "print what was saved beside each name",
	    store_flag, TO(verbose) },
	{ 0, "all", NULL, "save every segment there is", store_flag, TO(all) },
	{ .rows = semaphore_options, TO(semaphore) },
	{ .rows = filter_options, TO(filter) },
	{ 0 }
};

/* One segment that is being saved. */
struct work {
	const struct shmt_info *segment;
	bool replaced;		/* another segment has its id */
	const struct semaphore *semaphore;
	bool locked;
	int status;		/* of releasing the semaphore */
};

/* Called when the contents are copied: other processes do not wait for the
 * disk. */
static void
unlock(void *arg)
{
	struct work *w = arg;

	if (w->locked)
		add_status(&w->status, release_semaphore(w->semaphore));
	w->locked = false;
}

/* Called before the files get their names. */
static bool
check_same(void *arg, const struct shmt_saved *saved)
{
	struct work *w = arg;

	w->replaced = !shmt_same(w->segment, &saved->segment);
	return !w->replaced;
}

/* Whether a word is a segment rather than DIR; the path of a missing directory
 * may look like the name of an object. */
static bool
is_segment(const char *word)
{
	struct shmt_object object;
	struct shmt_info info;
	struct shmt_ref ref;
	struct stat st;

	return stat(word, &st) == -1 && shmt_parse_ref(word, &ref) == 0 &&
	    (ref.kind == SHMT_SYSV || (shmt_resolve(&ref, &object) == 0 &&
	    shmt_info(&object, 0, &info) == 0));
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_save, argc, argv, o);
	if (status != ST_OK)
		return status;
	if (o->args.count == 0)
		return usage_error(NULL, "which directory? DIR comes first");
	o->dir = o->args.operands[0];
	o->count = o->args.count - 1;
	if (is_segment(o->dir))
		return usage_error(o->dir, "a segment, but DIR comes first");
	status = check_selection(&o->filter, o->count > 0, o->all);
	if (status == ST_OK)
		status = check_filter(&o->filter.set);
	if (status == ST_OK && o->count > 0)
		status = parse_operands(o->count, o->args.operands + 1,
		    &o->operands);
	return status == ST_OK ? check_semaphore(&o->semaphore) : status;
}

static int
print_saved(const struct opts *o, const struct shmt_saved *saved)
{
	char object[OPERAND_TEXT];

	operand_text(&saved->segment.object, object);
	if (o->verbose) {
		print_safe(stdout, object);
		fputs(": saved as ", stdout);
		print_safe(stdout, o->dir);
	} else
		print_bare(o->dir);
	printf("/%s\n", saved->name);
	return flush_output() ? ST_OK : ST_FAILED;
}

/* Called with the semaphore held, which is released here. */
static int
save_locked(struct opts *o, const char *object,
    const struct shmt_info *segment)
{
	struct work work = { .segment = segment, .semaphore = &o->semaphore,
		.locked = true };
	struct shmt_saving how = { .flags = o->flags, .copied = unlock,
		.confirm = check_same, .arg = &work };
	struct shmt_saved saved;
	char *reason;
	int status;

	status = save_segment(o->dir, segment, &how, &saved, &reason);
	unlock(&work);
	if (status == ST_OK) {
		status = print_saved(o, &saved);
		/* Once: cron would mail each line. */
		if (saved.attached && saved.segment.nattch == 0 && !o->noted)
			warn_about(object, "idle time starts again: see rm "
			    "--stale --save");
		o->noted |= saved.attached && saved.segment.nattch == 0;
	} else if (work.replaced)
		status = report_replaced(object, segment->object.id);
	else
		warn_about(object, "%s", reason);
	free(reason);
	add_status(&status, work.status);
	return status;
}

static int
save_selected(struct opts *o)
{
	struct shmt_list list;
	int status, one;
	size_t i;
	char object[OPERAND_TEXT];

	status = filter_list(&o->filter.set,
	    shmt_filter_kinds(&o->filter.set), 0, &list);
	if (status != ST_OK)
		return status;
	for (i = 0; i < list.count && caught_signal() == 0; i++) {
		operand_text(&list.list[i].object, object);
		one = acquire_semaphore(&o->semaphore);
		if (one == ST_OK)
			one = save_locked(o, object, &list.list[i]);
		add_status(&status, one);
	}
	shmt_list_free(&list);
	return status;
}

/* The semaphore comes first: until it is held, the segment may be replaced by
 * another one of its key or name. */
static int
save_operand(struct opts *o, const struct operand *operand)
{
	struct shmt_info segment;
	bool passes = false;
	int status;

	status = acquire_semaphore(&o->semaphore);
	if (status != ST_OK)
		return status;
	status = find_operand(operand, &segment);
	if (status == ST_OK)
		status = filter_match(&o->filter.set, &segment, 1, &passes);
	if (passes)
		return save_locked(o, operand->text, &segment);
	if (status == ST_OK)
		warn_about(operand->text, "not saved: it does not pass the "
		    "filters");
	add_status(&status, release_semaphore(&o->semaphore));
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status, i;

	status = parse(argc, argv, &o);
	if (status == ST_OK) {
		catch_signals();
		ignore_sigpipe();
		if (o.operands == NULL)
			status = save_selected(&o);
		else
			for (i = 0; i < o.count && caught_signal() == 0; i++)
				add_status(&status,
				    save_operand(&o, &o.operands[i]));
	}
	free(o.operands);
	free_filter(&o.filter);
	return status;
}

const struct cmd cmd_save = {
	.name = "save",
	.summary = "Saves segments to files, for restore",
	.synopsis = "[-f] [-v] [--lock-with SEM [--lock-timeout DURATION]] DIR "
	    "(SEGMENT... [FILTER...] | FILTER... | --all)",
	.options = options,
	.note = "Prints DIR/NAME, where NAME.shm is the contents and NAME.meta "
	    "the rest.\n" FILTER_NOTE,
	.run = run
};
