/* SPDX-License-Identifier: BSD-2-Clause */

/* Processes whose pids a segment records. */

#ifndef SHMT_USERS_PROCESS_H
#define SHMT_USERS_PROCESS_H

#include <sys/types.h>

#include <dirent.h>

#include "shmtool.h"

#define SHMT__KTHREAD 0x00200000u	/* PF_KTHREAD in the flags */

struct shmt__stat {
	char command[SHMT_COMMAND_MAX];
	char state;
	unsigned flags;
	uint64_t threads;
	uint64_t started;	/* clock ticks since boot */
};

/* Opens /proc/PID, which stays that of the process whose pid is reused.  ESRCH:
 * there is none. */
int shmt__open_process(pid_t pid);

/* The processes that an open /proc lists, or the threads of a directory task,
 * into an array that the caller frees. */
int shmt__list_pids(DIR *proc, pid_t **pids, size_t *count);

/* Parses the text of /proc/PID/stat; false if it is malformed. */
bool shmt__parse_stat(const char *text, struct shmt__stat *stat);

/* Reads it below an open directory; errno of the reading, or EBADMSG. */
int shmt__read_stat(int dirfd, const char *path, struct shmt__stat *stat);

/* The state of a process by its own stat alone: gone, unknown or alive. */
enum shmt_process_state shmt__state_by_stat(const struct shmt__stat *stat);

/* When a segment was used, and the earliest time that it records. */
struct shmt__use {
	int64_t at, oldest;
};

/* Whether a process that started then can be the one that used the segment:
 * alive, reused or unknown. */
enum shmt_process_state shmt__state_by_start(const struct shmt__use *use,
    int64_t started, int64_t boot, int64_t now);

/* The earliest time that is recorded of any kind. */
int64_t shmt__first_time(const struct shmt_info *info);

/* Whether a process in this state has exited. */
enum shmt_answer shmt__has_exited(enum shmt_process_state state);

/* Whether a pid may have been given out twice since the boot, by the texts of
 * /proc/stat and /proc/sys/kernel/pid_max. */
enum shmt_answer shmt__parse_reuse(const char *stat, const char *pid_max);

/* When the machine booted, by the present clock. */
int shmt__boot_time(int64_t *boot, int64_t *now);

/* When a process started that did so some clock ticks after the boot. */
int64_t shmt__start_time(int64_t boot, uint64_t ticks);

/* The numbers in the line of a status that begins with a word ("\nUid:"), at
 * most max of them; how many there are. */
size_t shmt__status_numbers(const char *text, const char *word,
    uint32_t *numbers, size_t max);

/*
 * Reads the line NSpid of the status of a process: its number in each PID
 * namespace, from that of the mounted /proc down to its own, which is *pid.
 * errno of the reading, or EBADMSG.
 */
int shmt__read_nspid(int dirfd, const char *path, pid_t *pid, size_t *levels);

/* Whether the numbers in /proc are those of our own PID namespace. */
bool shmt__proc_is_ours(void);

/* Whether /proc does not list the processes of other users (hidepid). */
bool shmt__proc_hides(void);

/* The same of the mounts; the text is changed. */
bool shmt__parse_hidepid(char *mountinfo);

/* Whether a namespace ("/proc/self/ns/pid") is the one of this inode. */
bool shmt__is_in_ns(const char *path, ino_t inode);

#endif
