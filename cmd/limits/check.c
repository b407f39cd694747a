/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --check: one line of a monitoring plugin, with performance data.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "limits/actions.h"
#include "limits/sample.h"
#include "shmtool.h"
#include "ui/text.h"
#include "ui/value.h"

enum { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL };

/* A percentage of a limit, rounded down. */
static uint64_t
percent_of(uint64_t limit, int percent)
{
	const uint64_t p = (uint64_t)percent;

	/* In two parts: the product may have more than 64 bits. */
	return limit / 100 * p + limit % 100 * p / 100;
}

static int
check_use(const struct use *use, const struct thresholds *t)
{
	if (!use->is_checked || !use->has_limit)
		return CHECK_OK;
	return use->used > percent_of(use->limit, t->critical) ?
	    CHECK_CRITICAL : use->used > percent_of(use->limit, t->warning) ?
	    CHECK_WARNING : CHECK_OK;
}

/* "3 of 4096 segments (0.0%)", "12 pages (no limit)", "/dev/shm 1.0M of 64M
 * (1.5%)", "/dev/shm (no limit)". */
static void
print_figures(const struct use *use)
{
	const struct value used = { .kind = use->kind, .known = true,
		.number = use->used };
	const struct value limit = { .kind = use->kind, .known = true,
		.number = use->limit };
	const uint64_t tenths = shmt_permille(use->used, use->limit);
	char buffer[SHORT_TEXT];

	printf("%s", use->where);
	if (use->has_limit)
		printf("%s%s", use->where[0] != '\0' ? " " : "",
		    value_text(&used, false, buffer));
	if (use->has_limit && !use->unlimited)
		printf(" of %s", value_text(&limit, false, buffer));
	/* A size ends with its own unit.  "1 page", "1 of 16 segments". */
	if (use->kind != VALUE_SIZE)
		printf(" %.*s", (int)strlen(use->unit) -
		    ((use->unlimited ? use->used : use->limit) == 1),
		    use->unit);
	if (!use->has_limit || use->unlimited)
		printf(" (no limit)");
	else if (use->limit != 0)
		printf(" (%" PRIu64 ".%" PRIu64 "%%)", tenths / 10,
		    tenths % 10);
}

/* "label"=value[UOM];warn;crit;min;max */
static void
print_performance(const struct use *use, const struct thresholds *t)
{
	printf(" %s=%" PRIu64 "%s;", use->label, use->used,
	    use->kind == VALUE_SIZE ? "B" : "");
	if (use->unlimited)
		printf(";;0;");
	else if (use->is_checked)
		printf("%" PRIu64 ";%" PRIu64 ";0;%" PRIu64,
		    percent_of(use->limit, t->warning),
		    percent_of(use->limit, t->critical), use->limit);
	else
		printf(";;0;%" PRIu64, use->limit);
}

int
check_usage(const struct thresholds *t)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL" };
	struct use uses[USES_MAX];
	struct sample sample;
	const char *bad, *between = "";
	size_t i, count;
	int state = CHECK_OK;

	if (take_sample(t->stale != -1, &sample, NULL, &bad) == -1) {
		printf("SHM UNKNOWN - %s: %s\n",
		    bad != NULL ? bad : "limits of System V IPC",
		    errno == EBADMSG ?
		    "holds something other than a number" : strerror(errno));
		return CHECK_UNKNOWN;
	}
	add_memory_limits(&sample);
	count = list_uses(&sample, uses);
	for (i = 0; i < count; i++)
		if (check_use(&uses[i], t) > state)
			state = check_use(&uses[i], t);
	if (t->stale != -1 && sample.stale > (uint64_t)t->stale &&
	    state == CHECK_OK)
		state = CHECK_WARNING;
	printf("SHM %s - ", words[state]);
	for (i = 0; i < count; i++)
		if (uses[i].is_checked) {
			printf("%s", between);
			between = ", ";
			print_figures(&uses[i]);
		}
	if (t->stale != -1)
		printf(", %" PRIu64 " stale", sample.stale);
	printf(" |");
	for (i = 0; i < count; i++)
		if (uses[i].has_limit)
			print_performance(&uses[i], t);
	if (t->stale != -1)
		printf(" stale=%" PRIu64 ";%d;;0;", sample.stale, t->stale);
	putchar('\n');
	/* main() reports the failed write. */
	return fflush(stdout) == 0 ? state : CHECK_UNKNOWN;
}
