/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lists every process with its user ids and its start, and finds out whether
 * the list is complete: /proc does not show processes outside our PID
 * namespace.
 */

#include <errno.h>
#include <time.h>

#include "sys/file.h"
#include "users/ids.h"
#include "users/process.h"
#include "users/scan.h"

/* It has the same number on every machine. */
#define INITIAL_PID_NS 4026531836u

int
shmt__ids_read(struct shmt__ids *ids)
{
	const struct shmt__query query = { .ids = true };
	struct shmt__ids all = { .taken = time(NULL) };

	if (!shmt__proc_is_ours())
		return shmt__fail(ENOTSUP);
	if (shmt__boot_time(&all.boot, &all.now) == -1 ||
	    shmt__scan(&query, &all.scan) == -1)
		return -1;
	all.complete = all.scan.hidden == 0 &&
	    shmt__is_in_ns("/proc/self/ns/pid", INITIAL_PID_NS);
	*ids = all;
	return 0;
}

void
shmt__ids_free(struct shmt__ids *ids)
{
	shmt__scan_free(&ids->scan);
	*ids = (struct shmt__ids){ 0 };
}

bool
shmt__has_uid(const struct shmt__process *process, uint32_t uid)
{
	size_t i;

	for (i = 0; i < sizeof(process->uids) / sizeof(process->uids[0]); i++)
		if (process->uids[i] == uid)
			return true;
	return false;
}
