/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Waits for the next interval of --watch.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/message.h"
#include "ui/signals.h"
#include "ui/wait.h"

int64_t
milliseconds(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
wait_until(struct pollfd *fds, nfds_t count, int64_t then)
{
	int64_t rest = then == INT64_MAX ? 0 : then - milliseconds();
	struct timespec left = { 0, 0 };
	sigset_t all, old;
	int ready = -1;

	if (rest > 0) {
		left.tv_sec = (time_t)(rest / 1000);
		left.tv_nsec = (long)(rest % 1000) * 1000000;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (caught_signal() == 0)
		ready = ppoll(fds, count, then == INT64_MAX ? NULL : &left,
		    &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ready == -1 && caught_signal() == 0 ? 0 : ready;
}

int
end_by_sigpipe(void)
{
	kill(getpid(), SIGPIPE);
	warn_about(NULL, "standard output: %s", strerror(EPIPE));
	return ST_FAILED;
}
