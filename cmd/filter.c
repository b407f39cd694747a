/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The filter options, the same in every command that has them: their values,
 * which exclude each other, and the segments that pass.
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
#include "namespace.h"
#include "option_values.h"
#include "shmtool.h"
#include "ui/message.h"

/*
 * Values of the options: each adds a clause by the criterion in the row's
 * choice.
 */

static int
add_clause(const struct option_row *row, uint64_t value, void *to)
{
	struct filter *filter = to;

	filter->set.clauses = check_memory(reallocarray(filter->set.clauses,
	    filter->set.count + 1, sizeof(struct shmt_clause)));
	filter->set.clauses[filter->set.count++] = (struct shmt_clause){
		.by = (enum shmt_criterion)row->choice,
		.negated = filter->negate, .value = value
	};
	filter->negate = false;
	return ST_OK;
}

static int
store_without_value(const struct option_row *row, const char *text, void *to)
{
	(void)text;
	return add_clause(row, 0, to);
}

/* For a value that another function parses, as a number of a type. */
#define STORE_BY(name, type, parse) \
	static int \
	store_by_##name(const struct option_row *row, const char *text, \
	    void *to) \
	{ \
		type value; \
		int status = parse(row, text, &value); \
		\
		return status != ST_OK ? status : \
		    add_clause(row, (uint64_t)value, to); \
	}

STORE_BY(user, uint32_t, store_user)
STORE_BY(key, uint32_t, store_key)
STORE_BY(time, uint64_t, store_seconds)
STORE_BY(size, uint64_t, store_size)
STORE_BY(pid, int, store_number)

static int
store_by_name(const struct option_row *row, const char *text, void *to)
{
	struct filter *filter = to;
	int status;

	text += *text == '/';
	if (*text == '\0')
		return option_error(row, "no name: a pattern such as 'psm_*'");
	status = add_clause(row, 0, to);
	if (status == ST_OK)
		filter->set.clauses[filter->set.count - 1].text = text;
	return status;
}

/* The set of one word of --kind, 0 for a word that is none. */
static unsigned
kind_set(const char *word)
{
	enum shmt_kind kind;

	for (kind = SHMT_SYSV; kind < SHMT_KINDS; kind++)
		if (strcmp(shmt_kind_name(kind), word) == 0)
			return SHMT_KIND(kind);
	return strcmp(word, "all") == 0 ? SHMT_ALL_KINDS : 0;
}

static int
parse_kinds(const struct option_row *row, char *words, unsigned *kinds)
{
	const char *word;
	unsigned some;

	while ((word = strsep(&words, ",")) != NULL) {
		some = kind_set(word);
		if (some == 0)
			return option_error(row, "%s: not sysv, posix, "
			    "deleted, memfd, anon or all", word);
		*kinds |= some;
	}
	return ST_OK;
}

static int
store_by_kind(const struct option_row *row, const char *text, void *to)
{
	char *words = check_memory(strdup(text));
	unsigned kinds = 0;
	int status;

	status = parse_kinds(row, words, &kinds);
	free(words);
	return status == ST_OK ? add_clause(row, kinds, to) : status;
}

