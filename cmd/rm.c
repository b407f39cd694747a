/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool rm: selects segments, asks, and removes one after the other.  What
 * happens to each is decided in rm/decide.c.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"
#include "filter.h"
#include "holders.h"
#include "operand.h"
#include "rm/dialogue.h"
#include "rm/plan.h"
#include "rm/removal.h"
#include "rm/report.h"
#include "shmtool.h"
#include "ui/signals.h"
#include "ui/text.h"

struct opts {
	struct arguments args;
	bool interactive, yes, all, json, verbose;
	bool asks_for_all;	/* one question for all that is selected */
	struct filter filter;
	struct operand *operands;	/* NULL: the filter selects */
	struct removal_run run;
};

static const struct option_row options[] = {
	{ 'n', "dry-run", NULL, "print what would go, touch nothing",
	    store_flag, TO(run.dry) },
	{ 'f', "force", NULL, "mark attached ones, accept absent ones",
	    store_flag, TO(run.force) },
	{ 'i', "interactive", NULL, "ask for each",
	    store_flag, TO(interactive) },
	{ 'v', "verbose", NULL, "print a line for each",
	    store_flag, TO(verbose) },
	{ 'y', "yes", NULL, "remove without asking", store_flag, TO(yes) },
	{ 0, "save", "DIR", "save each into DIR first",
	    store_text, TO(run.save) },
	{ 0, "all", NULL, "remove every segment there is",
	    store_flag, TO(all) },
	{ 0, "json", NULL, "print what was done as JSON",
	    store_flag, TO(json) },
	{ .rows = filter_options, TO(filter) },
	{ 0 }
};

/* The segments of a run, and its progress. */
struct work {
	struct shmt_list segments;	/* names in list are of it */
	struct removal *list;
	size_t count;
	struct dialogue dialogue;
	bool all, quit;		/* the answer was "a", or "q" */
};

/* Operands, filters or both; or --all, perhaps of other kinds. */
static int
check_filters(struct opts *o)
{
	const bool named = o->args.count > 0;

	if (check_selection(&o->filter, named, o->all) != ST_OK)
		return ST_USAGE;
	if (!named || o->filter.set.count > 0)
		o->run.filter = &o->filter.set;
	if (only_named_kinds(&o->filter.set, "memory without a name cannot be "
	    "removed: it goes with the processes that hold it") != ST_OK)
		return ST_USAGE;
	return check_filter(&o->filter.set);
}

/* Operands need no consent; filters need a question or --yes. */
static int
check_consent(struct opts *o)
{
	if (o->interactive && (o->yes || o->run.dry))
		return usage_error("--interactive", "there is nothing to ask "
		    "with %s", o->yes ? "--yes" : "--dry-run");
	if (o->args.count > 0 || o->yes || o->run.dry || o->interactive)
		return ST_OK;
	if (o->json)
		return usage_error("--json", "needs --yes, --interactive or "
		    "--dry-run");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    !isatty(STDERR_FILENO))
		return usage_error(NULL, "no terminal to ask at: give --yes, "
		    "or --dry-run to see what would go");
	o->asks_for_all = true;
	return ST_OK;
}

/* Memory without a name goes with its holders. */
static int
check_has_name(const struct operand *operand)
{
	struct shmt_object object;
	struct shmt_info info;
	char *names = NULL;
	int status;

	if (operand->ref.path == NULL)
		return ST_OK;
	if (shmt_resolve(&operand->ref, &object) == 0 &&
	    shmt_info(&object, 0, &info) == 0)
		names = name_users(&info);
	status = usage_error(operand->text, "memory without a name cannot be "
	    "removed: it goes with the processes that hold it%s%s",
	    names != NULL ? ", " : "", names != NULL ? names : "");
	free(names);
	return status;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status, i;

	status = parse_options(&cmd_rm, argc, argv, o);
	if (status == ST_OK)
		status = check_filters(o);
	if (status == ST_OK)
		status = check_consent(o);
	if (status == ST_OK && o->args.count > 0)
		status = parse_operands(o->args.count, o->args.operands,
		    &o->operands);
	for (i = 0; status == ST_OK && i < o->args.count; i++)
		status = check_has_name(&o->operands[i]);
	return status;
}

static int
select_segments(struct opts *o, struct work *work)
{
	size_t i;
	int status;

	status = filter_list(o->run.filter,
	    shmt_filter_kinds(o->run.filter), 0, &work->segments);
	if (status != ST_OK)
		return status;
	work->list = check_memory(calloc(work->segments.count + 1,
	    sizeof(*work->list)));
	work->count = work->segments.count;
	o->run.list = work->segments.list;
	o->run.count = work->count;
	for (i = 0; i < work->segments.count; i++) {
		work->list[i].segment = work->segments.list[i];
		removal_plan(&o->run, &work->list[i]);
	}
	return ST_OK;
}

