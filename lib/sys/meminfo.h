/* SPDX-License-Identifier: BSD-2-Clause */

/* Texts of the kernel with a name and a number in each line. */

#ifndef SHMT_SYS_MEMINFO_H
#define SHMT_SYS_MEMINFO_H

#include "shmtool.h"

/* The number in the line "NAME NUMBER", "NAME: NUMBER" or either with a unit
 * behind it, or 0. */
uint64_t shmt__find_number(const char *text, const char *name);

/* The text of /proc/meminfo, which the caller frees, or NULL with errno; root:
 * another root directory, or AT_FDCWD. */
char *shmt__read_meminfo(int root);

/* A line of it in bytes, or 0. */
uint64_t shmt__meminfo(const char *text, const char *name);

#endif
