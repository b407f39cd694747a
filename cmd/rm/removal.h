/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment looked at, looked at again, removed, and told.
 */

#ifndef CMD_RM_REMOVAL_H
#define CMD_RM_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "operand.h"
#include "shmtool.h"
#include "ui/json.h"

enum removal_result {
	WOULD_REMOVE, WOULD_MARK, REMOVED, MARKED, KEPT, ABSENT, FAILED
};

/* What is asked for, the same for each segment; and who is attached. */
struct removal_run {
	bool force, verbose, dry;
	const char *save;		/* folder to save into first, or NULL */
	const struct shmt_filter *filter;	/* NULL: named by operands */
	bool has_holders;
	struct shmt_holders holders;
};

/* One segment on its way out; all zeros but for target or segment at first. */
struct removal {
	struct shmt_info segment;	/* as it was looked at; id -1: none */
	const struct operand *operand;	/* NULL: selected by the filter */
	enum removal_result result;
	int status;
	char *reason;			/* or NULL */
	char *saved;			/* DIR/ID-KEY, or NULL: not saved */
	struct shmt_holder *holders;	/* where it is attached */
	size_t holder_count;
	bool complete;			/* these are all of them */
};

/* Finds what an operand names. */
void removal_find(struct removal_run *run, struct removal *removal);

/* What would be done to a segment that was found: WOULD_REMOVE, WOULD_MARK,
 * or already known to be KEPT or FAILED. */
void removal_plan(struct removal_run *run, struct removal *removal);

/* Looks again, saves where asked to, removes, and sees what became of it. */
void removal_do(struct removal_run *run, struct removal *removal);

/* Leaves it for a reason that the user knows. */
void removal_keep(struct removal *removal, int status, const char *reason);

/* Messages, and lines on stdout where the run is verbose. */
void report_removal(const struct removal_run *run,
    const struct removal *removal);

void removal_json(struct json *json, const struct removal *removal);

/* Who is attached is looked up anew when it is next needed. */
void removal_forget_holders(struct removal_run *run);
void removal_free(struct removal *removal);

#endif
