/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SEGMENT operands.
 */

#ifndef CMD_OPERAND_H
#define CMD_OPERAND_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

struct target {
	const char *text;	/* as the user wrote it */
	struct shmt_ref ref;
};

/* ST_OK, or the status of the mistake, which has been told. */
int parse_target(const char *text, struct target *target);

/* All operands from argv on into an array to free; at least one. */
int parse_targets(int argc, char **argv, struct target **targets);

/* The one operand of a verb that takes one. */
int parse_target_alone(int argc, char **argv, struct target *target);

/* Why there is none: a key without 0x may have been taken for an id. */
#define ABSENT_REASON 80
void absent_reason(const struct target *target,
    char reason[static ABSENT_REASON]);

/* fail() with it, and otherwise with strerror(error). */
int target_failed(const struct target *target, int error);

/* Finds and looks; ST_OK, or told why not. */
int find_target(const struct target *target, struct shmt_segment *segment);

/* Option values, mistakes told as "OPTION VALUE". */
bool size_value(const char *option, const char *text, uint64_t *size);
bool offset_value(const char *option, const char *text, uint64_t *offset);
bool duration_value(const char *option, const char *text, uint64_t *seconds);
bool key_value(const char *option, const char *text, uint32_t *key);
bool number_value(const char *option, const char *text, uint64_t max,
    uint64_t *number);
bool mode_value(const char *option, const char *text, unsigned base,
    unsigned *mode);

#endif
