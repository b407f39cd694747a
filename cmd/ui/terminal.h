/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What standard output can show: its width, and colours.
 */

#ifndef UI_TERMINAL_H
#define UI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/options.h"

/* Columns of the terminal that standard output is; 0: none, or unknown. */
size_t terminal_width(void);

/* When a table is coloured.  AUTO: on a terminal, unless NO_COLOR is set and
 * not empty, or TERM is not set or "dumb". */
enum color_when { COLOR_AUTO, COLOR_NEVER, COLOR_ALWAYS };

/* enum color_when. */
option_store store_color;

bool use_color(enum color_when when);

#endif
