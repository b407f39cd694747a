/* SPDX-License-Identifier: BSD-2-Clause */

/* A child that acts and then waits, for unit tests. */

#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

/* Runs act(arg) in a child, which then waits; returns when it has acted. */
static inline pid_t
start(bool (*act)(const void *arg), const void *arg)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		/* Nor may it outlive a test that fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!act(arg) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static inline void
kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
