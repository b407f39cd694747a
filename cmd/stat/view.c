/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The views of stat, the columns of each, and what the rows need for them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "attachments.h"
#include "collect.h"
#include "groups.h"
#include "namespace.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/account.h"
#include "stat/view.h"
#include "ui/message.h"
#include "ui/terminal.h"

static const char *const times_columns[] = {
	"ID", "KEY", "OWNER", "ATIME", "DTIME", "CTIME", "IDLE", NULL
};
static const char *const pids_columns[] = {
	"ID", "KEY", "OWNER", "CPID", "CCOMMAND", "LPID", "LCOMMAND", NULL
};
static const char *const creators_columns[] = {
	"ID", "KEY", "PERMS", "CREATOR", "CGROUP", "OWNER", "GROUP", NULL
};

/* Columns of objects; KIND comes before them if there are several kinds. */
static const char *const object_columns[] = {
	"ID", "OWNER", "PERMS", "SIZE", "RSS", "NATTCH", "FDS", "IDLE",
	"PROCS", "STATUS", NULL
};
static const char *const object_times[] = {
	"ID", "OWNER", "ATIME", "MTIME", "CTIME", "BTIME", "IDLE", NULL
};
static const char *const object_attachments[] = {
	"ID", "PID", "USER", "COMMAND", "ACCESS", "ADDRESS", "SIZE", "MAPS",
	"FDS", NULL
};

/* Columns that a narrow terminal does not show, the least useful first. */
static const char *const times_optional[] = {
	"KEY", "IDLE", "NSPID", "NSCOMMAND", "OWNER", "BTIME", "ATIME", "KIND",
	"CTIME", NULL
};
static const char *const pids_optional[] = {
	"KEY", "OWNER", "NSPID", "NSCOMMAND", "LCOMMAND", "CCOMMAND", NULL
};
static const char *const creators_optional[] = {
	"PERMS", "KEY", "NSPID", "NSCOMMAND", "CGROUP", "GROUP", "CREATOR",
	"OWNER", NULL
};

/* JSON has all facts of a segment. */
static const char *const json_columns[] = {
	"ID", "KEY", "OWNER", "GROUP", "CREATOR", "CGROUP", "UID", "GID",
	"CUID", "CGID", "PERMS", "SIZE", "RSS", "SWAP", "NATTCH", "STATUS",
	"CPID", "CCOMMAND", "LPID", "LCOMMAND", "ATIME", "DTIME", "CTIME",
	"IDLE", "KIND", NULL
};
static const char *const json_objects[] = {
	"ID", "KEY", "OWNER", "GROUP", "CREATOR", "CGROUP", "UID", "GID",
	"CUID", "CGID", "PERMS", "SIZE", "RSS", "SWAP", "NATTCH", "FDS",
	"STATUS", "CPID", "CCOMMAND", "LPID", "LCOMMAND", "ATIME", "DTIME",
	"MTIME", "CTIME", "BTIME", "IDLE", "PROCS", "KIND", NULL
};

static const char *const json_times[] = {
	"ID", "KEY", "OWNER", "ATIME", "DTIME", "MTIME", "CTIME", "BTIME",
	"IDLE", NULL
};
static const char *const json_attached[] = {
	"ID", "KEY", "PID", "USER", "COMMAND", "ACCESS", "ADDRESS", "SIZE",
	"MAPS", "FDS", NULL
};

static const char *const ns_columns[] = {
	"NS", "NSPID", "NSCOMMAND", NULL
};

const struct view views[] = {
	[SEGMENTS] = { 0, &segment_columns, NULL, NULL, object_columns,
	    json_objects },
	[TIMES] = { 't', &segment_columns, times_columns, times_optional,
	    object_times, json_times },
	[PIDS] = { 'p', &segment_columns, pids_columns, pids_optional, NULL,
	    NULL },
	[CREATORS] = { 'c', &segment_columns, creators_columns,
	    creators_optional, NULL, NULL },
	[SUMMARY] = { 'u', &summary_columns, NULL, NULL, NULL, NULL },
	[PROCESSES] = { 'P', &attachment_columns, NULL, NULL,
	    object_attachments, json_attached },
	[ACCOUNT] = { 'u', &account_columns, NULL, NULL, NULL, NULL }
};

bool
has_objects(const struct opts *o)
{
	return (selected_kinds(&o->selection) & ~SHMT_KIND(SHMT_SYSV)) != 0;
}

