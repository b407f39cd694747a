/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The first contents of a new segment.
 */

#ifndef CMD_CREATE_INPUT_H
#define CMD_CREATE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens FILE ("-": standard input).  Not sized: *size becomes the length of
 * what comes, and what tells no length is read into memory to its end;
 * sized: a file that is known not to fit is refused.  ST_OK, or told.
 */
int open_input(const char *name, bool sized, uint64_t *size, int *in);

/* Copies it into the segment; ST_OK, or told why not. */
int fill_segment(int id, const char *name, int in);

#endif
