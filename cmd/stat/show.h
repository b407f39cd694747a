/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what stat has collected.
 */

#ifndef CMD_STAT_SHOW_H
#define CMD_STAT_SHOW_H

#include "stat/view.h"

/* Collects what is asked for, and prints it; returns an exit status. */
int show(const struct opts *opts);

#endif
