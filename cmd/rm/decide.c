/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What happens to one segment of rm, of any kind:
 *
 *	removal_find()	look up the segment that an operand names
 *	removal_plan()	decide by these facts, and word the reason; then the
 *			user may be asked
 *	removal_do()	compare, save, compare, remove, look up the result
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "operand.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"

static void
set_absent(const struct removal_run *run, struct removal *r)
{
	char reason[ABSENT_REASON];

	absent_reason(r->operand, reason);
	removal_set(r, ABSENT, run->force ? ST_OK : ST_ABSENT, "%s", reason);
}

/* Why an operand names nothing that can be removed. */
static void
set_not_found(const struct removal_run *run, struct removal *r, int error)
{
	const char *what = r->operand->ref.kind == SHMT_POSIX ?
	    not_object(error) : NULL;

	if (error == ENOENT)
		set_absent(run, r);
	else if (what != NULL)
		removal_set(r, ABSENT, ST_ABSENT, "no object: %s", what);
	else
		removal_set(r, FAILED, status_of(error), "%s", strerror(error));
}

void
removal_find(struct removal_run *run, struct removal *r)
{
	const struct shmt_ref *ref = &r->operand->ref;
	struct shmt_object object;
	struct shmt_info segment;

	if (shmt_resolve(ref, &object) == -1 ||
	    shmt_info(&object, 0, &segment) == -1) {
		set_not_found(run, r, errno);
		return;
	}
	/* The id may be given to another segment between the two calls. */
	if (ref->by_key && segment.key != ref->key) {
		set_absent(run, r);
		return;
	}
	r->segment = segment;
	removal_plan(run, r);
}

/* An operand that the filter keeps: names the options that it fails. */
static void
set_filtered(const struct removal_run *run, struct removal *r)
{
	char names[SHMT_CRITERIA * FILTER_LABEL] = "", label[FILTER_LABEL];
	unsigned failed, by;

	failed = shmt_mismatch(run->filter, &r->segment, (int64_t)time(NULL),
	    run->has_holders ? &run->holders : NULL);
	for (by = 0; by < SHMT_CRITERIA; by++) {
		if ((failed & 1u << by) == 0)
			continue;
		filter_label(run->filter, (enum shmt_criterion)by, label);
		if (names[0] != '\0')
			strlcat(names, ", ", sizeof(names));
		strlcat(names, label, sizeof(names));
	}
	removal_set(r, KEPT, ST_OK, "it does not pass %s", names);
}

/* Without a plan to show, the removal itself finds out whether it is
 * permitted.  Of an object it is always asked, before its users are found. */
static bool
is_forbidden(const struct removal_run *run, const struct shmt_info *segment)
{
	if (segment->object.kind == SHMT_SYSV && segment->nattch == 0 &&
	    !run->shows_plan && !run->dry)
		return false;
	return shmt_may_remove(&segment->object) == -1 && errno != ENOENT;
}

void
removal_plan(struct removal_run *run, struct removal *r)
{
	const struct shmt_info *s = &r->segment;

	/* The filter has chosen all segments but those of operands. */
	if (r->operand != NULL && run->filter != NULL &&
	    !removal_passes(run, s))
		set_filtered(run, r);
	else if (is_forbidden(run, s))
		removal_fail(r, errno);
	else if (s->object.kind == SHMT_POSIX)
		object_plan(run, r);
	else
		segment_plan(run, r);
}

void
removal_do(struct removal_run *run, struct removal *r)
{
	if (r->segment.object.kind == SHMT_POSIX)
		object_do(run, r);
	else
		segment_do(run, r);
}
