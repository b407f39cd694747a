/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One pass over /proc: the mappings of segments that the processes of this
 * IPC namespace have.  Where there are many processes and processors some
 * threads share the work, for nearly all of it is the kernel's: each takes
 * the next process and gathers for itself.
 */

#include <sys/queue.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/thread.h"
#include "users/maps.h"
#include "users/process.h"
#include "users/scan.h"

/* A further thread costs as much as looking into some processes. */
#define PROCESSES_PER_THREAD 128
#define THREADS_MAX 8

/* Room for "ipc:[4026531839]". */
#define NS_ROOM 32

/* What the threads share. */
struct crowd {
	int id;			/* of the segment asked for, or -1 */
	enum shmt__way way;
	int proc;		/* the folder /proc */
	char ns[NS_ROOM];	/* our IPC namespace, as a link names it */
	pid_t *pids;
	size_t count;
	atomic_size_t next;	/* not yet looked at */
};

/* What one of them gathers. */
struct share {
	struct crowd *crowd;
	struct shmt__devices devices;
	struct shmt__scan pass;
	size_t room;		/* of pass.found */
	int error;		/* errno of what ended it, or 0 */
};

static int
add_mapping(void *arg, const struct shmt__mapping *mapping)
{
	struct share *share = arg;
	struct shmt__scan *pass = &share->pass;
	struct shmt__found *more;
	size_t room;
	bool huge;

	if (share->crowd->id != -1 &&
	    mapping->inode != (uint64_t)share->crowd->id)
		return 0;
	if (!shmt__is_segment(&share->devices, mapping, &huge))
		return 0;
	if (pass->count == share->room) {
		room = share->room == 0 ? 64 : share->room * 2;
		more = reallocarray(pass->found, room, sizeof(*more));
		if (more == NULL)
			return -1;
		pass->found = more;
		share->room = room;
	}
	pass->found[pass->count++] = (struct shmt__found){ *mapping, huge,
	    NULL };
	return 0;
}

/* Room for "PID/task/TID/ns/ipc". */
#define PATH_ROOM 64

static const char *
below(char path[static PATH_ROOM], const char *base, const char *name)
{
	snprintf(path, PATH_ROOM, "%s/%s", base, name);
	return path;
}

/* Command and effective user of a process that has something attached. */
static int
read_process(const struct crowd *crowd, const char *base,
    struct shmt__process *process)
{
	char path[PATH_ROOM];
	struct stat st;
	ssize_t n;
	int fd;

	/* The folder is the effective user's, dumpable or not. */
	if (fstatat(crowd->proc, base, &st, 0) == -1)
		return -1;
	fd = openat(crowd->proc, below(path, base, "comm"),
	    O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, process->command, sizeof(process->command));
	shmt__close(fd);
	if (n <= 0)
		return -1;
	/* Ended by a newline that is not part of it. */
	process->command[n - 1] = '\0';
	process->uid = st.st_uid;
	return 0;
}

/* The IPC namespace of a process as text: cheaper than its inode. */
static int
read_ns(const struct crowd *crowd, const char *base, char ns[static NS_ROOM])
{
	char path[PATH_ROOM];
	ssize_t length;

	length = readlinkat(crowd->proc, below(path, base, "ns/ipc"), ns,
	    NS_ROOM - 1);
	if (length == -1)
		return -1;
	ns[length] = '\0';
	return 0;
}

/* The mappings from the first on are those of one process, which is added
 * when it is of our namespace; otherwise they go again. */
static int
add_process(struct share *share, size_t first, const char *base, pid_t pid)
{
	struct shmt__scan *pass = &share->pass;
	struct shmt__process *process;
	char ns[NS_ROOM];

	if (read_ns(share->crowd, base, ns) == -1)
		return -1;
	if (strcmp(ns, share->crowd->ns) != 0) {
		pass->count = first;
		return 0;
	}
	process = malloc(sizeof(*process));
	if (process == NULL)
		return -1;
	process->pid = pid;
	SLIST_INSERT_HEAD(&pass->processes, process, link);
	for (; first < pass->count; first++)
		pass->found[first].process = process;
	return read_process(share->crowd, base, process);
}

/*
 * Looks into one process, or into one thread of it.  ESRCH: it is no more, or
 * has no memory.  What is asked about it by its number is true only if its
 * memory is still there afterwards, for numbers are used again.
 */
static int
look_into(struct share *share, const char *base, pid_t pid)
{
	size_t first = share->pass.count;
	char path[PATH_ROOM];
	int maps, result;

	maps = openat(share->crowd->proc, below(path, base, "maps"),
	    O_RDONLY | O_CLOEXEC);
	if (maps == -1)
		return -1;
	result = shmt__read_maps(maps, share->crowd->way, add_mapping, share);
	if (result == 0 && share->pass.count > first) {
		result = add_process(share, first, base, pid);
		if (result == 0 && !shmt__maps_live(maps)) {
			errno = ESRCH;
			result = -1;
		}
	}
	if (result == -1)
		share->pass.count = first;
	shmt__close(maps);
	return result;
}

