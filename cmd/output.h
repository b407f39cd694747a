/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The file that a command writes.
 */

#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "shmtool.h"

struct output {
	const char *path;	/* for messages */
	int fd;
	bool holes;		/* SHMT_SPARSE is possible */
	struct shmt_atomic_file *file;	/* renamed to path, or NULL */
	int error;		/* errno of the first failed write */
};

/* NULL is standard output. */
int output_open(struct output *output, const char *path);

/* A stdio stream into the file, or NULL with errno; closing it gives -1 with
 * errno where not all of it was written. */
FILE *output_stream(struct output *output);
int output_end_stream(struct output *output, FILE *stream);

/* Renames the complete file to path; or removes it. */
int output_commit(struct output *output);
void output_abandon(struct output *output);

#endif
