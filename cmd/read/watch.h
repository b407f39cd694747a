/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contents again and again.
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
	uint64_t interval;	/* ms between two looks */
};

/* Until a signal comes or the segment goes. */
int watch_contents(const struct watch *watch, struct dump *dump);

#endif
