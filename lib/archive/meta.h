/* SPDX-License-Identifier: BSD-2-Clause */

/* The .meta of a saved segment. */

#ifndef SHMT_ARCHIVE_META_H
#define SHMT_ARCHIVE_META_H

#include "shmtool.h"

#define SHMT__META_MAX	2048	/* bytes of the longest .meta */

/* ID-KEY into saved->name, from saved->segment. */
void shmt__name_saved(struct shmt_saved *saved);

/* The text of a .meta; its length. */
size_t shmt__format_meta(const struct shmt_saved *saved,
    char text[static SHMT__META_MAX]);

/* The other way round.  EBADMSG, and *trouble says why and in which line. */
int shmt__parse_meta(const char *text, size_t length,
    struct shmt_saved *saved, struct shmt_trouble *trouble);

#endif
