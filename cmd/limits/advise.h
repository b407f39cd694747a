/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits --advise.
 */

#ifndef CMD_LIMITS_ADVISE_H
#define CMD_LIMITS_ADVISE_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"

int print_advice(enum shmt_profile profile, uint64_t memory, bool json);

#endif
