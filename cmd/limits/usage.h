/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --usage.
 */

#ifndef CMD_LIMITS_USAGE_H
#define CMD_LIMITS_USAGE_H

#include <stdbool.h>

#include "ui/table.h"

int print_usage(enum table_format format, bool bytes);

#endif
