/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A new POSIX object.
 */

#ifndef CMD_CREATE_OBJECT_H
#define CMD_CREATE_OBJECT_H

#include <stdbool.h>

#include "option_values.h"
#include "shmtool.h"

struct new_object {
	const char *text;		/* the operand */
	const char *name;
	struct shmt_request request;
	struct owner owner;
	const char *owner_text;		/* NULL: not given */
	const char *input;		/* named in messages */
	int in;				/* its descriptor, or -1 */
	char **command;			/* or NULL */
	bool verbose;
};

/* Creates it and prints its name, or runs the command; returns an exit
 * status. */
int create_object(const struct new_object *object);

/* Warns on a terminal where this owner (OWNER_KEPT: the caller) loses it at
 * logout. */
void note_logout(const char *text, uint32_t owner);

#endif
