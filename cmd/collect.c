/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What stat shows: the rows of the segments that operands or filters select,
 * of this IPC namespace or, one child in each, of all there are.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collect.h"
#include "filter.h"
#include "operand.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/message.h"

bool
is_target(const struct target *target, const struct shmt_segment *segment)
{
	return target->ref.by_key ? target->ref.key == segment->key :
	    target->ref.id == segment->id;
}

/* Those that the operands name, in their order, in place of all. */
static int
pick_targets(const struct selection *selection, struct shmt_segment **list,
    size_t *count)
{
	struct shmt_segment *picked;
	size_t t, i, n = 0;

	picked = calloc(selection->target_count + 1, sizeof(*picked));
	if (picked == NULL)
		return fail(NULL, errno);
	for (t = 0; t < selection->target_count; t++)
		for (i = 0; i < *count; i++)
			if (is_target(&selection->targets[t], &(*list)[i])) {
				picked[n++] = (*list)[i];
				break;
			}
	free(*list);
	*list = picked;
	*count = n;
	return ST_OK;
}

/* The rows of the namespace that this process is in. */
static int
look_here(const struct selection *selection, struct rows *rows)
{
	struct shmt_segment *list;
	size_t count;
	int status;

	status = filter_list(selection->filter,
	    (selection->needs & NEEDS_RSS) != 0, &list, &count);
	if (status == ST_OK && selection->target_count > 0)
		status = pick_targets(selection, &list, &count);
	if (status != ST_OK)
		return status;
	status = make_rows(list, count, selection->needs,
	    filter_idle(selection->filter), rows);
	free(list);
	return status;
}

/*
 * Rows as they come from a child: this, the rows, and the holders that they
 * point to.
 */
struct parcel {
	size_t count, holder_count, hidden;
};

/* In the child, inside the other namespace. */
static int
send_rows(void *arg, int out)
{
	const struct selection *selection = arg;
	struct parcel parcel;
	struct rows rows;
	FILE *file;
	int error;

	/* What went wrong has been told, but for the reason. */
	if (look_here(selection, &rows) != ST_OK)
		return ECANCELED;
	parcel = (struct parcel){ rows.count, rows.holders.count,
	    rows.holders.hidden };
	file = fdopen(out, "w");
	if (file == NULL)
		return errno;
	fwrite(&parcel, sizeof(parcel), 1, file);
	fwrite(rows.list, sizeof(*rows.list), rows.count, file);
	if (rows.holders.count > 0)
		fwrite(rows.holders.list, sizeof(*rows.holders.list),
		    rows.holders.count, file);
	error = ferror(file) || fflush(file) == EOF ? errno : 0;
	free_rows(&rows);
	return error;
}

/* Pointers of another process mean nothing here. */
static void
link_rows(struct rows *rows)
{
	struct row *row;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		row = &rows->list[i];
		row->holders = shmt_holders_of(&rows->holders,
		    row->segment.id, &row->holder_count);
	}
}

static int
unpack(const char *bytes, size_t length, struct rows *rows)
{
	struct parcel parcel;
	size_t rows_size, holders_size;

	memcpy(&parcel, bytes, sizeof(parcel));
	rows_size = parcel.count * sizeof(*rows->list);
	holders_size = parcel.holder_count * sizeof(*rows->holders.list);
	rows->list = malloc(rows_size + 1);
	rows->holders.list = malloc(holders_size + 1);
	if (rows->list == NULL || rows->holders.list == NULL ||
	    length != sizeof(parcel) + rows_size + holders_size) {
		free(rows->list);
		free(rows->holders.list);
		memset(rows, 0, sizeof(*rows));
		return fail(NULL, ENOMEM);
	}
	memcpy(rows->list, bytes + sizeof(parcel), rows_size);
	memcpy(rows->holders.list, bytes + sizeof(parcel) + rows_size,
	    holders_size);
	rows->count = parcel.count;
	rows->holders.count = parcel.holder_count;
	rows->holders.hidden = parcel.hidden;
	link_rows(rows);
	return ST_OK;
}

static int
look_there(const struct selection *selection, const struct shmt_ns *ns,
    struct snapshot *snapshot, struct rows *rows)
{
	struct selection inside = *selection;
	size_t length;
	void *answer;
	int status;

	if (shmt_ns_ask(ns, send_rows, &inside, &answer, &length) == -1) {
		switch (errno) {
		case ESRCH:	/* It ended meanwhile. */
			return ST_OK;
		case EACCES:
		case EPERM:
			snapshot->closed++;
			return ST_OK;
		case ECANCELED:
			return ST_FAILED;
		default:
			return fail("--all-ns", errno);
		}
	}
	status = unpack(answer, length, rows);
	free(answer);
	return status;
}

static void
name_space(const struct shmt_ns *ns, struct rows *rows)
{
	struct shmt_process process;
	size_t i;

	rows->space.ns = *ns;
	shmt_process(ns->pid, time(NULL), &process);
	strlcpy(rows->space.command, process.command,
	    sizeof(rows->space.command));
	for (i = 0; i < rows->count; i++)
		rows->list[i].space = &rows->space;
}

