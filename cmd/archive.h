/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment saved, for save and rm --save.
 */

#ifndef CMD_ARCHIVE_H
#define CMD_ARCHIVE_H

#include <stdbool.h>

#include "shmtool.h"

struct saving {
	const char *dir;
	bool replace;		/* an older pair of the same segment */
	/* As in struct shmt_saving; each may be NULL. */
	void (*copied)(void *arg);
	bool (*confirm)(void *arg, const struct shmt_saved *saved);
	void *arg;
};

/*
 * ST_OK, or a status, and in *reason, to be freed, why it was not saved.  The
 * reason is NULL if confirm() returned false or memory is exhausted.  The
 * segment saved is the one that has this id now: the caller compares
 * saved->segment by shmt_same().
 */
int save_segment(const struct saving *saving,
    const struct shmt_info *segment, struct shmt_saved *saved,
    char **reason);

#endif
