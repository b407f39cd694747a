/* SPDX-License-Identifier: BSD-2-Clause */

/* The removal of one System V segment. */

#ifndef CMD_RM_SEGMENT_H
#define CMD_RM_SEGMENT_H

#include "rm/removal.h"

/* What removal_plan() and removal_do() are for segments of this kind. */
void segment_plan(struct removal_run *run, struct removal *removal);
void segment_do(struct removal_run *run, struct removal *removal);

#endif