static int
look_everywhere(const struct selection *selection, struct snapshot *snapshot)
{
	struct shmt_ns *list;
	struct rows *rows;
	size_t count, i;
	int status = ST_OK;

	if (shmt_ns_list(&list, &count, &snapshot->hidden) == -1)
		return fail("--all-ns", errno);
	snapshot->spaces = calloc(count, sizeof(*snapshot->spaces));
	if (snapshot->spaces == NULL) {
		free(list);
		return fail(NULL, ENOMEM);
	}
	for (i = 0; i < count; i++) {
		rows = &snapshot->spaces[snapshot->space_count];
		/* The first is our own. */
		add_status(&status, i == 0 ? look_here(selection, rows) :
		    look_there(selection, &list[i], snapshot, rows));
		if (rows->list == NULL)
			continue;
		name_space(&list[i], rows);
		snapshot->space_count++;
	}
	free(list);
	return status;
}

static int
look(const struct selection *selection, struct snapshot *snapshot)
{
	struct shmt_ns own = { 0 };
	int status;

	if (selection->all_spaces)
		return look_everywhere(selection, snapshot);
	snapshot->spaces = calloc(1, sizeof(*snapshot->spaces));
	if (snapshot->spaces == NULL)
		return fail(NULL, errno);
	status = look_here(selection, snapshot->spaces);
	if (status != ST_OK)
		return status;
	snapshot->space_count = 1;
	if ((selection->needs & NEEDS_SPACE) != 0 &&
	    shmt_ns_self(&own.inode) == -1) {
		complain(NULL, "cannot tell the IPC namespace: %s",
		    strerror(errno));
		status = ST_FAILED;
	}
	name_space(&own, snapshot->spaces);
	return status;
}

static int
point_at_rows(struct snapshot *snapshot)
{
	struct rows *rows;
	size_t i, r, n = 0;
	void **p;

	for (i = 0; i < snapshot->space_count; i++)
		n += snapshot->spaces[i].count;
	p = calloc(n + 1, sizeof(*p));
	if (p == NULL)
		return fail(NULL, errno);
	snapshot->rows = p;
	snapshot->row_count = n;
	for (i = 0; i < snapshot->space_count; i++) {
		rows = &snapshot->spaces[i];
		for (r = 0; r < rows->count; r++)
			*p++ = &rows->list[r];
	}
	return ST_OK;
}

/* Operands that no segment answers to. */
static int
tell_absent(const struct selection *selection,
    const struct snapshot *snapshot)
{
	const struct target *target;
	int status = ST_OK;
	size_t t, i;

	for (t = 0; t < selection->target_count; t++) {
		target = &selection->targets[t];
		for (i = 0; i < snapshot->row_count; i++)
			if (is_target(target, &((const struct row *)
			    snapshot->rows[i])->segment))
				break;
		if (i == snapshot->row_count)
			add_status(&status, target_failed(target, ENOENT));
	}
	return status;
}

int
take_snapshot(const struct selection *selection, struct snapshot *snapshot)
{
	int status;

	memset(snapshot, 0, sizeof(*snapshot));
	status = look(selection, snapshot);
	if (snapshot->space_count == 0)
		return status;
	add_status(&status, point_at_rows(snapshot));
	if (snapshot->rows != NULL)
		add_status(&status, tell_absent(selection, snapshot));
	return status;
}

void
free_snapshot(struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < snapshot->space_count; i++)
		free_rows(&snapshot->spaces[i]);
	free(snapshot->spaces);
	free(snapshot->rows);
}

static const char *
plural(size_t count, const char *many)
{
	return count == 1 ? "" : many;
}

/* Whether the mappings seen are those that the segments count. */
static bool
holders_complete(const struct snapshot *snapshot)
{
	size_t missing = 0, hidden = 0, i, r;
	const struct rows *rows;

	for (i = 0; i < snapshot->space_count; i++) {
		rows = &snapshot->spaces[i];
		for (r = 0; r < rows->count; r++)
			missing += !shmt_holders_complete(&rows->holders,
			    &rows->list[r].segment);
		if (rows->holders.hidden > hidden)
			hidden = rows->holders.hidden;
	}
	if (missing == 0)
		return true;
	if (hidden > 0)
		complain(NULL, "attachments of %zu segment%s are not all "
		    "known: %zu process%s may not be looked into", missing,
		    plural(missing, "s"), hidden, plural(hidden, "es"));
	else
		complain(NULL, "attachments of %zu segment%s are not all "
		    "known: processes came or went meanwhile, or are in a "
		    "PID namespace not seen from here", missing,
		    plural(missing, "s"));
	return false;
}

bool
is_complete(const struct selection *selection,
    const struct snapshot *snapshot)
{
	bool complete = true;

	if (snapshot->hidden > 0) {
		complain("--all-ns", "%zu process%s may not be asked for "
		    "%s IPC namespace", snapshot->hidden,
		    plural(snapshot->hidden, "es"),
		    snapshot->hidden == 1 ? "its" : "their");
		complete = false;
	}
	if (snapshot->closed > 0) {
		complain("--all-ns", "%zu IPC namespace%s may not be entered",
		    snapshot->closed, plural(snapshot->closed, "s"));
		complete = false;
	}
	if ((selection->needs & NEEDS_HOLDERS) != 0 &&
	    !holders_complete(snapshot))
		complete = false;
	return complete;
}
