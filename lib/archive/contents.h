/* SPDX-License-Identifier: BSD-2-Clause */

/* The contents of a segment, copied to a file or from one. */

#ifndef SHMT_ARCHIVE_CONTENTS_H
#define SHMT_ARCHIVE_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/digest.h"
#include "shmtool.h"

/* One end of the copy: a segment, or a file where view is NULL. */
struct shmt__end {
	struct shmt_view *view;
	int fd;
};

struct shmt__copy {
	struct shmt__end from, to;
	uint64_t size;			/* of both */
	bool allocated;			/* "to" has its memory already */
	bool (*progress)(void *arg, uint64_t done);	/* or NULL */
	void *arg;
	unsigned char digest[SHMT__DIGEST];	/* the result */
	bool reading_failed;		/* else writing, after a failure */
};

/*
 * Copies all bytes once and computes their digest on the way.  Holes are
 * skipped, and zeros become holes, so "to" must be new: all zeros.
 * ECANCELED: progress returned true; ENOMEM: there is no memory for the copy.
 */
int shmt__copy_contents(struct shmt__copy *copy);

#endif
