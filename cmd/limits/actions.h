/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The reports and the other actions of limits, each in a file of its own.  They
 * return an exit status.
 */

#ifndef CMD_LIMITS_ACTIONS_H
#define CMD_LIMITS_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shmtool.h"
#include "ui/table.h"

/* ipcs.c: what ipcs -l and ipcs -m print, or both as JSON. */
enum report_unit { REPORT_KBYTES, REPORT_BYTES, REPORT_HUMAN };

#define REPORT_LIMITS	0x1u
#define REPORT_SEGMENTS	0x2u

int print_report(unsigned what, enum report_unit unit, bool json);

/* usage.c: --usage. */
int print_usage(enum table_format format, bool bytes);

/* metrics.c: --prometheus. */
int print_metrics(bool all_ns);

/* check.c: --check prints the one line of a monitoring plugin and returns the
 * plugin's status: 0, 1, 2, or CHECK_UNKNOWN. */
#define CHECK_UNKNOWN 3

struct thresholds {
	int warning, critical;	/* percent of a limit */
	int stale;		/* segments; -1: any number is fine */
};

int check_usage(const struct thresholds *thresholds);

/* advise.c: --advise, for this much memory; 0: for this machine's. */
int print_advice(enum shmt_profile profile, uint64_t memory, bool json);

/* setting.c: what --set is to set. */
#define SHM_RMID_FORCED "shm_rmid_forced"
#define SETTINGS_MAX 5		/* of different names */

struct settings {
	struct shmt_setting list[SETTINGS_MAX];
	size_t count;
	const char *dev_shm_size;	/* as it was written, or NULL */
};

/* Appends "NAME=VALUE". */
int parse_setting(const char *text, struct settings *settings);

/* set.c: --set and --persist.  Sets all or none; file: where they are kept, or
 * NULL; dry: only shows. */
#define SYSCTL_FILE "/etc/sysctl.d/90-shmtool.conf"

int change_limits(const struct settings *settings, const char *file, bool dry);

#endif
