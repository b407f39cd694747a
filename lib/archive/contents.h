/* SPDX-License-Identifier: BSD-2-Clause */

/* The contents of a segment, copied to a file or from one. */

#ifndef SHMT_ARCHIVE_CONTENTS_H
#define SHMT_ARCHIVE_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/digest.h"
#include "shmtool.h"

struct shmt__copy {
	struct shmt_view *view;
	int fd;				/* of the file */
	bool to_view;			/* else to the file */
	uint64_t size;			/* of both */
	bool (*progress)(void *arg, uint64_t done);	/* or NULL */
	void *arg;
	unsigned char digest[SHMT__DIGEST];	/* the result */
	bool reading_failed;		/* else writing, after a failure */
};

/*
 * Copies all bytes once and computes their digest on the way.  Holes are
 * skipped, and zeros become holes, so the target must be new: all zeros.
 * ECANCELED: progress returned true; ENOMEM: there is no memory for the copy.
 */
int shmt__copy_contents(struct shmt__copy *copy);

#endif
