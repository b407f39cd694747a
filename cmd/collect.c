/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The rows of the segments that operands and filters select, of this namespace
 * or of all.  A child enters each other namespace and sends its rows back.
 */

#include <sys/stat.h>

#include <errno.h>
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

unsigned
selected_kinds(const struct selection *selection)
{
	unsigned kinds = 0;
	size_t o;

	for (o = 0; o < selection->operand_count; o++)
		kinds |= SHMT_KIND(selection->operands[o].ref.kind);
	if (kinds == 0)
		kinds = shmt_filter_kinds(selection->filter);
	return selection->kinds == 0 ? kinds : kinds & selection->kinds;
}

static unsigned
wanted_facts(const struct selection *selection)
{
	return (selection->needs & NEEDS_RSS) != 0 ? SHMT_WANT_RSS : 0;
}

static bool
pick_segment(const struct operand *operand, const struct shmt_list *all,
    struct shmt_info *picked)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (shmt_is_named(&operand->ref, &all->list[i])) {
			*picked = all->list[i];
			return true;
		}
	return false;
}

/* Replaces a list of all segments by what the operands name, in the order of
 * the operands; passes tells which of these pass the filter. */
static int
pick_operands(const struct selection *selection, struct shmt_list *all,
    bool *passes)
{
	const struct operand *operand;
	struct shmt_info *picked;
	struct shmt_object object;
	size_t o, n = 0;

	picked = check_memory(calloc(selection->operand_count,
	    sizeof(*picked)));
	for (o = 0; o < selection->operand_count; o++) {
		operand = &selection->operands[o];
		n += operand->ref.kind == SHMT_SYSV ?
		    pick_segment(operand, all, &picked[n]) :
		    shmt_resolve(&operand->ref, &object) == 0 &&
		    shmt_info(&object, wanted_facts(selection),
		    &picked[n]) == 0;
	}
	free(all->list);
	all->list = picked;
	all->count = n;
	return filter_match(selection->filter, picked, n, passes);
}

/* Makes the rows of what the operands name, and sets excluded in those that do
 * not pass the filter. */
static int
add_operands(const struct selection *selection, struct rows *rows)
{
	struct shmt_list all;
	bool *passes;
	size_t i;
	int status;

	if (shmt_list(selected_kinds(selection) & SHMT_KIND(SHMT_SYSV),
	    wanted_facts(selection), &all) == -1)
		return fail(NULL, errno);
	passes = check_memory(calloc(selection->operand_count,
	    sizeof(*passes)));
	status = pick_operands(selection, &all, passes);
	if (status == ST_OK)
		make_rows(rows, &all);
	else
		shmt_list_free(&all);
	for (i = 0; i < rows->count; i++)
		rows->list[i].excluded = !passes[i];
	free(passes);
	return status;
}

static int
add_matches(const struct selection *selection, struct rows *rows)
{
	struct shmt_list all;
	int status;

	status = filter_list(selection->filter, selected_kinds(selection),
	    wanted_facts(selection), &all);
	if (status == ST_OK)
		make_rows(rows, &all);
	return status;
}

/* Makes the rows of the namespace that this process is in. */
static int
collect_here(const struct selection *selection, struct rows *rows,
    struct namespace *namespace)
{
	int status;

	status = selection->operand_count > 0 ?
	    add_operands(selection, rows) : add_matches(selection, rows);
	if (status == ST_OK)
		fill_rows(rows->list, rows->count, selection->needs,
		    shmt_stale_idle(selection->filter), namespace);
	return status;
}

/* The argument of a child. */
struct inside {
	const struct selection *selection;
	const struct rows *rows;	/* of the namespaces before */
};

/* A child sends this, and then the rows, the holders, the processes and the
 * names. */
struct reply {
	size_t row_count, holder_count, names_size;
	struct namespace namespace;	/* without the lists of its processes */
};

/* Finds out which /dev/shm the namespace has.  EEXIST: a namespace before it
 * has the same one.  If it has none, the list of its objects fails later. */
