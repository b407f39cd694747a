/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The columns of a list of segments: a new one is a row of list[].  Its field
 * is in struct row (rows.h), or in struct shmt_info.  What the plain list
 * prints unless -o chooses is in defaults[] and optional[]; the other views,
 * and what JSON has, are in stat/view.c.
 */

#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/table.h"
#include "ui/value.h"

void
set_process_value(struct value *value, const struct shmt_process *process)
{
	static const char *const states[] = {
		[SHMT_UNKNOWN] = "unknown", [SHMT_ALIVE] = "alive",
		[SHMT_GONE] = "gone", [SHMT_REUSED] = "reused",
		[SHMT_NONE] = "none"
	};

	set_command(value, states[process->state], process->command);
}

static void
get_kind(const void *row, struct value *value)
{
	set_text(value, shmt_kind_name(
	    ((const struct row *)row)->segment.object.kind));
}

/* In JSON an id is a number or null; paths are sorted after the numbers. */
void
set_id(struct value *value, const struct row *row)
{
	if (row->path == NULL) {
		set_number(value, (uint64_t)row->segment.object.id);
		return;
	}
	value->kind = VALUE_PATH;
	set_number(value, UINT64_MAX);
	value->text = row->path;
}

static void
get_id(const void *row, struct value *value)
{
	set_id(value, row);
}

void
json_names(struct json *json, const char *name, const char *path)
{
	json_text(json, "name", name);
	if (name != NULL && !is_utf8(name))
		json_hex(json, "name_hex", name);
	json_text(json, "path", is_utf8(path) ? path : NULL);
}

/* The name of an object is its path, which begins with a slash; that of memory
 * without a name is its former name. */
void
json_object(struct json *json, const struct row *row)
{
	const struct shmt_info *s = &row->segment;
	char former[SHMT_FORMER_NAME];
	const char *name = row->path;

	if (row->path == NULL) {
		json_null(json, "name");
		return;
	}
	if (s->object.kind != SHMT_POSIX)
		name = shmt_former_name(&s->object, former) == 0 &&
		    former[0] != '\0' ? former : NULL;
	json_names(json, name, row->path);
	/* In an event, the object may have been removed before its look-up. */
	json_known(json, "dev", s->object.inode != 0, s->object.dev);
	json_known(json, "inode", s->object.inode != 0, s->object.inode);
	if ((s->known & SHMT_HAS_IN_USE) != 0)
		json_bool(json, "in_use", s->in_use);
	else
		json_null(json, "in_use");
}

static void
get_status(const void *row, struct value *value)
{
	set_text(value, status_words(((const struct row *)row)->status));
}

static void
set_numbered(struct value *value, const struct row *row, unsigned number)
{
	static const struct shmt_process unknown = { .state = SHMT_UNKNOWN };

	set_process_value(value, number == 0 ? &unknown :
	    &row->namespace->processes[number - 1]);
}

static void
get_ccommand(const void *row, struct value *value)
{
	set_numbered(value, row, ((const struct row *)row)->creator);
}

static void
get_lcommand(const void *row, struct value *value)
{
	set_numbered(value, row, ((const struct row *)row)->last_user);
}

uint64_t
row_ns(const struct row *row)
{
	const struct shmt_ns *ns = &row->namespace->ns;

	return ns->kind == row->segment.object.kind ? ns->inode : 0;
}

/* Numbers of a namespace are 0 where they are unknown. */
static void
get_ns(const void *row, struct value *value)
{
	uint64_t inode = row_ns(row);

	if (inode != 0)
		set_number(value, inode);
}

static void
get_nspid(const void *row, struct value *value)
{
	pid_t pid = ((const struct row *)row)->namespace->ns.pid;

	if (pid != 0)
		set_number(value, (uint64_t)pid);
}

static void
get_nscommand(const void *row, struct value *value)
{
	const char *command = ((const struct row *)row)->namespace->command;

	if (command[0] != '\0')
		set_text(value, command);
}

enum row_style
style_row(const void *row)
{
	const struct row *r = row;

	if ((r->status & (SHMT_DEST | STATUS_USED)) != 0)
		return STYLE_MARKED;
	return (r->status & STATUS_STALE) != 0 ? STYLE_DIM : STYLE_PLAIN;
}

#define OF_ROW(member) COLUMN_FIELD(struct row, member)
#define OF_SEGMENT(member) COLUMN_FIELD(struct row, segment.member)

