/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -w: takes a snapshot of the segments at each interval, and prints a line
 * for each change between two of them.  Changes of objects come from
 * object_watch.c.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/event.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"
#include "ui/wait.h"

/* The segments at one time, sorted by id. */
struct snapshot {
	int64_t time;
	struct rows rows;		/* of one namespace */
};

struct watching {
	struct event_output output;
	struct snapshot before, after;
	struct object_watch *objects;	/* NULL: no objects are watched */
};

static bool
passes(const struct watching *w, const struct snapshot *s,
    const struct row *row)
{
	return is_wanted(w->output.opts, row, s->time,
	    &s->rows.namespaces->holders);
}

/* Reports what IPC_SET, SHM_LOCK and SHM_UNLOCK change. */
static void
report_changed(const struct watching *w, const struct shmt_info *was,
    const struct row *row)
{
	const struct shmt_info *now = &row->segment;
	struct event event = { .row = *row };

	add_ownership(&event, was, now);
	if (((now->state ^ was->state) & SHMT_LOCKED) != 0)
		add_what(&event, "%s", (now->state & SHMT_LOCKED) != 0 ?
		    "locked" : "unlocked");
	/* IPC_SET with the same values changes only ctime, as marking does. */
	if (event.what[0] == '\0' && now->ctime != was->ctime &&
	    ((now->state ^ was->state) & SHMT_DEST) == 0)
		add_what(&event, "set as it was");
	if (event.what[0] != '\0')
		print_event(&w->output, &event, "changed");
}

/* If several processes attached or detached, only the last one is known. */
static void
report_attached(const struct watching *w, const struct shmt_info *was,
    const struct row *row)
{
	const struct shmt_info *now = &row->segment;
	struct event event = { .row = *row, .pid = now->lpid };
	bool both = now->nattch == was->nattch;

	if (both && now->atime == was->atime && now->dtime == was->dtime &&
	    now->lpid == was->lpid)
		return;
	shmt_last_user(now, &event.process);
	if (both)
		add_what(&event, "both in one interval");
	else
		add_what(&event, "%" PRIu64 " -> %" PRIu64, was->nattch,
		    now->nattch);
	if (both || now->nattch > was->nattch)
		print_event(&w->output, &event, "attached");
	if (both || now->nattch < was->nattch)
		print_event(&w->output, &event, "detached");
}

static void
report_created(const struct watching *w, const struct row *row)
{
	struct event event = { .row = *row, .pid = row->segment.cpid };

	if (!passes(w, &w->after, row))
		return;
	shmt_creator(&row->segment, &event.process);
	print_event(&w->output, &event, "created");
}

static void
report_removed(const struct watching *w, const struct row *row)
{
	struct event event = { .row = *row };

	if (passes(w, &w->before, row))
		print_event(&w->output, &event, "removed");
}

/* Most segments are unchanged, which is cheaper to find than the filter. */
static bool
is_unchanged(const struct shmt_info *now, const struct shmt_info *was)
{
	return now->nattch == was->nattch && now->lpid == was->lpid &&
	    now->atime == was->atime && now->dtime == was->dtime &&
	    now->ctime == was->ctime && now->mode == was->mode &&
	    now->state == was->state && now->uid == was->uid &&
	    now->gid == was->gid;
}

static void
report_differences(const struct watching *w, const struct row *before,
    struct row *after)
{
	const struct shmt_info *was = &before->segment;
	const struct shmt_info *now = &after->segment;
	struct event event;

	/* Marking takes the key away. */
	if ((before->facts & ~after->facts & SHMT_HAS_KEY) != 0) {
		after->key = before->key;
		after->facts |= SHMT_HAS_KEY;
	}
	if (is_unchanged(now, was) || (!passes(w, &w->before, before) &&
	    !passes(w, &w->after, after)))
		return;
	report_changed(w, was, after);
	report_attached(w, was, after);
	if (((now->state & ~was->state) & SHMT_DEST) == 0)
		return;
	event = (struct event){ .row = *after };
	print_event(&w->output, &event, "marked");
}

static int64_t
id_at(const struct rows *rows, size_t i)
{
	return i < rows->count ? rows->list[i].segment.object.id : INT64_MAX;
}

