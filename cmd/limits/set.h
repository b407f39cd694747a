/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits --set and --persist.
 */

#ifndef CMD_LIMITS_SET_H
#define CMD_LIMITS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "shmtool.h"

#define SYSCTL_FILE "/etc/sysctl.d/90-shmtool.conf"

#define SETTINGS_MAX 4		/* of different names */

/* Takes "NAME=VALUE" as one more of *count; false after a mistake, which has
 * been told. */
bool parse_setting(const char *text,
    struct shmt_setting settings[static SETTINGS_MAX], size_t *count);

/* Sets all or none; file: NULL, or where they are kept.  dry: only shows. */
int change_limits(const struct shmt_setting *settings, size_t count,
    const char *file, bool dry);

#endif
