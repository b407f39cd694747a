/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which processes have which segments attached: one pass over /proc, looking
 * into the mappings of each process of this IPC namespace, and a second look
 * at the segments found, for mappings outlive a change of namespace and then
 * speak of a segment that only has the same number.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* One mapping that was found. */
struct found {
	struct shmt__mapping mapping;
	bool huge;
	size_t process;		/* index in struct pass.processes */
};

struct process {
	pid_t pid;
	uint32_t uid;
	char command[SHMT_COMMAND_MAX];
};

/* Room for "ipc:[4026531839]". */
#define NS_ROOM 32

/* What the pass over /proc gathers. */
struct pass {
	int id;			/* the one asked for, or -1 */
	enum shmt__way way;
	int proc;		/* the folder /proc */
	char ns[NS_ROOM];	/* our IPC namespace, as a link names it */
	struct shmt__devices devices;
	struct found *found;
	size_t count, room;
	struct process *processes;
	size_t process_count, process_room;
	size_t hidden;
};

static int
add_mapping(void *arg, const struct shmt__mapping *mapping)
{
	struct pass *pass = arg;
	struct found *more;
	size_t room;
	bool huge;

	if (pass->id != -1 && mapping->inode != (uint64_t)pass->id)
		return 0;
	if (!shmt__is_segment(&pass->devices, mapping, &huge))
		return 0;
	if (pass->count == pass->room) {
		room = pass->room == 0 ? 64 : pass->room * 2;
		more = reallocarray(pass->found, room, sizeof(*more));
		if (more == NULL)
			return -1;
		pass->found = more;
		pass->room = room;
	}
	pass->found[pass->count++] = (struct found){ *mapping, huge,
	    pass->process_count };
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

static struct process *
next_process(struct pass *pass)
{
	struct process *more;
	size_t room;

	if (pass->process_count == pass->process_room) {
		room = pass->process_room == 0 ? 16 : pass->process_room * 2;
		more = reallocarray(pass->processes, room, sizeof(*more));
		if (more == NULL)
			return NULL;
		pass->processes = more;
		pass->process_room = room;
	}
	return &pass->processes[pass->process_count];
}

/* Command and effective user of a process that has something attached. */
static int
add_process(struct pass *pass, const char *base, pid_t pid)
{
	struct process *process = next_process(pass);
	char path[PATH_ROOM];
	struct stat st;
	ssize_t n;
	int fd;

	if (process == NULL)
		return -1;
	/* The folder is the effective user's, dumpable or not. */
	if (fstatat(pass->proc, base, &st, 0) == -1)
		return -1;
	fd = openat(pass->proc, below(path, base, "comm"),
	    O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, process->command, sizeof(process->command));
	shmt__close(fd);
	if (n <= 0)
		return -1;
	/* Ended by a newline that is not part of it. */
	process->command[n - 1] = '\0';
	process->pid = pid;
	process->uid = st.st_uid;
	pass->process_count++;
	return 0;
}

/* The IPC namespace of a process as text: cheaper than its inode. */
static int
read_ns(const struct pass *pass, const char *base, char ns[static NS_ROOM])
{
	char path[PATH_ROOM];
	ssize_t length;

	length = readlinkat(pass->proc, below(path, base, "ns/ipc"), ns,
	    NS_ROOM - 1);
	if (length == -1)
		return -1;
	ns[length] = '\0';
	return 0;
}

/*
 * Looks into one process, or into one thread of it.  ESRCH: it is no more, or
 * has no memory.  What is asked about it by its number is true only if its
 * memory is still there afterwards, for numbers are used again.
 */
static int
look_into(struct pass *pass, const char *base, pid_t pid)
{
	size_t mappings = pass->count, processes = pass->process_count;
	char path[PATH_ROOM], ns[NS_ROOM];
	int maps, result;

	maps = openat(pass->proc, below(path, base, "maps"),
	    O_RDONLY | O_CLOEXEC);
	if (maps == -1)
		return -1;
	result = shmt__read_maps(maps, pass->way, add_mapping, pass);
	if (result == 0 && pass->count > mappings) {
		result = read_ns(pass, base, ns);
		if (result == 0 && strcmp(ns, pass->ns) == 0)
			result = add_process(pass, base, pid);
		else
			pass->count = mappings;
		if (result == 0 && !shmt__maps_live(maps)) {
			errno = ESRCH;
			result = -1;
		}
	}
	if (result == -1) {
		pass->count = mappings;
		pass->process_count = processes;
	}
	shmt__close(maps);
	return result;
}

/* A process whose first thread has ended shows nothing of its own. */
static int
look_into_threads(struct pass *pass, const char *name, pid_t pid)
{
	char path[PATH_ROOM];
	struct shmt__stat stat;
	struct dirent *entry;
	int fd, result = -1;
	uint64_t tid;
	DIR *dir;

	if (shmt__read_stat(pass->proc, below(path, name, "stat"),
	    &stat) == -1)
		return -1;
	if (stat.state != 'Z' || stat.threads < 2) {
		errno = ESRCH;
		return -1;
	}
	fd = openat(pass->proc, below(path, name, "task"),
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
			result = look_into(pass, path, pid);
		} else
			errno = ESRCH;
	}
	fd = errno;
	closedir(dir);
	errno = fd;
	return result;
}

