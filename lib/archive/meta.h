/* SPDX-License-Identifier: BSD-2-Clause */

/* The .meta of a saved segment. */

#ifndef SHMT_ARCHIVE_META_H
#define SHMT_ARCHIVE_META_H

#include "shmtool.h"

#define SHMT__META_VERSION	2	/* of a System V segment; 3 of an
				 * object */
#define SHMT__META_NEWEST	4	/* of memory without a name */
#define SHMT__META_MAX		2048	/* bytes of the longest .meta */

/* Contents files that one .meta may have beside it; it names one of them. */
#define SHMT__CONTENTS_MAX	10

/* The text of a .meta; its length. */
size_t shmt__format_meta(const struct shmt_saved *saved,
    char text[static SHMT__META_MAX]);

/* Reverses shmt__format_meta().  EBADMSG, with the reason and the line in
 * *failure. */
int shmt__parse_meta(const char *text, size_t length,
    struct shmt_saved *saved, struct shmt_failure *failure);

/* Sets the pointer to an object's name again after the struct was copied. */
void shmt__assign_name(struct shmt_saved *saved);

/* The suffix of a contents file's name: ".shm" for 0, else ".N.shm". */
#define SHMT__SUFFIX		sizeof(((struct shmt_saved *)NULL)->suffix)
void shmt__contents_suffix(int number, char suffix[static SHMT__SUFFIX]);
int shmt__contents_number(const char *suffix);

#endif
