/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The signals that end a program, for the commands that have something to
 * put away first.
 */

#include <signal.h>
#include <stddef.h>

#include "cmd.h"

static const int deadly[] = { SIGHUP, SIGINT, SIGTERM };

#define DEADLY (sizeof(deadly) / sizeof(deadly[0]))

static volatile sig_atomic_t caught;

static void
note_signal(int sig)
{
	caught = sig;
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
die_of_signal(void)
{
	if (caught == 0)
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
