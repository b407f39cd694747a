/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads of the library, which are invisible to its callers.
 */

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "sys/thread.h"

size_t
shmt__processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == -1 ? 1 :
	    (size_t)CPU_COUNT(&set);
}

bool
shmt__start_thread(pthread_t *thread, void *work(void *), void *arg)
{
	sigset_t all, old;
	bool started;

	/* Signals go to the caller's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	started = pthread_create(thread, NULL, work, arg) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return started;
}
