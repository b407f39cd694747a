/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --lock-with, which read, write and save share.
 */

#ifndef CMD_SEMAPHORE_H
#define CMD_SEMAPHORE_H

#include <stdint.h>

#include "shmtool.h"
#include "ui/options.h"

/* Rows of a command whose struct opts has a struct semaphore. */
extern const struct option_row semaphore_options[];

/* Initialise to 0. */
struct semaphore {
	const char *text;	/* of --lock-with; NULL: there is none */
	unsigned has_timeout;	/* 1: --lock-timeout is given */
	uint64_t timeout;	/* ms */
	struct shmt_semaphore semaphore;
};

/* After the last option: parses the text. */
int check_semaphore(struct semaphore *semaphore);

/* ST_OK, also without a semaphore; or another status after a message.  A caught
 * signal ends the wait. */
int acquire_semaphore(const struct semaphore *semaphore);
int release_semaphore(const struct semaphore *semaphore);

#endif
