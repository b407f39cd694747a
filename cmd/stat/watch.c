/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -w: looks again and again, and prints a line for each change between
 * two looks.  What is there at first has not changed.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collect.h"
#include "filter.h"
#include "operand.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/watch.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

/* One change. */
struct event {
	int64_t time;
	const char *word;
	struct row row;			/* after it; if removed, before */
	pid_t pid;			/* who did it, 0: unknown */
	struct shmt_process process;
	char what[1280];		/* from what to what: long names */
};

/* One look at the segments, sorted by id. */
struct look {
	int64_t time;
	struct rows rows;		/* of one namespace */
};

struct watching {
	const struct change_watch *how;
	const struct column *columns[COLUMNS_MAX];	/* those to print */
	size_t column_count;
	struct look before, after;
};

static void
get_event(const void *row, struct value *value)
{
	set_text(value, ((const struct event *)row)->word);
}

static void
get_command(const void *row, struct value *value)
{
	set_process(value, &((const struct event *)row)->process);
}

#define OF_EVENT(member) COLUMN_FIELD(struct event, member)

/* The lines come one by one: widths make their columns stand below each other.
 * That of ID is set after the first look. */
static struct column columns[] = {
	{ "TIME", VALUE_TIME, OF_EVENT(time), .width = 19 },
	{ "EVENT", VALUE_TEXT, .get = get_event, .width = 8 },
	{ "ID", VALUE_NUMBER, OF_EVENT(row.segment.object.id), .width = 6 },
	{ "KEY", VALUE_KEY, OF_EVENT(row.key), .facts = SHMT_HAS_KEY,
	    .width = 10 },
	{ "OWNER", VALUE_USER, OF_EVENT(row.segment.uid), .width = 8 },
	{ "SIZE", VALUE_SIZE, OF_EVENT(row.segment.size), .width = 5 },
	{ "NATTCH", VALUE_NUMBER, OF_EVENT(row.segment.nattch), .width = 6 },
	{ "PID", VALUE_PID, OF_EVENT(pid), .width = 7 },
	{ "COMMAND", VALUE_COMMAND, .get = get_command, .width = 15 },
	/* As much as a change of permissions takes. */
	{ "WHAT", VALUE_TEXT, OF_EVENT(what), .width = 18 }
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const char *const expendable[] = {
	"KEY", "OWNER", "NATTCH", "SIZE", "PID", NULL
};

static const struct column_set event_columns = {
	.list = columns, .count = COLUMNS, .row_size = sizeof(struct event),
	.facts = offsetof(struct event, row.facts), .expendable = expendable
};

/* The digits of the largest id, which new ones are not far from. */
static size_t
id_width(const struct rows *rows)
{
	char text[SHORT_TEXT];
	size_t width = 0;

	if (rows->count > 0)
		width = digits(text, (uint64_t)
		    rows->list[rows->count - 1].segment.object.id, 10, 1);
	return width;
}

/* Chooses the columns once for all lines, by the least widths; those that the
 * terminal has no room for go into names. */
static void
choose_event_columns(struct watching *w, char names[static HIDDEN_NAMES])
{
	const struct column *all[COLUMNS];
	const struct table table = {
		.set = &event_columns, .columns = all,
		.column_count = COLUMNS, .expendable = expendable
	};
	size_t widths[COLUMNS], i;

	names[0] = '\0';
	for (i = 0; i < COLUMNS; i++) {
		all[i] = &columns[i];
		if (strcmp(columns[i].name, "ID") == 0 &&
		    columns[i].width < id_width(&w->before.rows))
			columns[i].width = id_width(&w->before.rows);
		widths[i] = columns[i].width;
	}
	if (w->how->format == FORMAT_TABLE)
		fit_terminal(&table, widths, names);
	for (i = 0; i < COLUMNS; i++)
		if (widths[i] != HIDDEN)
			w->columns[w->column_count++] = all[i];
}

static enum row_style
style_event(const void *row)
{
	const char *word = ((const struct event *)row)->word;

	if (strcmp(word, "removed") == 0)
		return STYLE_DIM;
	return strcmp(word, "marked") == 0 ? STYLE_MARKED : STYLE_PLAIN;
}

/* Prints an event as a line, or the heading alone if it is NULL. */
static int
print_line(const struct watching *w, const struct event *event)
{
	const struct table table = {
		.format = w->how->format, .bytes = w->how->bytes,
		.heading = event == NULL, .set = &event_columns,
		.columns = w->columns, .column_count = w->column_count,
		.rows = event, .row_count = event != NULL,
		.style = w->how->color ? style_event : NULL
	};
	struct json json = { .file = stdout };
	int status;

	if (table.format != FORMAT_JSON)
		return print_table(&table, NULL, NULL);
	status = print_object(&table, &json, NULL, event);
	json_end(&json);
	return status;
}

static bool
is_wanted(const struct watching *w, const struct look *look,
    const struct row *row)
{
	bool named = w->how->operand_count == 0;
	const struct operand *t;
	size_t i;

	for (i = 0; i < w->how->operand_count && !named; i++) {
		t = &w->how->operands[i];
		named = is_operand(t, &row->segment) || (t->ref.by_key &&
		    (row->facts & SHMT_HAS_KEY) != 0 &&
		    t->ref.key == row->key);
	}
	return named && shmt_match(w->how->filter, &row->segment, look->time,
	    &look->rows.namespaces->holders);
}

static int
print_event(const struct watching *w, struct event *event, const char *word)
{
	event->word = word;
	event->time = w->after.time;
	return print_line(w, event);
}

static void
add_what(struct event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_what(struct event *event, const char *format, ...)
{
	char text[sizeof(event->what)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (event->what[0] != '\0')
		strlcat(event->what, ", ", sizeof(event->what));
	strlcat(event->what, text, sizeof(event->what));
}

/* What IPC_SET, SHM_LOCK and SHM_UNLOCK change. */
static int
tell_changed(const struct watching *w, const struct shmt_info *b,
    const struct row *row)
{
	const struct shmt_info *a = &row->segment;
	struct event event = { .row = *row };

	if (a->mode != b->mode)
		add_what(&event, "perms %04o -> %04o", b->mode, a->mode);
	if (a->uid != b->uid)
		add_what(&event, "owner %s -> %s", user_name(b->uid),
		    user_name(a->uid));
	if (a->gid != b->gid)
		add_what(&event, "group %s -> %s", group_name(b->gid),
		    group_name(a->gid));
	if (((a->state ^ b->state) & SHMT_LOCKED) != 0)
		add_what(&event, "%s", (a->state & SHMT_LOCKED) != 0 ?
		    "locked" : "unlocked");
	/* Set to what it was; marking moves this time as well. */
	if (event.what[0] == '\0' && a->ctime != b->ctime &&
	    ((a->state ^ b->state) & SHMT_DEST) == 0)
		add_what(&event, "set as it was");
	return event.what[0] == '\0' ? ST_OK :
	    print_event(w, &event, "changed");
}

/* Who did it is known of the last one only. */
static int
tell_attached(const struct watching *w, const struct shmt_info *b,
    const struct row *row)
{
	const struct shmt_info *a = &row->segment;
	struct event event = { .row = *row, .pid = a->lpid };
	bool meanwhile = a->nattch == b->nattch;
	int status = ST_OK;

	if (meanwhile && a->atime == b->atime && a->dtime == b->dtime)
		return ST_OK;
	shmt_last_user(a, &event.process);
	if (meanwhile)
		add_what(&event, "both since the last look");
	else
		add_what(&event, "%" PRIu64 " -> %" PRIu64, b->nattch,
		    a->nattch);
	if (meanwhile || a->nattch > b->nattch)
		status = print_event(w, &event, "attached");
	if (status == ST_OK && (meanwhile || a->nattch < b->nattch))
		status = print_event(w, &event, "detached");
	return status;
}

static int
tell_created(const struct watching *w, const struct row *row)
{
	struct event event = { .row = *row, .pid = row->segment.cpid };

	if (!is_wanted(w, &w->after, row))
		return ST_OK;
	shmt_creator(&row->segment, &event.process);
	return print_event(w, &event, "created");
}

static int
report_removed(const struct watching *w, const struct row *row)
{
	struct event event = { .row = *row };

	return is_wanted(w, &w->before, row) ?
	    print_event(w, &event, "removed") : ST_OK;
}

/* Most segments, most of the time. */
static bool
is_unchanged(const struct shmt_info *a, const struct shmt_info *b)
{
	return a->nattch == b->nattch && a->atime == b->atime &&
	    a->dtime == b->dtime && a->ctime == b->ctime &&
	    a->mode == b->mode && a->state == b->state && a->uid == b->uid &&
	    a->gid == b->gid;
}

static int
tell_differences(const struct watching *w, const struct row *before,
    struct row *after)
{
	const struct shmt_info *b = &before->segment;
	const struct shmt_info *a = &after->segment;
	struct event event;
	int status;

	if ((before->facts & ~after->facts & SHMT_HAS_KEY) != 0) {
		after->key = before->key;
		after->facts |= SHMT_HAS_KEY;
	}
	if (is_unchanged(a, b) || (!is_wanted(w, &w->before, before) &&
	    !is_wanted(w, &w->after, after)))
		return ST_OK;
	status = tell_changed(w, b, after);
	if (status == ST_OK)
		status = tell_attached(w, b, after);
	if (status != ST_OK || ((a->state & ~b->state) & SHMT_DEST) == 0)
		return status;
	event = (struct event){ .row = *after };
	return print_event(w, &event, "marked");
}

static int64_t
id_at(const struct rows *rows, size_t i)
{
	return i < rows->count ? rows->list[i].segment.object.id : INT64_MAX;
}

/* Both looks are sorted by id. */
static int
tell_all(struct watching *w)
{
	const struct rows *before = &w->before.rows, *after = &w->after.rows;
	const struct row *b;
	struct row *a;
	size_t i = 0, k = 0;
	int status = ST_OK;

	while (status == ST_OK && (i < before->count || k < after->count)) {
		b = &before->list[i];
		a = &after->list[k];
		if (id_at(before, i) > id_at(after, k)) {
			status = tell_created(w, a);
			k++;
		} else if (id_at(before, i) < id_at(after, k) ||
		    !shmt_same(&b->segment, &a->segment)) {
			status = report_removed(w, b);
			i++;
		} else {
			status = tell_differences(w, b, a);
			i++;
			k++;
		}
	}
	return status;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->segment.object.id > y->segment.object.id) -
	    (x->segment.object.id < y->segment.object.id);
}

static int
look(const struct change_watch *how, struct look *look)
{
	unsigned needs = NEEDS_KEY;
	struct shmt_list all;
	int status;

	if (filter_has(how->filter, SHMT_BY_PID, false) ||
	    filter_has(how->filter, SHMT_BY_PID, true))
		needs |= NEEDS_HOLDERS;
	if (shmt_list(SHMT_KIND(SHMT_SYSV), 0, &all) == -1)
		return fail(NULL, errno);
	status = make_rows(&look->rows, &all);
	if (status == ST_OK)
		status = make_namespaces(&look->rows, 1);
	if (status != ST_OK)
		return status;
	look->rows.ns_count = 1;
	fill_rows(look->rows.list, look->rows.count, needs, SHMT_STALE_IDLE,
	    look->rows.namespaces);
	qsort(look->rows.list, look->rows.count, sizeof(*look->rows.list),
	    compare_ids);
	look->time = time(NULL);
	return ST_OK;
}

/* Until the next look is due; false when there is to be none. */
static bool
wait_for_next(uint64_t interval, int *status)
{
	struct timespec time_left = {
		.tv_sec = (time_t)(interval / 1000),
		.tv_nsec = (long)(interval % 1000) * 1000000
	};
	struct pollfd out = { .fd = STDOUT_FILENO };
	sigset_t all, old;
	int ready = 0;

	/* A signal that comes before the wait must end it as well. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (caught_signal() == 0)
		ready = ppoll(&out, 1, &time_left, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (ready > 0) {
		/* Nobody reads any more: the end a write would have met. */
		kill(getpid(), SIGPIPE);
		warn_about(NULL, "standard output: %s", strerror(EPIPE));
		*status = ST_FAILED;
	}
	return ready == 0 && caught_signal() == 0;
}

/* Prints the heading, and names the columns that are left out. */
static int
begin_events(struct watching *w)
{
	char names[HIDDEN_NAMES];
	int status = ST_OK;

	choose_event_columns(w, names);
	if (w->how->heading && w->how->format != FORMAT_JSON)
		status = print_line(w, NULL);
	if (status == ST_OK && names[0] != '\0' && flush_output())
		warn_about(NULL, "no room for %s", names);
	return status;
}

int
print_events(const struct change_watch *how)
{
	struct watching w = { .how = how };
	int status;

	catch_signals();
	status = look(how, &w.before);
	if (status == ST_OK)
		status = begin_events(&w);
	while (status == ST_OK && flush_output() &&
	    wait_for_next(how->interval, &status)) {
		status = look(how, &w.after);
		if (status == ST_OK)
			status = tell_all(&w);
		free_rows(&w.before.rows);
		w.before = w.after;
		memset(&w.after, 0, sizeof(w.after));
	}
	free_rows(&w.before.rows);
	return status;
}
