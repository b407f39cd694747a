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
#include "rm/explain_filter.h"
#include "shmtool.h"
#include "ui/text.h"

/* A cause is a criterion of the filter, or one of these parts of --stale. */
enum {
	PART_ATTACHED = SHMT_CRITERIA, PART_USED, PART_MARKED, PART_SEMAPHORE,
	PART_NAMES, PART_IDLE, PART_CREATOR, PART_LAST_USER, CAUSES
};

#define BIT(cause) (1u << (cause))

/* Returns the parts of --stale that fail.  Criteria that mean the same fail
 * with them, and are cleared in failed. */
static unsigned
find_parts(const struct shmt_filter *filter,
    const struct shmt_info *segment, unsigned *failed)
{
	struct shmt_proof proof;
	unsigned parts = 0;

	shmt_check_stale(segment, (int64_t)time(NULL),
	    shmt_stale_idle(filter), &proof);
	if (!proof.unattached) {
		parts |= BIT(PART_ATTACHED);
		*failed &= ~BIT(SHMT_BY_UNATTACHED);
	}
	if (!proof.not_dest)
		parts |= BIT(PART_MARKED);
	if (!proof.idle_enough) {
		parts |= BIT(PART_IDLE);
		*failed &= ~BIT(SHMT_BY_IDLE);
	}
	if (!proof.creator_gone) {
		parts |= BIT(PART_CREATOR);
		*failed &= ~BIT(SHMT_BY_CREATOR_DEAD);
	}
	if (!proof.last_user_gone)
		parts |= BIT(PART_LAST_USER);
	return parts;
}

/* The same for an object. */
static unsigned
find_object_parts(const struct shmt_filter *filter,
    const struct shmt_info *object, const struct shmt_holders *holders,
    unsigned *failed)
{
	struct shmt_object_proof proof;
	struct shmt_info used = *object;
	unsigned parts = 0;

	shmt_fill_use(&used, holders);
	shmt_check_object_stale(&used, (int64_t)time(NULL),
	    shmt_stale_idle(filter), holders, &proof);
	if (proof.unused != SHMT_YES) {
		parts |= BIT(PART_USED);
		*failed &= ~BIT(SHMT_BY_UNATTACHED);
	}
	if (!proof.no_semaphore)
		parts |= BIT(PART_SEMAPHORE);
	if (!proof.one_name)
		parts |= BIT(PART_NAMES);
	if (!proof.idle_enough) {
		parts |= BIT(PART_IDLE);
		*failed &= ~BIT(SHMT_BY_IDLE);
	}
	if (proof.creator_gone != SHMT_YES)
		parts |= BIT(PART_CREATOR);
	return parts;
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
	failed &= ~BIT(SHMT_BY_STALE);
	parts = segment->object.kind == SHMT_SYSV ?
	    find_parts(filter, segment, &failed) :
	    find_object_parts(filter, segment, holders, &failed);
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

static const char *
part_text(unsigned part)
{
	switch (part) {
	case PART_ATTACHED:
		return "an attachment";
	case PART_USED:
		return "a process that may use it";
	case PART_SEMAPHORE:
		return "being a named semaphore";
	case PART_NAMES:
		return "a second name";
	case PART_MARKED:
		return "the mark for removal";
	case PART_CREATOR:
		return "a creator that may still run";
	default:
		return "a last user that may still run";
	}
}

static void
print_cause(FILE *out, const struct shmt_filter *filter, unsigned cause)
{
	char idle[SHORT_TEXT], label[FILTER_LABEL];

	if (cause < SHMT_CRITERIA) {
		filter_label(filter, (enum shmt_criterion)cause, label);
		fprintf(out, "would pass but for %s", label);
	} else if (cause == PART_IDLE) {
		short_duration(idle, shmt_stale_idle(filter));
		fprintf(out, "would be stale but for --idle (%s)", idle);
	} else
		fprintf(out, "would be stale but for %s", part_text(cause));
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
