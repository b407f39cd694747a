/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Untrusted bytes made safe for a terminal.
 */

#ifndef UI_SAFE_H
#define UI_SAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether vis(3) would leave src as it is, which is so for most texts. */
bool is_plain(const char *src);

/* Whether a character of Unicode is invisible or turns the direction of the
 * text around it, so that a name could pass for another one. */
bool is_hidden_character(uint32_t c);

/* Returns src as vis(3) makes it safe for a terminal; the caller frees it.
 * NULL: no memory. */
char *safe_copy(const char *src);

/* Prints text made safe; "?" where there is no memory for that. */
void print_safe(FILE *out, const char *text);

/* Prints a name that stands alone on standard output: as it is, so that a
 * script can use it, but made safe on a terminal. */
void print_bare(const char *text);

/* Columns that a safe text takes on a terminal. */
size_t text_width(const char *text);

#endif
