/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Bytes for people.
 */

#ifndef UI_TEXT_H
#define UI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nothing in it that vis(3) would change: by far the most of what there is. */
bool is_plain(const char *src);

/* Whether a character of Unicode is invisible or turns the direction of the
 * text around it, so that a name could pass for another one. */
bool is_hidden_character(uint32_t c);

/* src as vis(3) makes it safe for a terminal, to be freed; NULL: no memory. */
char *safe_copy(const char *src);

/* That on standard output; "?" where there is no memory for it. */
void print_safe(const char *text);

/* Places that it takes on a terminal, once made safe. */
size_t text_width(const char *text);

/* "1.5M", "4.0K", "512"; "3d04h", "2h05m", "12m", "5s". */
#define SHORT_TEXT 32

/* A number in base 10, or in 8 or 16 and then of at least so many digits;
 * returns how many. */
size_t digits(char *text, uint64_t number, unsigned base, unsigned least);

/* The ending of a noun behind a number: "" for 1, "s" or "es" as given. */
const char *plural(uint64_t count, const char *ending);

/* Or UINT64_MAX where that is too small: without a promise of memory anybody
 * can make segments that are larger together. */
uint64_t add_sizes(uint64_t a, uint64_t b);

void short_size(char text[static SHORT_TEXT], uint64_t bytes);
void short_duration(char text[static SHORT_TEXT], uint64_t seconds);

/* "2026-11-21 10:00:00", or "-" for 0. */
void short_time(char text[static SHORT_TEXT], int64_t when);

/* Owner names, looked up once for each distinct id; the number as text where
 * there is none.  Valid until the program ends. */
const char *user_name(uint32_t uid);
const char *group_name(uint32_t gid);

#endif
