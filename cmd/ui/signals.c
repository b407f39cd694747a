/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Signals that end a program, for the commands that have something to remove
 * first, and others whose action has to be another than the inherited one.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "ui/signals.h"

static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

#define ENDING (sizeof(ending) / sizeof(ending[0]))

static volatile sig_atomic_t caught;

/*
 * A blocking call has to end with EINTR, but it may begin just after the
 * signal: SIGALRM interrupts it again, every second, until the program ends.
 */
static void
record_signal(int sig)
{
	struct sigaction act = { .sa_handler = record_signal };

	if (sig != SIGALRM)
		caught = sig;
	/* Not before: an alarm that was set before exec ends the program. */
	sigaction(SIGALRM, &act, NULL);
	alarm(1);
}

static void
do_nothing(int sig)
{
	(void)sig;
}

/* By a handler, which execve(2) resets: COMMAND would inherit SIG_IGN. */
static void
ignore(int sig)
{
	if (!signal_is_ignored(sig))
		signal(sig, do_nothing);
}

void
ignore_sigpipe(void)
{
	ignore(SIGPIPE);
}

void
ignore_sigxfsz(void)
{
	ignore(SIGXFSZ);
}

static bool sigchld_was_ignored;

void
keep_exit_statuses(void)
{
	sigchld_was_ignored = signal_is_ignored(SIGCHLD);
	if (sigchld_was_ignored)
		signal(SIGCHLD, SIG_DFL);
}

void
restore_signals(void)
{
	struct sigaction act;
	size_t i;

	if (sigchld_was_ignored)
		signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < ENDING; i++)
		if (sigaction(ending[i], NULL, &act) == 0 &&
		    act.sa_handler == record_signal)
			signal(ending[i], SIG_DFL);
}

void
catch_signals(void)
{
	struct sigaction act = { .sa_handler = record_signal };
	size_t i;

	/* Under nohup(1) a hang-up stays ignored. */
	for (i = 0; i < ENDING; i++)
		if (!signal_is_ignored(ending[i]))
			sigaction(ending[i], &act, NULL);
}

int
caught_signal(void)
{
	return caught;
}

static sigset_t
ending_set(void)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ENDING; i++)
		sigaddset(&set, ending[i]);
	return set;
}

int
take_pending_signal(void)
{
	const struct timespec none = { 0 };
	sigset_t set = ending_set();
	int got = 0;

	while (caught == 0 && (got != -1 || errno == EINTR)) {
		got = sigtimedwait(&set, NULL, &none);
		/* A blocked signal is queued though it is ignored. */
		if (got > 0 && !signal_is_ignored(got))
			caught = got;
	}
	return caught;
}

void
block_signals(void)
{
	sigset_t set = ending_set();

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

bool
signal_is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_IGN;
}
