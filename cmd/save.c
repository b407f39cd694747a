/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool save: save segments to files.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive.h"
#include "cmd.h"
#include "filter.h"
#include "operand.h"
#include "semaphore.h"
#include "shmtool.h"
#include "ui/signals.h"
#include "ui/text.h"

enum { OPT_ALL = OPT_LONG };

static const struct option_row options[] = {
	{ 'f', "force", NULL, "replace the files of an earlier save" },
	{ 'v', "verbose", NULL, "print the id beside the name of the files" },
	{ OPT_ALL, "all", NULL, "every segment there is" },
	SEMAPHORE_OPTIONS,
	FILTER_OPTIONS,
	{ 0 }
};

struct opts {
	struct saving saving;
	bool verbose, all;
	bool noted;		/* that saving changes the idle time */
	struct semaphore semaphore;
	struct shmt_filter filter;
	struct operand *operands;
	int count;
};

/* The semaphore is released when the contents are copied, so that others need
 * not wait for the disk. */
struct hold {
	const struct semaphore *semaphore;
	bool held;
	int status;
};

static void
release(void *arg)
{
	struct hold *hold = arg;

	if (hold->held)
		add_status(&hold->status, release_semaphore(hold->semaphore));
	hold->held = false;
}

static bool
take_option(struct opts *o, int code)
{
	if (code >= OPT_FILTER && code < OPT_FILTER_END)
		return filter_option(&o->filter, code, optarg);
	switch (code) {
	case 'f':
		o->saving.replace = true;
		return true;
	case 'v':
		o->verbose = true;
		return true;
	case OPT_ALL:
		o->all = true;
		return true;
	default:
		return semaphore_option(&o->semaphore, code, optarg);
	}
}

/* One way to say which segments. */
static int
check(const struct opts *o)
{
	bool filtered = o->filter.by != 0;

	if (o->saving.dir == NULL)
		return usage_error(NULL, "into which directory?");
	if (o->count > 0 && (filtered || o->all))
		return usage_error(NULL, "either SEGMENT operands or %s",
		    o->all ? "--all" : "filters");
	if (filtered && o->all)
		return usage_error("--all", "takes no filters");
	if (o->count == 0 && !filtered && !o->all)
		return usage_error(NULL, "which segments? name them, or give "
		    "filters or --all");
	return filter_check(&o->filter) ? ST_OK : told_status();
}

static int
parse(int argc, char **argv, struct opts *o, bool *go)
{
	int c, status;

	while ((c = next_option(&cmd_save, argc, argv)) != -1) {
		if (c == '?' || c == 'h')
			return option_status(c);
		if (!take_option(o, c))
			return told_status();
	}
	if (optind < argc)
		o->saving.dir = argv[optind++];
	o->count = argc - optind;
	status = check(o);
	if (status == ST_OK && o->count > 0)
		status = parse_operands(o->count, argv + optind, &o->operands);
	if (status == ST_OK)
		status = check_semaphore(&o->semaphore);
	*go = status == ST_OK;
	return status;
}

/* A path that a script passes on must not be altered; a terminal must not see
 * raw bytes. */
static void
print_path(const char *dir, const char *name)
{
	if (isatty(STDOUT_FILENO))
		print_safe(dir);
	else
		fputs(dir, stdout);
	printf("/%s\n", name);
}

static int
print_saved(const struct opts *o, const struct shmt_saved *saved)
{
	if (o->verbose)
		printf("%d: saved as ", saved->segment.id);
	print_path(o->saving.dir, saved->name);
	return flush_output() ? ST_OK : ST_FAILED;
}

/* Once is enough: cron would mail each line. */
static void
note_idle(struct opts *o, const char *object, const struct shmt_saved *saved)
{
	if (!saved->attached || saved->segment.nattch > 0 || o->noted)
		return;
	o->noted = true;
	warn_about(object, "saving attached it, so its idle time starts anew; "
	    "shmtool rm --stale --save DIR saves and removes");
}

static int
save_one(struct opts *o, const char *object,
    const struct shmt_segment *segment)
{
	struct hold hold = { .semaphore = &o->semaphore, .held = true };
	struct saving saving = o->saving;
	struct shmt_saved saved;
	char *reason;
	int status;

	status = acquire_semaphore(&o->semaphore);
	if (status != ST_OK)
		return status;
	saving.copied = release;
	saving.arg = &hold;
	status = save_segment(&saving, segment, &saved, &reason);
	release(&hold);
	if (status == ST_OK) {
		status = print_saved(o, &saved);
		note_idle(o, object, &saved);
	} else
		warn_about(object, "%s", reason != NULL ? reason : "not saved");
	free(reason);
	add_status(&status, hold.status);
	return status;
}

static int
save_selected(struct opts *o)
{
	struct shmt_segment *list;
	int status;
	size_t count, i;
	char object[24];

	status = filter_list(&o->filter, false, &list, &count);
	if (status != ST_OK)
		return status;
	for (i = 0; i < count && caught_signal() == 0; i++) {
		snprintf(object, sizeof(object), "%d", list[i].id);
		add_status(&status, save_one(o, object, &list[i]));
	}
	free(list);
	return status;
}

static int
save_operands(struct opts *o)
{
	struct shmt_segment segment;
	int status = ST_OK, found, i;

	for (i = 0; i < o->count && caught_signal() == 0; i++) {
		found = find_operand(&o->operands[i], &segment);
		if (found == ST_OK)
			found = save_one(o, o->operands[i].text, &segment);
		add_status(&status, found);
	}
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	bool go = false;
	int status;

	status = parse(argc, argv, &o, &go);
	if (go) {
		catch_signals();
		ignore_sigpipe();
		status = o.operands != NULL ? save_operands(&o) :
		    save_selected(&o);
	}
	free(o.operands);
	return status;
}

const struct cmd cmd_save = {
	"save", "Saves segments to files, for restore",
	"[-f] [-v] [--lock-with SEM [--lock-timeout DURATION]] DIR "
	"(SEGMENT... | FILTER... | --all)",
	options,
	"Each becomes DIR/ID-KEY-CTIME-TAG.shm, its contents, and .meta, the rest;\n"
	"the name without ending is printed.\n"
	"FILTER is any of the options from --owner on; all must hold.", run
};
