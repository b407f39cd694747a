/* SPDX-License-Identifier: BSD-2-Clause */

/* Many strings that are freed together, and arrays that grow. */

#ifndef SHMT_SYS_ARENA_H
#define SHMT_SYS_ARENA_H

#include "shmtool.h"

struct shmt__arena;

/* A copy of length bytes of text and a NUL, which stays where it is until the
 * arena is freed.  *arena starts as NULL. */
const char *shmt__arena_copy(struct shmt__arena **arena, const char *text,
    size_t length);
void shmt__arena_free(struct shmt__arena *arena);

/* An array of count elements with room for one more; *room is for how many it
 * has room.  NULL: no memory, and the old array is as it was. */
void *shmt__grow(void *array, size_t count, size_t *room, size_t size);

/* The strings of one arena become part of another. */
void shmt__arena_join(struct shmt__arena **to, struct shmt__arena *from);

#endif
