/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SEGMENT operands.
 */

#ifndef CMD_OPERAND_H
#define CMD_OPERAND_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

struct operand {
	const char *text;	/* as the user wrote it */
	struct shmt_ref ref;
};

/* ST_OK, or the status of the mistake, which has been told. */
int parse_operand(const char *text, struct operand *operand);

/* All operands from argv on into an array to free; at least one. */
int parse_operands(int argc, char **argv, struct operand **operands);

/* The one operand of a verb that takes one. */
int parse_single_operand(int argc, char **argv, struct operand *operand);

/* Why there is none: a key without 0x may have been taken for an id. */
#define ABSENT_REASON 80
void absent_reason(const struct operand *operand,
    char reason[static ABSENT_REASON]);

/* fail() with it, and otherwise with strerror(error). */
int operand_failed(const struct operand *operand, int error);

/* Finds and looks; ST_OK, or told why not. */
int find_operand(const struct operand *operand, struct shmt_info *segment);

#endif
