/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The filter options that stat, rm and save share.
 */

#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"
#include "ui/options.h"

/* What filter_options store; all zero at first. */
struct filter {
	struct shmt_filter set;
	bool negate;		/* --not was the option before */
};

/* Rows of a verb whose struct opts has a struct filter. */
extern const struct option_row filter_options[];

/* After the last option: whether any segment could pass. */
int check_filter(const struct shmt_filter *filter);
void free_filter(struct filter *filter);

/* Whether a filter asks for this, in any form. */
bool filter_has(const struct shmt_filter *filter, enum shmt_criterion by);

/* The seconds of rest that make a segment stale; filter may be NULL. */
uint64_t filter_idle(const struct shmt_filter *filter);

/* Lists the segments that pass, into an array that the caller frees; ST_OK, or
 * another status, having said why. */
int filter_list(const struct shmt_filter *filter, bool want_rss,
    struct shmt_info **list, size_t *count);

#endif
