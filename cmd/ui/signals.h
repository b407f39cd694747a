/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Signals that end a program: hang-up, interrupt, quit and termination.
 */

#ifndef UI_SIGNALS_H
#define UI_SIGNALS_H

#include <stdbool.h>

/* From now on these signals are caught, and interrupt blocking calls. */
void catch_signals(void);

/* The signal that was caught, or 0. */
int caught_signal(void);

/* Catches one of these signals that is blocked and pending, unless it is
 * ignored; returns caught_signal(). */
int take_pending_signal(void);

/* Blocks these signals until the program ends. */
void block_signals(void);

/* Ends the program by the signal that was caught, if there is one; main() does
 * so after a command has removed what was half made. */
void reraise_signal(void);

bool signal_is_ignored(int number);

/* From here on SIGPIPE or SIGXFSZ is ignored, so that write(2) fails instead:
 * the first for commands that must not stop half way, the second for all. */
void ignore_sigpipe(void);
void ignore_sigxfsz(void);

/* From here on SIGCHLD is not ignored: the kernel would keep no exit status of
 * a child. */
void keep_exit_statuses(void);

/* Undoes catch_signals() and keep_exit_statuses() in a child, before it runs
 * another program. */
void restore_signals(void);

#endif
