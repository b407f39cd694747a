/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Everything about one segment, for people.
 */

#ifndef CMD_STAT_DETAIL_H
#define CMD_STAT_DETAIL_H

#include <stdbool.h>

#include "rows.h"
#include "ui/json.h"
#include "ui/table.h"

int print_detail(const struct row *row, bool bytes, bool with_ns);

/* Adds to the object of a row what it tells beyond the columns; of the
 * attachments what the table at table->arg says, if it is not NULL. */
int json_detail(const struct table *table, struct json *json,
    const void *row);

#endif
