/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Everything about one segment, for people.
 */

#ifndef CMD_STAT_DETAIL_H
#define CMD_STAT_DETAIL_H

#include <stdbool.h>

#include "ui/json.h"

int print_detail(void *const *row, bool bytes, bool with_space);

/* What it tells beyond the columns, as further members of the row. */
void json_detail(struct json *json, const void *row);

#endif
