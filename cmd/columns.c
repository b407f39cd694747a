/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The columns of a list of segments, and how each is got from a row.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

static const struct shmt_segment *
segment_of(const void *row)
{
	return &((const struct row *)row)->segment;
}

/* A process: 0 is one that never was, or that cannot be seen from here. */
static void
process(struct value *value, pid_t pid)
{
	if (pid != 0)
		set_number(value, VALUE_NUMBER, (uint64_t)pid);
}

static void
command(struct value *value, const struct shmt_process *p)
{
	set_number(value, VALUE_COMMAND, p->life);
	value->text = p->command;
}

static void
get_key(const void *row, struct value *value)
{
	const struct row *r = row;

	set_number(value, r->key_lost ? VALUE_LOST_KEY : VALUE_KEY, r->key);
}

static void
get_id(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, (uint64_t)segment_of(row)->id);
}

static void
get_owner(const void *row, struct value *value)
{
	set_text(value, user_name(segment_of(row)->uid));
}

static void
get_group(const void *row, struct value *value)
{
	set_text(value, group_name(segment_of(row)->gid));
}

static void
get_creator(const void *row, struct value *value)
{
	set_text(value, user_name(segment_of(row)->cuid));
}

static void
get_cgroup(const void *row, struct value *value)
{
	set_text(value, group_name(segment_of(row)->cgid));
}

static void
get_uid(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, segment_of(row)->uid);
}

static void
get_gid(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, segment_of(row)->gid);
}

static void
get_cuid(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, segment_of(row)->cuid);
}

static void
get_cgid(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, segment_of(row)->cgid);
}

static void
get_perms(const void *row, struct value *value)
{
	set_number(value, VALUE_PERMS, segment_of(row)->mode);
}

static void
get_size(const void *row, struct value *value)
{
	set_number(value, VALUE_SIZE, segment_of(row)->size);
}

static void
get_rss(const void *row, struct value *value)
{
	if (segment_of(row)->has_rss)
		set_number(value, VALUE_SIZE, segment_of(row)->rss);
}

static void
get_swap(const void *row, struct value *value)
{
	if (segment_of(row)->has_rss)
		set_number(value, VALUE_SIZE, segment_of(row)->swap);
}

static void
get_nattch(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, segment_of(row)->nattch);
}

static void
get_status(const void *row, struct value *value)
{
	value->kind = VALUE_WORDS;
	value->text = ((const struct row *)row)->status;
}

static void
get_cpid(const void *row, struct value *value)
{
	process(value, segment_of(row)->cpid);
}

static void
get_lpid(const void *row, struct value *value)
{
	process(value, segment_of(row)->lpid);
}

static void
get_atime(const void *row, struct value *value)
{
	set_number(value, VALUE_TIME, (uint64_t)segment_of(row)->atime);
}

static void
get_dtime(const void *row, struct value *value)
{
	set_number(value, VALUE_TIME, (uint64_t)segment_of(row)->dtime);
}

static void
get_ctime(const void *row, struct value *value)
{
	set_number(value, VALUE_TIME, (uint64_t)segment_of(row)->ctime);
}

static void
get_idle(const void *row, struct value *value)
{
	set_number(value, VALUE_DURATION, ((const struct row *)row)->idle);
}

static void
get_ccommand(const void *row, struct value *value)
{
	command(value, &((const struct row *)row)->creator);
}

static void
get_lcommand(const void *row, struct value *value)
{
	command(value, &((const struct row *)row)->last_user);
}

static void
get_procs(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER,
	    ((const struct row *)row)->holder_count);
}

static void
get_ns(const void *row, struct value *value)
{
	uint64_t inode = ((const struct row *)row)->ipc_ns->ns.inode;

	/* 0 where it could not be told. */
	if (inode != 0)
		set_number(value, VALUE_NUMBER, inode);
}

static void
get_nspid(const void *row, struct value *value)
{
	process(value, ((const struct row *)row)->ipc_ns->ns.pid);
}

static void
get_nscommand(const void *row, struct value *value)
{
	if (((const struct row *)row)->ipc_ns->command[0] != '\0')
		set_text(value, ((const struct row *)row)->ipc_ns->command);
}

const struct column segment_columns[] = {
	{ "ID", true, get_id, 0 },
	{ "KEY", false, get_key, NEEDS_KEY },
	{ "OWNER", false, get_owner, 0 },
	{ "GROUP", false, get_group, 0 },
	{ "CREATOR", false, get_creator, 0 },
	{ "CGROUP", false, get_cgroup, 0 },
	{ "UID", true, get_uid, 0 },
	{ "GID", true, get_gid, 0 },
	{ "CUID", true, get_cuid, 0 },
	{ "CGID", true, get_cgid, 0 },
	{ "PERMS", false, get_perms, 0 },
	{ "SIZE", true, get_size, 0 },
	{ "RSS", true, get_rss, NEEDS_RSS },
	{ "SWAP", true, get_swap, NEEDS_RSS },
	{ "NATTCH", true, get_nattch, 0 },
	{ "STATUS", false, get_status, NEEDS_STATUS },
	{ "CPID", true, get_cpid, 0 },
	{ "CCOMMAND", false, get_ccommand, NEEDS_CREATOR },
	{ "LPID", true, get_lpid, 0 },
	{ "LCOMMAND", false, get_lcommand, NEEDS_LAST_USER },
	{ "ATIME", false, get_atime, 0 },
	{ "DTIME", false, get_dtime, 0 },
	{ "CTIME", false, get_ctime, 0 },
	{ "IDLE", true, get_idle, 0 },
	{ "PROCS", true, get_procs, NEEDS_HOLDERS },
	{ "NS", true, get_ns, NEEDS_NS },
	{ "NSPID", true, get_nspid, NEEDS_NS },
	{ "NSCOMMAND", false, get_nscommand, NEEDS_NS }
};

const size_t segment_column_count =
    sizeof(segment_columns) / sizeof(segment_columns[0]);

const char *const default_columns[] = {
	"ID", "KEY", "OWNER", "PERMS", "SIZE", "RSS", "NATTCH", "IDLE",
	"CPID", "CCOMMAND", "STATUS", NULL
};
