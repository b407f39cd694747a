/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How full it is.
 */

#ifndef CMD_LIMITS_USAGE_H
#define CMD_LIMITS_USAGE_H

#include <stdbool.h>

#include "ui/table.h"

int print_usage(enum table_format format, bool bytes);

/* The one line of a monitoring plugin and its status: 0, 1, 2, or this. */
#define CHECK_UNKNOWN 3
int check_usage(unsigned warning, unsigned critical);

#endif
