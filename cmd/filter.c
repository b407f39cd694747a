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

/* The criterion of each option, in the order of their codes. */
static const struct {
	const char *name;
	enum shmt_criterion by;
} criteria[] = {
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
user_value(const char *option, const char *text, uint64_t *value)
{
	uint32_t uid;

	if (!find_user(text, &uid))
		return no_such_name(option, text, "user");
	*value = uid;
	return true;
}

static bool
key_of_value(const char *option, const char *text, uint64_t *value)
{
	uint32_t key;

	if (!key_value(option, text, &key))
		return false;
	*value = key;
	return true;
}

static bool
pid_value(const char *option, const char *text, uint64_t *pid)
{
	if (!number_value(option, text, INT32_MAX, pid))
		return false;
	if (*pid == 0)
		usage_error(option, "%s: out of range: 1 to %d", text,
		    INT32_MAX);
	return *pid != 0;
}

static bool
take_value(enum shmt_criterion by, const char *name, const char *text,
    uint64_t *value)
{
	switch (by) {
	case SHMT_BY_OWNER:
	case SHMT_BY_CREATOR:
		return user_value(name, text, value);
	case SHMT_BY_KEY:
		return key_of_value(name, text, value);
	case SHMT_BY_IDLE:
		return duration_value(name, text, value);
	case SHMT_BY_MIN_SIZE:
	case SHMT_BY_MAX_SIZE:
		return size_value(name, text, value);
	case SHMT_BY_PID:
		return pid_value(name, text, value);
	default:
		return true;
	}
}

bool
filter_option(struct shmt_filter *filter, int code, const char *value)
{
	struct shmt_clause clause = { .by = criteria[code - OPT_FILTER].by };
	struct shmt_clause *more;

	if (!take_value(clause.by, criteria[code - OPT_FILTER].name, value,
	    &clause.value))
		return false;
	more = reallocarray(filter->clauses, filter->count + 1,
	    sizeof(*more));
	if (more == NULL) {
		fail(NULL, ENOMEM);
		return false;
	}
	filter->clauses = more;
	filter->clauses[filter->count++] = clause;
	return true;
}

void
filter_free(struct shmt_filter *filter)
{
	free(filter->clauses);
	*filter = (struct shmt_filter){ 0 };
}

static bool
has_clause(const struct shmt_filter *filter, enum shmt_criterion by,
    bool negated)
{
	size_t i;

	for (i = 0; i < filter->count; i++)
		if (filter->clauses[i].by == by &&
		    filter->clauses[i].negated == negated)
			return true;
	return false;
}

bool
filter_has(const struct shmt_filter *filter, enum shmt_criterion by)
{
	return has_clause(filter, by, false) || has_clause(filter, by, true);
}

/* Whether every size is below the smallest or above the largest wanted. */
static bool
excludes_all_sizes(const struct shmt_filter *filter)
{
	uint64_t min = UINT64_MAX, max = 0;
	const struct shmt_clause *clause;
	size_t i;

	if (!has_clause(filter, SHMT_BY_MIN_SIZE, false) ||
	    !has_clause(filter, SHMT_BY_MAX_SIZE, false))
		return false;
	for (i = 0; i < filter->count; i++) {
		clause = &filter->clauses[i];
		if (clause->negated)
			continue;
		if (clause->by == SHMT_BY_MIN_SIZE && clause->value < min)
			min = clause->value;
		if (clause->by == SHMT_BY_MAX_SIZE && clause->value > max)
			max = clause->value;
	}
	return min > max;
}

bool
filter_check(const struct shmt_filter *filter)
{
	static const struct {
		enum shmt_criterion one, other;
		const char *why;
	} never[] = {
		{ SHMT_BY_KEY, SHMT_BY_PRIVATE,
		    "either --key or --private" },
		{ SHMT_BY_DEST, SHMT_BY_STALE,
		    "either --dest or --stale: what is marked for removal "
		    "is not stale" },
		{ SHMT_BY_DEST, SHMT_BY_UNATTACHED,
		    "either --dest or --unattached: what is marked for "
		    "removal goes with its last attachment" },
	};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (has_clause(filter, never[i].one, false) &&
		    has_clause(filter, never[i].other, false)) {
			usage_error(NULL, "%s", never[i].why);
			return false;
		}
	if (excludes_all_sizes(filter)) {
		usage_error(NULL, "--min-size is above --max-size");
		return false;
	}
	return true;
}

/* Warns where the attachments of the process of a --pid are not visible. */
static void
warn_of_hidden(pid_t pid)
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

static void
warn_of_hidden_pids(const struct shmt_filter *filter)
{
	size_t i;

	for (i = 0; i < filter->count; i++)
		if (filter->clauses[i].by == SHMT_BY_PID)
			warn_of_hidden((pid_t)filter->clauses[i].value);
}

/* A marked segment has lost its key; the maps of its holders still show it. */
static bool
needs_holders(const struct shmt_filter *filter,
    const struct shmt_segment *list, size_t count)
{
	const bool by_pid = filter_has(filter, SHMT_BY_PID),
	    by_key = filter_has(filter, SHMT_BY_KEY) ||
	    filter_has(filter, SHMT_BY_PRIVATE);
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
	return filter != NULL ? shmt_stale_idle(filter) : SHMT_STALE_IDLE;
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
	warn_of_hidden_pids(filter);
	now = time(NULL);
	for (i = 0; i < n; i++)
		if (shmt_match(filter, &all[i], now, &holders))
			all[kept++] = all[i];
	shmt_holders_free(&holders);
	*list = all;
	*count = kept;
	return ST_OK;
}
