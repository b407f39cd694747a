/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool rm: which segments are to go, the question, the report.  How one
 * of them goes is in removal.c.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "filter.h"
#include "operand.h"
#include "rm/removal.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/signals.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

struct opts {
	struct arguments args;
	bool interactive, yes, all, json;
	struct filter filter;
	struct operand *operands;
	int count;
	struct removal_run run;
};

static const struct option_row options[] = {
	{ 'n', "dry-run", NULL, "print what would go, touch nothing",
	    kind_flag, TO(run.dry) },
	{ 'f', "force", NULL, "mark attached ones, accept absent ones",
	    kind_flag, TO(run.force) },
	{ 'i', "interactive", NULL, "ask for each",
	    kind_flag, TO(interactive) },
	{ 'v', "verbose", NULL, "print a line for each",
	    kind_flag, TO(run.verbose) },
	{ 'y', "yes", NULL, "remove without asking", kind_flag, TO(yes) },
	{ 0, "save", "DIR", "save each into DIR first",
	    kind_text, TO(run.save) },
	{ 0, "all", NULL, "remove every segment there is",
	    kind_flag, TO(all) },
	{ 0, "json", NULL, "print what was done as JSON",
	    kind_flag, TO(json) },
	{ .rows = filter_options, TO(filter) },
	{ 0 }
};

/* What to work on, and how it went. */
struct work {
	const struct shmt_filter *filter;	/* NULL: none */
	struct removal *list;
	size_t count;
	bool no_answers;	/* the end of standard input was seen */
};

/* One way to say which segments, and somebody to say yes. */
static int
check(struct opts *o)
{
	bool filtered = o->filter.set.count > 0;
	int status;

	if (o->count > 0 && (filtered || o->all))
		return usage_error(NULL, "either SEGMENT operands or %s",
		    o->all ? "--all" : "filters");
	if (filtered && o->all)
		return usage_error("--all", "takes no filters");
	status = check_filter(&o->filter.set);
	if (status != ST_OK)
		return status;
	if (o->count == 0 && !filtered && !o->all)
		return usage_error(NULL, "which segments? name them, or give "
		    "filters or --all");
	if (o->interactive && (o->yes || o->run.dry))
		return usage_error("--interactive", "there is nothing to ask "
		    "with %s", o->yes ? "--yes" : "--dry-run");
	if (o->count > 0)
		return ST_OK;
	o->run.filter = &o->filter.set;
	if (o->yes || o->run.dry || o->interactive)
		return ST_OK;
	if (o->json)
		return usage_error("--json", "needs --yes, --interactive or "
		    "--dry-run");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    !isatty(STDERR_FILENO))
		return usage_error(NULL, "no terminal to ask at: give --yes, "
		    "or --dry-run to see what would go");
	return ST_OK;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_rm, argc, argv, o);
	if (status != ST_OK)
		return status;
	o->count = o->args.count;
	status = check(o);
	if (status == ST_OK && o->count > 0)
		status = parse_operands(o->count, o->args.operands,
		    &o->operands);
	return status;
}

/* Whether the table of what would be done is part of the answer. */
static bool
shows_plan(const struct opts *o)
{
	return !o->json && (o->run.dry || (o->run.filter != NULL &&
	    !o->yes && !o->interactive));
}

static int
start_work(struct opts *o, struct work *work)
{
	struct shmt_info *segments = NULL;
	size_t count = (size_t)o->count, i;
	int status;

	if (o->run.filter != NULL) {
		status = filter_list(&o->filter.set, false, &segments, &count);
		if (status != ST_OK)
			return status;
	}
	work->list = calloc(count + 1, sizeof(*work->list));
	if (work->list == NULL) {
		free(segments);
		return fail(NULL, ENOMEM);
	}
	work->count = count;
	for (i = 0; i < count; i++) {
		if (segments == NULL) {
			work->list[i].operand = &o->operands[i];
			continue;
		}
		work->list[i].segment = segments[i];
		removal_plan(&o->run, &work->list[i]);
	}
	free(segments);
	return ST_OK;
}

static bool
would_go(const struct removal *r)
{
	return r->result == WOULD_REMOVE || r->result == WOULD_MARK;
}

static void
get_action(const void *row, struct value *value)
{
	set_text(value, ((const struct row *)row)->action);
}

static const struct column action_column = {
	"ACTION", VALUE_TEXT, .get = get_action
};

/* How many would go, and their bytes. */
static size_t
total(const struct work *work, char size[static SHORT_TEXT])
{
	uint64_t bytes = 0;
	size_t count = 0, i;

	for (i = 0; i < work->count; i++)
		if (would_go(&work->list[i])) {
			count++;
			bytes = add_sizes(bytes, work->list[i].segment.size);
		}
	short_size(size, bytes);
	return count;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct shmt_info *x = a, *y = b;

	return (x->object.id > y->object.id) - (x->object.id < y->object.id);
}

/* What only a list of all tells: one look for however many operands. */
static void
add_rss(struct row *plan, size_t count)
{
	struct shmt_info *list, *s, *found;
	size_t all, i;

	if (shmt_list(true, &list, &all) == -1)
		return;
	if (all > 0)
		qsort(list, all, sizeof(*list), compare_ids);
	for (i = 0; i < count && all > 0; i++) {
		s = &plan[i].segment;
		found = bsearch(s, list, all, sizeof(*list), compare_ids);
		if (found == NULL || !shmt_same(found, s))
			continue;
		s->known |= found->known & SHMT_HAS_RSS;
		s->rss = found->rss;
		s->swap = found->swap;
		s->state |= found->state & SHMT_HUGE;
	}
	free(list);
}