static int
look_at_process(struct pass *pass, pid_t pid)
{
	char name[16];
	int result;

	snprintf(name, sizeof(name), "%d", (int)pid);
	result = look_into(pass, name, pid);
	if (result == -1 && errno == ESRCH)
		result = look_into_threads(pass, name, pid);
	if (result == 0 || errno == ESRCH || errno == ENOENT)
		return 0;
	if (errno == EACCES || errno == EPERM) {
		pass->hidden++;
		return 0;
	}
	return -1;
}

static int
look_at_all(struct pass *pass, DIR *proc)
{
	struct dirent *entry;
	uint64_t pid;

	pass->proc = dirfd(proc);
	if (read_ns(pass, "self", pass->ns) == -1)
		return -1;
	while ((errno = 0, entry = readdir(proc)) != NULL)
		if (shmt_parse_number(entry->d_name, INT32_MAX, &pid) == 0 &&
		    look_at_process(pass, (pid_t)pid) == -1)
			return -1;
	return errno == 0 ? 0 : -1;
}

static int
compare_found(const void *a, const void *b, void *arg)
{
	const struct process *processes = arg;
	const struct found *x = a, *y = b;
	pid_t p = processes[x->process].pid, q = processes[y->process].pid;

	if (x->mapping.inode != y->mapping.inode)
		return x->mapping.inode < y->mapping.inode ? -1 : 1;
	if (p != q)
		return p < q ? -1 : 1;
	return (x->mapping.start > y->mapping.start) -
	    (x->mapping.start < y->mapping.start);
}

/* Whether a mapping can be of this segment, for all that is known. */
static bool
is_of(const struct found *found, const struct shmt_segment *segment)
{
	const struct shmt__mapping *m = &found->mapping;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (segment->nattch == 0)
		return false;
	if ((segment->state & SHMT_DEST) == 0 && segment->key != m->key)
		return false;
	/* The whole of the last page is mapped; of huge pages too. */
	return found->huge || (m->offset < segment->size &&
	    m->end - m->start <= segment->size - m->offset + page - 1);
}

static void
merge_one(struct shmt_holders *holders, const struct found *found,
    const struct process *process)
{
	const struct shmt__mapping *m = &found->mapping;
	struct shmt_holder *h;

	h = holders->count == 0 ? NULL : &holders->list[holders->count - 1];
	if (h == NULL || h->id != (int)m->inode || h->pid != process->pid) {
		h = &holders->list[holders->count++];
		*h = (struct shmt_holder){ .id = (int)m->inode,
		    .key = m->key, .pid = process->pid, .uid = process->uid,
		    .huge = found->huge, .address = m->start };
		strlcpy(h->command, process->command, sizeof(h->command));
	}
	h->access |= m->access;
	h->size += m->end - m->start;
	h->maps++;
}

/* The mappings, sorted, as one entry for each process and segment. */
static int
merge(const struct pass *pass, struct shmt_holders *holders)
{
	struct shmt_segment segment = { 0 };
	bool there = false, known = false;
	const struct found *f;
	int last = -1;
	size_t i;

	holders->list = calloc(pass->count + 1, sizeof(*holders->list));
	if (holders->list == NULL)
		return -1;
	for (i = 0; i < pass->count; i++) {
		f = &pass->found[i];
		if ((int)f->mapping.inode != last) {
			last = (int)f->mapping.inode;
			known = shmt_info(last, &segment) == 0;
			/* Where we may not ask, nothing speaks against it. */
			there = known || errno != ENOENT;
		}
		if (there && (!known || is_of(f, &segment)))
			merge_one(holders, f, &pass->processes[f->process]);
	}
	return 0;
}

int
shmt__holders(int id, enum shmt__way way, struct shmt_holders *holders)
{
	struct pass pass = { .id = id, .way = way };
	struct shmt_holders h = { 0 };
	DIR *proc;
	int result, saved;

	proc = opendir("/proc");
	result = proc == NULL ? -1 : look_at_all(&pass, proc);
	if (result == -1 && errno == ENOENT)
		errno = ENOTSUP;
	saved = errno;
	if (proc != NULL)
		closedir(proc);
	errno = saved;
	if (result == 0) {
		if (pass.count > 0)
			qsort_r(pass.found, pass.count, sizeof(*pass.found),
			    compare_found, pass.processes);
		result = merge(&pass, &h);
	}
	free(pass.found);
	free(pass.processes);
	if (result == -1)
		return -1;
	h.hidden = pass.hidden;
	*holders = h;
	return 0;
}

int
shmt_holders(int id, struct shmt_holders *holders)
{
	return shmt__holders(id, SHMT__ANY_WAY, holders);
}

void
shmt_holders_free(struct shmt_holders *holders)
{
	free(holders->list);
	memset(holders, 0, sizeof(*holders));
}

const struct shmt_holder *
shmt_holders_of(const struct shmt_holders *holders, int id, size_t *count)
{
	const struct shmt_holder *list = holders->list;
	size_t low = 0, high = holders->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (list[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < holders->count && list[high].id == id;)
		high++;
	*count = high - low;
	return list == NULL ? NULL : list + low;
}

bool
shmt_holders_complete(const struct shmt_holders *holders,
    const struct shmt_segment *segment)
{
	const struct shmt_holder *holder;
	uint64_t maps = 0;
	size_t count;

	holder = shmt_holders_of(holders, segment->id, &count);
	for (; count > 0; count--, holder++)
		maps += holder->maps;
	return maps == segment->nattch;
}
