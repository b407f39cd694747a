/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Waits for the next interval of --watch.
 */

#ifndef UI_WAIT_H
#define UI_WAIT_H

#include <poll.h>
#include <stdint.h>

/* Of CLOCK_MONOTONIC. */
int64_t milliseconds(void);

/*
 * Waits until then, in milliseconds() (INT64_MAX: forever), until something
 * happens to a descriptor, or for a signal, one that came before the wait too.
 * -1: a signal that ends the program was caught.
 */
int wait_until(struct pollfd *fds, nfds_t count, int64_t then);

/* Ends the program by SIGPIPE, as write(2) to a closed pipe does; where that is
 * ignored, returns ST_FAILED after a message. */
int end_by_sigpipe(void);

#endif
