/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --check.
 */

#ifndef CMD_LIMITS_CHECK_H
#define CMD_LIMITS_CHECK_H

/* What it warns of, above these. */
struct thresholds {
	int warning, critical;	/* percent of a limit */
	int stale;		/* segments; -1: any number is fine */
};

/* Prints the one line of a monitoring plugin and returns its status: 0, 1, 2,
 * or this. */
#define CHECK_UNKNOWN 3
int check_usage(const struct thresholds *thresholds);

#endif
