/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --ns: the IPC namespace in which the command runs.
 */

#include <errno.h>
#include <string.h>

#include "namespace.h"
#include "shmtool.h"
#include "ui/message.h"

static const char *entered;

const char *
entered_namespace(void)
{
	return entered;
}

int
enter_namespace(const char *which)
{
	if (shmt_ns_enter(which) == 0) {
		entered = which;
		return ST_OK;
	}
	if (errno == EINVAL) {
		warn_about(which, "not a process and not an IPC namespace");
		return ST_FAILED;
	}
	warn_about(which, "IPC namespace: %s", strerror(errno));
	return errno == ENOENT ? ST_FAILED : status_of(errno);
}