/* Merges the two snapshots, which are sorted by id. */
static void
report_changes(struct watching *w)
{
	const struct rows *before = &w->before.rows, *after = &w->after.rows;
	const struct row *was;
	struct row *now;
	size_t i = 0, k = 0;

	while (i < before->count || k < after->count) {
		was = &before->list[i];
		now = &after->list[k];
		if (id_at(before, i) > id_at(after, k)) {
			report_created(w, now);
			k++;
		} else if (id_at(before, i) < id_at(after, k) ||
		    !shmt_same(&was->segment, &now->segment)) {
			report_removed(w, was);
			i++;
		} else {
			report_differences(w, was, now);
			i++;
			k++;
		}
	}
}

static int
compare_ids(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->segment.object.id > y->segment.object.id) -
	    (x->segment.object.id < y->segment.object.id);
}

static int
take_snapshot(const struct opts *opts, struct snapshot *s)
{
	unsigned needs = NEEDS_KEY;
	struct shmt_list all;

	if (filter_has_any(&opts->filter.set, SHMT_BY_PID))
		needs |= NEEDS_HOLDERS;
	if (shmt_list(SHMT_KIND(SHMT_SYSV), 0, &all) == -1)
		return fail(NULL, errno);
	make_rows(&s->rows, &all);
	allocate_namespaces(&s->rows, 1);
	s->rows.ns_count = 1;
	fill_rows(s->rows.list, s->rows.count, needs, SHMT_STALE_IDLE,
	    s->rows.namespaces);
	qsort(s->rows.list, s->rows.count, sizeof(*s->rows.list),
	    compare_ids);
	s->time = time(NULL);
	return s->rows.namespaces->holders_error == 0 ? ST_OK :
	    holders_failed(s->rows.namespaces->holders_error);
}

/* The digits of the largest id; new ids are rarely much larger. */
static size_t
id_width(const struct rows *rows)
{
	char text[SHORT_TEXT];

	return rows->count == 0 ? 0 : digits(text, (uint64_t)
	    rows->list[rows->count - 1].segment.object.id, 10, 1);
}

/* Takes a snapshot, and prints the changes since the last one. */
static int
report_since(struct watching *w)
{
	int status = take_snapshot(w->output.opts, &w->after);

	w->output.time = w->after.time;
	if (status == ST_OK)
		report_changes(w);
	free_rows(&w->before.rows);
	w->before = w->after;
	memset(&w->after, 0, sizeof(w->after));
	return status;
}

static bool
has_kind(const struct opts *opts, enum shmt_kind kind)
{
	return (selected_kinds(&opts->selection) & SHMT_KIND(kind)) != 0;
}

/* Reports segments at each interval, and objects when they change. */
static int
follow(struct watching *w)
{
	const struct opts *opts = w->output.opts;
	bool segments = has_kind(opts, SHMT_SYSV);
	int64_t interval = (int64_t)opts->interval;
	int64_t next = segments ? milliseconds() + interval : INT64_MAX;
	struct pollfd fds[] = {
		{ .fd = STDOUT_FILENO },
		{ .fd = object_watch_fd(w->objects), .events = POLLIN }
	};
	int status = ST_OK;

	while (status == ST_OK && flush_output()) {
		if (wait_until(fds, 2, next) == -1)
			break;
		if (fds[0].revents != 0)
			return end_by_sigpipe();
		if (fds[1].revents != 0)
			status = report_objects(w->objects, &w->output);
		if (status == ST_OK && milliseconds() >= next) {
			status = report_since(w);
			next = milliseconds() + interval;
		}
	}
	return status;
}

int
print_events(const struct opts *opts)
{
	struct watching w = { .output.opts = opts };
	size_t width = 0;
	int status = ST_OK;

	catch_signals();
	warn_of_hidden(&opts->filter.set);
	if (has_kind(opts, SHMT_POSIX))
		status = open_object_watch(&w.objects, &width);
	if (status == ST_OK && has_kind(opts, SHMT_SYSV)) {
		status = take_snapshot(opts, &w.before);
		if (width < id_width(&w.before.rows))
			width = id_width(&w.before.rows);
	}
	if (status == ST_OK) {
		begin_events(&w.output, width);
		status = follow(&w);
	}
	free_rows(&w.before.rows);
	close_object_watch(w.objects);
	return status;
}
