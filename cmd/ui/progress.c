/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How far a long transfer is, on a terminal; and the place where a signal
 * stops one.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "ui/progress.h"
#include "ui/signals.h"
#include "ui/text.h"

/* Nothing is shown of what is over at once, nor more often than one reads. */
#define FIRST 1.0
#define AGAIN 0.25

static double
seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
progress_begin(struct progress *progress, uint64_t total)
{
	*progress = (struct progress){
		.on = isatty(STDERR_FILENO) == 1,
		.total = total,
		.start = seconds_now()
	};
	progress->next = progress->start + FIRST;
}

static void
show(const struct progress *progress, uint64_t done, double now)
{
	char size[SHORT_TEXT], whole[SHORT_TEXT], rate[SHORT_TEXT],
	    left[SHORT_TEXT];
	double passed = now - progress->start, a_second;

	/* A byte more, so that it is never nothing. */
	a_second = (double)done / passed + 1;
	short_size(size, done);
	short_size(rate, (uint64_t)a_second);
	short_size(whole, progress->total);
	short_duration(left,
	    (uint64_t)((double)(progress->total - done) / a_second + 0.5));
	fprintf(stderr, "\r%s of %s  %u%%  %s/s  %s left\033[K", size, whole,
	    (unsigned)(shmt_permille(done, progress->total) / 10), rate, left);
}

bool
progress_tell(void *arg, uint64_t done)
{
	struct progress *progress = arg;
	double now;

	if (caught_signal() != 0)
		return true;
	if (!progress->on)
		return false;
	now = seconds_now();
	if (now >= progress->next) {
		show(progress, done, now);
		progress->next = now + AGAIN;
		progress->shown = true;
	}
	return false;
}

void
progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
