/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether the process whose pid a segment records still runs.
 *
 * SHMT_GONE and SHMT_REUSED allow a segment to be removed, so both need
 * proof: the kernel knows no such process in our PID namespace, or the pid
 * was given out a second time and its present process started after the
 * segment was used.  Any other is alive or unknown.
 */

#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/array.h"
#include "sys/file.h"
#include "sys/meminfo.h"
#include "sys/mounts.h"
#include "users/process.h"

/* Segment times are whole seconds, and there may be a leap second. */
#define SLACK 2

/* It has the same number on every machine. */
#define INITIAL_USER_NS 4026531837u

int
shmt__open_process(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%jd", (intmax_t)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		errno = ESRCH;
	return fd;
}

int
shmt__list_pids(DIR *proc, pid_t **pids, size_t *count)
{
	pid_t *list = NULL, *more;
	size_t used = 0, capacity = 0;
	struct dirent *entry;
	uint64_t pid;

	while ((errno = 0, entry = readdir(proc)) != NULL) {
		if (shmt_parse_number(entry->d_name, INT32_MAX, &pid) == -1)
			continue;
		more = shmt__grow(list, used, &capacity, sizeof(*more));
		if (more == NULL)
			break;
		list = more;
		list[used++] = (pid_t)pid;
	}
	if (errno != 0) {
		free(list);
		return -1;
	}
	*pids = list;
	*count = used;
	return 0;
}

bool
shmt__parse_stat(const char *text, struct shmt__stat *stat)
{
	struct shmt__stat s = { 0 };
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *p;
	unsigned long long fields[23];
	char *end;
	int i;

	/* The command may hold parentheses and blanks: the last one ends it. */
	if (open == NULL || close == NULL || close < open ||
	    (size_t)(close - open - 1) >= sizeof(s.command) ||
	    close[1] != ' ' || close[2] == '\0')
		return false;
	for (p = close + 3, i = 4; i < 23; i++, p = end) {
		fields[i] = strtoull(p, &end, 10);
		if (end == p)
			return false;
	}
	memcpy(s.command, open + 1, (size_t)(close - open - 1));
	s.state = close[2];
	s.flags = (unsigned)fields[9];
	s.threads = fields[20];
	s.started = fields[22];
	*stat = s;
	return true;
}

int
shmt__read_stat(int dirfd, const char *path, struct shmt__stat *stat)
{
	char *text = shmt__read_file(dirfd, path);
	bool good;

	if (text == NULL)
		return -1;
	good = shmt__parse_stat(text, stat);
	free(text);
	if (!good)
		return shmt__fail(EBADMSG);
	return 0;
}

size_t
shmt__status_numbers(const char *text, const char *word, uint32_t *numbers,
    size_t max)
{
	const char *at = strstr(text, word);
	size_t count = 0;
	char *end;

	if (at == NULL)
		return 0;
	for (at += strlen(word); count < max && *at == '\t'; at = end)
		numbers[count++] = (uint32_t)strtoul(at + 1, &end, 10);
	return count;
}

int
shmt__read_nspid(int dirfd, const char *path, pid_t *pid, size_t *levels)
{
	uint32_t pids[33];	/* the kernel has 32 levels below the first */
	char *text = shmt__read_file(dirfd, path);

	if (text == NULL)
		return -1;
	*levels = shmt__status_numbers(text, "\nNSpid:", pids, 33);
	free(text);
	if (*levels == 0)
		return shmt__fail(EBADMSG);
	*pid = (pid_t)pids[*levels - 1];
	return 0;
}

bool
shmt__proc_is_ours(void)
{
	size_t levels;
	pid_t pid;

	return shmt__read_nspid(AT_FDCWD, "/proc/self/status", &pid,
	    &levels) == 0 && levels == 1 && pid == getpid();
}

/*
 * The times of a segment are those of the clock at that moment.  The start of
 * a process is counted from the boot, and so moves with each step of the
 * clock.  A time before the boot or in the future proves a step: comparing
 * the two proves nothing then.
 */
enum shmt_process_state
shmt__state_by_start(const struct shmt__use *use, int64_t started,
    int64_t boot, int64_t now)
{
	if (started <= use->at + SLACK)
		return SHMT_ALIVE;
	if (use->oldest < boot || use->at > now + SLACK ||
	    started > now + SLACK)
		return SHMT_UNKNOWN;
	return SHMT_REUSED;
}

enum shmt_answer
shmt__parse_reuse(const char *stat, const char *pid_max)
{
	uint64_t forks = shmt__find_number(stat, "processes");
	uint64_t limit = strtoull(pid_max, NULL, 10);

	if (forks == 0 || limit == 0)
		return SHMT_CANNOT_TELL;
	return forks < limit ? SHMT_NO : SHMT_YES;
}

/*
 * The kernel gives out pids in ascending order and begins again at pid_max:
 * as long as it has started fewer processes and threads than that, each pid
 * has had one owner.
 */
static enum shmt_answer
find_reuse(void)
{
	enum shmt_answer reuse = SHMT_CANNOT_TELL;
	char *stat = shmt__read_file(AT_FDCWD, "/proc/stat");
	char *pid_max = shmt__read_file(AT_FDCWD, "/proc/sys/kernel/pid_max");

	if (stat != NULL && pid_max != NULL)
		reuse = shmt__parse_reuse(stat, pid_max);
	free(pid_max);
	free(stat);
	return reuse;
}

