/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Into other IPC namespaces.
 */

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* A process's number, or the path of a bind-mounted namespace. */
static int
open_namespace(const char *which)
{
	char path[64];
	uint64_t pid;
	int fd;

	if (shmt_parse_number(which, INT32_MAX, &pid) == -1)
		return open(which, O_RDONLY | O_CLOEXEC | O_NOCTTY |
		    O_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		errno = ESRCH;
	return fd;
}

/*
 * A rootless container's IPC namespace may be entered by whoever is root in
 * the user namespace that owns it, which its maker may become.
 */
static int
enter_owner(int fd)
{
	int owner, result;

	owner = ioctl(fd, NS_GET_USERNS);
	if (owner == -1)
		return -1;
	result = setns(owner, CLONE_NEWUSER);
	shmt__close(owner);
	return result;
}

int
shmt_ns_enter(const char *which)
{
	int fd, result;

	fd = open_namespace(which);
	if (fd == -1)
		return -1;
	/* Only a namespace file answers, and only an IPC one is right. */
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWIPC) {
		shmt__close(fd);
		errno = EINVAL;
		return -1;
	}
	result = setns(fd, CLONE_NEWIPC);
	if (result == -1 && errno == EPERM && (result = enter_owner(fd)) == 0)
		result = setns(fd, CLONE_NEWIPC);
	if (result == -1 && errno == EINVAL)
		errno = EPERM;
	shmt__close(fd);
	return result;
}

int
shmt_ns_self(uint64_t *inode)
{
	struct stat st;

	if (stat("/proc/self/ns/ipc", &st) == -1)
		return -1;
	*inode = st.st_ino;
	return 0;
}
