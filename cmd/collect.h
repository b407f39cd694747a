/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The rows of the segments that operands and filters select, of one namespace
 * or of all.
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
	const struct operand *operands;	/* only these, if there are any */
	size_t operand_count;
	unsigned needs;		/* NEEDS_* of rows.h */
	bool all_ns;
	unsigned kinds;		/* only these; 0: all that are selected */
};

struct collection {
	struct rows rows;
	size_t not_entered;	/* namespaces that may not be entered, or did
				 * not answer */
	size_t hidden;		/* processes whose namespace is unknown */
};

/* Returns an exit status; after a failure the rows of all that did not fail
 * are there.  The caller frees collection->rows in any case. */
int collect(const struct selection *selection,
    struct collection *collection);

/* Reports what a collection lacks; false if it lacks anything. */
bool check_complete(const struct selection *selection,
    const struct collection *collection);

/* The set of kinds that a selection can have. */
unsigned selected_kinds(const struct selection *selection);

#endif
