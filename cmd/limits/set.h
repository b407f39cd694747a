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

struct settings {
	struct shmt_setting list[SETTINGS_MAX];
	size_t count;
};

/* Appends "NAME=VALUE". */
int parse_setting(const char *text, struct settings *settings);

/* Sets all or none; file: NULL, or where they are kept.  dry: only shows. */
int change_limits(const struct shmt_setting *settings, size_t count,
    const char *file, bool dry);

#endif
