/* SPDX-License-Identifier: BSD-2-Clause */

/* Lists of strings, and arrays that double their capacity. */

#include <stdlib.h>
#include <string.h>

#include "sys/array.h"

struct shmt__strings {
	struct shmt__strings *next;
	char text[];
};

const char *
shmt__strings_add(struct shmt__strings **list, const char *text)
{
	const size_t size = strlen(text) + 1;
	struct shmt__strings *copy = malloc(sizeof(*copy) + size);

	if (copy == NULL)
		return NULL;
	copy->next = *list;
	*list = copy;
	return memcpy(copy->text, text, size);
}

void
shmt__strings_join(struct shmt__strings **to, struct shmt__strings *from)
{
	while (*to != NULL)
		to = &(*to)->next;
	*to = from;
}

void
shmt__strings_free(struct shmt__strings *list)
{
	struct shmt__strings *next;

	for (; list != NULL; list = next) {
		next = list->next;
		free(list);
	}
}

void *
shmt__grow(void *array, size_t count, size_t *capacity, size_t size)
{
	/* Memory that is not used yet costs nothing, moving it does. */
	size_t more = *capacity == 0 ? 1024 : *capacity * 2;
	void *grown;

	if (count < *capacity)
		return array;
	grown = reallocarray(array, more, size);
	if (grown != NULL)
		*capacity = more;
	return grown;
}
