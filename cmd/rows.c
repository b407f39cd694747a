/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From segments to rows: what the columns asked for need is found out once,
 * and nothing else.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/message.h"

/* What all rows of one making share. */
struct making {
	unsigned needs;
	int64_t now;
	uint64_t stale_idle;
	const struct row *before;	/* the row made last, or NULL */
};

static void
add_word(struct row *row, const char *word)
{
	if (row->status[0] != '\0')
		strlcat(row->status, " ", sizeof(row->status));
	strlcat(row->status, word, sizeof(row->status));
}

/* Staleness costs looks at processes: only where it is still possible. */
static bool
is_stale(const struct making *making, const struct row *row)
{
	struct shmt_proof proof;

	if (row->segment.nattch > 0 || row->idle < making->stale_idle ||
	    (row->segment.state & SHMT_DEST) != 0)
		return false;
	shmt_check_stale(
	    &row->segment, making->now, making->stale_idle, &proof);
	return proof.stale;
}

static void
fill_status(const struct making *making, struct row *row)
{
	unsigned state = row->segment.state;
	size_t i;

	row->status[0] = '\0';
	for (i = 0; i < row->holder_count; i++)
		if (row->holders[i].huge)
			state |= SHMT_HUGE;
	if ((state & SHMT_DEST) != 0)
		add_word(row, "dest");
	if ((state & SHMT_LOCKED) != 0)
		add_word(row, "locked");
	if ((state & SHMT_HUGE) != 0)
		add_word(row, "huge");
	if (is_stale(making, row))
		add_word(row, "stale");
}

/* Of the processes: a loop that makes many segments makes them in the same
 * second, so the answer before is often the one wanted. */
static void
fill_processes(const struct making *making, struct row *row)
{
	const struct shmt_segment *s = &row->segment, *last = NULL;

	if (making->before != NULL)
		last = &making->before->segment;
	if ((making->needs & NEEDS_CREATOR) != 0) {
		if (last != NULL && last->cpid == s->cpid &&
		    last->ctime == s->ctime)
			row->creator = making->before->creator;
		else
			shmt_creator(s, &row->creator);
	}
	if ((making->needs & NEEDS_LAST_USER) != 0)
		shmt_last_user(s, &row->last_user);
}

static void
fill_row(const struct making *making, const struct shmt_holders *holders,
    struct row *row)
{
	const struct shmt_segment *s = &row->segment;

	row->key = s->key;
	row->idle = shmt_idle(s, making->now);
	row->holders = shmt_holders_of(holders, s->id, &row->holder_count);
	if ((s->state & SHMT_DEST) != 0) {
		row->key_lost = row->holder_count == 0;
		if (!row->key_lost)
			row->key = row->holders[0].key;
	}
	fill_processes(making, row);
	if ((making->needs & NEEDS_STATUS) != 0)
		fill_status(making, row);
}

/* Whether any has attachments to be told, or only its lost key. */
static bool
any_held(void *const *rows, size_t count, unsigned needs)
{
	const struct row *row;
	size_t i;

	for (i = 0; i < count; i++) {
		row = rows[i];
		if (row->segment.nattch > 0 &&
		    ((needs & NEEDS_HOLDERS) != 0 ||
		    ((needs & NEEDS_KEY) != 0 &&
		    (row->segment.state & SHMT_DEST) != 0)))
			return true;
	}
	return false;
}

/* One look at all processes for all rows, where any needs it.  A lost key
 * that cannot be had is no failure. */
static int
find_holders(void *const *rows, size_t count, unsigned needs,
    struct shmt_holders *holders)
{
	const struct row *first = count == 1 ? rows[0] : NULL;

	memset(holders, 0, sizeof(*holders));
	if (!any_held(rows, count, needs))
		return ST_OK;
	if (shmt_holders(first != NULL ? first->segment.id : -1,
	    holders) == 0)
		return ST_OK;
	if ((needs & NEEDS_HOLDERS) == 0)
		return ST_OK;
	warn_about(NULL, "cannot find out who is attached: %s",
	    strerror(errno));
	return status_of(errno);
}

int
fill_rows(void *const *rows, size_t count, unsigned needs,
    uint64_t stale_idle, struct shmt_holders *holders)
{
	struct making making = {
		.needs = needs, .now = time(NULL), .stale_idle = stale_idle
	};
	int status;
	size_t i;

	status = find_holders(rows, count, needs, holders);
	for (i = 0; i < count; i++) {
		fill_row(&making, holders, rows[i]);
		making.before = rows[i];
	}
	return status;
}

int
make_rows(const struct shmt_segment *list, size_t count, unsigned needs,
    uint64_t stale_idle, struct rows *rows)
{
	void **pointers;
	int status;
	size_t i;

	memset(rows, 0, sizeof(*rows));
	rows->list = calloc(count + 1, sizeof(*rows->list));
	pointers = calloc(count + 1, sizeof(*pointers));
	if (rows->list == NULL || pointers == NULL) {
		free(pointers);
		free_rows(rows);
		return fail(NULL, ENOMEM);
	}
	rows->count = count;
	for (i = 0; i < count; i++) {
		rows->list[i].segment = list[i];
		pointers[i] = &rows->list[i];
	}
	status = fill_rows(pointers, count, needs, stale_idle,
	    &rows->holders);
	free(pointers);
	if (status != ST_OK)
		free_rows(rows);
	return status;
}

void
free_rows(struct rows *rows)
{
	free(rows->list);
	shmt_holders_free(&rows->holders);
	memset(rows, 0, sizeof(*rows));
}
