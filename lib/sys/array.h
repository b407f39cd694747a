/* SPDX-License-Identifier: BSD-2-Clause */

/* Strings that are freed together, and arrays that grow. */

#ifndef SHMT_SYS_ARRAY_H
#define SHMT_SYS_ARRAY_H

#include <stddef.h>

struct shmt__strings;

/* A copy of text, which is freed with the list that it joins; *list starts as
 * NULL. */
const char *shmt__strings_add(struct shmt__strings **list, const char *text);
void shmt__strings_join(struct shmt__strings **to,
    struct shmt__strings *from);
void shmt__strings_free(struct shmt__strings *list);

/* Enlarges an array of count elements, if needed, for one more; *capacity is
 * the number that it can hold.  NULL: no memory, the array is as it was. */
void *shmt__grow(void *array, size_t count, size_t *capacity, size_t size);

#endif
