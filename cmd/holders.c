/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The names of the processes that use a segment or an object, for messages.
 */

#include <stdint.h>
#include <stdio.h>

#include "holders.h"
#include "shmtool.h"
#include "ui/text.h"

/* The most processes that a message names. */
#define NAMED_HOLDERS 8

char *
name_holders(const struct shmt_holder *holders, size_t count, bool complete)
{
	char *text = NULL;
	size_t length, i;
	FILE *out;

	out = open_memstream(&text, &length);
	if (out == NULL)
		return NULL;
	for (i = 0; i < count && i < NAMED_HOLDERS; i++)
		fprintf(out, "%s%jd (%s)", i > 0 ? ", " : "",
		    (intmax_t)holders[i].pid, holders[i].command);
	if (i < count)
		fprintf(out, " and %zu more", count - i);
	if (!complete)
		fprintf(out, "%shidden processes", i > 0 ? ", and by " : "");
	return written_text(out, &text);
}

char *
find_and_name_holders(struct shmt_info *object)
{
	const struct shmt_holder *held;
	struct shmt_holders all;
	char *names = NULL;
	size_t count;

	if (shmt_holders(&object->object, &all) == -1)
		return NULL;
	shmt_fill_use(object, &all);
	held = shmt_holders_of(&all, &object->object, &count);
	if ((object->known & SHMT_HAS_IN_USE) && object->in_use)
		names = name_holders(held, count, count > 0);
	shmt_holders_free(&all);
	return names;
}
