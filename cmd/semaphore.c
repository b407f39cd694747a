/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --lock-with and --lock-timeout: a semaphore held around a copy, and the
 * wording of what can be wrong with it.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "operand.h"
#include "semaphore.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"

bool
guard_option(struct guard *guard, int code, const char *value)
{
	if (code == OPT_LOCK_WITH) {
		guard->text = value;
		return true;
	}
	guard->timed = true;
	return duration_value("--lock-timeout", value, &guard->timeout);
}

/* Semaphores are not segments: that one is absent is a failure like any. */
static int
guard_failed(const struct guard *guard)
{
	switch (errno) {
	case ENOENT:
		complain(guard->text, "no such semaphore set (see ipcs -s)");
		return ST_FAILED;
	case ERANGE:
		complain(guard->text, "the set has no semaphore %u",
		    guard->semaphore.index);
		return ST_FAILED;
	case EACCES:
		complain(guard->text, "no write permission for this "
		    "semaphore set");
		return ST_DENIED;
	case EINTR:
		complain(guard->text, "interrupted while waiting for it");
		return ST_FAILED;
	default:
		complain(guard->text, "semaphore: %s", strerror(errno));
		return status_of(errno);
	}
}

int
check_guard(struct guard *guard)
{
	if (guard->text == NULL)
		return guard->timed ? usage_error("--lock-timeout",
		    "only together with --lock-with") : ST_OK;
	if (shmt_parse_guard(guard->text, &guard->semaphore) == 0)
		return ST_OK;
	if (errno == EINVAL)
		return usage_error(guard->text, "not a semaphore: the id "
		    "(123) or key (0x4d2) of a set, and :INDEX for another "
		    "than its first");
	if (errno == ERANGE)
		return usage_error(guard->text, "out of range: ids go to "
		    "2147483647, keys from 1 to 0xffffffff, an index to "
		    "65535");
	return guard_failed(guard);
}

static int
guard_timed_out(const struct guard *guard)
{
	pid_t pid;

	if (shmt_guard_holder(&guard->semaphore, &pid) == 0 && pid != 0)
		complain(guard->text, "the semaphore was not free within "
		    "%ju s: process %jd took it last",
		    (uintmax_t)guard->timeout, (intmax_t)pid);
	else
		complain(guard->text, "the semaphore was not free within "
		    "%ju s", (uintmax_t)guard->timeout);
	return ST_BUSY;
}

static uint64_t
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

int
take_guard(const struct guard *guard)
{
	uint64_t start, passed = 0, left = UINT64_MAX;

	if (guard->text == NULL)
		return ST_OK;
	start = seconds_now();
	for (;;) {
		if (guard->timed)
			left = passed < guard->timeout ?
			    guard->timeout - passed : 0;
		if (shmt_guard_take(&guard->semaphore, left) == 0)
			return ST_OK;
		if (errno == EAGAIN)
			return guard_timed_out(guard);
		/* Stopped and continued: go on waiting. */
		if (errno != EINTR || caught_signal() != 0)
			return guard_failed(guard);
		passed = seconds_now() - start;
	}
}

int
give_guard(const struct guard *guard)
{
	if (guard->text == NULL || shmt_guard_give(&guard->semaphore) == 0)
		return ST_OK;
	return guard_failed(guard);
}
