/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The file that a command writes.
 */

#ifndef UI_OUTPUT_H
#define UI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shmtool.h"

struct output {
	const char *path;	/* for messages */
	int fd;
	bool holes;		/* SHMT_SPARSE is possible */
	struct shmt_atomic_file *file;	/* what becomes path, or NULL */
	uint64_t credit;	/* of shmt_make_room() */
	int error;		/* what the stream died of, or 0 */
};

/* NULL and "-" are standard output.  ST_OK, or told why not. */
int output_open(struct output *output, const char *path);

/* For stdio(3), or NULL; its end, or -1 if not all of it arrived. */
FILE *output_stream(struct output *output);
int output_end_stream(struct output *output, FILE *stream);

/* All of a buffer, as far as no signal stops us; *credit is 0 at first. */
bool put_all(int fd, const char *p, size_t length, uint64_t *credit);

/* Complete: it gets its name.  Or away with it. */
int output_commit(struct output *output);
void output_abandon(struct output *output);

#endif