/* Corrects a state by whether any pid can have been reused since the boot. */
static enum shmt_process_state
confirm_reuse(enum shmt_process_state state)
{
	if (state == SHMT_ALIVE)
		return state;
	switch (find_reuse()) {
	case SHMT_NO:
		return SHMT_ALIVE;
	case SHMT_YES:
		return state;
	default:
		return SHMT_UNKNOWN;
	}
}

enum shmt_process_state
shmt__state_by_stat(const struct shmt__stat *stat)
{
	/* The main thread has exited and is being reaped: with its process,
	 * or because another thread calls execve(2) and takes its place. */
	if (stat->threads == 0)
		return SHMT_UNKNOWN;
	/* A zombie has exited, unless other threads of it still run. */
	return stat->state == 'Z' && stat->threads == 1 ? SHMT_GONE :
	    SHMT_ALIVE;
}

enum shmt_answer
shmt__has_exited(enum shmt_process_state state)
{
	return state == SHMT_GONE || state == SHMT_REUSED ? SHMT_YES :
	    state == SHMT_ALIVE ? SHMT_NO : SHMT_CANNOT_TELL;
}

static bool
exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

int
shmt__boot_time(int64_t *boot, int64_t *now)
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

int64_t
shmt__start_time(int64_t boot, uint64_t ticks)
{
	return boot + (int64_t)(ticks / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The state of a process that exists, by /proc/PID/stat. */
static void
read_state(pid_t pid, const struct shmt__use *use,
    struct shmt_process *process)
{
	struct shmt__stat stat;
	int64_t boot, now;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	/* Hidden from this process, or just exited: unknown. */
	if (!shmt__proc_is_ours() ||
	    shmt__read_stat(AT_FDCWD, path, &stat) == -1)
		return;
	strlcpy(process->command, stat.command, sizeof(process->command));
	process->state = shmt__state_by_stat(&stat);
	if (process->state != SHMT_ALIVE)
		return;
	process->state = SHMT_UNKNOWN;
	if (shmt__boot_time(&boot, &now) == -1)
		return;
	process->started = shmt__start_time(boot, stat.started);
	process->state = confirm_reuse(shmt__state_by_start(use,
	    process->started, boot, now));
}

static void
find_process(pid_t pid, const struct shmt__use *use,
    struct shmt_process *process)
{
	memset(process, 0, sizeof(*process));
	process->state = SHMT_UNKNOWN;
	/* The kernel reports 0 for a process outside our PID namespace. */
	if (pid <= 0)
		return;
	if (exists(pid))
		read_state(pid, use, process);
	else
		process->state = SHMT_GONE;
}

void
shmt_process(pid_t pid, int64_t at, struct shmt_process *process)
{
	const struct shmt__use use = { at, at };

	find_process(pid, &use, process);
}

/* The latest of all times, or the earliest. */
static int64_t
extreme_time(const struct shmt_info *info, bool latest)
{
	const int64_t times[] = { info->atime, info->dtime, info->mtime,
	    info->btime };
	int64_t found = info->ctime;
	size_t i;

	/* 0 stands for never, and for a time that this kind does not have. */
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] != 0 &&
		    (latest ? times[i] > found : times[i] < found))
			found = times[i];
	return found;
}

int64_t
shmt_last_time(const struct shmt_info *info)
{
	return extreme_time(info, true);
}

int64_t
shmt__first_time(const struct shmt_info *info)
{
	return extreme_time(info, false);
}

/* The last attach or detach, 0 for never. */
static int64_t
last_use(const struct shmt_info *segment)
{
	return segment->atime > segment->dtime ? segment->atime :
	    segment->dtime;
}

void
shmt_creator(const struct shmt_info *segment, struct shmt_process *process)
{
	const struct shmt__use use = { segment->ctime,
		shmt__first_time(segment) };

	find_process(segment->cpid, &use, process);
	/* If the clock was set forward, the creator itself seems to have
	 * started after it created the segment.  So a process that started
	 * before the last use proves nothing. */
	if (process->state == SHMT_REUSED &&
	    process->started <= last_use(segment))
		process->state = SHMT_UNKNOWN;
}

void
shmt_last_user(const struct shmt_info *segment,
    struct shmt_process *process)
{
	const struct shmt__use use = { last_use(segment),
		shmt__first_time(segment) };

	find_process(segment->lpid, &use, process);
	if (segment->lpid == 0 && use.at == 0)
		process->state = SHMT_NONE;
}

bool
shmt__is_in_ns(const char *path, ino_t inode)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == inode;
}

static bool
has_cap_sys_ptrace(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
	    0 };
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &head, data) == 0 &&
	    (data[0].effective & 1u << CAP_SYS_PTRACE) != 0 &&
	    shmt__is_in_ns("/proc/self/ns/user", INITIAL_USER_NS);
}

/* The last mount on /proc is the visible one. */
bool
shmt__parse_hidepid(char *mountinfo)
{
	struct shmt__mount mount;
	const char *option;
	bool hides = false;

	while (shmt__next_mount(&mountinfo, &mount)) {
		if (strcmp(mount.root, "/") != 0 ||
		    strcmp(mount.point, "/proc") != 0)
			continue;
		option = strstr(mount.super, "hidepid=");
		hides = option != NULL && option[8] != '0' &&
		    strncmp(option + 8, "off", 3) != 0;
	}
	return hides;
}

bool
shmt__proc_hides(void)
{
	char *text = shmt__read_file(AT_FDCWD, "/proc/self/mountinfo");
	bool hides;

	if (text == NULL)
		return true;
	hides = shmt__parse_hidepid(text);
	free(text);
	return hides && !has_cap_sys_ptrace();
}
