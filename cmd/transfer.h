/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Shared by the commands that copy contents.
 */

#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

#include <stdint.h>

#include "operand.h"
#include "shmtool.h"

/* ": memory cgroup /NAME has 3M left of 24M", or "" where no limit is known. */
#define MEMORY_TEXT 256
void describe_memory(char text[static MEMORY_TEXT]);

/* The largest value of --length; the next one means that there is none. */
#define LENGTH_MAX (UINT64_MAX - 1)

/* Checks a range; a length of UINT64_MAX becomes the length up to the end.
 * Returns ST_OK, or another status after a message. */
int check_range(const struct operand *operand, uint64_t size, uint64_t offset,
    uint64_t *length);

/*
 * Opens a view of a segment as find_operand() found it.  -1: it fails with
 * errno, for the caller to report.  Otherwise ST_OK, or ST_ABSENT after a
 * message that another segment has the id now.
 */
int open_view(const struct operand *operand,
    const struct shmt_info *segment, unsigned flags,
    struct shmt_view **view);

/* Reports that memory was exhausted after done of length bytes; length 0: it is
 * not known. */
int memory_failed(const char *text, uint64_t length, uint64_t done);

/* The same where there was no page for a byte of a segment: EFAULT. */
int page_failed(const char *text, uint64_t done);

/*
 * Reports, by errno, that copying length bytes between the segment and a file
 * (other: its name) failed after done bytes.  Returns the status.
 */
int transfer_failed(const struct operand *operand, const char *other,
    uint64_t length, uint64_t done);

#endif
