/* SPDX-License-Identifier: BSD-2-Clause */

/* Names of objects as text, and the names of the files that they are saved
 * as. */

#ifndef SHMT_ARCHIVE_NAME_H
#define SHMT_ARCHIVE_NAME_H

#include <limits.h>
#include <stdbool.h>

#include "shmtool.h"

/* Bytes of the longest encoded name, with its NUL. */
#define SHMT__ENCODED	(3 * NAME_MAX + 1)

/*
 * A name in letters, digits, '_', '-' and '.'; each other byte, and a '-' or
 * '.' at the beginning, becomes '%' and two hexadecimal digits.
 */
void shmt__encode_name(const char *name, char text[static SHMT__ENCODED]);

/* Reverses it, whether or not that encodes the name in the same way.  False:
 * not a name. */
bool shmt__decode_name(const char *text, char name[static NAME_MAX + 1]);

/* The name of the files for a segment as it is now, into saved->name. */
void shmt__name_saved(struct shmt_saved *saved);

#endif
