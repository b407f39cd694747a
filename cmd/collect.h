/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The segments that stat shows, of one namespace or of all.
 */

#ifndef CMD_COLLECT_H
#define CMD_COLLECT_H

#include <stdbool.h>
#include <stddef.h>

#include "operand.h"
#include "rows.h"
#include "shmtool.h"

struct selection {
	const struct shmt_filter *filter;
	const struct operand *operands;	/* of those only these, if any */
	size_t operand_count;
	unsigned needs;
	bool all_ns;
};

struct collection {
	struct rows *ipc_namespaces;
	size_t ns_count;
	size_t closed;		/* namespaces that may not be entered */
	size_t hidden;		/* processes that hide theirs */
	void **rows;		/* pointers to all of them, for a table */
	size_t row_count;
};

/* ST_OK, or told what failed; what did not fail is there all the same.  The
 * caller frees it. */
int collect(const struct selection *selection,
    struct collection *collection);
void free_collection(struct collection *collection);

/* Whether it holds all that was asked for; if not, has said so. */
bool is_complete(const struct selection *selection,
    const struct collection *collection);

/* Whether an operand means this segment. */
bool is_operand(const struct operand *operand,
    const struct shmt_segment *segment);

#endif
