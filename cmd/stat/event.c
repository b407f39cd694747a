/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The lines of stat -w: one for each change, of any kind of memory.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "operand.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/event.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

static void
get_command(const void *row, struct value *value)
{
	set_process_value(value, &((const struct event *)row)->process);
}

#define OF_EVENT(member) COLUMN_FIELD(struct event, member)

static void
get_kind(const void *row, struct value *value)
{
	set_text(value, shmt_kind_name(
	    ((const struct event *)row)->row.segment.object.kind));
}

/* An overflow has no id. */
static void
get_id(const void *row, struct value *value)
{
	const struct row *r = &((const struct event *)row)->row;

	if (r->segment.object.kind == SHMT_SYSV || r->path != NULL)
		set_id(value, r);
}

#define FOR_SEGMENTS	0x1u	/* where segments are watched */
#define FOR_MIXED	0x2u	/* where objects are watched too */

/* Lines are printed one by one, so the widths are fixed.  That of ID is set
 * when the first segments and objects are known. */
static struct column columns[] = {
	{ "TIME", VALUE_TIME, OF_EVENT(time), .width = 19 },
	{ "EVENT", VALUE_TEXT, COLUMN_POINTER(struct event, word),
	    .width = 8 },
	{ "KIND", VALUE_TEXT, .get = get_kind, .needs = FOR_MIXED, .width = 5 },
	{ "ID", VALUE_NUMBER, .get = get_id, .width = 6 },
	{ "KEY", VALUE_KEY, OF_EVENT(row.key), .facts = SHMT_HAS_KEY,
	    .needs = FOR_SEGMENTS, .width = 10 },
	{ "OWNER", VALUE_USER, OF_EVENT(row.segment.uid),
	    .facts = SHMT_HAS_OWNER, .width = 8 },
	{ "SIZE", VALUE_SIZE, OF_EVENT(row.segment.size),
	    .facts = SHMT_HAS_SIZE, .width = 5 },
	{ "NATTCH", VALUE_NUMBER, OF_EVENT(row.segment.nattch),
	    .facts = SHMT_HAS_NATTCH, .needs = FOR_SEGMENTS, .width = 6 },
	{ "PID", VALUE_PID, OF_EVENT(pid), .needs = FOR_SEGMENTS, .width = 7 },
	{ "COMMAND", VALUE_COMMAND, .get = get_command, .needs = FOR_SEGMENTS,
	    .width = 15 },
	/* The width of a change of permissions. */
	{ "WHAT", VALUE_TEXT, OF_EVENT(what), .width = 18 }
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const char *const optional[] = {
	"KEY", "OWNER", "NATTCH", "SIZE", "PID", NULL
};

static const struct column_set event_columns = {
	.list = columns, .count = COLUMNS, .row_size = sizeof(struct event),
	.facts = offsetof(struct event, row.facts)
};

/* Whether a watched kind has the column; JSON has all columns. */
static bool
is_useful(const struct opts *opts, const struct column *column)
{
	const unsigned kinds = selected_kinds(&opts->selection);
	const unsigned segments = kinds & SHMT_KIND(SHMT_SYSV);
	const unsigned has = segments == 0 ? 0 : segments == kinds ?
	    FOR_SEGMENTS : FOR_SEGMENTS | FOR_MIXED;

	return opts->json || (column->needs & ~has) == 0;
}

/* Chooses the columns once for all lines, by their minimum widths; names
 * becomes the list of those for which the terminal is too narrow. */
static void
choose_event_columns(struct event_output *o, size_t id_width,
    char names[static HIDDEN_NAMES])
{
	const struct column *all[COLUMNS];
	struct table table = {
		.set = &event_columns, .columns = all,
		.optional = optional
	};
	size_t widths[COLUMNS], i, n = 0;

	names[0] = '\0';
	for (i = 0; i < COLUMNS; i++) {
		if (!is_useful(o->opts, &columns[i]))
			continue;
		if (strcmp(columns[i].name, "ID") == 0 &&
		    columns[i].width < id_width)
			columns[i].width = id_width;
		all[n] = &columns[i];
		widths[n++] = columns[i].width;
	}
	table.column_count = n;
	if (!o->opts->json && !o->opts->tsv)
		fit_terminal(&table, widths, names);
	for (i = 0; i < n; i++)
		if (widths[i] != HIDDEN)
			o->columns[o->column_count++] = all[i];
}

static enum row_style
style_event(const void *row)
{
	const char *word = ((const struct event *)row)->word;

	if (strcmp(word, "removed") == 0)
		return STYLE_DIM;
	return strcmp(word, "marked") == 0 ? STYLE_MARKED : STYLE_PLAIN;
}

static void
add_object(const struct table *table, struct json *json, const void *event)
{
	(void)table;
	json_object(json, &((const struct event *)event)->row);
}

/* Prints an event as a line, or the heading alone if it is NULL. */
static void
print_line(const struct event_output *o, const struct event *event)
{
	const struct table table = {
		.format = output_format(o->opts), .bytes = o->opts->bytes,
		.heading = event == NULL, .set = &event_columns,
		.columns = o->columns, .column_count = o->column_count,
		.rows = event, .row_count = event != NULL,
		.more = add_object,
		.style = has_color(o->opts) ? style_event : NULL
	};

	if (table.format == FORMAT_JSON) {
		struct json json = { .file = stdout };

		print_object(&table, &json, NULL, event);
		json_end(&json);
	} else
		print_table(&table, NULL, NULL);
}

bool
is_wanted(const struct opts *opts, const struct row *row, int64_t time,
    const struct shmt_holders *holders)
{
	const struct selection *selection = &opts->selection;
	bool named = selection->operand_count == 0;
	const struct operand *t;
	size_t i;

	for (i = 0; i < selection->operand_count && !named; i++) {
		t = &selection->operands[i];
		named = shmt_is_named(&t->ref, &row->segment) ||
		    (t->ref.by_key && (row->facts & SHMT_HAS_KEY) != 0 &&
		    t->ref.key == row->key);
	}
	return named && shmt_match(selection->filter, &row->segment, time,
	    holders);
}

void
print_event(const struct event_output *o, struct event *event,
    const char *word)
{
	event->word = word;
	event->time = o->time;
	print_line(o, event);
}

void
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

void
add_ownership(struct event *event, const struct shmt_info *before,
    const struct shmt_info *after)
{
	if (after->mode != before->mode)
		add_what(event, "perms %04o -> %04o", before->mode,
		    after->mode);
	if (after->uid != before->uid)
		add_what(event, "owner %s -> %s", user_name(before->uid),
		    user_name(after->uid));
	if (after->gid != before->gid)
		add_what(event, "group %s -> %s", group_name(before->gid),
		    group_name(after->gid));
}

void
begin_events(struct event_output *o, size_t id_width)
{
	char names[HIDDEN_NAMES];

	choose_event_columns(o, id_width, names);
	if (!o->opts->no_heading && !o->opts->json)
		print_line(o, NULL);
	if (names[0] != '\0' && flush_output())
		warn_about(NULL, "hidden: %s", names);
}
