/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From segments to rows: what the columns asked for need is found out once,
 * and nothing else.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static void
add_word(struct row *row, const char *word)
{
	if (row->status[0] != '\0')
		strlcat(row->status, " ", sizeof(row->status));
	strlcat(row->status, word, sizeof(row->status));
}

static void
fill_status(struct row *row)
{
	unsigned state = row->segment.state;

	if ((state & SHMT_DEST) != 0)
		add_word(row, "dest");
	if ((state & SHMT_LOCKED) != 0)
		add_word(row, "locked");
	if ((state & SHMT_HUGE) != 0)
		add_word(row, "huge");
}

int
make_rows(const struct shmt_segment *list, size_t count, unsigned needs,
    struct rows *rows)
{
	size_t i;

	memset(rows, 0, sizeof(*rows));
	rows->list = calloc(count + 1, sizeof(*rows->list));
	rows->picked = calloc(count + 1, sizeof(*rows->picked));
	if (rows->list == NULL || rows->picked == NULL) {
		free_rows(rows);
		return fail(NULL, ENOMEM);
	}
	rows->count = rows->picked_count = count;
	for (i = 0; i < count; i++) {
		rows->picked[i] = &rows->list[i];
		rows->list[i].segment = list[i];
		if ((needs & NEEDS_STATUS) != 0)
			fill_status(&rows->list[i]);
	}
	return ST_OK;
}

void
free_rows(struct rows *rows)
{
	free(rows->list);
	free(rows->picked);
}
