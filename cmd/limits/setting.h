/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What limits --set is to set.
 */

#ifndef CMD_LIMITS_SETTING_H
#define CMD_LIMITS_SETTING_H

#include <stddef.h>

#include "shmtool.h"

#define SHM_RMID_FORCED "shm_rmid_forced"
#define SETTINGS_MAX 5		/* of different names */

struct settings {
	struct shmt_setting list[SETTINGS_MAX];
	size_t count;
	const char *dev_shm_size;	/* as it was written, or NULL */
};

/* Appends "NAME=VALUE". */
int parse_setting(const char *text, struct settings *settings);

#endif
