/* SPDX-License-Identifier: BSD-2-Clause */

/* The removal of one POSIX object. */

#ifndef CMD_RM_OBJECT_H
#define CMD_RM_OBJECT_H

#include "rm/removal.h"

/* What removal_plan() and removal_do() are for segments. */
void object_plan(struct removal_run *run, struct removal *removal);
void object_do(struct removal_run *run, struct removal *removal);

#endif
