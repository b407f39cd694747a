/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment saved, for save and rm --save.
 */

#ifndef CMD_ARCHIVE_H
#define CMD_ARCHIVE_H

#include "shmtool.h"

/*
 * Saves into dir, with progress, which how does not have.  ST_OK, or a status,
 * and in *reason, to be freed, why it was not saved.  The segment saved is the
 * one that has this id now: how->confirm() compares the two by shmt_same().
 */
int save_segment(const char *dir, const struct shmt_info *segment,
    struct shmt_saving *how, struct shmt_saved *saved, char **reason);

#endif
