/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Strings in blocks: a list of thousands of names is a few allocations, and
 * no string moves when the list grows.  Arrays that double their room.
 */

#include <stdlib.h>
#include <string.h>

#include "sys/arena.h"

#define BLOCK_SIZE ((size_t)16 * 1024)

struct shmt__arena {
	struct shmt__arena *next;
	size_t used, size;
	char bytes[];
};

static struct shmt__arena *
add_block(struct shmt__arena **arena, size_t length)
{
	size_t size = length > BLOCK_SIZE ? length : BLOCK_SIZE;
	struct shmt__arena *block;

	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->next = *arena;
	block->used = 0;
	block->size = size;
	*arena = block;
	return block;
}

void *
shmt__grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 64 : *room * 2;
	void *grown;

	if (count < *room)
		return array;
	grown = reallocarray(array, more, size);
	if (grown != NULL)
		*room = more;
	return grown;
}

const char *
shmt__arena_copy(struct shmt__arena **arena, const char *text, size_t length)
{
	struct shmt__arena *block = *arena;
	char *copy;

	if (block == NULL || block->size - block->used < length + 1)
		block = add_block(arena, length + 1);
	if (block == NULL)
		return NULL;
	copy = block->bytes + block->used;
	memcpy(copy, text, length);
	copy[length] = '\0';
	block->used += length + 1;
	return copy;
}

void
shmt__arena_free(struct shmt__arena *arena)
{
	struct shmt__arena *next;

	for (; arena != NULL; arena = next) {
		next = arena->next;
		free(arena);
	}
}

void
shmt__arena_join(struct shmt__arena **to, struct shmt__arena *from)
{
	struct shmt__arena *last;

	if (from == NULL)
		return;
	for (last = from; last->next != NULL; last = last->next)
		;
	last->next = *to;
	*to = from;
}
