/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The reports of ipcs.
 */

#ifndef CMD_LIMITS_IPCS_H
#define CMD_LIMITS_IPCS_H

#include <stdbool.h>

#include "shmtool.h"

enum report_unit { REPORT_KBYTES, REPORT_BYTES, REPORT_HUMAN };

#define REPORT_LIMITS	0x1u
#define REPORT_SEGMENTS	0x2u

/* What ipcs -l and ipcs -m print, or both as JSON. */
int print_report(unsigned what, enum report_unit unit, bool json);

#endif
