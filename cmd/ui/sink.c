/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Many small pieces on their way to a stream, without what stdio(3) costs
 * for each.  Errors are the stream's, found when it is flushed.
 */

#include <stdio.h>
#include <string.h>

#include "ui/sink.h"

void
sink_flush(struct sink *sink)
{
	fwrite(sink->bytes, 1, sink->used, sink->file);
	sink->used = 0;
}

void
sink_put(struct sink *sink, const char *bytes, size_t length)
{
	size_t part;

	for (; length > 0; bytes += part, length -= part) {
		if (sink->used == sizeof(sink->bytes))
			sink_flush(sink);
		part = sizeof(sink->bytes) - sink->used;
		if (part > length)
			part = length;
		memcpy(sink->bytes + sink->used, bytes, part);
		sink->used += part;
	}
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
