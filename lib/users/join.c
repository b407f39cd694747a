/* SPDX-License-Identifier: BSD-2-Clause */

/* Joining user namespaces. */

#include <sys/prctl.h>
#include <sys/stat.h>

#include <sched.h>

#include "users/join.h"

int
shmt__join_user_namespace(int fd)
{
	int dumpable = prctl(PR_GET_DUMPABLE), result;

	result = prctl(PR_SET_DUMPABLE, 0);
	if (result == 0)
		result = setns(fd, CLONE_NEWUSER);
	if (result == -1 && dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	return result;
}

bool
shmt__is_own_user_namespace(int fd)
{
	struct stat st, own;

	return fstat(fd, &st) == 0 && stat("/proc/self/ns/user", &own) == 0 &&
	    st.st_dev == own.st_dev && st.st_ino == own.st_ino;
}
