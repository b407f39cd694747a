/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A row for each process and segment that it has attached.
 */

#ifndef CMD_ATTACHMENTS_H
#define CMD_ATTACHMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/table.h"

struct attachment {
	struct shmt_holder holder;
	const struct row *row;	/* what it has attached */
	uint64_t ns;		/* inode of its IPC namespace, for objects of
				 * the mount namespace; 0: unknown */
};

extern const struct column_set attachment_columns;

/* Lists the attachments of rows; the caller frees the list. */
struct attachment *list_attachments(const struct row *rows,
    size_t row_count, size_t *count);

/* Prints processes as the JSON member "attachments", in all columns but ID, KEY
 * and NS. */
void json_holders(struct json *json, const struct shmt_holder *holders,
    size_t count);

/* Prints the holders of a row's segment in the same way, null if they are
 * unknown; in the columns and the order of like, if it is not NULL. */
void json_attachments(struct json *json, const struct row *row,
    const struct table *like);

/* Prints the attachments of a row as a table, in the columns of
 * json_holders(). */
void print_attachments(const struct row *row, bool bytes);

#endif
