/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool limits: the reports of ipcs, and what is done about limits.  Here
 * is the command line, and which options go together; report.c, usage.c,
 * metrics.c, advise.c and change.c do the work.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "limits/advise.h"
#include "limits/ipcs.h"
#include "limits/metrics.h"
#include "limits/set.h"
#include "limits/usage.h"
#include "operand.h"
#include "shmtool.h"
#include "ui/table.h"

/* The options, in the order of the table below. */
enum {
	LIMITS, SEGMENTS, BYTES, HUMAN, JSON, TSV, USAGE, CHECK, WARNING,
	CRITICAL, PROMETHEUS, ALL_NS, ADVISE, RAM, SET, PERSIST, DRY_RUN,
	OPTIONS
};

static const struct option_row options[] = {
	{ 'l', "limits", NULL, "the limits, as ipcs -l prints them" },
	{ 'm', "segments", NULL, "the segments, as ipcs -m prints them" },
	{ 'b', "bytes", NULL, "sizes in bytes" },
	{ OPT_LONG + HUMAN, "human", NULL, "sizes as 1.5M" },
	{ OPT_LONG + JSON, "json", NULL, "one JSON object" },
	{ OPT_LONG + TSV, "tsv", NULL, "columns between tabs" },
	{ OPT_LONG + USAGE, "usage", NULL,
	    "each limit, what is used of it, and percent" },
	{ OPT_LONG + CHECK, "check", NULL,
	    "one line and 0, 1, 2, 3 for a monitoring system" },
	{ 'w', "warning", "PCT", "a warning above this percentage (80)" },
	{ 'c', "critical", "PCT", "critical above this percentage (90)" },
	{ OPT_LONG + PROMETHEUS, "prometheus", NULL,
	    "metrics for a textfile collector" },
	{ OPT_LONG + ALL_NS, "all-ns", NULL,
	    "of every IPC namespace that a process lives in" },
	{ OPT_LONG + ADVISE, "advise", "[=PROFILE]",
	    "advice: general, postgresql, analytics or db2" },
	{ OPT_LONG + RAM, "ram", "SIZE", "for a machine with this memory" },
	{ OPT_LONG + SET, "set", "NAME=VALUE",
	    "set shmmax, shmall, shmmni or shm_rmid_forced" },
	{ OPT_LONG + PERSIST, "persist", "[=FILE]",
	    "kept, in " SYSCTL_FILE },
	{ 'n', "dry-run", NULL, "only show what would be set" },
	{ 0 }
};

struct opts {
	unsigned given;			/* a bit for each option */
	unsigned warning, critical;
	enum shmt_profile profile;
	uint64_t memory;		/* 0: this machine's */
	const char *file;
	struct shmt_setting settings[SETTINGS_MAX];
	size_t count;
};

#define BIT(option) (1u << (option))

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
usage(const struct opts *o)
{
	return print_usage(has(o, JSON) ? FORMAT_JSON :
	    has(o, TSV) ? FORMAT_TSV : FORMAT_TABLE, has(o, BYTES));
}

static int
check(const struct opts *o)
{
	return check_usage(o->warning, o->critical);
}

static int
prometheus(const struct opts *o)
{
	return export_metrics(has(o, ALL_NS));
}

static int
advise(const struct opts *o)
{
	return print_advice(o->profile, o->memory, has(o, JSON));
}

static int
set(const struct opts *o)
{
	return change_limits(o->settings, o->count,
	    has(o, PERSIST) ? o->file : NULL, has(o, DRY_RUN));
}

/* What can be done, and the options that go with it; the first is done
 * without being asked for. */
static const struct action {
	unsigned option, fitting;
	int (*act)(const struct opts *o);
} actions[] = {
	{ OPTIONS, BIT(LIMITS) | BIT(SEGMENTS) | BIT(BYTES) | BIT(HUMAN) |
	    BIT(JSON), report },
	{ USAGE, BIT(BYTES) | BIT(JSON) | BIT(TSV), usage },
	{ CHECK, BIT(WARNING) | BIT(CRITICAL), check },
	{ PROMETHEUS, BIT(ALL_NS), prometheus },
	{ ADVISE, BIT(RAM) | BIT(JSON), advise },
	{ SET, BIT(PERSIST) | BIT(DRY_RUN), set }
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static bool
percent_value(const char *option, const char *text, unsigned *percent)
{
	uint64_t n;

	if (!number_value(option, text, 100, &n))
		return false;
	*percent = (unsigned)n;
	return true;
}

static bool
profile_value(const char *text, enum shmt_profile *profile)
{
	static const char *const names[] = {
		[SHMT_ADVISE_GENERAL] = "general",
		[SHMT_ADVISE_POSTGRESQL] = "postgresql",
		[SHMT_ADVISE_ANALYTICS] = "analytics",
		[SHMT_ADVISE_DB2] = "db2"
	};
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text == NULL || strcmp(text, names[i]) == 0) {
			*profile = i;
			return true;
		}
	usage_error("--advise", "%s: not general, postgresql, analytics or "
	    "db2", text);
	return false;
}

/* Less than this is a slip of the suffix. */
#define RAM_MIN (UINT64_C(1) << 20)

