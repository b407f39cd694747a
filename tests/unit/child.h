/* SPDX-License-Identifier: BSD-2-Clause */

/* Children that act and then wait, for unit tests. */

#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "users/process.h"

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

static inline void *
wait_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* As start(), but the first thread of the child then ends: it looks like a
 * zombie, and another thread waits. */
static inline pid_t
start_without_first_thread(bool (*act)(const void *arg), const void *arg)
{
	const struct timespec tick = { 0, 10 * 1000L * 1000 };
	struct shmt__stat s = { 0 };
	pid_t pid = fork();
	pthread_t thread;
	char path[32];
	int i;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!act(arg) ||
		    pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
			_exit(1);
		pthread_exit(NULL);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (i = 0; i < 1000 && s.state != 'Z'; i++) {
		assert_int_equal(shmt__read_stat(AT_FDCWD, path, &s), 0);
		nanosleep(&tick, NULL);
	}
	assert_int_equal(s.state, 'Z');
	assert_true(s.threads >= 2);
	return pid;
}

/* In a new PID namespace, with the /proc of the one above, check() is 0; skips
 * the test where there can be no such namespace. */
static inline void
check_under_foreign_proc(int (*check)(void))
{
	pid_t outer, inner;
	int status;

	outer = fork();
	if (outer == 0) {
		if (unshare(CLONE_NEWPID) == -1)
			_exit(77);
		inner = fork();
		if (inner == 0)
			_exit(check());
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(outer, &status, 0), outer);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void
kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
