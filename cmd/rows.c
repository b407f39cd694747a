/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Makes rows of segments.  Finds the facts that the columns need, once for all
 * rows, and no others.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

/* Data for all rows that are filled together. */
struct filling {
	unsigned needs;
	bool has_scan;		/* of all processes */
	int64_t now;
	uint64_t stale_idle;
	struct namespace *namespace;
};

const char *
status_words(unsigned status)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
		{ SHMT_DEST, "dest" }, { SHMT_LOCKED, "locked" },
		{ SHMT_HUGE, "huge" }, { SHMT_SEM, "sem" },
		{ SHMT_SEALED, "sealed" }, { STATUS_USED, "used" },
		{ STATUS_STALE, "stale" }
	};
	/* A text for each set of words, made for the first row that has it. */
	static char texts[2 * STATUS_STALE][48];
	char *text = texts[status];
	size_t i;

	if (status == 0 || text[0] != '\0')
		return text;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((status & words[i].bit) != 0) {
			if (text[0] != '\0')
				strlcat(text, " ", sizeof(texts[0]));
			strlcat(text, words[i].word, sizeof(texts[0]));
		}
	return text;
}

static bool
is_object(const struct row *row)
{
	return row->segment.object.kind != SHMT_SYSV;
}

uint64_t
divide_by_names(const struct shmt_info *s, uint64_t bytes)
{
	return s->links > 1 ? (bytes + s->links - 1) / s->links : bytes;
}

bool
row_is_unattached(const struct row *row)
{
	const struct shmt_info *s = &row->segment;

	return is_object(row) ? (s->known & SHMT_HAS_IN_USE) != 0 &&
	    !s->in_use : s->nattch == 0;
}

/* The idle time comes first: it is known, and most rows are not idle for so
 * long. */
static bool
row_is_stale(const struct filling *filling, const struct row *row)
{
	struct shmt_clause clauses[] = {
		{ .by = SHMT_BY_STALE },
		{ .by = SHMT_BY_IDLE, .value = filling->stale_idle }
	};
	const struct shmt_filter filter = { clauses, 2 };

	return row->idle >= filling->stale_idle && shmt_match(&filter,
	    &row->segment, filling->now, &filling->namespace->holders);
}

static void
fill_status(const struct filling *filling, struct row *row)
{
	const struct shmt_holder *holders = row_holders(row);
	size_t i;

	row->status = row->segment.state;
	for (i = 0; holders != NULL && i < row->holder_count; i++)
		if (holders[i].huge)
			row->status |= SHMT_HUGE;
	if (row->segment.object.kind == SHMT_POSIX &&
	    row->segment.in_use && row->holder_count == 0)
		row->status |= STATUS_USED;
	if (row_is_stale(filling, row))
		row->status |= STATUS_STALE;
}

/* Adds a process; returns its number, from 1 on. */
static unsigned
add_process(struct namespace *namespace, const struct shmt_process *process)
{
	namespace->processes = check_memory(reallocarray(namespace->processes,
	    namespace->process_count + 1, sizeof(*process)));
	namespace->processes[namespace->process_count++] = *process;
	return (unsigned)namespace->process_count;
}

/* A loop that creates many segments does so within one second: the process
 * of the row before is often the same. */
static void
fill_processes(const struct filling *filling, const struct row *before,
    struct row *row)
{
	const struct shmt_info *s = &row->segment;
	const struct shmt_info *t = before != NULL ? &before->segment : NULL;
	bool same = t != NULL && t->ctime == s->ctime;
	struct shmt_process process;

	if ((filling->needs & NEEDS_CREATOR) == 0)
		row->creator = 0;
	else if (same && t->cpid == s->cpid)
		row->creator = before->creator;
	else {
		shmt_creator(s, &process);
		row->creator = add_process(filling->namespace, &process);
	}
	if ((filling->needs & NEEDS_LAST_USER) == 0)
		row->last_user = 0;
	else if (same && t->lpid == s->lpid && t->atime == s->atime &&
	    t->dtime == s->dtime)
		row->last_user = before->last_user;
	else {
		shmt_last_user(s, &process);
		row->last_user = add_process(filling->namespace, &process);
	}
}

static void
fill_holders(const struct filling *filling, struct row *row)
{
	const struct shmt_holders *holders = &filling->namespace->holders;
	const struct shmt_holder *first;
	size_t count;

	first = shmt_holders_of(holders, &row->segment.object, &count);
	row->holder_count = (unsigned)count;
	row->first_holder = count > 0 ? (unsigned)(first - holders->list) : 0;
	if (is_object(row) ? filling->has_scan :
	    filling->namespace->holders_error == 0 || row->segment.nattch == 0)
		row->facts |= HAS_HOLDERS;
}

/* Counts the mappings and descriptors of an object, which the kernel does not,
 * and finds out whether it is in use if the status is needed. */
static void
fill_use(const struct filling *filling, struct row *row)
{
	const struct shmt_holder *holders = row_holders(row);
	struct shmt_info *s = &row->segment;
	size_t i;

	if (!is_object(row) || !filling->has_scan)
		return;
	s->nattch = s->fds = 0;
	if ((filling->needs & NEEDS_STATUS) != 0) {
		shmt_fill_use(s, &filling->namespace->holders);
		return;
	}
	s->known |= SHMT_HAS_NATTCH | SHMT_HAS_FDS;
	for (i = 0; holders != NULL && i < row->holder_count; i++) {
		s->nattch += holders[i].maps;
		s->fds += holders[i].fds;
	}
}

