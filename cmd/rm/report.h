/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints the results of rm: messages, lines for -v, a total, JSON.  The reason
 * in a message is worded where it is decided: rm/segment.c, rm/object.c.
 */

#ifndef CMD_RM_REPORT_H
#define CMD_RM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "rm/removal.h"

struct report {
	bool verbose;
	FILE *out;		/* for the lines of -v */
};

/* Prints the result for one segment. */
void report_removal(const struct report *report,
    const struct removal *removal);

/* Prints "removed 4097, 257M", or "nothing removed". */
void print_done(const struct removal *list, size_t count);

/* Prints the JSON object of all. */
void print_removals_json(const struct removal *list, size_t count);

#endif
