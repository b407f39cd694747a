/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool limits: the reports of ipcs, and what is done about limits.  Here
 * is the command line; report.c prints the reports.
 */

#include <getopt.h>

#include "cmd.h"

/* The options, in the order of the table below. */
enum {
	LIMITS, SEGMENTS, BYTES, HUMAN, JSON, OPTIONS
};

static const struct option_row options[] = {
	{ 'l', "limits", NULL, "the limits, as ipcs -l prints them" },
	{ 'm', "segments", NULL, "the segments, as ipcs -m prints them" },
	{ 'b', "bytes", NULL, "sizes in bytes" },
	{ OPT_LONG + HUMAN, "human", NULL, "sizes as 1.5M" },
	{ OPT_LONG + JSON, "json", NULL, "one JSON object" },
	{ 0 }
};

struct opts {
	unsigned given;			/* a bit for each option */
	const char *value[OPTIONS];
	bool helped;
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
parse(int argc, char **argv, struct opts *o)
{
	unsigned i;
	int c;

	while ((c = next_option(&cmd_limits, argc, argv)) != -1) {
		if (c == '?' || c == 'h') {
			o->helped = c == 'h';
			return option_status(c);
		}
		for (i = 0; options[i].code != c; i++)
			continue;
		o->given |= BIT(i);
		o->value[i] = optarg;
	}
	if (optind < argc)
		return usage_error(argv[optind], "limits takes no operand");
	if (has(o, HUMAN) && has(o, BYTES))
		return usage_error("--human", "not with --bytes");
	if (has(o, HUMAN) && has(o, JSON))
		return usage_error("--human", "not with --json");
	return ST_OK;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status;

	status = parse(argc, argv, &o);
	if (status != ST_OK || o.helped)
		return status;
	return report(&o);
}

const struct cmd cmd_limits = {
	"limits", "Prints limits and segments as ipcs does, and sets limits",
	"[-l] [-m] [-b | --human] [--json]",
	options, NULL, run
};
