/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A segment or POSIX object that create makes: the request, and what is done so
 * far.
 */

#ifndef CMD_CREATE_CREATION_H
#define CMD_CREATE_CREATION_H

#include <stdbool.h>

#include "option_values.h"
#include "reaper.h"
#include "shmtool.h"

struct creation {
	const char *text;		/* named in messages */
	struct shmt_request request;
	unsigned mode;			/* once it is complete */
	struct owner owner;
	const char *owner_text;		/* NULL: not given */
	const char *input;		/* NULL: not given */
	int in;				/* its descriptor, or -1 */
	char **command;			/* or NULL */
	bool lock, verbose;

	struct shmt_info info;		/* at first only kind and name */
	bool created;			/* false: opened */
	void *at;			/* where it is attached, or NULL */
	struct reaper reaper;
	bool has_reaper;
};

/*
 * Make it, or open it as the request says, with contents, owner and mode; the
 * reaper has been started where it is needed.  Return an exit status; what was
 * created before a failure is left for the caller to remove.
 */
int make_segment(struct creation *creation);
int make_object(struct creation *creation);

#endif