/* Each operand is looked up immediately before its removal. */
static void
take_operands(struct opts *o, struct work *work)
{
	size_t count = (size_t)o->args.count, i;

	work->list = check_memory(calloc(count, sizeof(*work->list)));
	work->count = count;
	o->run.operands = o->operands;
	o->run.operand_count = count;
	for (i = 0; i < count; i++)
		work->list[i].operand = &o->operands[i];
}

/* Asks under -i; every answer but yes keeps the segment. */
static bool
confirm(struct opts *o, struct work *work, struct removal *r)
{
	enum answer answer;

	if (!o->interactive || work->all)
		return true;
	answer = ask_for_one(&work->dialogue, r);
	if (caught_signal() != 0) {
		removal_set(r, NOT_TRIED, ST_FAILED, "interrupted");
		return false;
	}
	/* The answer may have taken long. */
	removal_forget_holders(&o->run);
	work->all = answer == ANSWER_ALL;
	work->quit = answer == ANSWER_QUIT;
	if (answer == ANSWER_QUIT)
		removal_set(r, NOT_TRIED, ST_OK, "the answer was to quit");
	else if (answer == ANSWER_NO)
		removal_set(r, KEPT, ST_OK, "not confirmed");
	else if (r->holder_count > 0)
		removal_find_holders(&o->run, r);
	return answer == ANSWER_YES || answer == ANSWER_ALL;
}

static void
handle(struct opts *o, struct work *work, struct removal *r)
{
	if (r->operand != NULL)
		removal_find(&o->run, r);
	if (would_go(r) && !o->run.dry) {
		if (!confirm(o, work, r))
			return;
		removal_do(&o->run, r);
	}
	report_removal(r, !o->verbose ? NULL : o->json ? stderr : stdout);
}

/* Marks the rest as not tried after an interruption or the answer to quit. */
static int
skip_rest(struct work *work, size_t first)
{
	bool interrupted = caught_signal() != 0;
	size_t i, skipped = 0;

	for (i = first; i < work->count; i++)
		removal_set(&work->list[i], NOT_TRIED,
		    interrupted ? ST_FAILED : ST_OK, "%s",
		    interrupted ? "interrupted" : "the answer was to quit");
	for (i = 0; i < work->count; i++)
		skipped += work->list[i].result == NOT_TRIED;
	if (!interrupted || skipped == 0)
		return ST_OK;
	warn_about(NULL, "interrupted: %zu of %zu not tried", skipped,
	    work->count);
	return ST_FAILED;
}

/* Removes one after the other, until a signal comes or the user quits. */
static int
handle_all(struct opts *o, struct work *work)
{
	int status = ST_OK;
	size_t i;

	for (i = 0; i < work->count && caught_signal() == 0 && !work->quit;
	    i++) {
		handle(o, work, &work->list[i]);
		add_status(&status, work->list[i].status);
	}
	add_status(&status, skip_rest(work, i));
	return status;
}

/* Prints the table and asks, where one question is for all; false: no. */
static bool
ask_first(struct opts *o, struct work *work)
{
	char size[SHORT_TEXT];
	size_t count;
	bool yes;

	if (!o->asks_for_all)
		return true;
	print_plan(work->list, work->count, o->run.filter, true);
	count = count_plan(work->list, work->count, size);
	yes = count == 0 || ask_for_all(&work->dialogue, count, size);
	/* The answer may have taken long. */
	removal_forget_holders(&o->run);
	return yes;
}

/* Prints the JSON object, the plan of --dry-run, or a total after questions. */
static void
conclude(const struct opts *o, const struct work *work)
{
	if (o->json)
		print_removals_json(work->list, work->count);
	else if (o->run.dry)
		print_plan(work->list, work->count, o->run.filter, false);
	else if (work->dialogue.asked)
		print_done(work->list, work->count);
}

static int
act(struct opts *o)
{
	struct work work = { 0 };
	int status = ST_OK;
	size_t i;

	o->run.pins = shmt_ns_is_foreign();
	o->run.shows_plan = o->asks_for_all || o->interactive;
	catch_signals();
	ignore_sigpipe();
	if (o->operands != NULL)
		take_operands(o, &work);
	else
		status = select_segments(o, &work);
	if (status == ST_OK) {
		if (ask_first(o, &work))
			status = handle_all(o, &work);
		conclude(o, &work);
	}
	for (i = 0; i < work.count; i++)
		removal_free(&work.list[i]);
	free(work.list);
	shmt_list_free(&work.segments);
	removal_forget_holders(&o->run);
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status;

	status = parse(argc, argv, &o);
	if (status == ST_OK)
		status = act(&o);
	free(o.operands);
	free_filter(&o.filter);
	return status;
}

const struct cmd cmd_rm = {
	.name = "rm",
	.summary = "Removes segments, but none in use unless forced",
	.synopsis = "[-n] [-f] [-i] [-v] [-y] [--save DIR] [--json] "
	    "(SEGMENT... [FILTER...] | FILTER... | --all)",
	.options = options,
	.note = FILTER_NOTE,
	.run = run
};
