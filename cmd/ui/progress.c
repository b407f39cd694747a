/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Progress of a long transfer, on a terminal.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "ui/progress.h"
#include "ui/signals.h"
#include "ui/text.h"
#include "ui/wait.h"

/* Milliseconds before the first line, and between two. */
#define FIRST 1000
#define AGAIN 250

void
progress_begin(struct progress_line *progress, uint64_t total)
{
	*progress = (struct progress_line){
		.on = isatty(STDERR_FILENO) == 1,
		.total = total,
		.start = milliseconds()
	};
	progress->next = progress->start + FIRST;
}

static void
print_progress(const struct progress_line *progress, uint64_t done, int64_t now)
{
	char size[SHORT_TEXT], whole[SHORT_TEXT], rate[SHORT_TEXT],
	    left[SHORT_TEXT];
	/* An object may have grown since its size was read. */
	const uint64_t most = done > progress->total ? done : progress->total;
	double total = (double)most, speed;

	/* One more, since the speed is a divisor. */
	speed = (double)done * 1000 / (double)(now - progress->start) + 1;
	short_size(size, done);
	short_size(rate, (uint64_t)speed);
	short_size(whole, most);
	short_duration(left, (uint64_t)((total - (double)done) / speed + 0.5));
	fprintf(stderr, "\r%s of %s  %u%%  %s/s  %s left\033[K", size, whole,
	    (unsigned)((double)done / total * 100), rate, left);
}

bool
show_progress(void *arg, uint64_t done)
{
	struct progress_line *progress = arg;
	int64_t now;

	if (caught_signal() != 0)
		return true;
	if (!progress->on)
		return false;
	now = milliseconds();
	if (now >= progress->next) {
		print_progress(progress, done, now);
		progress->next = now + AGAIN;
		progress->shown = true;
	}
	return false;
}

void
progress_end(struct progress_line *progress)
{
	int saved = errno;

	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
	errno = saved;
}
