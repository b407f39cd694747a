/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits --prometheus.
 */

#ifndef CMD_LIMITS_METRICS_H
#define CMD_LIMITS_METRICS_H

#include <stdbool.h>

int export_metrics(bool all_ns);

#endif
