/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool limits: the reports of ipcs, and actions on limits.  Here is the
 * command line, and which options go together; the files of limits/ do the
 * work.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "limits/actions.h"
#include "namespace.h"
#include "option_values.h"
#include "shmtool.h"
#include "ui/table.h"

/* A bit of opts.given for each option that an action may go with or not. */
enum {
	LIMITS, SEGMENTS, BYTES, HUMAN, JSON, TSV, USAGE, CHECK, WARNING,
	CRITICAL, MAX_STALE, PROMETHEUS, ALL_NS, ADVISE, RAM, SET, PERSIST,
	DRY_RUN, OPTIONS
};

struct opts {
	struct arguments args;
	unsigned given;			/* a bit for each option */
	struct thresholds thresholds;
	enum shmt_profile profile;
	uint64_t memory;		/* 0: this machine's */
	const char *file;
	struct settings settings;
};

#define BIT(option) (1u << (option))

/* A smaller value has most likely lost its suffix. */
#define RAM_MIN (UINT64_C(1) << 20)

static bool
has(const struct opts *o, unsigned option)
{
	return (o->given & BIT(option)) != 0;
}

static int
report(const struct opts *o)
{
	unsigned what = (has(o, LIMITS) ? REPORT_LIMITS : 0) |
	    (has(o, SEGMENTS) ? REPORT_SEGMENTS : 0);

	return print_report(what != 0 ? what : REPORT_LIMITS | REPORT_SEGMENTS,
	    has(o, HUMAN) ? REPORT_HUMAN :
	    has(o, BYTES) ? REPORT_BYTES : REPORT_KBYTES, has(o, JSON));
}

static int
set(const struct opts *o)
{
	/* --ns enters another IPC namespace; the file and /dev/shm are still
	 * those of this mount namespace. */
	if (entered_namespace() != NULL && has(o, PERSIST))
		return usage_error("--persist", "not with --ns");
	if (entered_namespace() != NULL && o->settings.dev_shm_size != NULL)
		return usage_error("--set", "%s: not with --ns",
		    SHMT_DEV_SHM_SIZE);
	return change_limits(&o->settings, has(o, PERSIST) ? o->file : NULL,
	    has(o, DRY_RUN));
}

/* The actions, and the options that go with each; the first is the default. */
static const struct action {
	unsigned option, allowed;
} actions[] = {
	{ OPTIONS, BIT(LIMITS) | BIT(SEGMENTS) | BIT(BYTES) | BIT(HUMAN) |
	    BIT(JSON) },
	{ USAGE, BIT(BYTES) | BIT(JSON) | BIT(TSV) },
	{ CHECK, BIT(WARNING) | BIT(CRITICAL) | BIT(MAX_STALE) },
	{ PROMETHEUS, BIT(ALL_NS) },
	{ ADVISE, BIT(RAM) | BIT(JSON) },
	{ SET, BIT(PERSIST) | BIT(DRY_RUN) }
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static int
store_profile(const struct option_row *row, const char *text, void *to)
{
	static const char *const names[] = {
		[SHMT_ADVISE_GENERAL] = "general",
		[SHMT_ADVISE_POSTGRESQL] = "postgresql",
		[SHMT_ADVISE_ANALYTICS] = "analytics",
		[SHMT_ADVISE_DB2] = "db2"
	};
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*(enum shmt_profile *)to = i;
			return ST_OK;
		}
	return option_error(row, "%s: not general, postgresql, analytics or "
	    "db2", text);
}

static int
store_setting(const struct option_row *row, const char *text, void *to)
{
	(void)row;
	return parse_setting(text, to);
}

static int
store_file(const struct option_row *row, const char *text, void *to)
{
	if (text[0] == '\0')
		return option_error(row, "which file?");
	return store_text(row, text, to);
}

#define GIVEN(option) SETS(given, BIT(option))

