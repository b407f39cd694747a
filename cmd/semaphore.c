/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --lock-with and --lock-timeout: a semaphore that is held around a copy, and
 * its messages.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "option_values.h"
#include "semaphore.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/wait.h"

const struct option_row semaphore_options[] = {
	{ 0, "lock-with", "SEM",
	    "hold this semaphore (ID or 0xKEY, :INDEX)",
	    store_text, .to = offsetof(struct semaphore, text) },
	{ 0, "lock-timeout", "DURATION", "wait for it no longer than this",
	    store_duration, .to = offsetof(struct semaphore, timeout),
	    .mask = offsetof(struct semaphore, has_timeout), .bit = 1 },
	{ 0 }
};

/* Exit status 3 is for segments: an absent semaphore is another failure. */
static int
semaphore_failed(const struct semaphore *semaphore)
{
	switch (errno) {
	case ENOENT:
		warn_about(
		    semaphore->text, "no such semaphore set (see ipcs -s)");
		return ST_FAILED;
	case ERANGE:
		warn_about(semaphore->text, "the set has no semaphore %u",
		    semaphore->semaphore.index);
		return ST_FAILED;
	case EACCES:
		warn_about(semaphore->text, "no write permission for this "
		    "semaphore set");
		return ST_DENIED;
	case EINTR:
		warn_about(semaphore->text, "interrupted while waiting for it");
		return ST_FAILED;
	default:
		warn_about(semaphore->text, "semaphore: %s", strerror(errno));
		return status_of(errno);
	}
}

int
check_semaphore(struct semaphore *semaphore)
{
	if (semaphore->text == NULL)
		return semaphore->has_timeout == 0 ? ST_OK :
		    usage_error("--lock-timeout", "only together with "
		    "--lock-with");
	if (shmt_parse_semaphore(semaphore->text, &semaphore->semaphore) == 0)
		return ST_OK;
	if (errno == EINVAL)
		return usage_error(semaphore->text, "not a semaphore: the id "
		    "(123) or key (0x4d2) of a set, and :INDEX for one "
		    "other than its first");
	if (errno == ERANGE)
		return usage_error(semaphore->text, "out of range: ids go to "
		    "2147483647, keys from 1 to 0xffffffff, an index to "
		    "65535");
	return semaphore_failed(semaphore);
}

static int
semaphore_timed_out(const struct semaphore *semaphore)
{
	char holder[64] = "";
	pid_t pid;

	if (shmt_semaphore_holder(&semaphore->semaphore, &pid) == 0 && pid != 0)
		snprintf(holder, sizeof(holder), ": process %d took it last",
		    (int)pid);
	warn_about(semaphore->text, "the semaphore was not free within "
	    "%.15g s%s", (double)semaphore->timeout / 1000, holder);
	return ST_BUSY;
}

int
acquire_semaphore(const struct semaphore *semaphore)
{
	uint64_t passed = 0, left = UINT64_MAX;
	int64_t start;

	if (semaphore->text == NULL)
		return ST_OK;
	start = milliseconds();
	for (;;) {
		if (semaphore->has_timeout != 0)
			left = passed < semaphore->timeout ?
			    semaphore->timeout - passed : 0;
		if (shmt_semaphore_acquire(&semaphore->semaphore, left) == 0)
			return ST_OK;
		if (errno == EAGAIN)
			return semaphore_timed_out(semaphore);
		/* Stopped and continued: go on waiting. */
		if (errno != EINTR || caught_signal() != 0)
			return semaphore_failed(semaphore);
		passed = (uint64_t)(milliseconds() - start);
	}
}

int
release_semaphore(const struct semaphore *semaphore)
{
	if (semaphore->text == NULL ||
	    shmt_semaphore_release(&semaphore->semaphore) == 0)
		return ST_OK;
	return semaphore_failed(semaphore);
}
