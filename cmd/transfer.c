/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What those that copy contents share: the range in the segment, and the
 * wording of what can go wrong.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "operand.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/text.h"

int
check_range(const struct operand *operand, uint64_t size, uint64_t offset,
    uint64_t *length)
{
	if (offset > size) {
		warn_about(operand->text, "offset %ju is beyond the end: the "
		    "segment has %ju bytes", (uintmax_t)offset,
		    (uintmax_t)size);
		return ST_FAILED;
	}
	if (*length == UINT64_MAX)
		*length = size - offset;
	if (*length > size - offset) {
		warn_about(operand->text, "%ju bytes at offset %ju were asked "
		    "for: there are %ju up to the end at %ju",
		    (uintmax_t)*length, (uintmax_t)offset,
		    (uintmax_t)(size - offset), (uintmax_t)size);
		return ST_FAILED;
	}
	return ST_OK;
}

int
open_view(const struct operand *operand, const struct shmt_info *segment,
    unsigned flags, struct shmt_view **view)
{
	struct shmt_view *v;

	if (shmt_view_open(segment->object.id, flags, &v) == -1)
		return -1;
	if (!shmt_same(shmt_view_segment(v), segment)) {
		shmt_view_close(v);
		warn_about(operand->text, "another segment has this id now");
		return ST_ABSENT;
	}
	*view = v;
	return ST_OK;
}

void
memory_in_use(char text[static MEMORY_TEXT])
{
	struct shmt_headroom room;
	char used[SHORT_TEXT], limit[SHORT_TEXT];

	text[0] = '\0';
	if (!shmt_headroom(&room))
		return;
	short_size(used, room.used);
	short_size(limit, room.limit);
	snprintf(text, MEMORY_TEXT, ": %s %s of %s are in use", room.where,
	    used, limit);
}

int
copy_failed(const struct operand *operand, const char *other, uint64_t done)
{
	char memory[MEMORY_TEXT];

	switch (errno) {
	case ENOMEM:
		memory_in_use(memory);
		warn_about(operand->text, "no memory for more pages, %ju bytes "
		    "were done%s", (uintmax_t)done, memory);
		return ST_LIMIT;
	case EFAULT:
		warn_about(operand->text,
		    "a page after %ju bytes cannot be had: "
		    "no free huge page, or no memory",
		    (uintmax_t)done);
		return ST_LIMIT;
	case ESRCH:
		warn_about(operand->text,
		    "nobody is left through whom it could "
		    "be read without a trace, %ju bytes were done",
		    (uintmax_t)done);
		return ST_FAILED;
	case ECANCELED:
		warn_about(operand->text, "interrupted, %ju bytes were done",
		    (uintmax_t)done);
		return ST_FAILED;
	case ENOENT:
		warn_about(operand->text,
		    "was removed meanwhile, %ju bytes were "
		    "done",
		    (uintmax_t)done);
		return ST_ABSENT;
	default:
		warn_about(other, "%s, %ju bytes were done", strerror(errno),
		    (uintmax_t)done);
		return status_of(errno);
	}
}
