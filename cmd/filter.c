/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The filter options, the same in every verb that has them: their values,
 * what does not go together, and the segments that pass.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "kinds.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

#define IN(member) .to = offsetof(struct shmt_filter, member)
#define BY(flag) .mask = offsetof(struct shmt_filter, by), .bit = (flag)

const struct option_row filter_options[] = {
	{ 0, "owner", "USER", "match those owned by USER",
	    kind_user, IN(owner), BY(SHMT_BY_OWNER) },
	{ 0, "creator", "USER", "match those created by USER",
	    kind_user, IN(creator), BY(SHMT_BY_CREATOR) },
	{ 0, "key", "KEY", "match those with this key",
	    kind_key, IN(key), BY(SHMT_BY_KEY), .group = 1 },
	{ 0, "private", NULL, "match those without a key",
	    BY(SHMT_BY_PRIVATE), .group = 1 },
	{ 0, "unattached", NULL, "match those that no process has attached",
	    BY(SHMT_BY_UNATTACHED) },
	{ 0, "creator-dead", NULL, "match those whose creator has exited",
	    BY(SHMT_BY_CREATOR_DEAD) },
	{ 0, "idle", "DURATION", "match no attach, detach or change since",
	    kind_seconds, IN(idle), BY(SHMT_BY_IDLE) },
	{ 0, "min-size", "SIZE", "match those of SIZE or more",
	    kind_size, IN(min_size), BY(SHMT_BY_MIN_SIZE) },
	{ 0, "max-size", "SIZE", "match those of SIZE or less",
	    kind_size, IN(max_size), BY(SHMT_BY_MAX_SIZE) },
	{ 0, "dest", NULL, "match those marked for removal",
	    BY(SHMT_BY_DEST) },
	{ 0, "pid", "PID", "match those attached or created by PID",
	    kind_number, IN(pid), .min = 1, BY(SHMT_BY_PID) },
	{ 0, "stale", NULL, "match unattached, users exited, idle an hour",
	    BY(SHMT_BY_STALE) },
	{ 0 }
};

int
check_filter(const struct shmt_filter *filter)
{
	const unsigned sizes = SHMT_BY_MIN_SIZE | SHMT_BY_MAX_SIZE;

	if ((filter->by & SHMT_BY_DEST) && (filter->by & SHMT_BY_STALE))
		return usage_error(NULL, "either --dest or --stale: what is "
		    "marked for removal is not stale");
	if ((filter->by & SHMT_BY_DEST) && (filter->by & SHMT_BY_UNATTACHED))
		return usage_error(NULL, "either --dest or --unattached: "
		    "what is marked for removal goes with its last "
		    "attachment");
	if ((filter->by & sizes) == sizes &&
	    filter->min_size > filter->max_size)
		return usage_error(NULL, "--min-size is above --max-size");
	return ST_OK;
}

/* Says when it cannot be known what the process of --pid has attached. */
static void
note_hidden(pid_t pid)
{
	char name[24], path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		return;
	}
	if (errno != EACCES && errno != EPERM)
		return;
	snprintf(name, sizeof(name), "--pid %d", (int)pid);
	warn_about(name, "may not be looked into: only what it created is "
	    "found, not what it has attached");
}

/* What has been marked has lost its key; who holds it still knows. */
static bool
needs_holders(const struct shmt_filter *filter,
    const struct shmt_segment *list, size_t count)
{
	const bool by_pid = (filter->by & SHMT_BY_PID) != 0,
	    by_key = (filter->by & (SHMT_BY_KEY | SHMT_BY_PRIVATE)) != 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].nattch > 0 && (by_pid ||
		    (by_key && (list[i].state & SHMT_DEST) != 0)))
			return true;
	return false;
}

uint64_t
filter_idle(const struct shmt_filter *filter)
{
	return filter != NULL && (filter->by & SHMT_BY_IDLE) != 0 ?
	    filter->idle : SHMT_STALE_IDLE;
}

int
filter_list(const struct shmt_filter *filter, bool want_rss,
    struct shmt_segment **list, size_t *count)
{
	struct shmt_holders holders = { 0 };
	struct shmt_segment *all;
	size_t i, n, kept = 0;
	time_t now;
	int error;

	if (shmt_list(want_rss, &all, &n) == -1)
		return fail(NULL, errno);
	if (needs_holders(filter, all, n) &&
	    shmt_holders(-1, &holders) == -1) {
		error = errno;
		warn_about(NULL, "cannot find out who is attached: %s",
		    strerror(error));
		free(all);
		return status_of(error);
	}
	if ((filter->by & SHMT_BY_PID) != 0)
		note_hidden(filter->pid);
	now = time(NULL);
	for (i = 0; i < n; i++)
		if (shmt_match(filter, &all[i], now, &holders))
			all[kept++] = all[i];
	shmt_holders_free(&holders);
	*list = all;
	*count = kept;
	return ST_OK;
}
