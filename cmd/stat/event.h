/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The lines of stat -w: one for each change, of any kind of memory.
 */

#ifndef CMD_STAT_EVENT_H
#define CMD_STAT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "shmtool.h"
#include "stat/view.h"
#include "ui/column.h"

/* One change. */
struct event {
	int64_t time;
	const char *word;
	struct row row;			/* after it; if removed, before */
	pid_t pid;			/* of the cause, 0: unknown */
	struct shmt_process process;
	char what[1280];		/* "OLD -> NEW"; names may be long */
};

/* Where events are printed. */
struct event_output {
	const struct opts *opts;
	const struct column *columns[COLUMNS_MAX];	/* those to print */
	size_t column_count;
	int64_t time;			/* when they were noticed */
};

/* Chooses the columns with their widths, prints the heading, and names the
 * columns that are left out. */
void begin_events(struct event_output *output, size_t id_width);

/* Whether operands and filter select a row; holders may be NULL. */
bool is_wanted(const struct opts *opts, const struct row *row,
    int64_t time, const struct shmt_holders *holders);

void print_event(const struct event_output *output, struct event *event,
    const char *word);

/* Adds to what has changed. */
void add_what(struct event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds which of mode, owner and group differ. */
void add_ownership(struct event *event, const struct shmt_info *before,
    const struct shmt_info *after);

/*
 * watch.c: prints changes until a signal comes or the reader of stdout closes
 * it.
 */
int print_events(const struct opts *opts);

/*
 * object_watch.c: changes of POSIX objects, by inotify(7) on /dev/shm
 */
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
