/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints the results of rm: messages, lines for -v, a total, JSON.  The reason
 * in a message is worded where it is decided: rm/segment.c, rm/object.c.
 */

#ifndef CMD_RM_REPORT_H
#define CMD_RM_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "rm/removal.h"

/* Prints the result for one segment; verbose: where the lines of -v go, or
 * NULL. */
void report_removal(const struct removal *removal, FILE *verbose);

/* Prints "removed 4097, 257M", or "nothing removed". */
void print_done(const struct removal *list, size_t count);

/* Prints the JSON object of all. */
void print_removals_json(const struct removal *list, size_t count);

#endif
