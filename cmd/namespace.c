/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --ns: enters the IPC namespace of a process, and mounts its /dev/shm.
 */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "namespace.h"
#include "shmtool.h"
#include "ui/message.h"

static const char *entered;
static char option[PATH_MAX];
static bool has_its_dev_shm;

const char *
entered_namespace(void)
{
	return entered;
}

const char *
ns_option(void)
{
	return option;
}

int
enter_namespace(const char *which)
{
	if (shmt_ns_enter(which) == 0) {
		entered = which;
		snprintf(option, sizeof(option), "--ns %s ", which);
		return ST_OK;
	}
	if (errno == EINVAL) {
		warn_about(which, "not a process and not an IPC namespace");
		return ST_FAILED;
	}
	warn_about(which, "IPC namespace: %s", strerror(errno));
	return file_status(errno);
}

int
enter_dev_shm(const char *text)
{
	uint64_t pid;

	if (entered == NULL || has_its_dev_shm)
		return ST_OK;
	if (shmt_parse_number(entered, INT32_MAX, &pid) == -1)
		return usage_error(text, "--ns PATH names no /dev/shm: POSIX "
		    "objects need --ns PID");
	has_its_dev_shm = shmt_ns_enter_shm((pid_t)pid) == 0;
	if (has_its_dev_shm)
		return ST_OK;
	if (errno != ENODEV && errno != ENOSYS) {
		warn_about(entered, "/dev/shm: %s", strerror(errno));
		return file_status(errno);
	}
	warn_about(entered, errno == ENODEV ? "no tmpfs is mounted at its "
	    "/dev/shm" : "its /dev/shm cannot be reached safely: that needs "
	    "Linux 5.12");
	return ST_FAILED;
}
