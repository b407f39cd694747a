/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The limits of System V IPC, and what is used of them.  They are read from
 * /proc/sys/kernel, or, where /proc is not mounted, by system calls.
 */

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/parse.h"
#include "sysv.h"

/* The constants that no file holds. */
#define SHMMIN_BYTES 1
#define SEMVMX_VALUE 32767

/* Reads a number from each of three files.  *bad: the one that could not be
 * read; 1: it does not exist, and the system call tells. */
static int
read_three(const char *const paths[static 3], uint64_t *const values[static 3],
    const char **bad)
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (shmt__read_numbers(paths[i], false, values[i], 1) == -1) {
			*bad = paths[i];
			return shmt__is_absent(errno) ? 1 : -1;
		}
	return 0;
}

static int
shm_limits(struct shmt_limits *l, const char **bad)
{
	static const char *const paths[] = { "/proc/sys/kernel/shmmax",
		"/proc/sys/kernel/shmall", "/proc/sys/kernel/shmmni" };
	uint64_t *const values[] = { &l->shmmax, &l->shmall, &l->shmmni };
	struct shminfo info;
	struct shmid_ds ds;
	int result = read_three(paths, values, bad);

	/* The call fills a struct shminfo, which is the smaller. */
	_Static_assert(sizeof(info) <= sizeof(ds), "shminfo in shmid_ds");
	if (result == -1 || (result == 1 && shmctl(0, IPC_INFO, &ds) == -1))
		return -1;
	if (result == 1) {
		memcpy(&info, &ds, sizeof(info));
		l->shmmax = info.shmmax;
		l->shmall = info.shmall;
		l->shmmni = info.shmmni;
	}
	l->shmmin = SHMMIN_BYTES;
	return 0;
}

static int
msg_limits(struct shmt_limits *l, const char **bad)
{
	static const char *const paths[] = { "/proc/sys/kernel/msgmni",
		"/proc/sys/kernel/msgmax", "/proc/sys/kernel/msgmnb" };
	uint64_t *const values[] = { &l->msgmni, &l->msgmax, &l->msgmnb };
	struct msginfo info;
	struct msqid_ds ds;
	int result = read_three(paths, values, bad);

	_Static_assert(sizeof(info) <= sizeof(ds), "msginfo in msqid_ds");
	if (result == -1 || (result == 1 && msgctl(0, IPC_INFO, &ds) == -1))
		return -1;
	if (result == 1) {
		memcpy(&info, &ds, sizeof(info));
		l->msgmni = (uint64_t)info.msgmni;
		l->msgmax = (uint64_t)info.msgmax;
		l->msgmnb = (uint64_t)info.msgmnb;
	}
	return 0;
}

static int
sem_limits(struct shmt_limits *l, const char **bad)
{
	static const char path[] = "/proc/sys/kernel/sem";
	struct seminfo info = { 0 };
	union {
		struct seminfo *info;
	} arg = { &info };
	uint64_t v[4];

	l->semvmx = SEMVMX_VALUE;
	if (shmt__read_numbers(path, true, v, 4) == 0) {
		l->semmsl = (int64_t)v[0];
		l->semmns = (int64_t)v[1];
		l->semopm = (int64_t)v[2];
		l->semmni = (int64_t)v[3];
		return 0;
	}
	*bad = path;
	if (!shmt__is_absent(errno) || semctl(0, 0, IPC_INFO, arg) == -1)
		return -1;
	l->semmsl = info.semmsl;
	l->semmns = info.semmns;
	l->semopm = info.semopm;
	l->semmni = info.semmni;
	return 0;
}

int
shmt_limits(unsigned which, struct shmt_limits *limits, const char **bad)
{
	struct shmt_limits l = { 0 };
	const char *file = NULL;

	if (((which & SHMT_LIMITS_SHM) != 0 && shm_limits(&l, &file) == -1) ||
	    ((which & SHMT_LIMITS_MSG) != 0 && msg_limits(&l, &file) == -1) ||
	    ((which & SHMT_LIMITS_SEM) != 0 && sem_limits(&l, &file) == -1)) {
		if (bad != NULL)
			*bad = file;
		return -1;
	}
	*limits = l;
	return 0;
}

void
shmt_usage_of(const struct shmt_info *list, size_t count,
    struct shmt_usage *usage)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct shmt_usage u = { .segments = count, .has_rss = true };
	size_t i;

	for (i = 0; i < count; i++) {
		u.pages += list[i].size / page + (list[i].size % page != 0);
		if (list[i].size > u.largest)
			u.largest = list[i].size;
		u.has_rss = u.has_rss &&
		    (list[i].known & SHMT_HAS_RSS) != 0;
		u.resident += list[i].rss;
		u.swapped += list[i].swap;
		u.attachments += list[i].nattch;
		u.unattached += list[i].nattch == 0;
		u.dest += (list[i].state & SHMT_DEST) != 0;
	}
	if (!u.has_rss)
		u.resident = u.swapped = 0;
	*usage = u;
}

int
shmt_usage(struct shmt_usage *usage)
{
	struct shmt_info *list;
	size_t count;

	if (shmt__sysv_all(true, &list, &count) == -1)
		return -1;
	shmt_usage_of(list, count, usage);
	free(list);
	return 0;
}

uint64_t
shmt_permille(uint64_t part, uint64_t whole)
{
	uint64_t rest, sum = 0, n = 0;
	int i;

	if (whole == 0)
		return part == 0 ? 0 : UINT64_MAX;
	rest = part % whole;
	/* 1000 times the rest, in units of whole: 64 bits may not hold it. */
	for (i = 0; i < 1000; i++)
		if (sum >= whole - rest) {
			sum -= whole - rest;
			n++;
		} else
			sum += rest;
	if (part / whole > (UINT64_MAX - n) / 1000)
		return UINT64_MAX;
	return part / whole * 1000 + n;
}
