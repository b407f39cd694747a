/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contents looked at again and again, and shown where they changed.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "read/dump.h"
#include "read/watch.h"
#include "semaphore.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/signals.h"

/* Twice this is held in memory. */
#define WATCH_MOST ((uint64_t)1 << 20)

/* Looks, with the semaphore held if one was asked for. */
static int
look(const struct watch *watch, unsigned char *bytes)
{
	int status, error;

	status = acquire_semaphore(watch->semaphore);
	if (status != ST_OK)
		return status;
	error = shmt_view_get(watch->view, watch->offset, bytes,
	    (size_t)watch->length) == -1 ? errno : 0;
	status = release_semaphore(watch->semaphore);
	if (error == 0)
		return status;
	errno = error;
	return transfer_failed(watch->operand, watch->operand->text,
	    watch->length, 0);
}

/* Our attachment would keep a removed segment alive. */
static int
still_there(const struct watch *watch)
{
	struct shmt_info now;

	if (shmt_info(&watch->segment->object, 0, &now) == 0 &&
	    shmt_same(&now, watch->segment) &&
	    ((now.state ^ watch->segment->state) & SHMT_DEST) == 0)
		return ST_OK;
	warn_about(watch->operand->text, "was removed");
	return ST_ABSENT;
}

/* The next look is due a whole number of intervals after the first. */
static void
wait_until(struct timespec *next, uint64_t interval)
{
	next->tv_sec += (time_t)(interval / 1000);
	next->tv_nsec += (long)(interval % 1000) * 1000000;
	if (next->tv_nsec >= 1000000000) {
		next->tv_sec++;
		next->tv_nsec -= 1000000000;
	}
	while (caught_signal() == 0 && clock_nanosleep(CLOCK_MONOTONIC,
	    TIMER_ABSTIME, next, NULL) == EINTR)
		continue;
}

/* bytes: twice the range, the present look first. */
static int
watch_on(const struct watch *watch, struct dump *dump, unsigned char *bytes)
{
	unsigned char *before = bytes + watch->length;
	size_t length = (size_t)watch->length;
	struct timespec next;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &next);
	status = look(watch, bytes);
	if (status == ST_OK) {
		dump_bytes(dump, watch->offset, bytes, length);
		dump_end(dump, watch->offset + length);
	}
	while (status == ST_OK && fflush(dump->out) == 0 &&
	    caught_signal() == 0) {
		memcpy(before, bytes, length);
		wait_until(&next, watch->interval);
		if (caught_signal() != 0)
			break;
		status = still_there(watch);
		if (status == ST_OK)
			status = look(watch, bytes);
		if (status == ST_OK && memcmp(bytes, before, length) != 0)
			dump_changes(dump, watch->offset, bytes, before,
			    length);
	}
	return status;
}

int
watch_contents(const struct watch *watch, struct dump *dump)
{
	unsigned char *bytes;
	int status;

	if (watch->length > WATCH_MOST)
		return usage_error(watch->operand->text, "%ju bytes are too "
		    "many to watch: give --offset and --length, 1M at most",
		    (uintmax_t)watch->length);
	bytes = malloc((size_t)watch->length * 2 + 1);
	if (bytes == NULL)
		return fail(watch->operand->text, errno);
	catch_signals();
	status = watch_on(watch, dump, bytes);
	free(bytes);
	return status;
}
