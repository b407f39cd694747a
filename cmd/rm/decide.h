/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The decision whether a segment is removed, and its removal.
 */

#ifndef CMD_RM_DECIDE_H
#define CMD_RM_DECIDE_H

#include "rm/removal.h"

/* Finds the segment that the operand names, and plans its removal. */
void removal_find(struct removal_run *run, struct removal *removal);

/* Decides what rm would do with a segment that was found: WOULD_REMOVE,
 * WOULD_MARK, or KEPT and FAILED where that is known beforehand. */
void removal_plan(struct removal_run *run, struct removal *removal);

/* Removes a segment that is WOULD_REMOVE or WOULD_MARK, unless it changed. */
void removal_do(struct removal_run *run, struct removal *removal);

#endif
