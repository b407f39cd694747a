/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Hang-up, interrupt, quit and termination.
 */

#ifndef UI_SIGNALS_H
#define UI_SIGNALS_H

/* From here on they are noted, and end what waits with EINTR. */
void catch_signals(void);

/* The one that was noted, or 0. */
int caught_signal(void);

/* What comes from here on comes too late, and does nothing. */
void stop_catching(void);

/* Dies of the one that was noted; main() does so when a verb has put away
 * what it had half made. */
void reraise_signal(void);

/* From here on a closed pipe, or a file larger than RLIMIT_FSIZE, is an error
 * of write(2), not our death: the first for verbs that must not stop half way,
 * the second for all.  COMMAND gets both as we found them. */
void ignore_sigpipe(void);
void ignore_sigxfsz(void);
void restore_signals(void);

#endif
