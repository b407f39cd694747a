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
	bool replace;		/* what was saved before */
	void (*copied)(void *arg);	/* when the contents are; or NULL */
	void *arg;
};

/* ST_OK, or a status and in *reason, to be freed, why not (NULL where there
 * is no memory for it).  What is saved is the segment that has this id now:
 * whether it is shmt_same() as before, saved->segment tells. */
int save_segment(const struct saving *saving,
    const struct shmt_info *segment, struct shmt_saved *saved,
    char **reason);

#endif
