/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Text for people: sizes, times, and the names of users and groups.
 */

#ifndef UI_TEXT_H
#define UI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ui/safe.h"

/* Room for "1.5M", "4.0K", "512", "3d04h", "2h05m", "12m", "5s", a time, or
 * the digits of a number. */
#define SHORT_TEXT 32

/* Writes a number in base 10, or in base 8 or 16 with at least `least` digits;
 * returns the number of digits. */
size_t digits(char *text, uint64_t number, unsigned base, unsigned least);

/* The suffix of a noun after a number: "" for 1, "s" or "es" as given. */
const char *plural(uint64_t count, const char *suffix);

/* Adds sizes; UINT64_MAX where that is too small: segments whose memory is not
 * reserved can be larger together. */
uint64_t add_sizes(uint64_t a, uint64_t b);

/* Closes a stream of open_memstream() and returns what was written, which the
 * caller frees; NULL without memory. */
char *written_text(FILE *out, char **text);

void short_size(char text[static SHORT_TEXT], uint64_t bytes);
void short_duration(char text[static SHORT_TEXT], uint64_t seconds);

/* "2026-11-21 10:00:00", or "-" for 0. */
void short_time(char text[static SHORT_TEXT], int64_t when);

/* Names of users and groups, looked up once for each id; the number as text
 * where there is no name.  They are valid until the program ends. */
const char *user_name(uint32_t uid);
const char *group_name(uint32_t gid);

#endif
