/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Memory that a process holds though it has no name: deleted files of a tmpfs,
 * memfds and shared anonymous mappings.  It is reached through /proc.
 */

#ifndef SHMT_UNNAMED_H
#define SHMT_UNNAMED_H

#include "shmtool.h"

/* Adds to a list by one pass over /proc; kinds: those of SHMT_UNNAMED. */
int shmt__unnamed_list(unsigned kinds, struct shmt_list *list);

/* Whether a text is "/proc/PID/fd/N" or "/proc/PID/map_files/RANGE". */
bool shmt__unnamed_is_path(const char *text);

/* The object that such a path leads to; errno as shmt_resolve(). */
int shmt__unnamed_resolve(const char *path, struct shmt_object *object);

int shmt__unnamed_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info);

#endif
