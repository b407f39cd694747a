/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The signals that end a program, for the commands that have something to
 * put away first, and those that are errors of write(2) instead.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "ui/signals.h"

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

#define DEADLY (sizeof(deadly) / sizeof(deadly[0]))

static volatile sig_atomic_t caught;

/*
 * What waits has to end with EINTR, but it may have begun to wait just after
 * the signal: it is interrupted again, every second, until all is put away.
 */
static void
note_signal(int sig)
{
	struct sigaction act = { .sa_handler = note_signal };

	if (sig != SIGALRM)
		caught = sig;
	/* Only now: until then an alarm is somebody else's, and ends us. */
	sigaction(SIGALRM, &act, NULL);
	alarm(1);
}

/* What is ignored, and was not when we were started. */
static struct outlived {
	int sig;
	bool ignored;
	struct sigaction found;
} closed_pipe = { .sig = SIGPIPE }, large_file = { .sig = SIGXFSZ };

static void
outlive(struct outlived *outlived)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	outlived->ignored = sigaction(outlived->sig, &ignore,
	    &outlived->found) == 0;
}

void
ignore_sigpipe(void)
{
	outlive(&closed_pipe);
}

void
ignore_sigxfsz(void)
{
	outlive(&large_file);
}

static void
restore(const struct outlived *outlived)
{
	if (outlived->ignored)
		sigaction(outlived->sig, &outlived->found, NULL);
}

void
restore_signals(void)
{
	restore(&closed_pipe);
	restore(&large_file);
}

void
catch_signals(void)
{
	struct sigaction act = { .sa_handler = note_signal }, old;
	size_t i;

	for (i = 0; i < DEADLY; i++) {
		/* What nohup(1) ignores stays ignored. */
		if (sigaction(deadly[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(deadly[i], &act, NULL);
	}
}

int
caught_signal(void)
{
	return caught;
}

void
stop_catching(void)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < DEADLY; i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void
reraise_signal(void)
{
	sigset_t set;

	if (caught == 0)
		return;
	sigemptyset(&set);
	sigaddset(&set, caught);
	signal(caught, SIG_DFL);
	raise(caught);
	/* It may be blocked. */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
