/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Changes of POSIX objects, by inotify(7) on /dev/shm.
 */

#ifndef CMD_STAT_OBJECT_WATCH_H
#define CMD_STAT_OBJECT_WATCH_H

#include <stddef.h>

#include "stat/event.h"

struct object_watch;

/* Begins to watch; *width is that of the longest name.  ST_OK, or a status
 * after a message.  The caller closes it. */
int open_object_watch(struct object_watch **watch, size_t *width);
void close_object_watch(struct object_watch *watch);

/* What poll(2) waits for; -1 for NULL. */
int object_watch_fd(const struct object_watch *watch);

/* Prints what has happened. */
int report_objects(struct object_watch *watch, struct event_output *output);

#endif
