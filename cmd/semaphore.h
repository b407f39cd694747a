/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --lock-with, which read, write and save share.
 */

#ifndef CMD_SEMAPHORE_H
#define CMD_SEMAPHORE_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

enum { OPT_LOCK_WITH = 768, OPT_LOCK_TIMEOUT };

#define SEMAPHORE_OPTIONS \
	{ OPT_LOCK_WITH, "lock-with", "SEM", \
	    "hold this semaphore (ID or 0xKEY, :INDEX) meanwhile" }, \
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", \
	    "wait so long for it, not for ever" }

/* All zeros at first. */
struct semaphore {
	const char *text;	/* of --lock-with, or NULL: nothing to hold */
	bool timed;
	uint64_t timeout;	/* seconds */
	struct shmt_semaphore semaphore;
};

/* Takes one of the options; false after a mistake, which has been told. */
bool semaphore_option(struct semaphore *semaphore, int code, const char *value);

/* After the last option: ST_OK, or told what is wrong. */
int check_semaphore(struct semaphore *semaphore);

/* ST_OK, also with nothing to hold; or told why not.  A signal noted by
 * catch_signals() ends the wait. */
int acquire_semaphore(const struct semaphore *semaphore);
int release_semaphore(const struct semaphore *semaphore);

#endif
