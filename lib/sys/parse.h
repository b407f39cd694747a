/* SPDX-License-Identifier: BSD-2-Clause */

/* Text to numbers, for the library alone. */

#ifndef SHMT_SYS_PARSE_H
#define SHMT_SYS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a number begins with 0x. */
bool shmt__is_hex(const char *text);

/* A whole number in C's notation: decimal, 0x hexadecimal, 0 octal. */
int shmt__parse_c_number(const char *text, uint64_t max, uint64_t *number);

/* of * part / whole, rounded down, exact with 64 bits; part < whole. */
uint64_t shmt__fraction(uint64_t part, uint64_t whole, uint64_t of);

#endif
