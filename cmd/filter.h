/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The filter options that stat, rm and save share.
 */

#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "shmtool.h"
#include "ui/options.h"

/* Stored by filter_options; initialise to 0. */
struct filter {
	struct shmt_filter set;
	bool negate;		/* --not was the option before */
};

/* Rows of a command whose struct opts has a struct filter. */
extern const struct option_row filter_options[];

/* For the help of such a command. */
#define FILTER_NOTE "FILTER is any of the options from --kind on; all must " \
	"hold, but of one\ngiven more than once only one value."

/* Called after the last option: checks whether any segment could pass. */
int check_filter(struct shmt_filter *filter);

/* Checks that a command has operands, filters or both, or else --all, which may
 * come with kinds. */
int check_selection(const struct filter *filter, bool named, bool all);

/* For a command that does not take memory without a name: leaves it out of
 * --kind all; each other --kind that has it is a usage error, with why. */
int exclude_unnamed_kinds(struct shmt_filter *filter, const char *why);
void free_filter(struct filter *filter);

/* Whether a filter has a clause of this criterion, or a negated one; or
 * either. */
bool filter_has(const struct shmt_filter *filter, enum shmt_criterion by,
    bool negated);
bool filter_has_any(const struct shmt_filter *filter, enum shmt_criterion by);

/* Whether a filter chooses nothing but kinds, or nothing at all. */
bool filter_has_only_kinds(const struct shmt_filter *filter);

/* Whether a segment that passes and that nobody uses can fail the filter later,
 * because time passes or a process exits. */
bool filter_may_fail_later(const struct shmt_filter *filter);

/* Names the option of a criterion that the filter has: "--owner", or where all
 * of its clauses are negated "--not --owner". */
#define FILTER_LABEL 32
void filter_label(const struct shmt_filter *filter, enum shmt_criterion by,
    char label[static FILTER_LABEL]);

/* Whether it takes the holders of these segments to match them: for what a
 * process has attached, or for the key of a segment that is marked for removal,
 * which only the maps of its holders still show. */
bool filter_needs_holders(const struct shmt_filter *filter,
    const struct shmt_info *list, size_t count);

/* Warns of each process of a --pid whose attachments are not visible. */
void warn_of_hidden(const struct shmt_filter *filter);

/* Reports that the holders could not be found; returns the status. */
int holders_failed(int error);

/* Finds out which segments of a list pass; ST_OK, or another status after a
 * message. */
int filter_match(const struct shmt_filter *filter,
    const struct shmt_info *list, size_t count, bool *passes);

/* Lists the segments of some kinds that pass, with the facts wanted
 * (SHMT_WANT_RSS); the caller frees with shmt_list_free(). */
int filter_list(const struct shmt_filter *filter, unsigned kinds,
    unsigned want, struct shmt_list *list);

#endif
