/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The filter options, the same in every verb that has them: their values,
 * what does not go together, and the segments that pass.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "operand.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

/* What each option demands, in the order of their codes. */
static const struct {
	const char *name;
	unsigned by;
} demands[] = {
	{ "--owner", SHMT_BY_OWNER },
	{ "--creator", SHMT_BY_CREATOR },
	{ "--key", SHMT_BY_KEY },
	{ "--private", SHMT_BY_PRIVATE },
	{ "--unattached", SHMT_BY_UNATTACHED },
	{ "--creator-dead", SHMT_BY_CREATOR_DEAD },
	{ "--idle", SHMT_BY_IDLE },
	{ "--min-size", SHMT_BY_MIN_SIZE },
	{ "--max-size", SHMT_BY_MAX_SIZE },
	{ "--dest", SHMT_BY_DEST },
	{ "--pid", SHMT_BY_PID },
	{ "--stale", SHMT_BY_STALE },
};

static bool
user_value(const char *option, const char *text, uint32_t *uid)
{
	return find_user(text, uid) || no_such_name(option, text, "user");
}

static bool
pid_value(const char *option, const char *text, pid_t *pid)
{
	uint64_t number;

	if (!number_value(option, text, INT32_MAX, &number))
		return false;
	if (number == 0) {
		usage_error(option, "%s: out of range: 1 to %d", text,
		    INT32_MAX);
		return false;
	}
	*pid = (pid_t)number;
	return true;
}

static bool
take_value(struct shmt_filter *filter, int code, const char *name,
    const char *value)
{
	switch (code) {
	case OPT_FILTER_OWNER:
		return user_value(name, value, &filter->owner);
	case OPT_FILTER_CREATOR:
		return user_value(name, value, &filter->creator);
	case OPT_FILTER_KEY:
		return key_value(name, value, &filter->key);
	case OPT_FILTER_IDLE:
		return duration_value(name, value, &filter->idle);
	case OPT_FILTER_MIN_SIZE:
		return size_value(name, value, &filter->min_size);
	case OPT_FILTER_MAX_SIZE:
		return size_value(name, value, &filter->max_size);
	case OPT_FILTER_PID:
		return pid_value(name, value, &filter->pid);
	default:
		return true;
	}
}

bool
filter_option(struct shmt_filter *filter, int code, const char *value)
{
	const char *name = demands[code - OPT_FILTER].name;

	if (!take_value(filter, code, name, value))
		return false;
	filter->by |= demands[code - OPT_FILTER].by;
	return true;
}

bool
filter_check(const struct shmt_filter *filter)
{
	static const struct {
		unsigned both;
		const char *why;
	} never[] = {
		{ SHMT_BY_KEY | SHMT_BY_PRIVATE,
		    "either --key or --private" },
		{ SHMT_BY_DEST | SHMT_BY_STALE,
		    "either --dest or --stale: what is marked for removal "
		    "is not stale" },
		{ SHMT_BY_DEST | SHMT_BY_UNATTACHED,
		    "either --dest or --unattached: what is marked for "
		    "removal goes with its last attachment" },
	};
	const unsigned sizes = SHMT_BY_MIN_SIZE | SHMT_BY_MAX_SIZE;
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if ((filter->by & never[i].both) == never[i].both) {
			usage_error(NULL, "%s", never[i].why);
			return false;
		}
	if ((filter->by & sizes) == sizes &&
	    filter->min_size > filter->max_size) {
		usage_error(NULL, "--min-size is above --max-size");
		return false;
	}
	return true;
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
