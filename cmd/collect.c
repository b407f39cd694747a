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
#include "ui/text.h"

bool
is_operand(const struct operand *operand, const struct shmt_segment *segment)
{
	return operand->ref.by_key ? operand->ref.key == segment->key :
	    operand->ref.id == segment->id;
}

/* Those that the operands name, in their order, in place of all. */
static int
pick_operands(const struct selection *selection, struct shmt_segment **list,
    size_t *count)
{
	struct shmt_segment *picked;
	size_t t, i, n = 0;

	picked = calloc(selection->operand_count + 1, sizeof(*picked));
	if (picked == NULL)
		return fail(NULL, errno);
	for (t = 0; t < selection->operand_count; t++)
		for (i = 0; i < *count; i++)
			if (is_operand(&selection->operands[t], &(*list)[i])) {
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
	if (status == ST_OK && selection->operand_count > 0)
		status = pick_operands(selection, &list, &count);
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
    struct collection *collection, struct rows *rows)
{
	struct selection inside = *selection;
	size_t length;
	void *answer;
	int status;

	if (shmt_ns_run(ns, send_rows, &inside, &answer, &length) == -1) {
		switch (errno) {
		case ESRCH:	/* It ended meanwhile. */
			return ST_OK;
		case EACCES:
		case EPERM:
			collection->closed++;
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
name_ns(const struct shmt_ns *ns, struct rows *rows)
{
	struct shmt_process process;
	size_t i;

	rows->ipc_ns.ns = *ns;
	shmt_process(ns->pid, time(NULL), &process);
	strlcpy(rows->ipc_ns.command, process.command,
	    sizeof(rows->ipc_ns.command));
	for (i = 0; i < rows->count; i++)
		rows->list[i].ipc_ns = &rows->ipc_ns;
}

static int
look_everywhere(
    const struct selection *selection, struct collection *collection)
{
	struct shmt_ns *list;
	struct rows *rows;
	size_t count, i;
	int status = ST_OK;

	if (shmt_ns_list(&list, &count, &collection->hidden) == -1)
		return fail("--all-ns", errno);
	collection->ipc_namespaces =
	    calloc(count, sizeof(*collection->ipc_namespaces));
	if (collection->ipc_namespaces == NULL) {
		free(list);
		return fail(NULL, ENOMEM);
	}
	for (i = 0; i < count; i++) {
		rows = &collection->ipc_namespaces[collection->ns_count];
		/* The first is our own. */
		add_status(&status, i == 0 ? look_here(selection, rows) :
		    look_there(selection, &list[i], collection, rows));
		if (rows->list == NULL)
			continue;
		name_ns(&list[i], rows);
		collection->ns_count++;
	}
	free(list);
	return status;
}

static int
look(const struct selection *selection, struct collection *collection)
{
	struct shmt_ns own = { 0 };
	int status;

	if (selection->all_ns)
		return look_everywhere(selection, collection);
	collection->ipc_namespaces =
	    calloc(1, sizeof(*collection->ipc_namespaces));
	if (collection->ipc_namespaces == NULL)
		return fail(NULL, errno);
	status = look_here(selection, collection->ipc_namespaces);
	if (status != ST_OK)
		return status;
	collection->ns_count = 1;
	if ((selection->needs & NEEDS_NS) != 0 &&
	    shmt_ns_self(&own.inode) == -1) {
		warn_about(NULL, "cannot tell the IPC namespace: %s",
		    strerror(errno));
		status = ST_FAILED;
	}
	name_ns(&own, collection->ipc_namespaces);
	return status;
}

static int
point_at_rows(struct collection *collection)
{
	struct rows *rows;
	size_t i, r, n = 0;
	void **p;

	for (i = 0; i < collection->ns_count; i++)
		n += collection->ipc_namespaces[i].count;
	p = calloc(n + 1, sizeof(*p));
	if (p == NULL)
		return fail(NULL, errno);
	collection->rows = p;
	collection->row_count = n;
	for (i = 0; i < collection->ns_count; i++) {
		rows = &collection->ipc_namespaces[i];
		for (r = 0; r < rows->count; r++)
			*p++ = &rows->list[r];
	}
	return ST_OK;
}

/* Operands that no segment answers to. */
static int
report_absent(const struct selection *selection,
    const struct collection *collection)
{
	const struct operand *operand;
	int status = ST_OK;
	size_t t, i;

	for (t = 0; t < selection->operand_count; t++) {
		operand = &selection->operands[t];
		for (i = 0; i < collection->row_count; i++)
			if (is_operand(operand, &((const struct row *)
			    collection->rows[i])->segment))
				break;
		if (i == collection->row_count)
			add_status(&status, operand_failed(operand, ENOENT));
	}
	return status;
}

int
collect(const struct selection *selection, struct collection *collection)
{
	int status;

	memset(collection, 0, sizeof(*collection));
	status = look(selection, collection);
	if (collection->ns_count == 0)
		return status;
	add_status(&status, point_at_rows(collection));
	if (collection->rows != NULL)
		add_status(&status, report_absent(selection, collection));
	return status;
}

void
free_collection(struct collection *collection)
{
	size_t i;

	for (i = 0; i < collection->ns_count; i++)
		free_rows(&collection->ipc_namespaces[i]);
	free(collection->ipc_namespaces);
	free(collection->rows);
}

/* Whether the mappings seen are those that the segments count. */
static bool
holders_complete(const struct collection *collection)
{
	size_t missing = 0, hidden = 0, i, r;
	const struct rows *rows;

	for (i = 0; i < collection->ns_count; i++) {
		rows = &collection->ipc_namespaces[i];
		for (r = 0; r < rows->count; r++)
			missing += !shmt_holders_complete(&rows->holders,
			    &rows->list[r].segment);
		if (rows->holders.hidden > hidden)
			hidden = rows->holders.hidden;
	}
	if (missing == 0)
		return true;
	if (hidden > 0)
		warn_about(NULL, "attachments of %zu segment%s are not all "
		    "known: %zu process%s may not be looked into", missing,
		    plural(missing, "s"), hidden, plural(hidden, "es"));
	else
		warn_about(NULL, "attachments of %zu segment%s are not all "
		    "known: processes came or went meanwhile, or are in a "
		    "PID namespace not seen from here", missing,
		    plural(missing, "s"));
	return false;
}

bool
is_complete(const struct selection *selection,
    const struct collection *collection)
{
	bool complete = true;

	if (collection->hidden > 0) {
		warn_about("--all-ns", "%zu process%s may not be asked for "
		    "%s IPC namespace", collection->hidden,
		    plural(collection->hidden, "es"),
		    collection->hidden == 1 ? "its" : "their");
		complete = false;
	}
	if (collection->closed > 0) {
		warn_about("--all-ns", "%zu IPC namespace%s may not be entered",
		    collection->closed, plural(collection->closed, "s"));
		complete = false;
	}
	if ((selection->needs & NEEDS_HOLDERS) != 0 &&
	    !holders_complete(collection))
		complete = false;
	return complete;
}