/* Actions exclude each other: group 1. */
static const struct option_row options[] = {
	[LIMITS] = { 'l', "limits", NULL,
	    "print the limits as ipcs -l does", GIVEN(LIMITS) },
	[SEGMENTS] = { 'm', "segments", NULL,
	    "print the segments as ipcs -m does", GIVEN(SEGMENTS) },
	[BYTES] = { 'b', "bytes", NULL, "print sizes in bytes",
	    GIVEN(BYTES), .group = 2 },
	[HUMAN] = { 0, "human", NULL, "print sizes as 1.5M",
	    GIVEN(HUMAN), .group = 2 },
	[JSON] = { 0, "json", NULL, "print one JSON object",
	    GIVEN(JSON), .group = 3 },
	[TSV] = { 0, "tsv", NULL, "print tabs between plain values",
	    GIVEN(TSV), .group = 3 },
	[USAGE] = { 0, "usage", NULL,
	    "print each limit, what is used of it, and percent",
	    GIVEN(USAGE), .group = 1 },
	[CHECK] = { 0, "check", NULL,
	    "print one line for a monitoring system",
	    GIVEN(CHECK), .group = 1 },
	[WARNING] = { 'w', "warning", "PCT",
	    "warn above this percentage (80)",
	    store_number, TO(thresholds.warning), .max = 100, GIVEN(WARNING) },
	[CRITICAL] = { 'c', "critical", "PCT",
	    "be critical above this percentage (90)",
	    store_number, TO(thresholds.critical), .max = 100,
	    GIVEN(CRITICAL) },
	[MAX_STALE] = { 0, "max-stale", "N",
	    "warn above this number of stale segments",
	    store_number, TO(thresholds.stale), GIVEN(MAX_STALE) },
	[PROMETHEUS] = { 0, "prometheus", NULL,
	    "print metrics for a textfile collector",
	    GIVEN(PROMETHEUS), .group = 1 },
	[ALL_NS] = { 0, "all-ns", NULL,
	    "include every IPC namespace that has a process",
	    GIVEN(ALL_NS) },
	[ADVISE] = { 0, "advise", "[=PROFILE]",
	    "advise for general, postgresql, analytics or db2",
	    store_profile, TO(profile), .absent = "general",
	    GIVEN(ADVISE), .group = 1 },
	[RAM] = { 0, "ram", "SIZE", "advise for a machine with this memory",
	    store_size, TO(memory), .min = RAM_MIN, GIVEN(RAM) },
	[SET] = { 0, "set", "NAME=VALUE",
	    "set a limit, such as shmmax=64G or shmmni=8192",
	    store_setting, TO(settings), GIVEN(SET), .group = 1 },
	[PERSIST] = { 0, "persist", "[=FILE]",
	    "keep it in " SYSCTL_FILE, store_file, TO(file),
	    .absent = SYSCTL_FILE, GIVEN(PERSIST) },
	[DRY_RUN] = { 'n', "dry-run", NULL, "only print what would be set",
	    GIVEN(DRY_RUN) },
	[OPTIONS] = { 0 }
};

/* Reports an option that does not go with the chosen action; where none was
 * chosen, names the action that it goes with. */
static int
report_misplaced(unsigned option, const struct action *chosen)
{
	unsigned owner = chosen->option, i;
	char name[32];

	snprintf(name, sizeof(name), "--%s", options[option].name);
	if (chosen != &actions[0])
		return usage_error(name, "not with --%s", options[owner].name);
	for (i = 0; i < ACTIONS; i++)
		if ((actions[i].allowed & BIT(option)) != 0)
			owner = actions[i].option;
	return usage_error(name, "only with --%s", options[owner].name);
}

/* A default is lowered or raised to fit the threshold that was given. */
static int
check_thresholds(const struct opts *o, struct thresholds *t)
{
	if (!has(o, WARNING) && t->warning > t->critical)
		t->warning = t->critical;
	if (!has(o, CRITICAL) && t->critical < t->warning)
		t->critical = t->warning;
	return t->warning <= t->critical ? ST_OK : usage_error("--warning",
	    "%d is above --critical %d", t->warning, t->critical);
}

