/* SPDX-License-Identifier: BSD-2-Clause */

/* Text to numbers, for the library alone. */

#ifndef SHMT_SYS_PARSE_H
#define SHMT_SYS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a number begins with 0x. */
bool shmt__is_hex(const char *text);

/* Digits of one base, up to 16, from *text on, which is moved past them.
 * strtoull(3) would take blanks, a sign, and a 0x of its own.  errno as of
 * shmt_parse_number(). */
int shmt__digits(const char **text, unsigned base, uint64_t max,
    uint64_t *number);

/* A whole number in C's notation: decimal, 0x hexadecimal, 0 octal. */
int shmt__parse_c_number(const char *text, uint64_t max, uint64_t *number);

#endif
