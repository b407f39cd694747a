/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Shared by the commands that copy contents: the range in the segment, the view
 * of it, and the messages for failures.
 */

#include <errno.h>
#include <inttypes.h>
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
		    "segment has %ju byte%s", (uintmax_t)offset,
		    (uintmax_t)size, plural(size, "s"));
		return ST_FAILED;
	}
	if (*length == UINT64_MAX)
		*length = size - offset;
	if (*length > size - offset) {
		warn_about(operand->text, "%ju byte%s requested at offset %ju: "
		    "there are %ju up to the end at %ju",
		    (uintmax_t)*length, plural(*length, "s"),
		    (uintmax_t)offset, (uintmax_t)(size - offset),
		    (uintmax_t)size);
		return ST_FAILED;
	}
	return ST_OK;
}

int
open_view(const struct operand *operand, const struct shmt_info *segment,
    unsigned flags, struct shmt_view **view)
{
	struct shmt_view *v;

	if (shmt_view_open(&segment->object, flags, &v) == -1)
		return -1;
	if (!shmt_same(shmt_view_info(v), segment)) {
		shmt_view_close(v);
		return report_replaced(operand->text, segment->object.id);
	}
	*view = v;
	return ST_OK;
}

void
describe_memory(char text[static MEMORY_TEXT])
{
	struct shmt_headroom headroom;
	char left[SHORT_TEXT], limit[SHORT_TEXT];

	text[0] = '\0';
	if (!shmt_headroom(&headroom))
		return;
	short_size(left, headroom.left);
	short_size(limit, headroom.limit);
	snprintf(text, MEMORY_TEXT, ": %s has %s left of %s", headroom.where,
	    left, limit);
}

int
memory_failed(const char *text, uint64_t length, uint64_t done)
{
	char memory[MEMORY_TEXT], size[SHORT_TEXT];

	describe_memory(memory);
	short_size(size, length);
	if (done == 0 && length > 0)
		warn_about(text, "not enough memory for %s%s", size, memory);
	else
		warn_about(text, "not enough memory after %" PRIu64
		    " byte%s%s", done, plural(done, "s"), memory);
	return ST_LIMIT;
}

int
page_failed(const char *text, uint64_t done)
{
	warn_about(text, "no free huge page, or no memory for a page, after %"
	    PRIu64 " byte%s", done, plural(done, "s"));
	return ST_LIMIT;
}

int
transfer_failed(const struct operand *operand, const char *other,
    uint64_t length, uint64_t done)
{
	const char *object = operand->text, *reason;
	int status = ST_FAILED;

	switch (errno) {
	case ENOMEM:
		return memory_failed(object, length, done);
	case EFAULT:
		return page_failed(object, done);
	case ESRCH:
		reason = "no attached process is left to read it through";
		break;
	case ENODATA:
	case ERANGE:
		reason = "became shorter";
		break;
	case ECANCELED:
		reason = "interrupted";
		break;
	case ENOENT:
		reason = "was removed";
		status = ST_ABSENT;
		break;
	default:
		object = other;
		reason = strerror(errno);
		status = status_of(errno);
	}
	warn_about(object, "%s, after %" PRIu64 " byte%s", reason, done,
	    plural(done, "s"));
	return status;
}
