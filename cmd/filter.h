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

/* Rows of a verb whose struct opts has a struct shmt_filter. */
extern const struct option_row filter_options[];

/* After the last option: whether no segment could ever pass. */
int check_filter(const struct shmt_filter *filter);

/* The rest that makes a segment stale; filter may be NULL. */
uint64_t filter_idle(const struct shmt_filter *filter);

/* The segments that pass, into an array to free, holders as found where the
 * filter needs them; ST_OK, or told why not. */
int filter_list(const struct shmt_filter *filter, bool want_rss,
    struct shmt_segment **list, size_t *count);

#endif
