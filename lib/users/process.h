/* SPDX-License-Identifier: BSD-2-Clause */

/* The process that a segment remembers. */

#ifndef SHMT_USERS_PROCESS_H
#define SHMT_USERS_PROCESS_H

#include "shmtool.h"

#define SHMT__KTHREAD 0x00200000u	/* PF_KTHREAD in the flags */

struct shmt__stat {
	char command[SHMT_COMMAND_MAX];
	char state;
	unsigned flags;
	uint64_t threads;
	uint64_t started;	/* clock ticks since boot */
};

/* The text of /proc/PID/stat; false where it is none. */
bool shmt__parse_stat(const char *text, size_t length,
    struct shmt__stat *stat);

/* The same, read below an open folder; errno of the reading, or EBADMSG. */
int shmt__read_stat(int dirfd, const char *path, struct shmt__stat *stat);

/* What the state of a process alone tells: gone, unknown or alive. */
enum shmt_life shmt__judge_state(const struct shmt__stat *stat);

/* What a live process is to a segment that it may have used at a time. */
enum shmt_life shmt__judge(int64_t at, int64_t started, int64_t boot,
    int64_t now);

/* Whether the numbers in /proc are those of our own PID namespace. */
bool shmt__proc_is_ours(void);

#endif
