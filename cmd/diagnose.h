/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Why a segment could not be had.
 */

#ifndef CMD_DIAGNOSE_H
#define CMD_DIAGNOSE_H

#include "shmtool.h"

/* Finds the cause, tells it, and returns the status that belongs to it. */
int diagnose_refusal(const char *object, const struct shmt_request *request,
    enum shmt_step step, int error);

#endif
