/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A row for each process and segment that it has attached.
 */

#ifndef CMD_ATTACHMENTS_H
#define CMD_ATTACHMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/table.h"

struct attachment {
	const struct row *row;
	const struct shmt_holder *holder;
};

extern const struct column attachment_columns[];
extern const size_t attachment_column_count;
extern const char *const default_attachment_columns[];

/* Those of the rows to which there are pointers, and pointers to them; both
 * to be freed, after a failure too.  ST_OK, or told why not. */
int list_attachments(void *const *rows, size_t row_count,
    struct attachment **list, void ***pointers, size_t *count);

/* Those of one row: as the JSON member "attachments", and as a table. */
void json_attachments(struct json *json, const void *row);
int print_attachments(void *const *row, bool bytes);

#endif