static int
identify_shm(const struct rows *before, struct namespace *namespace)
{
	struct stat st;
	size_t i;

	if (stat("/dev/shm", &st) == -1)
		return 0;
	for (i = 0; i < before->ns_count; i++)
		if (before->namespaces[i].dev == st.st_dev &&
		    before->namespaces[i].inode == st.st_ino)
			return EEXIST;
	namespace->dev = st.st_dev;
	namespace->inode = st.st_ino;
	return 0;
}

static int
send_reply(const struct rows *rows, const struct namespace *namespace, int out)
{
	const struct shmt_holders *holders = &namespace->holders;
	struct reply reply = { rows->count, holders->count, 0, *namespace };
	FILE *file = fdopen(out, "w");
	char *names;

	names = copy_names(rows->list, rows->count, &reply.names_size);
	if (file == NULL)
		return errno;
	fwrite(&reply, sizeof(reply), 1, file);
	fwrite(rows->list, sizeof(*rows->list), rows->count, file);
	if (holders->count > 0)
		fwrite(holders->list, sizeof(*holders->list), holders->count,
		    file);
	if (namespace->process_count > 0)
		fwrite(namespace->processes, sizeof(*namespace->processes),
		    namespace->process_count, file);
	fwrite(names, 1, reply.names_size, file);
	free(names);
	return ferror(file) || fflush(file) == EOF ? errno : 0;
}

/* In the child, inside the other namespace. */
static int
send_rows(void *arg, int out)
{
	const struct inside *inside = arg;
	struct namespace namespace = { 0 };
	struct rows rows = { 0 };
	int error = 0;

	if (inside->selection->kinds == SHMT_KIND(SHMT_POSIX))
		error = identify_shm(inside->rows, &namespace);
	if (error != 0)
		return error;
	/* collect_here() has printed a message. */
	if (collect_here(inside->selection, &rows, &namespace) != ST_OK)
		return ECANCELED;
	error = send_reply(&rows, &namespace, out);
	free_rows(&rows);
	free_namespace(&namespace);
	return error;
}

/* Whether length bytes are a reply, which no other process can have written. */
static bool
read_reply(const char *bytes, size_t length, struct reply *reply)
{
	if (length < sizeof(*reply))
		return false;
	memcpy(reply, bytes, sizeof(*reply));
	return length == sizeof(*reply) +
	    reply->row_count * sizeof(struct row) +
	    reply->holder_count * sizeof(struct shmt_holder) +
	    reply->namespace.process_count * sizeof(struct shmt_process) +
	    reply->names_size;
}

/* Copies bytes, which it moves past them. */
static void *
copy_part(const char **bytes, size_t size)
{
	void *copy = check_memory(malloc(size + 1));

	memcpy(copy, *bytes, size);
	*bytes += size;
	return copy;
}

static int
receive_rows(const char *bytes, size_t length, struct rows *rows,
    struct namespace *namespace)
{
	size_t rows_size, i, first = rows->count;
	struct shmt_holder *holders;
	struct reply reply;
	struct row *more;

	if (!read_reply(bytes, length, &reply))
		return fail("--all-ns", EIO);
	rows_size = reply.row_count * sizeof(*more);
	rows->list = check_memory(reallocarray(rows->list,
	    rows->count + reply.row_count + 1, sizeof(*more)));
	bytes += sizeof(reply);
	more = rows->list + first;
	rows->count += reply.row_count;
	memcpy(more, bytes, rows_size);
	for (i = 0; i < reply.row_count; i++)
		more[i].namespace = namespace;
	bytes += rows_size;
	holders = copy_part(&bytes, reply.holder_count * sizeof(*holders));
	*namespace = reply.namespace;
	namespace->holders = (struct shmt_holders){ holders, reply.holder_count,
	    reply.namespace.holders.hidden, NULL };
	namespace->processes = copy_part(&bytes, namespace->process_count *
	    sizeof(*namespace->processes));
	assign_names(rows, first, copy_part(&bytes, reply.names_size));
	return ST_OK;
}

/* Adds the rows of another namespace.  *seen: false if it does not exist any
 * more, has no /dev/shm of its own, may not be entered, or something failed. */