/* A process whose first thread has ended shows nothing of its own. */
static int
look_into_threads(struct share *share, const char *name, pid_t pid)
{
	char path[PATH_ROOM];
	struct shmt__stat stat;
	struct dirent *entry;
	int fd, result = -1;
	uint64_t tid;
	DIR *dir;

	if (shmt__read_stat(share->crowd->proc, below(path, name, "stat"),
	    &stat) == -1)
		return -1;
	if (stat.state != 'Z' || stat.threads < 2) {
		errno = ESRCH;
		return -1;
	}
	fd = openat(share->crowd->proc, below(path, name, "task"),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		shmt__close(fd);
		return -1;
	}
	errno = ESRCH;
	while (result == -1 && errno == ESRCH &&
	    (entry = readdir(dir)) != NULL) {
		if (shmt_parse_number(entry->d_name, INT32_MAX, &tid) == 0) {
			snprintf(path, sizeof(path), "%d/task/%d", (int)pid,
			    (int)tid);
			result = look_into(share, path, pid);
		} else
			errno = ESRCH;
	}
	fd = errno;
	closedir(dir);
	errno = fd;
	return result;
}

static int
look_at_process(struct share *share, pid_t pid)
{
	char name[16];
	int result;

	snprintf(name, sizeof(name), "%d", (int)pid);
	result = look_into(share, name, pid);
	if (result == -1 && errno == ESRCH)
		result = look_into_threads(share, name, pid);
	if (result == 0 || errno == ESRCH || errno == ENOENT)
		return 0;
	if (errno == EACCES || errno == EPERM) {
		share->pass.hidden++;
		return 0;
	}
	return -1;
}

/* What each thread does, the caller's own too. */
static void *
look_at_some(void *arg)
{
	struct share *share = arg;
	struct crowd *crowd = share->crowd;
	size_t i;

	while (share->error == 0 &&
	    (i = atomic_fetch_add(&crowd->next, 1)) < crowd->count)
		if (look_at_process(share, crowd->pids[i]) == -1)
			share->error = errno;
	return NULL;
}

static int
list_pids(DIR *proc, struct crowd *crowd)
{
	struct dirent *entry;
	size_t room = 0;
	uint64_t pid;
	pid_t *more;

	while ((errno = 0, entry = readdir(proc)) != NULL) {
		if (shmt_parse_number(entry->d_name, INT32_MAX, &pid) == -1)
			continue;
		if (crowd->count == room) {
			room = room == 0 ? 256 : room * 2;
			more = reallocarray(crowd->pids, room, sizeof(*more));
			if (more == NULL)
				return -1;
			crowd->pids = more;
		}
		crowd->pids[crowd->count++] = (pid_t)pid;
	}
	return errno == 0 ? 0 : -1;
}

/* How many threads are worth it, the caller's own counted. */
static size_t
useful_threads(size_t processes)
{
	size_t n = processes / PROCESSES_PER_THREAD, processors;

	if (n < 2)
		return 1;
	processors = shmt__processors();
	if (n > processors)
		n = processors;
	return n < THREADS_MAX ? n : THREADS_MAX;
}

/* Threads that cannot be had leave more to the others. */
static void
look_at_all(struct share *shares, size_t count)
{
	pthread_t threads[THREADS_MAX];
	size_t started = 1;

	while (started < count && shmt__start_thread(&threads[started],
	    look_at_some, &shares[started]))
		started++;
	look_at_some(&shares[0]);
	while (started-- > 1)
		pthread_join(threads[started], NULL);
}

/* What one found comes to what another did. */
static int
join(struct shmt__scan *to, struct shmt__scan *from)
{
	struct shmt__process *process;
	struct shmt__found *more;

	more = reallocarray(to->found, to->count + from->count + 1,
	    sizeof(*more));
	if (more == NULL) {
		shmt__scan_free(from);
		return -1;
	}
	while ((process = SLIST_FIRST(&from->processes)) != NULL) {
		SLIST_REMOVE_HEAD(&from->processes, link);
		SLIST_INSERT_HEAD(&to->processes, process, link);
	}
	if (from->count > 0)
		memcpy(more + to->count, from->found,
		    from->count * sizeof(*more));
	to->found = more;
	to->count += from->count;
	to->hidden += from->hidden;
	free(from->found);
	return 0;
}

static int
share_out(struct crowd *crowd, struct shmt__scan *pass)
{
	size_t count = useful_threads(crowd->count), i;
	struct share shares[THREADS_MAX];
	int error;

	for (i = 0; i < THREADS_MAX; i++)
		shares[i] = (struct share){ .crowd = crowd };
	look_at_all(shares, count);
	*pass = shares[0].pass;
	error = shares[0].error;
	for (i = 1; i < count; i++) {
		if (join(pass, &shares[i].pass) == -1)
			error = errno;
		if (shares[i].error != 0)
			error = shares[i].error;
	}
	if (error == 0)
		return 0;
	shmt__scan_free(pass);
	errno = error;
	return -1;
}

int
shmt__scan(int id, enum shmt__way way, struct shmt__scan *pass)
{
	struct crowd crowd = { .id = id, .way = way };
	int result, saved;
	DIR *proc;

	proc = opendir("/proc");
	if (proc == NULL)
		return -1;
	crowd.proc = dirfd(proc);
	result = read_ns(&crowd, "self", crowd.ns);
	if (result == 0)
		result = list_pids(proc, &crowd);
	if (result == 0)
		result = share_out(&crowd, pass);
	saved = errno;
	closedir(proc);
	free(crowd.pids);
	errno = saved;
	return result;
}

void
shmt__scan_free(struct shmt__scan *pass)
{
	struct shmt__process *process;

	while ((process = SLIST_FIRST(&pass->processes)) != NULL) {
		SLIST_REMOVE_HEAD(&pass->processes, link);
		free(process);
	}
	free(pass->found);
}
