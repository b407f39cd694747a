/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --set and --persist.
 */

#ifndef CMD_LIMITS_SET_H
#define CMD_LIMITS_SET_H

#include <stdbool.h>

#include "limits/setting.h"

#define SYSCTL_FILE "/etc/sysctl.d/90-shmtool.conf"

/* Sets all or none; file: where they are kept, or NULL; dry: only shows. */
int change_limits(const struct settings *settings, const char *file, bool dry);

#endif