static int
collect_there(const struct selection *selection, const struct shmt_ns *ns,
    struct collection *collection, struct namespace *namespace, bool *seen)
{
	struct inside inside = { selection, &collection->rows };
	size_t length;
	void *reply;
	int status;

	*seen = false;
	if (shmt_ns_run(ns, send_rows, &inside, &reply, &length) == 0) {
		status = receive_rows(reply, length, &collection->rows,
		    namespace);
		free(reply);
		*seen = status == ST_OK;
		return status;
	}
	/* The child ended in check_memory(). */
	if (errno == ST_LIMIT)
		return ST_LIMIT;
	switch (errno) {
	case ESRCH:
	case EEXIST:
	case ENODEV:
		return ST_OK;
	case EACCES:
	case EPERM:
	case ENOSYS:
	/* Root of another user namespace can cause these. */
	case EINVAL:
	case ENOSPC:
	case ETIMEDOUT:
	case EIO:
		collection->not_entered++;
		return ST_OK;
	case ECANCELED:
		return ST_FAILED;
	default:
		return fail("--all-ns", errno);
	}
}

static void
identify_namespace(const struct shmt_ns *ns, struct namespace *namespace)
{
	struct shmt_process process;

	namespace->ns = *ns;
	shmt_process(ns->pid, time(NULL), &process);
	strlcpy(namespace->command, process.command,
	    sizeof(namespace->command));
}

static int
add_namespaces(enum shmt_kind kind, struct shmt_ns **list, size_t *count,
    size_t *hidden)
{
	size_t more_count, more_hidden;
	struct shmt_ns *more;

	if (shmt_ns_list(kind, &more, &more_count, &more_hidden) == -1)
		return fail("--all-ns", errno);
	*list = check_memory(reallocarray(*list, *count + more_count,
	    sizeof(*more)));
	memcpy(*list + *count, more, more_count * sizeof(*more));
	*count += more_count;
	*hidden = more_hidden > *hidden ? more_hidden : *hidden;
	free(more);
	return ST_OK;
}

static int
collect_namespace(const struct selection *selection, const struct shmt_ns *ns,
    struct collection *collection)
{
	struct rows *rows = &collection->rows;
	struct namespace *namespace = &rows->namespaces[rows->ns_count];
	struct selection part = *selection;
	int status;
	bool seen;

	part.kinds = SHMT_KIND(ns->kind);
	status = collect_there(&part, ns, collection, namespace, &seen);
	if (seen) {
		identify_namespace(ns, namespace);
		rows->ns_count++;
	}
	return status;
}

static int
collect_everywhere(
    const struct selection *selection, struct collection *collection)
{
	struct rows *rows = &collection->rows;
	unsigned kinds = selected_kinds(selection);
	struct shmt_ns *list = NULL;
	size_t count = 0, i;
	enum shmt_kind kind;
	int status = ST_OK;

	for (kind = SHMT_SYSV; kind <= SHMT_POSIX; kind++)
		if (kinds & SHMT_KIND(kind))
			add_status(&status, add_namespaces(kind, &list,
			    &count, &collection->hidden));
	if (status == ST_OK)
		allocate_namespaces(rows, count);
	for (i = 0; rows->namespaces != NULL && i < count; i++)
		add_status(&status, collect_namespace(selection, &list[i],
		    collection));
	if (status == ST_OK && rows->ns_count == 0) {
		warn_about("--all-ns", "none of %zu namespace%s could be "
		    "listed", count, plural(count, "s"));
		status = ST_FAILED;
	}
	free(list);
	return status;
}

static int
collect_all(const struct selection *selection, struct collection *collection)
{
	struct rows *rows = &collection->rows;
	struct shmt_ns own = { 0 };
	int status;

	if (selection->all_ns)
		return collect_everywhere(selection, collection);
	allocate_namespaces(rows, 1);
	status = collect_here(selection, rows, rows->namespaces);
	if (status != ST_OK)
		return status;
	rows->ns_count = 1;
	if ((selection->needs & NEEDS_NS) != 0 &&
	    shmt_ns_self(SHMT_SYSV, &own.inode) == -1) {
		warn_about(NULL, "cannot tell the IPC namespace: %s",
		    strerror(errno));
		status = ST_FAILED;
	}
	identify_namespace(&own, rows->namespaces);
	return status;
}

