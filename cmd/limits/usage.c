/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How full it is: limits --usage for people and programs, --check for a
 * monitoring system.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "limits/ipcs.h"
#include "limits/usage.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/value.h"

/* What a monitoring plugin exits with; 2 is no wrong command line here. */
enum {
	CHECK_OK, CHECK_WARNING, CHECK_CRITICAL
};

/* A limit beside what is in use of it. */
struct use {
	const char *name, *unit;
	uint64_t limit, used;
	enum value_kind kind;
};

enum {
	USE_SEGMENTS, USE_PAGES, USE_LARGEST, USES
};

static void
fill_uses(struct use uses[static USES], const struct shmt_limits *limits,
    const struct shmt_usage *usage)
{
	uses[USE_SEGMENTS] = (struct use){ "shmmni", "segments",
	    limits->shmmni, usage->segments, VALUE_NUMBER };
	uses[USE_PAGES] = (struct use){ "shmall", "pages",
	    limits->shmall, usage->pages, VALUE_NUMBER };
	uses[USE_LARGEST] = (struct use){ "shmmax", "bytes",
	    limits->shmmax, usage->largest, VALUE_SIZE };
}

static void
get_name(const void *row, struct value *value)
{
	set_text(value, ((const struct use *)row)->name);
}

static void
get_limit(const void *row, struct value *value)
{
	const struct use *use = row;

	value->kind = use->kind;
	set_number(value, use->limit);
}

static void
get_used(const void *row, struct value *value)
{
	const struct use *use = row;

	value->kind = use->kind;
	set_number(value, use->used);
}

/* Unknown where there is a limit of nothing, and something is there. */
static void
get_percent(const void *row, struct value *value)
{
	const struct use *use = row;

	if (use->limit != 0 || use->used == 0)
		set_number(value, shmt_permille(use->used, use->limit));
}

static void
get_unit(const void *row, struct value *value)
{
	set_text(value, ((const struct use *)row)->unit);
}

int
print_usage(enum table_format format, bool bytes)
{
	static const struct column columns[] = {
		{ "NAME", VALUE_TEXT, .get = get_name },
		{ "LIMIT", VALUE_NUMBER, .get = get_limit },
		{ "USED", VALUE_NUMBER, .get = get_used },
		{ "PERCENT", VALUE_TENTHS, .get = get_percent },
		{ "UNIT", VALUE_TEXT, .get = get_unit }
	};
	const struct column *chosen[] = {
		&columns[0], &columns[1], &columns[2], &columns[3], &columns[4]
	};
	static const struct column_set set = {
		.list = columns, .count = sizeof(chosen) / sizeof(chosen[0]),
		.row_size = sizeof(struct use)
	};
	struct json json = { .file = stdout };
	struct shmt_limits limits;
	struct shmt_usage usage;
	struct use uses[USES];
	struct table table = {
		.format = format, .heading = true, .bytes = bytes,
		.set = &set, .columns = chosen,
		.column_count = sizeof(chosen) / sizeof(chosen[0]),
		.rows = uses, .row_count = USES
	};
	const char *bad = NULL;
	int status;

	if (shmt_limits(SHMT_LIMITS_SHM, &limits, &bad) == -1)
		return limits_failed(bad, errno);
	if (shmt_usage(&usage) == -1)
		return fail("segments in use", errno);
	fill_uses(uses, &limits, &usage);
	if (format != FORMAT_JSON)
		return print_table(&table, NULL, NULL);
	json_open(&json, NULL, '{');
	status = print_table(&table, &json, "usage");
	json_close(&json, '}');
	json_end(&json);
	return status;
}

/* The largest use that is not above so many percent of the limit. */
static uint64_t
threshold(uint64_t limit, unsigned percent)
{
	/* In two parts, for 64 bits are not enough for the product. */
	return limit / 100 * percent + limit % 100 * percent / 100;
}

static void
print_use(const struct use *use)
{
	uint64_t tenths = shmt_permille(use->used, use->limit);

	printf("%" PRIu64 " of %" PRIu64 " %s", use->used, use->limit,
	    use->unit);
	if (use->limit != 0)
		printf(" (%" PRIu64 ".%" PRIu64 "%%)", tenths / 10,
		    tenths % 10);
}

/* "label"=value[UOM];warn;crit;min;max */
static void
print_performance(const struct use *use, unsigned warning, unsigned critical)
{
	printf("%s=%" PRIu64 ";%" PRIu64 ";%" PRIu64 ";0;%" PRIu64,
	    use->unit, use->used, threshold(use->limit, warning),
	    threshold(use->limit, critical), use->limit);
}

static int
check_unknown(const char *what, int error)
{
	printf("SHM UNKNOWN - %s: %s\n", what,
	    error == EBADMSG ? "holds something else than a number" :
	    strerror(error));
	return CHECK_UNKNOWN;
}

int
check_usage(unsigned warning, unsigned critical)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL" };
	struct shmt_limits limits;
	struct shmt_usage usage;
	struct use uses[USES];
	const char *bad = NULL;
	int i, state = CHECK_OK;

	if (shmt_limits(SHMT_LIMITS_SHM, &limits, &bad) == -1)
		return check_unknown(bad != NULL ? bad : "limits", errno);
	if (shmt_usage(&usage) == -1)
		return check_unknown("segments in use", errno);
	fill_uses(uses, &limits, &usage);
	/* How large a segment is compared with shmmax says nothing of need. */
	for (i = USE_SEGMENTS; i <= USE_PAGES; i++)
		if (uses[i].used > threshold(uses[i].limit, critical))
			state = CHECK_CRITICAL;
		else if (uses[i].used > threshold(uses[i].limit, warning) &&
		    state == CHECK_OK)
			state = CHECK_WARNING;
	printf("SHM %s - ", words[state]);
	print_use(&uses[USE_SEGMENTS]);
	printf(", ");
	print_use(&uses[USE_PAGES]);
	printf(" | ");
	print_performance(&uses[USE_SEGMENTS], warning, critical);
	putchar(' ');
	print_performance(&uses[USE_PAGES], warning, critical);
	printf(" largest=%" PRIu64 "B;;;0;%" PRIu64 "\n", usage.largest,
	    limits.shmmax);
	/* main() says so; a figure that nobody got is not known. */
	return fflush(stdout) == 0 ? state : CHECK_UNKNOWN;
}
