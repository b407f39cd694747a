/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Writing to descriptors that may not block.
 */

#ifndef UI_STREAM_H
#define UI_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a whole buffer, waiting for room where the descriptor does not
 * block; false with errno, EINTR after a caught signal. */
bool write_all(int fd, const char *bytes, size_t length);

/* Makes stdio(3) do the same for standard output, and gives it a large buffer
 * where it is not a terminal: before anything is written. */
void prepare_stdout(void);

#endif
