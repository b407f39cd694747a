/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The first contents of a new segment.
 */

#ifndef CMD_CREATE_INPUT_H
#define CMD_CREATE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

/*
 * Opens FILE ("-": standard input).  Unless --size was given (has_size), *size
 * becomes its length, for which a pipe is read to its end; else a file that
 * does not fit is refused.  ST_OK, or a status after a message.
 */
int open_input(const char *name, bool has_size, uint64_t *size, int *in);

/* Copies FILE into a segment; ST_OK, or a status after a message. */
int copy_input(struct shmt_view *view, const char *name, int in);

#endif