/* --set NAME=VALUE NAME=VALUE ... */
static int
take_operands(struct opts *o)
{
	int status = ST_OK, i;

	if (o->args.count > 0 && !has(o, SET))
		return usage_error(o->args.operands[0], has(o, ADVISE) ?
		    "limits takes no operand; a profile is in one word with "
		    "its option: --advise=postgresql" :
		    "limits takes no operand");
	for (i = 0; i < o->args.count && status == ST_OK; i++)
		status = parse_setting(o->args.operands[i], &o->settings);
	return status;
}

static int
parse(int argc, char **argv, struct opts *o, const struct action **action)
{
	const struct action *chosen = actions;
	unsigned i;
	int status;

	status = parse_options(&cmd_limits, argc, argv, o);
	if (status == ST_OK)
		status = take_operands(o);
	if (status != ST_OK)
		return status;
	/* The group allows only one. */
	for (i = 1; i < ACTIONS; i++)
		if (has(o, actions[i].option))
			chosen = &actions[i];
	for (i = 0; i < OPTIONS; i++)
		if (has(o, i) && i != chosen->option &&
		    (chosen->allowed & BIT(i)) == 0)
			return report_misplaced(i, chosen);
	if (has(o, HUMAN) && has(o, JSON))
		return usage_error("--human", "not with --json");
	*action = chosen;
	return check_thresholds(o, &o->thresholds);
}

/* Whether there is a --check, also as the abbreviation --ch. */
static bool
asks_check(char **argv)
{
	size_t length;

	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
		length = strcspn(*argv, "=");
		if (length >= strlen("--ch") &&
		    strncmp(*argv, "--check", length) == 0)
			return true;
	}
	return false;
}

/* A monitoring system takes 1 for a warning and 2 for critical, and shows
 * standard output. */
static int
check_not_run(const char *reason)
{
	printf("SHM UNKNOWN - %s\n", reason);
	return CHECK_UNKNOWN;
}

static int
not_run(char **argv, int status)
{
	return asks_check(argv) ?
	    check_not_run("the namespace of --ns cannot be entered") : status;
}

static int
run_action(const struct opts *o, unsigned option)
{
	switch (option) {
	case USAGE:
		return print_usage(has(o, JSON) ? FORMAT_JSON :
		    has(o, TSV) ? FORMAT_TSV : FORMAT_TABLE, has(o, BYTES));
	case CHECK:
		return check_usage(&o->thresholds);
	case PROMETHEUS:
		return print_metrics(has(o, ALL_NS));
	case ADVISE:
		return print_advice(o->profile, o->memory, has(o, JSON));
	case SET:
		return set(o);
	default:
		return report(o);
	}
}

static int
run(int argc, char **argv)
{
	struct opts o = { .thresholds = { 80, 90, -1 } };
	const struct action *action = actions;
	int status;

	status = parse(argc, argv, &o, &action);
	if (status == ST_OK)
		return run_action(&o, action->option);
	return status == ST_USAGE && asks_check(argv) ? check_not_run(
	    "the command line is wrong: see shmtool limits -h") : status;
}

const struct cmd cmd_limits = {
	.name = "limits",
	.summary = "Prints limits and segments as ipcs does, and sets limits",
	.synopsis = "[-l] [-m] [-b | --human] [--json]\n"
	    "--usage [-b] [--json | --tsv]\n"
	    "--check [-w PCT] [-c PCT] [--max-stale N]\n"
	    "--prometheus [--all-ns]\n"
	    "--advise[=PROFILE] [--ram SIZE] [--json]\n"
	    "--set NAME=VALUE... [--persist[=FILE]] [-n]",
	.options = options,
	.run = run,
	.not_run = not_run
};
