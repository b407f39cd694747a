/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The filter options that stat, rm and save share.
 */

#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"

enum {
	OPT_FILTER = 512,	/* codes of FILTER_OPTIONS, in their order */
	OPT_FILTER_OWNER = OPT_FILTER, OPT_FILTER_CREATOR, OPT_FILTER_KEY,
	OPT_FILTER_PRIVATE, OPT_FILTER_UNATTACHED, OPT_FILTER_CREATOR_DEAD,
	OPT_FILTER_IDLE, OPT_FILTER_MIN_SIZE, OPT_FILTER_MAX_SIZE,
	OPT_FILTER_DEST, OPT_FILTER_PID, OPT_FILTER_STALE, OPT_FILTER_END
};

#define FILTER_OPTIONS \
	{ OPT_FILTER_OWNER, "owner", "USER", "owned by USER" }, \
	{ OPT_FILTER_CREATOR, "creator", "USER", "created by USER" }, \
	{ OPT_FILTER_KEY, "key", "KEY", "with this key" }, \
	{ OPT_FILTER_PRIVATE, "private", NULL, "without a key" }, \
	{ OPT_FILTER_UNATTACHED, "unattached", NULL, \
	    "that nobody has attached" }, \
	{ OPT_FILTER_CREATOR_DEAD, "creator-dead", NULL, \
	    "whose creator is provably gone" }, \
	{ OPT_FILTER_IDLE, "idle", "DURATION", \
	    "without attach, detach or change since" }, \
	{ OPT_FILTER_MIN_SIZE, "min-size", "SIZE", "of SIZE or more" }, \
	{ OPT_FILTER_MAX_SIZE, "max-size", "SIZE", "of SIZE or less" }, \
	{ OPT_FILTER_DEST, "dest", NULL, "marked for removal" }, \
	{ OPT_FILTER_PID, "pid", "PID", "attached or created by PID" }, \
	{ OPT_FILTER_STALE, "stale", NULL, \
	    "unattached, users provably gone, idle for an hour" }

/* Adds the clause of one option to a filter, which filter_free() frees; false
 * after a mistake, having said which. */
bool filter_option(struct shmt_filter *filter, int code, const char *value);
void filter_free(struct shmt_filter *filter);

/* Whether the filter asks for this, in any way. */
bool filter_has(const struct shmt_filter *filter, enum shmt_criterion by);

/* After the last option: false where no segment could ever pass, having said
 * so. */
bool filter_check(const struct shmt_filter *filter);

/* The seconds of rest that make a segment stale; filter may be NULL. */
uint64_t filter_idle(const struct shmt_filter *filter);

/* Lists the segments that pass, into an array that the caller frees; ST_OK, or
 * another status, having said why. */
int filter_list(const struct shmt_filter *filter, bool want_rss,
    struct shmt_segment **list, size_t *count);

#endif