const struct option_row filter_options[] = {
	{ 0, "kind", "KIND,...", "match sysv (the default), posix, ... all",
	    store_by_kind, .choice = SHMT_BY_KIND },
	{ 0, "name", "GLOB", "match POSIX objects of these names",
	    store_by_name, .choice = SHMT_BY_NAME },
	{ 0, "owner", "USER", "match those owned by USER",
	    store_by_user, .choice = SHMT_BY_OWNER },
	{ 0, "creator", "USER", "match those created by USER",
	    store_by_user, .choice = SHMT_BY_CREATOR },
	{ 0, "key", "KEY", "match those with this key",
	    store_by_key, .choice = SHMT_BY_KEY },
	{ 0, "private", NULL, "match those without a key",
	    store_without_value, .choice = SHMT_BY_PRIVATE },
	{ 0, "unattached", NULL, "match those that no process has attached",
	    store_without_value, .choice = SHMT_BY_UNATTACHED },
	{ 0, "creator-dead", NULL, "match those whose creator has exited",
	    store_without_value, .choice = SHMT_BY_CREATOR_DEAD },
	{ 0, "idle", "DURATION", "match those idle for DURATION or longer",
	    store_by_time, .choice = SHMT_BY_IDLE },
	{ 0, "min-size", "SIZE", "match those of SIZE or more",
	    store_by_size, .choice = SHMT_BY_MIN_SIZE },
	{ 0, "max-size", "SIZE", "match those of SIZE or less",
	    store_by_size, .choice = SHMT_BY_MAX_SIZE },
	{ 0, "dest", NULL, "match those marked for removal",
	    store_without_value, .choice = SHMT_BY_DEST },
	{ 0, "pid", "PID", "match those attached or created by PID",
	    store_by_pid, .min = 1, .choice = SHMT_BY_PID },
	{ 0, "stale", NULL, "match unattached, users exited, idle an hour",
	    store_without_value, .choice = SHMT_BY_STALE },
	{ 0, "not", NULL, "negate the filter that follows",
	    store_flag, .to = offsetof(struct filter, negate),
	    .prefix = true },
	{ 0 }
};

void
free_filter(struct filter *filter)
{
	free(filter->set.clauses);
	*filter = (struct filter){ 0 };
}

bool
filter_has(const struct shmt_filter *filter, enum shmt_criterion by,
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
filter_has_only_kinds(const struct shmt_filter *filter)
{
	size_t i;

	for (i = 0; i < filter->count; i++)
		if (filter->clauses[i].by != SHMT_BY_KIND)
			return false;
	return true;
}

bool
filter_has_any(const struct shmt_filter *filter, enum shmt_criterion by)
{
	return filter_has(filter, by, false) || filter_has(filter, by, true);
}

bool
filter_may_fail_later(const struct shmt_filter *filter)
{
	return filter_has(filter, SHMT_BY_IDLE, true) ||
	    filter_has(filter, SHMT_BY_STALE, true) ||
	    filter_has(filter, SHMT_BY_CREATOR_DEAD, true) ||
	    filter_has(filter, SHMT_BY_PID, true);
}

void
filter_label(const struct shmt_filter *filter, enum shmt_criterion by,
    char label[static FILTER_LABEL])
{
	const struct option_row *row = filter_options;

	while ((enum shmt_criterion)row->choice != by)
		row++;
	snprintf(label, FILTER_LABEL, "%s--%s",
	    filter_has(filter, by, false) ? "" : "--not ", row->name);
}

/* Whether every size is below the smallest or above the largest wanted. */
static bool
excludes_all_sizes(const struct shmt_filter *filter)
{
	uint64_t min = UINT64_MAX, max = 0;
	const struct shmt_clause *clause;
	size_t i;

	if (!filter_has(filter, SHMT_BY_MIN_SIZE, false) ||
	    !filter_has(filter, SHMT_BY_MAX_SIZE, false))
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

static int
check_kinds(const struct shmt_filter *filter)
{
	const unsigned kinds = shmt_filter_kinds(filter);

	if (kinds == 0)
		return usage_error("--kind", "no kind is left");
	if ((kinds & SHMT_KIND(SHMT_POSIX)) == 0)
		return !filter_has_any(filter, SHMT_BY_NAME) ? ST_OK :
		    usage_error("--name", "goes with --kind posix: a segment "
		    "has no name");
	return enter_dev_shm("--kind");
}

int
exclude_unnamed_kinds(struct shmt_filter *filter, const char *why)
{
	struct shmt_clause *clause = filter->clauses;
	size_t i;

	for (i = 0; i < filter->count; i++, clause++) {
		if (clause->by != SHMT_BY_KIND || clause->negated)
			continue;
		if (clause->value == SHMT_ALL_KINDS)
			clause->value &= ~(uint64_t)SHMT_UNNAMED;
		else if ((clause->value & SHMT_UNNAMED) != 0)
			return usage_error("--kind", "%s", why);
	}
	return ST_OK;
}

int
check_filter(struct shmt_filter *filter)
{
	const bool dest = filter_has(filter, SHMT_BY_DEST, false);

	if (entered_namespace() != NULL && exclude_unnamed_kinds(filter,
	    "memory without a name belongs to no namespace: omit --ns") !=
	    ST_OK)
		return ST_USAGE;
	if (filter_has(filter, SHMT_BY_KEY, false) &&
	    filter_has(filter, SHMT_BY_PRIVATE, false))
		return usage_error(NULL, "either --key or --private");
	if (dest && filter_has(filter, SHMT_BY_STALE, false))
		return usage_error(NULL, "either --dest or --stale: a segment "
		    "marked for removal is not stale");
	if (dest && filter_has(filter, SHMT_BY_UNATTACHED, false))
		return usage_error(NULL, "either --dest or --unattached: a "
		    "segment marked for removal is still attached");
	if (excludes_all_sizes(filter))
		return usage_error(NULL, "--min-size is above --max-size");
	return check_kinds(filter);
}

int
check_selection(const struct filter *filter, bool named, bool all)
{
	if (all && (named || !filter_has_only_kinds(&filter->set)))
		return usage_error("--all", "takes no %s",
		    named ? "SEGMENT operands" : "filters but --kind");
	return all || named || filter->set.count > 0 ? ST_OK :
	    usage_error(NULL, "which segments? name them, or give filters or "
	    "--all");
}

/* Warns where the attachments of one process are not visible. */
static void
warn_of_process(pid_t pid)
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
	warn_about(name, "may not be read: only what it created is found");
}

void
warn_of_hidden(const struct shmt_filter *filter)
{
	size_t i;

	for (i = 0; i < filter->count; i++)
		if (filter->clauses[i].by == SHMT_BY_PID)
			warn_of_process((pid_t)filter->clauses[i].value);
}

int
holders_failed(int error)
{
	warn_about(NULL, "cannot find the attached processes: %s",
	    strerror(error));
	return status_of(error);
}

bool
filter_needs_holders(const struct shmt_filter *filter,
    const struct shmt_info *list, size_t count)
{
	const bool by_pid = filter_has_any(filter, SHMT_BY_PID),
	    by_key = filter_has_any(filter, SHMT_BY_KEY) ||
	    filter_has_any(filter, SHMT_BY_PRIVATE),
	    by_use = by_pid || filter_has_any(filter, SHMT_BY_UNATTACHED) ||
	    filter_has_any(filter, SHMT_BY_STALE);
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].object.kind != SHMT_SYSV) {
			if (by_use)
				return true;
		} else if (list[i].nattch > 0 && (by_pid ||
		    (by_key && (list[i].state & SHMT_DEST) != 0)))
			return true;
	return false;
}