bool
in_detail(const struct opts *o)
{
	return o->selection.operand_count > 0 &&
	    o->view == &views[SEGMENTS] && o->output == NULL && !o->json &&
	    !o->tsv;
}

void
default_columns(const struct opts *o, const struct view *view,
    const char **names)
{
	const unsigned kinds = selected_kinds(&o->selection);
	const char *const *defaults = view->defaults;
	const char *const *name;

	if (has_objects(o) && view->objects != NULL) {
		defaults = o->json ? view->json_objects : view->objects;
		if ((kinds & (kinds - 1)) != 0 && !o->json &&
		    find_column(view->set, "KIND") != NULL)
			*names++ = "KIND";
	} else if (o->json && view == &views[SEGMENTS])
		defaults = json_columns;
	if (defaults == NULL)
		defaults = view->set->defaults;
	for (name = ns_columns; *name != NULL; name++)
		if (o->selection.all_ns &&
		    find_column(view->set, *name) != NULL)
			*names++ = *name;
	for (name = defaults; *name != NULL; name++)
		*names++ = *name;
	*names = NULL;
}

bool
has_procs(const struct opts *o)
{
	size_t i;

	for (i = 0; i < o->column_count; i++)
		if ((o->columns[i]->needs & NEEDS_HOLDERS) != 0)
			return true;
	return false;
}

enum table_format
output_format(const struct opts *o)
{
	return o->json ? FORMAT_JSON : o->tsv ? FORMAT_TSV : FORMAT_TABLE;
}

bool
has_color(const struct opts *o)
{
	return o->view->set == &segment_columns &&
	    output_format(o) == FORMAT_TABLE && use_color(o->color);
}

static void
choose_needs(struct opts *o)
{
	unsigned needs = o->sort != NULL ? o->sort->needs : 0;
	size_t i;

	for (i = 0; i < o->column_count; i++)
		needs |= o->columns[i]->needs;
	if (o->view->letter == 'u')
		needs |= NEEDS_RSS | (has_objects(o) &&
		    o->view != &views[ACCOUNT] ? NEEDS_STATUS : 0);
	if (o->json && has_objects(o) && o->view->letter != 'u')
		needs |= NEEDS_STATUS;
	if (o->by != NULL)
		needs |= NEEDS_STATUS | o->by->needs;
	if (has_color(o))
		needs |= NEEDS_STATUS;
	if (o->view->letter == 'P' && o->json)
		needs |= NEEDS_RSS | NEEDS_STATUS | NEEDS_KEY |
		    NEEDS_CREATOR | NEEDS_LAST_USER;
	if (o->view->letter == 'P' ||
	    (o->json && o->selection.operand_count > 0))
		needs |= NEEDS_HOLDERS;
	if (in_detail(o))
		needs = NEEDS_RSS | NEEDS_STATUS | NEEDS_HOLDERS;
	o->selection.needs = needs;
}

int
set_columns(struct opts *o)
{
	const struct column_set *set = o->view->set;
	const char *names[COLUMNS_MAX + 1];
	int status;

	default_columns(o, o->view, names);
	status = choose_columns(o->output, set, names, &o->columns,
	    &o->column_count);
	if (status == ST_OK && o->sort_name != NULL) {
		o->sort = find_column(set, o->sort_name);
		if (o->sort == NULL)
			status = unknown_column("--sort", o->sort_name, set);
	}
	choose_needs(o);
	return status;
}

/* Whether all memory of every kind is added up, which is what Shmem is. */
static bool
is_account(const struct opts *o)
{
	return filter_has_only_kinds(&o->filter.set) &&
	    entered_namespace() == NULL && o->view_index == SUMMARY &&
	    o->by_name == NULL &&
	    o->args.count == 0 && !o->selection.all_ns &&
	    shmt_filter_kinds(&o->filter.set) == SHMT_ALL_KINDS;
}

int
set_view(struct opts *o)
{
	o->view = &views[is_account(o) ? ACCOUNT : o->view_index];
	if (o->by_name == NULL)
		return ST_OK;
	if (o->view_index != SUMMARY)
		return usage_error("--by", "goes with -u");
	o->by = find_group_by(o->by_name);
	if (o->by == NULL)
		return ST_USAGE;
	o->groups = *o->view;
	o->groups.set = group_columns(o->by);
	o->view = &o->groups;
	return ST_OK;
}
