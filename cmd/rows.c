/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From segments to rows: what the columns need is found out once for all
 * rows, and nothing else is.
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

/* What all rows that are filled together share. */
struct filling {
	unsigned needs;
	int64_t now;
	uint64_t stale_idle;
	const struct ipc_ns *ipc_ns;
};

static void
add_word(struct row *row, const char *word)
{
	if (row->status[0] != '\0')
		strlcat(row->status, " ", sizeof(row->status));
	strlcat(row->status, word, sizeof(row->status));
}

/* Looks at processes, which is costly, only where it can be stale. */
static bool
is_stale(const struct filling *filling, const struct row *row)
{
	struct shmt_proof proof;

	if (row->segment.nattch > 0 || row->idle < filling->stale_idle ||
	    (row->segment.state & SHMT_DEST) != 0)
		return false;
	shmt_check_stale(&row->segment, filling->now, filling->stale_idle,
	    &proof);
	return proof.stale;
}

static void
fill_status(const struct filling *filling, struct row *row)
{
	const struct shmt_holder *holders = row_holders(row);
	unsigned state = row->segment.state;
	size_t i;

	row->status[0] = '\0';
	for (i = 0; i < row->holder_count; i++)
		if (holders[i].huge)
			state |= SHMT_HUGE;
	if ((state & SHMT_DEST) != 0)
		add_word(row, "dest");
	if ((state & SHMT_LOCKED) != 0)
		add_word(row, "locked");
	if ((state & SHMT_HUGE) != 0)
		add_word(row, "huge");
	if (is_stale(filling, row))
		add_word(row, "stale");
}

/* A loop that creates many segments does so within one second: the process
 * of the row before is often the same. */
static void
fill_processes(const struct filling *filling, const struct row *before,
    struct row *row)
{
	const struct shmt_info *s = &row->segment;

	if ((filling->needs & NEEDS_CREATOR) != 0) {
		if (before != NULL && before->segment.cpid == s->cpid &&
		    before->segment.ctime == s->ctime)
			row->creator = before->creator;
		else
			shmt_creator(s, &row->creator);
	}
	if ((filling->needs & NEEDS_LAST_USER) != 0)
		shmt_last_user(s, &row->last_user);
}

static void
fill_holders(const struct filling *filling, struct row *row)
{
	const struct shmt_holders *holders = &filling->ipc_ns->holders;
	const struct shmt_holder *first;

	first = shmt_holders_of(
	    holders, &row->segment.object, &row->holder_count);
	row->first_holder = row->holder_count > 0 ?
	    (size_t)(first - holders->list) : 0;
	if (filling->ipc_ns->holders_error == 0 || row->segment.nattch == 0)
		row->facts |= HAS_HOLDERS;
}

static void
fill_row(const struct filling *filling, const struct row *before,
    struct row *row)
{
	const struct shmt_info *s = &row->segment;

	row->ipc_ns = filling->ipc_ns;
	row->key = s->key;
	row->idle = shmt_idle(s, filling->now);
	row->facts = s->known;
	fill_holders(filling, row);
	if ((s->state & SHMT_DEST) != 0 && row->holder_count > 0) {
		row->facts |= SHMT_HAS_KEY;
		row->key = row_holders(row)->key;
	}
	fill_processes(filling, before, row);
	if ((filling->needs & NEEDS_STATUS) != 0)
		fill_status(filling, row);
}

/* Whether the processes of any row are needed, or a key that only they know. */
static bool
needs_holders(const struct row *list, size_t count, unsigned needs)
{
	const struct shmt_info *s;
	size_t i;

	for (i = 0; i < count; i++) {
		s = &list[i].segment;
		if (s->nattch > 0 && ((needs & NEEDS_HOLDERS) != 0 ||
		    ((needs & NEEDS_KEY) != 0 && (s->state & SHMT_DEST) != 0)))
			return true;
	}
	return false;
}

void
fill_rows(struct row *list, size_t count, unsigned needs,
    uint64_t stale_idle, struct ipc_ns *ipc_ns)
{
	const struct filling filling = {
		.needs = needs, .now = time(NULL), .stale_idle = stale_idle,
		.ipc_ns = ipc_ns
	};
	size_t i;

	/* One look at all processes, for all rows. */
	if (needs_holders(list, count, needs) &&
	    shmt_holders(count == 1 ? &list[0].segment.object : NULL,
	    &ipc_ns->holders) == -1)
		ipc_ns->holders_error = errno;
	for (i = 0; i < count; i++)
		fill_row(&filling, i > 0 ? &list[i - 1] : NULL, &list[i]);
}

bool
has_status(const struct row *row, const char *word)
{
	return strstr(row->status, word) != NULL;
}

const struct shmt_holder *
row_holders(const struct row *row)
{
	const struct shmt_holder *list = row->ipc_ns->holders.list;

	return list != NULL ? list + row->first_holder : NULL;
}

int
make_rows(struct rows *rows, struct shmt_list *all)
{
	struct shmt_info info;
	struct row *more;
	size_t i;

	/* Not 0 of them: then NULL would not mean a failure. */
	more = reallocarray(all->list, all->count + 1, sizeof(*more));
	if (more == NULL) {
		shmt_list_free(all);
		return fail(NULL, ENOMEM);
	}
	/* A row is larger than what it is made of: from the last to the first,
	 * none is overwritten before it is moved. */
	for (i = all->count; i-- > 0;) {
		memcpy(&info, (char *)more + i * sizeof(info), sizeof(info));
		memset(&more[i], 0, sizeof(more[i]));
		more[i].segment = info;
	}
	rows->list = more;
	rows->count = all->count;
	rows->source = *all;
	rows->source.list = NULL;
	*all = (struct shmt_list){ 0 };
	return ST_OK;
}

int
make_namespaces(struct rows *rows, size_t count)
{
	rows->namespaces = calloc(count, sizeof(*rows->namespaces));
	return rows->namespaces != NULL ? ST_OK : fail(NULL, ENOMEM);
}

void
free_rows(struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->ns_count; i++)
		shmt_holders_free(&rows->namespaces[i].holders);
	free(rows->namespaces);
	free(rows->list);
	shmt_list_free(&rows->source);
	memset(rows, 0, sizeof(*rows));
}
