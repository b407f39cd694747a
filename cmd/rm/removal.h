/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The removal of one segment: what was found, and the reason in words.
 */

#ifndef CMD_RM_REMOVAL_H
#define CMD_RM_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "operand.h"
#include "shmtool.h"
#include "ui/text.h"

enum removal_result {
	WOULD_REMOVE, WOULD_MARK, REMOVED, MARKED, KEPT, ABSENT, FAILED,
	NOT_TRIED
};

/* The request, which is the same for all segments, and their holders. */
struct removal_run {
	bool force, dry;
	bool shows_plan;	/* a table or a question comes first */
	const char *save;	/* directory to save into first, or NULL */
	const struct shmt_filter *filter;	/* NULL: there is none */
	bool holds_ids;		/* attach before removal: root of the namespace
				 * can give the id to another segment */
	/* All that the filter selects, or the operands. */
	const struct shmt_info *list;
	size_t count;
	const struct operand *operands;
	size_t operand_count;
	bool has_holders;
	struct shmt_holders holders;	/* of all of these */
};

/* Initialise to 0, except operand or segment. */
struct removal {
	struct shmt_info segment;	/* known 0: not looked up yet */
	const struct operand *operand;	/* NULL: selected by the filter */
	enum removal_result result;
	int status;
	char *reason;			/* or NULL */
	bool is_saved;
	char *saved;			/* DIR/NAME of the files, or NULL */
	struct shmt_holder *holders;	/* the processes that hold it */
	size_t holder_count;
	bool complete;			/* holders has all of them */
};

/* Sets result and status, and words the reason. */
void removal_set(struct removal *removal, enum removal_result result,
    int status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Sets REMOVED, without a reason. */
void removal_done(struct removal *removal);

/* Sets FAILED with the reason for an errno. */
void removal_fail(struct removal *removal, int error);

/* The status for a segment that is kept because it changed: no failure if a
 * filter selected it, since it no longer matches. */
int removal_kept_status(const struct removal *removal);

/* The argument of confirm(), which is called before the files get their names
 * and sets kept and the reason if it returns false. */
struct copy_check {
	struct removal_run *run;
	struct removal *removal;
	int changes;		/* of an object, as of shmt_changes_begin() */
	bool kept;
};

/* Saves the segment into run->save; false: the removal has the reason. */
bool removal_save(struct copy_check *check,
    bool (*confirm)(void *arg, const struct shmt_saved *saved));

void removal_set_unsaved(struct removal *removal, int status,
    const char *reason);

/* "4242 (postgres), 4250 (postgres)"; the caller frees it. */
char *removal_holder_names(const struct removal *removal);

/* Whether it would be removed or marked. */
#define PLANNED (1u << WOULD_REMOVE | 1u << WOULD_MARK)
bool is_planned(const struct removal *removal);

/* Counts the removals with one of these results, as bits, and the bytes of
 * their segments as text. */
size_t count_removals(const struct removal *list, size_t count,
    unsigned results, char size[static SHORT_TEXT]);

/* Scans all processes for the holders of all segments of the run, which go to
 * run->holders, unless that is done already; false: the scan failed. */
bool removal_scan_holders(struct removal_run *run,
    const struct shmt_info *segment);

/* Copies the holders of the segment or object from that scan. */
bool removal_find_holders(struct removal_run *run, struct removal *removal);

/* Whether a segment passes the filter now. */
bool removal_passes(struct removal_run *run, const struct shmt_info *now);

/* Discards the scan; the next call that needs one scans again. */
void removal_discard_holders(struct removal_run *run);
void removal_free(struct removal *removal);

/*
 * Segments (segment.c) and POSIX objects (object.c): the first decides between
 * WOULD_REMOVE, WOULD_MARK and KEPT; the second removes, unless the segment or
 * the object has changed.
 */
void decide_segment(struct removal_run *run, struct removal *removal);
void remove_segment(struct removal_run *run, struct removal *removal);
void decide_object(struct removal_run *run, struct removal *removal);
void remove_object(struct removal_run *run, struct removal *removal);

#endif
