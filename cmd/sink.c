/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Many small pieces on their way to a stream, without what stdio(3) costs
 * for each.  Errors are the stream's, found when it is flushed.
 */

#include <string.h>

#include "cmd.h"

void
sink_flush(struct sink *sink)
{
	fwrite(sink->bytes, 1, sink->used, sink->file);
	sink->used = 0;
}

void
sink_put(struct sink *sink, const char *bytes, size_t length)
{
	if (length > sizeof(sink->bytes) - sink->used)
		sink_flush(sink);
	if (length > sizeof(sink->bytes)) {
		fwrite(bytes, 1, length, sink->file);
		return;
	}
	memcpy(sink->bytes + sink->used, bytes, length);
	sink->used += length;
}

void
sink_text(struct sink *sink, const char *text)
{
	sink_put(sink, text, strlen(text));
}

void
sink_blanks(struct sink *sink, size_t count)
{
	static const char blanks[] = "                                ";
	const size_t most = sizeof(blanks) - 1;

	for (; count > most; count -= most)
		sink_put(sink, blanks, most);
	sink_put(sink, blanks, count);
}