/* Looks each operand without a row up again, for the reason why it names
 * nothing. */
static int
report_absent(const struct selection *selection, const struct rows *rows)
{
	const struct operand *operand = selection->operands;
	struct shmt_info info;
	int status = ST_OK, absent;
	size_t o, i;

	for (o = 0; o < selection->operand_count; o++, operand++) {
		for (i = 0; i < rows->count; i++)
			if (shmt_is_named(&operand->ref,
			    &rows->list[i].segment))
				break;
		if (i < rows->count)
			continue;
		absent = find_operand(operand, &info);
		/* It was created after the rows were made. */
		if (absent == ST_OK)
			absent = operand_failed(operand, ENOENT);
		add_status(&status, absent);
	}
	return status;
}

int
collect(const struct selection *selection, struct collection *collection)
{
	struct rows *rows = &collection->rows;
	size_t i, kept = 0;
	int status;

	memset(collection, 0, sizeof(*collection));
	status = collect_all(selection, collection);
	if (rows->ns_count > 0)
		add_status(&status, report_absent(selection, rows));
	/* Operands that exist, but do not pass the filter. */
	for (i = 0; i < rows->count; i++)
		if (!rows->list[i].excluded)
			rows->list[kept++] = rows->list[i];
	rows->count = kept;
	return status;
}

/* Reports the first namespace whose attachments could not be found, with the
 * reason. */
static bool
check_holders_found(const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->ns_count; i++)
		if (rows->namespaces[i].holders_error != 0) {
			holders_failed(rows->namespaces[i].holders_error);
			return false;
		}
	return true;
}

/* The kernel does not count the users of an object: they are all known if no
 * process was hidden, or if a lease shows that there are none. */
static bool
is_complete(const struct row *row)
{
	if (row->path == NULL)
		return shmt_holders_complete(&row->namespace->holders,
		    &row->segment);
	return (row->status & STATUS_USED) == 0 && (row_is_unattached(row) ||
	    row->namespace->holders.hidden == 0);
}

/* Whether the mappings that were seen are those that the segments count. */
static bool
check_holders(const struct rows *rows)
{
	char why[64] = "processes changed or hidden";
	size_t missing = 0, hidden = 0, i;

	for (i = 0; i < rows->count; i++)
		missing += !is_complete(&rows->list[i]);
	for (i = 0; i < rows->ns_count; i++)
		if (rows->namespaces[i].holders.hidden > hidden)
			hidden = rows->namespaces[i].holders.hidden;
	if (missing == 0)
		return true;
	if (hidden > 0)
		snprintf(why, sizeof(why), "at least %zu unreadable "
		    "process%s", hidden,
		    plural(hidden, "es"));
	warn_about(NULL, "%zu segment%s may have more users: %s", missing,
	    plural(missing, "s"), why);
	return false;
}

bool
check_complete(const struct selection *selection,
    const struct collection *collection)
{
	const size_t hidden = collection->rows.hidden;
	bool complete = hidden == 0;

	/* Memory without a name is found only in the processes that hold
	 * it. */
	if (hidden > 0)
		warn_about(NULL, "not listed: memory held only by at "
		    "least %zu unreadable process%s", hidden,
		    plural(hidden, "es"));
	if (collection->hidden > 0) {
		warn_about("--all-ns", "the namespace of at least %zu "
		    "process%s may not be read", collection->hidden,
		    plural(collection->hidden, "es"));
		complete = false;
	}
	if (collection->not_entered > 0) {
		warn_about("--all-ns", "%zu namespace%s may not be entered, or "
		    "did not answer", collection->not_entered,
		    plural(collection->not_entered, "s"));
		complete = false;
	}
	/* One note about processes that may not be read is enough. */
	if (complete && (selection->needs & NEEDS_HOLDERS) != 0 &&
	    (!check_holders_found(&collection->rows) ||
	    !check_holders(&collection->rows)))
		complete = false;
	return complete;
}