int
filter_match(const struct shmt_filter *filter,
    const struct shmt_info *list, size_t count, bool *passes)
{
	struct shmt_holders holders = { 0 };
	time_t now;
	size_t i;

	if (filter_needs_holders(filter, list, count) &&
	    shmt_holders_of_list(list, count, &holders) == -1)
		return holders_failed(errno);
	warn_of_hidden(filter);
	now = time(NULL);
	for (i = 0; i < count; i++)
		passes[i] = shmt_match(filter, &list[i], now, &holders);
	shmt_holders_free(&holders);
	return ST_OK;
}

static int
list_failed(unsigned kinds, int error)
{
	if ((kinds & SHMT_KIND(SHMT_POSIX)) == 0)
		return fail(NULL, error);
	if (error != ENODEV)
		return fail("/dev/shm", error);
	warn_about("/dev/shm", "does not exist, or is not a tmpfs");
	return ST_FAILED;
}

int
filter_list(const struct shmt_filter *filter, unsigned kinds,
    unsigned want, struct shmt_list *list)
{
	size_t i, kept = 0;
	bool *passes;
	int status;

	if (shmt_list(kinds, want, list) == -1)
		return list_failed(kinds, errno);
	/* The list has no other kinds. */
	if (filter_has_only_kinds(filter))
		return ST_OK;
	passes = check_memory(calloc(list->count + 1, sizeof(*passes)));
	status = filter_match(filter, list->list, list->count, passes);
	for (i = 0; i < list->count; i++)
		if (passes[i])
			list->list[kept++] = list->list[i];
	list->count = kept;
	free(passes);
	if (status != ST_OK)
		shmt_list_free(list);
	return status;
}
