/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Changes of POSIX objects, by inotify(7) on /dev/shm.
 */

#ifndef CMD_STAT_OBJECT_WATCH_H
#define CMD_STAT_OBJECT_WATCH_H

#include <stddef.h>

#include "stat/event.h"

struct object_watch;

/* Starts to watch; *width becomes that of the longest name.  ST_OK, or a status
 * after a message.  The caller closes the watch. */
int open_object_watch(struct object_watch **watch, size_t *width);
void close_object_watch(struct object_watch *watch);

/* The descriptor for poll(2); -1 for NULL. */
int object_watch_fd(const struct object_watch *watch);

/* Prints the changes since the last call. */
int report_objects(struct object_watch *watch, struct event_output *output);

#endif
