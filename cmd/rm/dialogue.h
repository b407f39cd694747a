/* SPDX-License-Identifier: BSD-2-Clause */

/* The questions of rm. */

#ifndef CMD_RM_DIALOGUE_H
#define CMD_RM_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "rm/removal.h"

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_ALL, ANSWER_QUIT };

/* Initialise to 0. */
struct dialogue {
	bool asked;		/* at least one question */
	bool ended;		/* standard input has ended */
};

/*
 * Ask on standard error, and read the answer from standard input.  The answer
 * is no after a signal, at the end of the input, and if standard output has
 * failed.
 */
enum answer ask_for_one(struct dialogue *dialogue,
    const struct removal *removal);
bool ask_for_all(struct dialogue *dialogue, size_t count, const char *size);

#endif