static void
fill_row(const struct filling *filling, const struct row *before,
    struct row *row)
{
	const struct shmt_info *s = &row->segment;
	const struct shmt_holder *holders;

	row->namespace = filling->namespace;
	row->key = s->key;
	row->idle = shmt_idle(s, filling->now);
	row->facts = 0;
	fill_holders(filling, row);
	fill_use(filling, row);
	row->facts |= s->known;
	holders = row_holders(row);
	if ((s->state & SHMT_DEST) != 0 && holders != NULL) {
		row->facts |= SHMT_HAS_KEY;
		row->key = holders->key;
	}
	fill_processes(filling, before, row);
	if ((filling->needs & NEEDS_STATUS) != 0)
		fill_status(filling, row);
}

/* Whether any row needs its processes, or its key, which only their maps
 * show. */
static bool
needs_holders(const struct row *list, size_t count, unsigned needs)
{
	const struct shmt_info *s;
	size_t i;

	for (i = 0; i < count; i++) {
		s = &list[i].segment;
		if (is_object(&list[i]) && ((needs & NEEDS_HOLDERS) != 0 ||
		    ((needs & (NEEDS_USE | NEEDS_STATUS)) != 0 &&
		    (s->object.kind == SHMT_POSIX ||
		    (s->known & SHMT_HAS_FDS) == 0))))
			return true;
		if (s->nattch > 0 && ((needs & NEEDS_HOLDERS) != 0 ||
		    ((needs & NEEDS_KEY) != 0 && (s->state & SHMT_DEST) != 0)))
			return true;
	}
	return false;
}

static int
find_holders(const struct row *list, size_t count,
    struct shmt_holders *holders)
{
	struct shmt_info *segments;
	size_t i;
	int result;

	segments = calloc(count, sizeof(*segments));
	if (segments == NULL)
		return -1;
	for (i = 0; i < count; i++)
		segments[i] = list[i].segment;
	result = shmt_holders_of_list(segments, count, holders);
	free(segments);
	return result;
}

void
fill_rows(struct row *list, size_t count, unsigned needs,
    uint64_t stale_idle, struct namespace *namespace)
{
	struct filling filling = {
		.needs = needs, .now = time(NULL), .stale_idle = stale_idle,
		.namespace = namespace
	};
	size_t i;

	/* Scans all processes once, for all rows. */
	if (needs_holders(list, count, needs)) {
		if (find_holders(list, count, &namespace->holders) == -1)
			namespace->holders_error = errno;
		else
			filling.has_scan = true;
	}
	for (i = 0; i < count; i++)
		fill_row(&filling, i > 0 ? &list[i - 1] : NULL, &list[i]);
}

const struct shmt_holder *
row_holders(const struct row *row)
{
	const struct shmt_holder *list = row->namespace->holders.list;

	return row->holder_count > 0 ? list + row->first_holder : NULL;
}

char *
copy_names(const struct row *list, size_t count, size_t *size)
{
	const struct shmt_object *object;
	char *text = NULL;
	FILE *out;

	out = check_memory(open_memstream(&text, size));
	for (; count > 0; count--, list++) {
		object = &list->segment.object;
		if (object->path == NULL && object->name == NULL)
			continue;
		if (object->path == NULL)
			putc('/', out);
		fputs(object->path != NULL ? object->path : object->name, out);
		putc('\0', out);
	}
	return check_memory(written_text(out, &text));
}

void
assign_names(struct rows *rows, size_t first, char *text)
{
	struct row *row = rows->list + first;
	struct shmt_object *object;

	rows->texts = check_memory(reallocarray(rows->texts,
	    rows->text_count + 1, sizeof(*rows->texts)));
	rows->texts[rows->text_count++] = text;
	for (; row < rows->list + rows->count; row++) {
		object = &row->segment.object;
		if (object->path == NULL && object->name == NULL)
			continue;
		row->path = text;
		if (object->path != NULL)
			object->path = text;
		else {
			object->name = text + 1;
			object->dir = rows->dir;
		}
		text += strlen(text) + 1;
	}
}

void
make_rows(struct rows *rows, struct shmt_list *all)
{
	size_t i, size;

	rows->list = check_memory(calloc(all->count + 1, sizeof(*rows->list)));
	for (i = 0; i < all->count; i++)
		rows->list[i].segment = all->list[i];
	rows->count = all->count;
	rows->hidden = all->hidden;
	rows->dir = all->dir;
	assign_names(rows, 0, copy_names(rows->list, rows->count, &size));
	all->dir = 0;
	shmt_list_free(all);
}

void
allocate_namespaces(struct rows *rows, size_t count)
{
	rows->namespaces = check_memory(calloc(count,
	    sizeof(*rows->namespaces)));
}

void
free_namespace(struct namespace *namespace)
{
	shmt_holders_free(&namespace->holders);
	free(namespace->processes);
}

void
free_rows(struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->ns_count; i++)
		free_namespace(&rows->namespaces[i]);
	for (i = 0; i < rows->text_count; i++)
		free(rows->texts[i]);
	free(rows->texts);
	free(rows->namespaces);
	free(rows->list);
	if (rows->dir > 0)
		close(rows->dir);
	memset(rows, 0, sizeof(*rows));
}
