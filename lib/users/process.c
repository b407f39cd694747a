/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether the process that a segment remembers by its number still lives.
 *
 * "Gone" and "reused" let a segment be removed, so both are said only with
 * proof: the kernel knows no such process in our PID namespace, or the one
 * it knows began after the segment was used.  All else is alive or unknown.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "users/process.h"

/* Segment times are whole seconds, and a leap second may come between. */
#define SLACK 2

/* Numbers of /proc/PID/stat behind the command, the state being number 3. */
enum { FLAGS = 9, THREADS = 20, STARTED = 22 };

bool
shmt__parse_stat(const char *text, size_t length, struct shmt__stat *stat)
{
	struct shmt__stat s = { 0 };
	const char *open, *close;
	char *p, *end;
	unsigned long long value;
	size_t size;
	int field;

	/* The command may hold parentheses and blanks: the last one ends it. */
	open = memchr(text, '(', length);
	close = memrchr(text, ')', length);
	if (open == NULL || close == NULL || close < open ||
	    text[length] != '\0' || close[1] != ' ' || close[2] == '\0')
		return false;
	size = (size_t)(close - open - 1);
	if (size >= sizeof(s.command))
		return false;
	memcpy(s.command, open + 1, size);
	s.state = close[2];
	p = (char *)(uintptr_t)close + 3;
	for (field = 4; field <= STARTED; field++, p = end) {
		if (*p != ' ')
			return false;
		errno = 0;
		value = strtoull(p, &end, 10);
		if (end == p || errno != 0)
			return false;
		if (field == FLAGS)
			s.flags = (unsigned)value;
		else if (field == THREADS)
			s.threads = value;
		else if (field == STARTED)
			s.started = value;
	}
	*stat = s;
	return true;
}

int
shmt__read_stat(int dirfd, const char *path, struct shmt__stat *stat)
{
	size_t length;
	char *text;
	bool good;

	if (shmt__read_file(dirfd, path, &text, &length) == -1)
		return -1;
	good = shmt__parse_stat(text, length, stat);
	free(text);
	if (!good) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

/*
 * The line NSpid of a process names its number in each PID namespace from
 * that of the mounted /proc down to its own: one number, the same namespace.
 */
bool
shmt__proc_is_ours(void)
{
	static const char word[] = "\nNSpid:\t";
	size_t length;
	char *text, *at, *end;
	bool ours = false;

	if (shmt__read_file(AT_FDCWD, "/proc/self/status", &text,
	    &length) == -1)
		return false;
	at = strstr(text, word);
	if (at != NULL) {
		at += sizeof(word) - 1;
		ours = strtoull(at, &end, 10) == (uintmax_t)getpid() &&
		    *end == '\n';
	}
	free(text);
	return ours;
}

/*
 * The clock of segments can be set, that of process starts cannot.  A time
 * before the boot or in the future shows that it was: then nothing follows
 * from comparing the two.
 */
enum shmt_life
shmt__judge(int64_t at, int64_t started, int64_t boot, int64_t now)
{
	if (started <= at + SLACK)
		return SHMT_ALIVE;
	if (at < boot || at > now + SLACK || started > now + SLACK)
		return SHMT_UNKNOWN;
	return SHMT_REUSED;
}

enum shmt_life
shmt__judge_state(const struct shmt__stat *stat)
{
	/* The first thread is on its way out of the kernel's books: with its
	 * process, or as another of its threads takes its place to begin a
	 * new program. */
	if (stat->threads == 0)
		return SHMT_UNKNOWN;
	/* Only its parent still knows of it; unless threads live on. */
	return stat->state == 'Z' && stat->threads == 1 ? SHMT_GONE :
	    SHMT_ALIVE;
}

static bool
exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

/* When the machine was started, as the present clock has it. */
static int
boot_time(int64_t *boot, int64_t *now)
{
	struct timespec real, up;

	if (clock_gettime(CLOCK_BOOTTIME, &up) == -1 ||
	    clock_gettime(CLOCK_REALTIME, &real) == -1)
		return -1;
	*now = real.tv_sec;
	*boot = (int64_t)real.tv_sec - up.tv_sec -
	    (real.tv_nsec < up.tv_nsec ? 1 : 0);
	return 0;
}

/* A process that is there, by what /proc tells about it. */
static void
look_at(pid_t pid, int64_t at, struct shmt_process *process)
{
	struct shmt__stat stat;
	int64_t boot, now;
	char path[32];
	long ticks;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	/* Hidden from us, or it has just died: unknown for now. */
	if (!shmt__proc_is_ours() ||
	    shmt__read_stat(AT_FDCWD, path, &stat) == -1)
		return;
	strlcpy(process->command, stat.command, sizeof(process->command));
	process->life = shmt__judge_state(&stat);
	if (process->life != SHMT_ALIVE)
		return;
	process->life = SHMT_UNKNOWN;
	ticks = sysconf(_SC_CLK_TCK);
	if (ticks <= 0 || boot_time(&boot, &now) == -1)
		return;
	process->started = boot + (int64_t)(stat.started / (uint64_t)ticks);
	process->life = shmt__judge(at, process->started, boot, now);
}

void
shmt_process(pid_t pid, int64_t at, struct shmt_process *process)
{
	memset(process, 0, sizeof(*process));
	process->life = SHMT_UNKNOWN;
	/* 0 stands for a process that our PID namespace does not know. */
	if (pid <= 0)
		return;
	if (exists(pid))
		look_at(pid, at, process);
	else
		process->life = SHMT_GONE;
}

void
shmt_creator(const struct shmt_segment *segment, struct shmt_process *process)
{
	shmt_process(segment->cpid, segment->ctime, process);
}

void
shmt_last_user(const struct shmt_segment *segment,
    struct shmt_process *process)
{
	int64_t at = segment->atime > segment->dtime ? segment->atime :
	    segment->dtime;

	shmt_process(segment->lpid, at, process);
	if (segment->lpid == 0 && at == 0)
		process->life = SHMT_NONE;
}