static bool
ram_value(const char *text, uint64_t *memory)
{
	if (!size_value("--ram", text, memory))
		return false;
	if (*memory < RAM_MIN)
		usage_error("--ram", "%s: less than 1M", text);
	return *memory >= RAM_MIN;
}

/* One option that was given; false after a mistake, which has been told. */
static bool
take(struct opts *o, unsigned option, const char *value)
{
	o->given |= BIT(option);
	switch (option) {
	case WARNING:
		return percent_value("--warning", value, &o->warning);
	case CRITICAL:
		return percent_value("--critical", value, &o->critical);
	case ADVISE:
		return profile_value(value, &o->profile);
	case RAM:
		return ram_value(value, &o->memory);
	case SET:
		return parse_setting(value, o->settings, &o->count);
	case PERSIST:
		o->file = value != NULL ? value : SYSCTL_FILE;
		if (*o->file == '\0')
			usage_error("--persist", "which file?");
		return *o->file != '\0';
	default:
		return true;
	}
}

/* An option that the chosen action has no use for: told, with the action
 * that it is for where none was chosen. */
static void
misplaced(unsigned option, const struct action *chosen)
{
	unsigned owner = chosen->option, i;
	char name[32];

	snprintf(name, sizeof(name), "--%s", options[option].name);
	if (chosen != &actions[0]) {
		usage_error(name, "not with --%s", options[owner].name);
		return;
	}
	for (i = 0; i < ACTIONS; i++)
		if ((actions[i].fitting & BIT(option)) != 0)
			owner = actions[i].option;
	usage_error(name, "only with --%s", options[owner].name);
}

/* The one action asked for; NULL after a mistake, which has been told. */
static const struct action *
choose(const struct opts *o)
{
	const struct action *chosen = &actions[0];
	unsigned i;

	for (i = 1; i < ACTIONS; i++) {
		if (!has(o, actions[i].option))
			continue;
		if (chosen != &actions[0]) {
			usage_error(NULL, "one at a time: --%s or --%s",
			    options[chosen->option].name,
			    options[actions[i].option].name);
			return NULL;
		}
		chosen = &actions[i];
	}
	for (i = 0; i < OPTIONS; i++)
		if (has(o, i) && i != chosen->option &&
		    (chosen->fitting & BIT(i)) == 0) {
			misplaced(i, chosen);
			return NULL;
		}
	return chosen;
}

/* A default gives way to the threshold that was given. */
static void
settle_thresholds(struct opts *o)
{
	if (!has(o, WARNING) && o->warning > o->critical)
		o->warning = o->critical;
	if (!has(o, CRITICAL) && o->critical < o->warning)
		o->critical = o->warning;
}

/* What contradicts itself though each of it is right. */
static int
check_together(const struct opts *o)
{
	if (has(o, HUMAN) && has(o, BYTES))
		return usage_error("--human", "not with --bytes");
	if (has(o, HUMAN) && has(o, JSON))
		return usage_error("--human", "not with --json");
	if (has(o, TSV) && has(o, JSON))
		return usage_error("--tsv", "not with --json");
	if (o->warning > o->critical)
		return usage_error("--warning", "%u is above --critical %u",
		    o->warning, o->critical);
	return ST_OK;
}

/* *action stays NULL where help was all that was wanted. */
static int
parse(int argc, char **argv, struct opts *o, const struct action **action)
{
	unsigned i;
	int c;

	while ((c = next_option(&cmd_limits, argc, argv)) != -1) {
		if (c == '?' || c == 'h')
			return option_status(c);
		for (i = 0; options[i].code != c; i++)
			continue;
		if (!take(o, i, optarg))
			return told_status();
	}
	for (; optind < argc; optind++) {
		/* --set NAME=VALUE NAME=VALUE ... */
		if (!has(o, SET))
			return usage_error(argv[optind], has(o, ADVISE) ?
			    "limits takes no operand, and a profile in one "
			    "word with it: --advise=postgresql" :
			    "limits takes no operand");
		if (!parse_setting(argv[optind], o->settings, &o->count))
			return told_status();
	}
	settle_thresholds(o);
	*action = choose(o);
	return *action == NULL ? told_status() : check_together(o);
}

/* A monitoring system takes 2 for critical: a wrong command line is 3. */
static bool
asks_check(char **argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
		if (strcmp(*argv, "--check") == 0)
			return true;
	return false;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .warning = 80, .critical = 90 };
	const struct action *action = NULL;
	int status;

	status = parse(argc, argv, &o, &action);
	if (status != ST_OK)
		return asks_check(argv) ? CHECK_UNKNOWN : status;
	return action == NULL ? ST_OK : action->act(&o);
}

const struct cmd cmd_limits = {
	"limits", "Prints limits and segments as ipcs does, and sets limits",
	"[-l] [-m] [-b | --human] [--json]\n"
	"--usage [-b] [--json | --tsv]\n"
	"--check [-w PCT] [-c PCT]\n"
	"--prometheus [--all-ns]\n"
	"--advise[=PROFILE] [--ram SIZE] [--json]\n"
	"--set NAME=VALUE... [--persist[=FILE]] [-n]",
	options, NULL, run
};
