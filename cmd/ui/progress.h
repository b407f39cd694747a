/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How far a transfer is.
 */

#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

struct progress {
	bool on, shown;
	uint64_t total;
	double start, next;	/* seconds */
};

void progress_begin(struct progress *progress, uint64_t total);
void progress_end(struct progress *progress);

/* For struct shmt_transfer: shows it on a terminal, stops after a signal. */
bool progress_tell(void *progress, uint64_t done);

#endif
