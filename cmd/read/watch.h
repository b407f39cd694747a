/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contents that are read again and again.
 */

#ifndef CMD_READ_WATCH_H
#define CMD_READ_WATCH_H

#include <stdint.h>

#include "operand.h"
#include "read/dump.h"
#include "semaphore.h"
#include "shmtool.h"

struct watch {
	const struct operand *operand;
	const struct shmt_info *segment;
	const struct semaphore *semaphore;
	struct shmt_view *view;
	uint64_t offset, length;
	uint64_t interval;	/* milliseconds */
};

/* Prints the contents, and then what changed, until a signal comes or the
 * segment is removed. */
int watch_contents(const struct watch *watch, struct dump *dump);

#endif
