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

void print_detail(const struct row *row, bool bytes, bool with_ns);

/* Adds the members that are not columns to the JSON object of a row; the
 * attachments with the columns of the table at table->arg, if that is not
 * NULL. */
void json_detail(const struct table *table, struct json *json,
    const void *row);

#endif