static const struct column list[] = {
	{ "KIND", VALUE_TEXT, .get = get_kind },
	{ "ID", VALUE_NUMBER, .get = get_id },
	{ "KEY", VALUE_KEY, OF_ROW(key), .facts = SHMT_HAS_KEY,
	    .needs = NEEDS_KEY },
	{ "OWNER", VALUE_USER, OF_SEGMENT(uid), .facts = SHMT_HAS_OWNER },
	{ "GROUP", VALUE_GROUP, OF_SEGMENT(gid), .facts = SHMT_HAS_OWNER },
	{ "CREATOR", VALUE_USER, OF_SEGMENT(cuid),
	    .facts = SHMT_HAS_CREATOR },
	{ "CGROUP", VALUE_GROUP, OF_SEGMENT(cgid),
	    .facts = SHMT_HAS_CREATOR },
	{ "UID", VALUE_NUMBER, OF_SEGMENT(uid), .facts = SHMT_HAS_OWNER },
	{ "GID", VALUE_NUMBER, OF_SEGMENT(gid), .facts = SHMT_HAS_OWNER },
	{ "CUID", VALUE_NUMBER, OF_SEGMENT(cuid), .facts = SHMT_HAS_CREATOR },
	{ "CGID", VALUE_NUMBER, OF_SEGMENT(cgid), .facts = SHMT_HAS_CREATOR },
	{ "PERMS", VALUE_PERMS, OF_SEGMENT(mode), .facts = SHMT_HAS_OWNER },
	{ "SIZE", VALUE_SIZE, OF_SEGMENT(size), .facts = SHMT_HAS_SIZE },
	{ "RSS", VALUE_SIZE, OF_SEGMENT(rss), .facts = SHMT_HAS_RSS,
	    .needs = NEEDS_RSS },
	{ "SWAP", VALUE_SIZE, OF_SEGMENT(swap), .facts = SHMT_HAS_RSS,
	    .needs = NEEDS_RSS },
	{ "NATTCH", VALUE_NUMBER, OF_SEGMENT(nattch),
	    .facts = SHMT_HAS_NATTCH, .needs = NEEDS_USE },
	{ "FDS", VALUE_NUMBER, OF_SEGMENT(fds), .facts = SHMT_HAS_FDS,
	    .needs = NEEDS_USE },
	{ "STATUS", VALUE_WORDS, .get = get_status, .needs = NEEDS_STATUS },
	{ "CPID", VALUE_PID, OF_SEGMENT(cpid), .facts = SHMT_HAS_CPID },
	{ "CCOMMAND", VALUE_COMMAND, .get = get_ccommand,
	    .needs = NEEDS_CREATOR },
	{ "LPID", VALUE_PID, OF_SEGMENT(lpid), .facts = SHMT_HAS_LPID },
	{ "LCOMMAND", VALUE_COMMAND, .get = get_lcommand,
	    .needs = NEEDS_LAST_USER },
	{ "ATIME", VALUE_TIME, OF_SEGMENT(atime), .facts = SHMT_HAS_ATIME },
	{ "DTIME", VALUE_TIME, OF_SEGMENT(dtime), .facts = SHMT_HAS_DTIME },
	{ "CTIME", VALUE_TIME, OF_SEGMENT(ctime), .facts = SHMT_HAS_CTIME },
	{ "MTIME", VALUE_TIME, OF_SEGMENT(mtime), .facts = SHMT_HAS_MTIME },
	{ "BTIME", VALUE_TIME, OF_SEGMENT(btime), .facts = SHMT_HAS_BTIME },
	{ "IDLE", VALUE_DURATION, OF_ROW(idle), .facts = SHMT_HAS_CTIME },
	{ "PROCS", VALUE_NUMBER, OF_ROW(holder_count), .facts = HAS_HOLDERS,
	    .needs = NEEDS_HOLDERS },
	{ "NS", VALUE_NUMBER, .get = get_ns, .needs = NEEDS_NS },
	{ "NSPID", VALUE_PID, .get = get_nspid, .needs = NEEDS_NS },
	{ "NSCOMMAND", VALUE_TEXT, .get = get_nscommand, .needs = NEEDS_NS }
};

static const char *const defaults[] = {
	"ID", "KEY", "OWNER", "PERMS", "SIZE", "RSS", "NATTCH", "IDLE",
	"CPID", "CCOMMAND", "STATUS", NULL
};

static const char *const optional[] = {
	"PERMS", "CPID", "NSPID", "RSS", "KEY", "NSCOMMAND", "IDLE",
	"CCOMMAND", "OWNER", "FDS", "NATTCH", NULL
};

const struct column_set segment_columns = {
	.list = list, .count = sizeof(list) / sizeof(list[0]),
	.row_size = sizeof(struct row), .facts = offsetof(struct row, facts),
	.defaults = defaults, .optional = optional
};
