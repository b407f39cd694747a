/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Why a filter selects nothing: counts the segments that would pass but for
 * one clause, or for one part of --stale.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "filter.h"
#include "rm/plan.h"
#include "shmtool.h"
#include "ui/text.h"

/* A cause is a criterion of the filter, or one of these parts of --stale. */
enum {
	PART_ATTACHED = SHMT_CRITERIA, PART_USED, PART_MARKED, PART_SEMAPHORE,
	PART_NAMES, PART_IDLE, PART_CREATOR, PART_LAST_USER, CAUSES
};

#define BIT(cause) (1u << (cause))

static unsigned
part_unless(bool holds, unsigned part)
{
	return holds ? 0 : BIT(part);
}

/* Returns the parts of --stale that fail. */
static unsigned
find_parts(const struct shmt_filter *filter, const struct shmt_info *segment)
{
	struct shmt_proof proof;

	shmt_check_stale(segment, (int64_t)time(NULL),
	    shmt_stale_idle(filter), &proof);
	return part_unless(proof.unattached, PART_ATTACHED) |
	    part_unless(proof.not_dest, PART_MARKED) |
	    part_unless(proof.idle_enough, PART_IDLE) |
	    part_unless(proof.creator_gone, PART_CREATOR) |
	    part_unless(proof.last_user_gone, PART_LAST_USER);
}

static unsigned
find_object_parts(const struct shmt_filter *filter,
    const struct shmt_info *object, const struct shmt_holders *holders)
{
	struct shmt_object_proof proof;
	struct shmt_info used = *object;

	shmt_fill_use(&used, holders);
	shmt_check_object_stale(&used, (int64_t)time(NULL),
	    shmt_stale_idle(filter), holders, &proof);
	return part_unless(proof.unused == SHMT_YES, PART_USED) |
	    part_unless(proof.no_semaphore, PART_SEMAPHORE) |
	    part_unless(proof.one_name, PART_NAMES) |
	    part_unless(proof.idle_enough, PART_IDLE) |
	    part_unless(proof.creator_gone == SHMT_YES, PART_CREATOR);
}

static unsigned
find_causes(const struct shmt_filter *filter,
    const struct shmt_info *segment, const struct shmt_holders *holders)
{
	unsigned failed, parts;

	failed = shmt_mismatch(filter, segment, (int64_t)time(NULL), holders);
	if ((failed & BIT(SHMT_BY_STALE)) == 0 ||
	    filter_has(filter, SHMT_BY_STALE, true))
		return failed;
	parts = segment->object.kind == SHMT_SYSV ?
	    find_parts(filter, segment) :
	    find_object_parts(filter, segment, holders);
	/* Criteria that mean the same as a part fail with it. */
	failed &= ~BIT(SHMT_BY_STALE);
	if ((parts & (BIT(PART_ATTACHED) | BIT(PART_USED))) != 0)
		failed &= ~BIT(SHMT_BY_UNATTACHED);
	if ((parts & BIT(PART_IDLE)) != 0)
		failed &= ~BIT(SHMT_BY_IDLE);
	if ((parts & BIT(PART_CREATOR)) != 0 &&
	    segment->object.kind == SHMT_SYSV)
		failed &= ~BIT(SHMT_BY_CREATOR_DEAD);
	return failed | parts;
}

/* Counts for each cause the segments that only this cause excludes. */
static bool
count_causes(const struct shmt_filter *filter, size_t counts[static CAUSES])
{
	struct shmt_holders holders = { 0 };
	struct shmt_list all;
	size_t i;
	unsigned causes, cause;

	if (shmt_list(shmt_filter_kinds(filter), 0, &all) == -1)
		return false;
	if (filter_needs_holders(filter, all.list, all.count) &&
	    shmt_holders_of_list(all.list, all.count, &holders) == -1) {
		shmt_list_free(&all);
		return false;
	}
	for (i = 0; i < all.count; i++) {
		causes = find_causes(filter, &all.list[i], &holders);
		for (cause = 0; cause < CAUSES; cause++)
			counts[cause] += causes == BIT(cause);
	}
	shmt_holders_free(&holders);
	shmt_list_free(&all);
	return true;
}

static void
print_cause(FILE *out, const struct shmt_filter *filter, unsigned cause)
{
	static const char *const parts[CAUSES] = {
		[PART_ATTACHED] = "an attachment",
		[PART_USED] = "a process that may use it",
		[PART_MARKED] = "the mark for removal",
		[PART_SEMAPHORE] = "being a named semaphore",
		[PART_NAMES] = "a second name",
		[PART_CREATOR] = "a creator that may still run",
		[PART_LAST_USER] = "a last user that may still run"
	};
	char idle[SHORT_TEXT], label[FILTER_LABEL];

	if (cause < SHMT_CRITERIA) {
		filter_label(filter, (enum shmt_criterion)cause, label);
		fprintf(out, "would pass but for %s", label);
	} else if (cause == PART_IDLE) {
		short_duration(idle, shmt_stale_idle(filter));
		fprintf(out, "would be stale but for --idle (%s)", idle);
	} else
		/* cppcheck-suppress arrayIndexOutOfBoundsCond */
		fprintf(out, "would be stale but for %s", parts[cause]);
}

char *
explain_none(const struct shmt_filter *filter)
{
	size_t counts[CAUSES] = { 0 }, length;
	const char *between = "";
	char *text = NULL;
	unsigned cause;
	FILE *out;

	if (!count_causes(filter, counts))
		return NULL;
	out = open_memstream(&text, &length);
	if (out == NULL)
		return NULL;
	for (cause = 0; cause < CAUSES; cause++)
		if (counts[cause] > 0) {
			fprintf(out, "%s%zu ", between, counts[cause]);
			print_cause(out, filter, cause);
			between = ", ";
		}
	text = written_text(out, &text);
	if (*between != '\0')
		return text;
	free(text);
	return NULL;
}
