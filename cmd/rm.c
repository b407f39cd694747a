/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool rm: selects segments, asks, and removes one after the other.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

	struct shmt_list segments;	/* names in list are of it */
	struct removal *list;
	size_t count;
	struct dialogue dialogue;
	bool yes_to_rest, quit;		/* the answer was "a", or "q" */
};

static const struct option_row options[] = {
	{ 'n', "dry-run", NULL, "print what would be removed, touch nothing",
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

/* Checks that there are operands, filters or both; or --all, which --kind may
 * restrict or extend. */
static int
check_filters(struct opts *o)
{
	const bool named = o->args.count > 0;

	if (check_selection(&o->filter, named, o->all) != ST_OK)
		return ST_USAGE;
	if (!named || o->filter.set.count > 0)
		o->run.filter = &o->filter.set;
	if (exclude_unnamed_kinds(&o->filter.set, "memory without a name "
	    "cannot be removed: it is freed when its processes exit") != ST_OK)
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
		return usage_error(NULL, "no terminal to ask on: --yes "
		    "removes, --dry-run only lists");
	o->asks_for_all = true;
	return ST_OK;
}

/* Refuses memory without a name, which is freed when its holders exit. */
static int
check_has_name(const struct operand *operand)
{
	struct shmt_info info;
	char *names = NULL;
	int status;

	if (operand->ref.path == NULL)
		return ST_OK;
	if (look_up_operand(operand, &info) == 0)
		names = find_and_name_holders(&info);
	status = usage_error(operand->text, "memory without a name cannot be "
	    "removed: it is freed when its processes exit%s%s",
	    names != NULL ? ": " : "", names != NULL ? names : "");
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

/*
 * One segment or object: find() looks up what an operand names, and decide()
 * decides whether it is removed and words the reason (rm/segment.c and
 * rm/object.c).  Then the user may be asked, and carry_out() compares, saves,
 * compares, removes, and looks up the result.
 */

/* Why an operand names nothing that can be removed. */
static void
set_not_found(const struct removal_run *run, struct removal *r, int error)
{
	const char *what = r->operand->ref.kind == SHMT_POSIX ?
	    why_no_object(error) : NULL;
	char reason[ABSENT_REASON];

	if (error == ENOENT) {
		absent_reason(r->operand, reason);
		removal_set(r, ABSENT, run->force ? ST_OK : ST_ABSENT, "%s",
		    reason);
	} else if (what != NULL)
		removal_set(r, ABSENT, ST_ABSENT, "not an object: %s", what);
	else
		removal_set(r, FAILED, status_of(error), "%s", strerror(error));
}

/* An operand that the filter keeps: names the options that it fails. */
static void
set_filtered(const struct removal_run *run, struct removal *r)
{
	char names[SHMT_CRITERIA * FILTER_LABEL] = "", label[FILTER_LABEL];
	unsigned failed, by;

	failed = shmt_mismatch(run->filter, &r->segment, (int64_t)time(NULL),
	    run->has_holders ? &run->holders : NULL);
	for (by = 0; by < SHMT_CRITERIA; by++) {
		if ((failed & 1u << by) == 0)
			continue;
		filter_label(run->filter, (enum shmt_criterion)by, label);
		if (names[0] != '\0')
			strlcat(names, ", ", sizeof(names));
		strlcat(names, label, sizeof(names));
	}
	removal_set(r, KEPT, ST_OK, "it does not pass %s", names);
}

/* Whether the caller may not remove it.  An unattached segment is checked only
 * for a plan: else the removal itself fails. */
static bool
is_forbidden(const struct removal_run *run, const struct shmt_info *segment)
{
	if (segment->object.kind == SHMT_SYSV && segment->nattch == 0 &&
	    !run->shows_plan && !run->dry)
		return false;
	return shmt_may_remove(&segment->object) == -1 && errno != ENOENT;
}

static void
decide(struct removal_run *run, struct removal *r)
{
	const struct shmt_info *s = &r->segment;

	/* A segment without an operand was selected by the filter already. */
	if (r->operand != NULL && run->filter != NULL &&
	    !removal_passes(run, s))
		set_filtered(run, r);
	else if (is_forbidden(run, s))
		removal_fail(r, errno);
	else if (s->object.kind == SHMT_POSIX)
		decide_object(run, r);
	else
		decide_segment(run, r);
}

static void
find(struct removal_run *run, struct removal *r)
{
	if (look_up_operand(r->operand, &r->segment) == 0)
		decide(run, r);
	else
		set_not_found(run, r, errno);
}

static void
carry_out(struct removal_run *run, struct removal *r)
{
	if (r->segment.object.kind == SHMT_POSIX)
		remove_object(run, r);
	else
		remove_segment(run, r);
}

static int
select_segments(struct opts *o)
{
	size_t i;
	int status;

	status = filter_list(o->run.filter,
	    shmt_filter_kinds(o->run.filter), 0, &o->segments);
	if (status != ST_OK)
		return status;
	o->count = o->run.count = o->segments.count;
	o->run.list = o->segments.list;
	o->list = check_memory(calloc(o->count + 1, sizeof(*o->list)));
	for (i = 0; i < o->count; i++) {
		o->list[i].segment = o->segments.list[i];
		decide(&o->run, &o->list[i]);
	}
	return ST_OK;
}

/* Each operand is looked up immediately before its removal. */
static void
take_operands(struct opts *o)
{
	size_t i;

	o->count = o->run.operand_count = (size_t)o->args.count;
	o->run.operands = o->operands;
	o->list = check_memory(calloc(o->count, sizeof(*o->list)));
	for (i = 0; i < o->count; i++)
		o->list[i].operand = &o->operands[i];
}

/* Asks under -i; every answer but yes keeps the segment. */
static bool
is_confirmed(struct opts *o, struct removal *r)
{
	enum answer answer;

	if (!o->interactive || o->yes_to_rest)
		return true;
	answer = ask_for_one(&o->dialogue, r);
	if (caught_signal() != 0) {
		removal_set(r, NOT_TRIED, ST_FAILED, "interrupted");
		return false;
	}
	/* The wait for the answer may have been long. */
	removal_discard_holders(&o->run);
	o->yes_to_rest = answer == ANSWER_ALL;
	o->quit = answer == ANSWER_QUIT;
	if (answer == ANSWER_QUIT)
		removal_set(r, NOT_TRIED, ST_OK, "the answer was to quit");
	else if (answer == ANSWER_NO)
		removal_set(r, KEPT, ST_OK, "not confirmed");
	else if (r->holder_count > 0)
		removal_find_holders(&o->run, r);
	return answer == ANSWER_YES || answer == ANSWER_ALL;
}

static void
remove_one(struct opts *o, struct removal *r)
{
	if (r->operand != NULL)
		find(&o->run, r);
	if (is_planned(r) && !o->run.dry) {
		if (!is_confirmed(o, r))
			return;
		carry_out(&o->run, r);
	}
	report_removal(r, !o->verbose ? NULL : o->json ? stderr : stdout);
}

/* Removes one after the other, until a signal comes or the user quits. */
static int
remove_all(struct opts *o)
{
	size_t i, skipped = 0;
	bool interrupted;
	int status = ST_OK;

	for (i = 0; i < o->count && caught_signal() == 0 && !o->quit; i++) {
		remove_one(o, &o->list[i]);
		add_status(&status, o->list[i].status);
	}
	interrupted = caught_signal() != 0;
	for (; i < o->count; i++)
		removal_set(&o->list[i], NOT_TRIED,
		    interrupted ? ST_FAILED : ST_OK, "%s",
		    interrupted ? "interrupted" : "the answer was to quit");
	for (i = 0; i < o->count; i++)
		skipped += o->list[i].result == NOT_TRIED;
	if (!interrupted || skipped == 0)
		return status;
	warn_about(NULL, "interrupted: %zu of %zu not tried", skipped,
	    o->count);
	add_status(&status, ST_FAILED);
	return status;
}

/* Prints the table and asks, where one question is for all; false: no. */
static bool
ask_first(struct opts *o)
{
	char size[SHORT_TEXT];
	size_t count;
	bool yes;

	if (!o->asks_for_all)
		return true;
	print_plan(o->list, o->count, o->run.filter, true);
	count = count_removals(o->list, o->count, PLANNED, size);
	yes = count == 0 || ask_for_all(&o->dialogue, count, size);
	/* The wait for the answer may have been long. */
	removal_discard_holders(&o->run);
	return yes;
}

static int
remove_selected(struct opts *o)
{
	int status = ST_OK;
	size_t i;

	o->run.holds_ids = shmt_ns_is_foreign();
	o->run.shows_plan = o->asks_for_all || o->interactive;
	catch_signals();
	ignore_sigpipe();
	if (o->operands != NULL)
		take_operands(o);
	else
		status = select_segments(o);
	if (status != ST_OK)
		return status;
	if (ask_first(o))
		status = remove_all(o);
	if (o->json)
		print_removals_json(o->list, o->count);
	else if (o->run.dry)
		print_plan(o->list, o->count, o->run.filter, false);
	else if (o->dialogue.asked)
		print_done(o->list, o->count);
	for (i = 0; i < o->count; i++)
		removal_free(&o->list[i]);
	free(o->list);
	shmt_list_free(&o->segments);
	removal_discard_holders(&o->run);
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status;

	status = parse(argc, argv, &o);
	if (status == ST_OK)
		status = remove_selected(&o);
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
