/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -w: a line for each change.
 */

#ifndef CMD_STAT_WATCH_H
#define CMD_STAT_WATCH_H

#include "stat/event.h"

/* Prints changes until a signal comes or the reader of stdout closes it. */
int print_events(const struct change_watch *how);

#endif
