/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The limits of System V IPC, and what is used of them.  They are read from
 * /proc/sys/kernel, or, where /proc is not mounted, by system calls.
 */

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits/sysctl.h"
#include "sys/parse.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

/* The constants that no file holds. */
#define SHMMIN_BYTES 1
#define SEMVMX_VALUE 32767

#define SYSCTL_TEXT 256		/* longer than any of these files */

/* Parses a number and the blanks after it, and moves *text; with sign, a
 * negative number is stored in two's complement. */
static bool
number(const char **text, bool sign, uint64_t *value)
{
	const bool negative = sign && **text == '-';
	char *end;

	/* strtoull(3) would take blanks and signs. */
	if (!isdigit((unsigned char)(*text)[negative]))
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	*text = end + strspn(end, " \t\n");
	return errno == 0;
}

int
shmt__read_sysctl(const char *path, bool sign, uint64_t *values, size_t count)
{
	char buf[SYSCTL_TEXT];
	const char *p = buf;
	uint64_t v[4];
	ssize_t length;
	size_t i;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	do
		length = read(fd, buf, sizeof(buf) - 1);
	while (length == -1 && errno == EINTR);
	shmt__close(fd);
	if (length == -1)
		return -1;
	buf[length] = '\0';
	for (i = 0; i < count; i++)
		if (!number(&p, sign, &v[i]))
			break;
	/* The kernel writes nothing after that, and no NUL. */
	if (i < count || p != buf + length)
		return shmt__fail(EBADMSG);
	memcpy(values, v, count * sizeof(*v));
	return 0;
}

/* One file of /proc/sys/kernel, and where its numbers go. */
struct source {
	const char *path;
	uint64_t *values[4];
};

/*
 * Reads all files of a kind.  *missing: one of them does not exist, so that
 * the system call is needed; *bad: the file that could not be read.
 */
static int
read_sources(const struct source *sources, size_t count, bool *missing,
    const char **bad)
{
	uint64_t v[4];
	size_t i, n, k;

	for (i = 0; i < count; i++) {
		for (n = 0; n < 4 && sources[i].values[n] != NULL; n++)
			continue;
		/* kernel.sem is plain ints. */
		if (shmt__read_sysctl(sources[i].path, n == 4, v, n) == -1) {
			*bad = sources[i].path;
			*missing = errno == ENOENT || errno == ENOTDIR;
			return *missing ? 0 : -1;
		}
		for (k = 0; k < n; k++)
			*sources[i].values[k] = v[k];
	}
	return 0;
}

static int
shm_limits(struct shmt_limits *l, const char **bad)
{
	const struct source sources[] = {
		{ "/proc/sys/kernel/shmmax", { &l->shmmax } },
		{ "/proc/sys/kernel/shmall", { &l->shmall } },
		{ "/proc/sys/kernel/shmmni", { &l->shmmni } }
	};
	bool missing = false;
	struct shminfo info;
	struct shmid_ds ds;

	if (read_sources(sources, 3, &missing, bad) == -1)
		return -1;
	l->shmmin = SHMMIN_BYTES;
	if (!missing)
		return 0;
	/* The call fills a struct shminfo, which is the smaller. */
	_Static_assert(sizeof(info) <= sizeof(ds), "shminfo in shmid_ds");
	if (shmctl(0, IPC_INFO, &ds) == -1)
		return -1;
	memcpy(&info, &ds, sizeof(info));
	l->shmmax = info.shmmax;
	l->shmall = info.shmall;
	l->shmmni = info.shmmni;
	return 0;
}

static int
msg_limits(struct shmt_limits *l, const char **bad)
{
	const struct source sources[] = {
		{ "/proc/sys/kernel/msgmni", { &l->msgmni } },
		{ "/proc/sys/kernel/msgmax", { &l->msgmax } },
		{ "/proc/sys/kernel/msgmnb", { &l->msgmnb } }
	};
	bool missing = false;
	struct msginfo info;
	struct msqid_ds ds;

	if (read_sources(sources, 3, &missing, bad) == -1)
		return -1;
	if (!missing)
		return 0;
	_Static_assert(sizeof(info) <= sizeof(ds), "msginfo in msqid_ds");
	if (msgctl(0, IPC_INFO, &ds) == -1)
		return -1;
	memcpy(&info, &ds, sizeof(info));
	l->msgmni = (uint64_t)info.msgmni;
	l->msgmax = (uint64_t)info.msgmax;
	l->msgmnb = (uint64_t)info.msgmnb;
	return 0;
}

static int
sem_limits(struct shmt_limits *l, const char **bad)
{
	const struct source sources[] = {
		{ "/proc/sys/kernel/sem",
		    { (uint64_t *)&l->semmsl, (uint64_t *)&l->semmns,
			(uint64_t *)&l->semopm, (uint64_t *)&l->semmni } }
	};
	bool missing = false;
	struct seminfo info = { 0 };
	union {
		struct seminfo *info;
	} arg = { &info };

	if (read_sources(sources, 1, &missing, bad) == -1)
		return -1;
	l->semvmx = SEMVMX_VALUE;
	if (!missing)
		return 0;
	if (semctl(0, 0, IPC_INFO, arg) == -1)
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
	uint64_t rest;

	if (whole == 0)
		return part == 0 ? 0 : UINT64_MAX;
	rest = shmt__fraction(part % whole, whole, 1000);
	if (part / whole > (UINT64_MAX - rest) / 1000)
		return UINT64_MAX;
	return part / whole * 1000 + rest;
}
