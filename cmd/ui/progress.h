/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Progress of a transfer.
 */

#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress_line {
	bool on, shown;
	uint64_t total;
	int64_t start, next;	/* milliseconds() */
};

void progress_begin(struct progress_line *progress, uint64_t total);

/* Clears the line; errno stays that of the transfer. */
void progress_end(struct progress_line *progress);

/* Shows that done bytes of the total are transferred; true: a signal was
 * caught, the transfer must stop. */
bool show_progress(void *progress, uint64_t done);

#endif
