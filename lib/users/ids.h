/* SPDX-License-Identifier: BSD-2-Clause */

/* The user ids of all processes, at one moment. */

#ifndef SHMT_USERS_IDS_H
#define SHMT_USERS_IDS_H

#include "shmtool.h"
#include "users/scan.h"

struct shmt__ids {
	struct shmt__scan scan;	/* its list of processes */
	int64_t taken;		/* when the scan began */
	int64_t boot, now;	/* seconds since the Epoch, then */
	bool complete;		/* no process was hidden from it */
	bool tried;		/* of shmt_holders.ids: shmt__ids_read() was
				 * called; taken is 0 if it failed */
};

/* ENOTSUP: /proc is not there, or not that of our PID namespace.  The caller
 * frees with shmt__ids_free(). */
int shmt__ids_read(struct shmt__ids *ids);
void shmt__ids_free(struct shmt__ids *ids);

/* Whether a process has this user id, as any of its four. */
bool shmt__has_uid(const struct shmt__process *process, uint32_t uid);
#endif
