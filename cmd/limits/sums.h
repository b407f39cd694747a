/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sums of shared memory by kind and owner, as metrics.
 */

#ifndef CMD_LIMITS_SUMS_H
#define CMD_LIMITS_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"

struct sum {
	enum shmt_kind kind;
	uint32_t uid;
	uint64_t ns;		/* inode of the IPC namespace; 0: no label */
	uint64_t count, size, rss;
	uint64_t no_rss;	/* those whose rss is not known */
};

struct sums {
	struct sum *list;
	size_t count;
};

/* Adds the sums of a list, and sorts it.  The caller frees sums->list. */
void add_sums(struct sums *sums, struct shmt_list *all);

/* Prints the lines before the values of a metric. */
void print_gauge(const char *name, const char *help);

void print_sums(const struct sums *sums);

#endif