static int
print_plan(const struct shmt_filter *filter, struct row *plan, size_t count)
{
	const struct column *columns[32];
	struct table table = {
		.heading = true, .set = &segment_columns, .columns = columns,
		.rows = plan, .row_count = count
	};
	struct ipc_ns ipc_ns = { 0 };
	const char *const *name;
	unsigned needs = 0;
	int status;

	for (name = segment_columns.defaults; *name != NULL; name++) {
		columns[table.column_count] = find_column(&segment_columns,
		    *name);
		needs |= columns[table.column_count++]->needs;
	}
	columns[table.column_count++] = &action_column;
	fill_rows(plan, count, needs, filter_idle(filter), &ipc_ns);
	status = print_table(&table, NULL, NULL);
	shmt_holders_free(&ipc_ns.holders);
	return status;
}

/* What would be done to each that was found, and the total. */
static int
show_plan(const struct work *work)
{
	const struct removal *r;
	char size[SHORT_TEXT];
	struct row *plan;
	size_t found = 0, i;
	int status;

	plan = calloc(work->count + 1, sizeof(*plan));
	if (plan == NULL)
		return fail(NULL, ENOMEM);
	for (i = 0; i < work->count; i++) {
		r = &work->list[i];
		if (r->segment.ctime == 0)
			continue;
		plan[found].segment = r->segment;
		plan[found].action = r->result == WOULD_REMOVE ? "remove" :
		    r->result == WOULD_MARK ? "mark" : "keep";
		found++;
	}
	add_rss(plan, found);
	status = print_plan(work->filter, plan, found);
	free(plan);
	i = total(work, size);
	printf("%zu of %zu to go, %s\n", i, work->count, size);
	return status;
}

/* Asks on stderr; anything but yes is no, and so is the end of the input. */
static bool
ask(struct work *work, const char *question)
{
	char *line = NULL;
	size_t room = 0;
	bool yes = false;

	if (work->no_answers || caught_signal() != 0)
		return false;
	if (!flush_output())
		return false;
	dprintf(STDERR_FILENO, "%s [y/N] ", question);
	if (getline(&line, &room, stdin) == -1) {
		work->no_answers = true;
		dprintf(STDERR_FILENO, "\n");
	} else
		yes = line[0] == 'y' || line[0] == 'Y';
	free(line);
	return yes;
}

static bool
ask_for_one(struct opts *o, struct work *work, const struct removal *r)
{
	char size[SHORT_TEXT], *question, *safe;
	bool yes = false;

	short_size(size, r->segment.size);
	if (asprintf(&question, "%s %d (0x%08" PRIx32 ", %s, owner %s%s%s)?",
	    r->result == WOULD_MARK ? "mark" : "remove", r->segment.object.id,
	    r->segment.key, size, user_name(r->segment.uid),
	    r->reason != NULL ? "; " : "",
	    r->reason != NULL ? r->reason : "") == -1)
		return false;
	safe = safe_copy(question);
	if (safe != NULL)
		yes = ask(work, safe);
	/* The answer may have taken long. */
	removal_forget_holders(&o->run);
	free(question);
	free(safe);
	return yes;
}

/* One question for all that the filter selected. */
static bool
ask_for_all(struct work *work)
{
	char size[SHORT_TEXT], question[128];
	size_t count = total(work, size);

	if (count == 0)
		return false;
	snprintf(question, sizeof(question), "Remove %zu segment%s, %s?",
	    count, count == 1 ? "" : "s", size);
	return ask(work, question);
}

static void
handle(struct opts *o, struct work *work, struct removal *r)
{
	if (r->operand != NULL)
		removal_find(&o->run, r);
	if (would_go(r) && !o->run.dry) {
		if (o->interactive && !ask_for_one(o, work, r)) {
			removal_keep(r, ST_OK, "not confirmed");
			return;
		}
		removal_do(&o->run, r);
	}
	report_removal(&o->run, r);
}

/* One after the other, until a signal comes. */
static int
handle_all(struct opts *o, struct work *work)
{
	int status = ST_OK;
	size_t i;

	for (i = 0; i < work->count && caught_signal() == 0; i++) {
		handle(o, work, &work->list[i]);
		add_status(&status, work->list[i].status);
	}
	if (i == work->count)
		return status;
	warn_about(NULL, "interrupted: %zu of %zu looked at", i, work->count);
	for (; i < work->count; i++)
		removal_keep(&work->list[i], ST_FAILED, "interrupted");
	return ST_FAILED;
}

static void
print_json(const struct work *work)
{
	struct json json = { .file = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	json_open(&json, "segments", '[');
	for (i = 0; i < work->count; i++)
		removal_json(&json, &work->list[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	json_end(&json);
}

/* The filter's way to a yes; without a question -i asks for each. */
static bool
confirmed(struct opts *o, struct work *work)
{
	bool yes;

	if (!shows_plan(o) || o->run.dry)
		return true;
	yes = show_plan(work) == ST_OK && ask_for_all(work);
	/* The answer may have taken long. */
	removal_forget_holders(&o->run);
	return yes;
}

static int
act(struct opts *o)
{
	struct work work = { .filter = o->run.filter };
	int status;
	size_t i;

	catch_signals();
	ignore_sigpipe();
	status = start_work(o, &work);
	if (status == ST_OK && confirmed(o, &work))
		status = handle_all(o, &work);
	if (o->json && work.list != NULL)
		print_json(&work);
	else if (o->run.dry && work.list != NULL && show_plan(&work) != ST_OK)
		status = ST_FAILED;
	for (i = 0; i < work.count; i++)
		removal_free(&work.list[i]);
	free(work.list);
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
	    "(SEGMENT... | FILTER... | --all)",
	.options = options,
	.note = "FILTER is any of the options from --owner on; all must hold.",
	.run = run
};
