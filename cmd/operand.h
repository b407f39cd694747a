/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SEGMENT operands.
 */

#ifndef CMD_OPERAND_H
#define CMD_OPERAND_H

#include <limits.h>

#include "shmtool.h"

struct operand {
	const char *text;	/* as the user wrote it */
	struct shmt_ref ref;
	char name[256];		/* of the object that a path leads to: ref
				 * points to it, so do not copy the struct */
};

/* These return ST_OK, or another status after a message. */
int parse_operand(const char *text, struct operand *operand);

/* Parses all operands, at least one, into an array that the caller frees. */
int parse_operands(int argc, char **argv, struct operand **operands);

/* Parses the operand of a command that takes exactly one. */
int parse_single_operand(int argc, char **argv, struct operand *operand);

/* The text that names an object on a command line: "4", "/psm_1", a path. */
#define OPERAND_TEXT (NAME_MAX + 2)
void operand_text(const struct shmt_object *object,
    char text[static OPERAND_TEXT]);

/* The reason "no such segment", with a hint where the number is a key. */
#define ABSENT_REASON 80
void absent_reason(const struct operand *operand,
    char reason[static ABSENT_REASON]);

/* Why a name is not that of an object, by the errno of shmt_info(): it is a
 * directory's, or /dev/shm is not there.  NULL for any other errno. */
const char *why_no_object(int error);

/* Reports that the id of a segment was given to another one; ST_ABSENT. */
int report_replaced(const char *text, int id);

/* fail() about an operand, with absent_reason() for ENOENT. */
int operand_failed(const struct operand *operand, int error);

/* ST_DENIED after a message where a seal forbids to write to a memfd. */
int check_sealed(const struct operand *operand,
    const struct shmt_info *segment);

/* Finds the segment and reads its facts: the first returns 0, or -1 with errno,
 * the second ST_OK, or another status after a message. */
int look_up_operand(const struct operand *operand, struct shmt_info *segment);
int find_operand(const struct operand *operand, struct shmt_info *segment);

#endif
