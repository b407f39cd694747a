/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Many small pieces on their way to a stream.
 */

#ifndef UI_SINK_H
#define UI_SINK_H

#include <stdio.h>

struct sink {
	FILE *file;
	size_t used;
	char bytes[32768];
};

void sink_put(struct sink *sink, const char *bytes, size_t length);
void sink_text(struct sink *sink, const char *text);
void sink_blanks(struct sink *sink, size_t count);
void sink_flush(struct sink *sink);

/* Room for length bytes, far fewer than it holds; what is written there
 * counts once it is added to used. */
static inline char *
sink_room(struct sink *sink, size_t length)
{
	if (length > sizeof(sink->bytes) - sink->used)
		sink_flush(sink);
	return sink->bytes + sink->used;
}

#endif
