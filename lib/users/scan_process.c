/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Looks into one process: its mappings and descriptors that match the query,
 * its user ids, or a namespace of it.
 */

#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/array.h"
#include "sys/file.h"
#include "sys/mounts.h"
#include "sys/walk.h"
#include "users/maps.h"
#include "users/process.h"
#include "users/scan.h"
#include "users/scan_process.h"

/* Room for "PID/task/TID/fd/N". */
#define PATH_ROOM 64

/* A device without a disk that is mounted somewhere. */
struct shmt__device {
	dev_t device;
	bool tmpfs;
};

static const char *
join_path(char path[static PATH_ROOM], const char *base, const char *name)
{
	snprintf(path, PATH_ROOM, "%s/%s", base, name);
	return path;
}

static bool
is_device_of(const struct shmt__query *query, dev_t device)
{
	size_t i;

	for (i = 0; i < query->device_count; i++)
		if (query->devices[i] == device)
			return true;
	return false;
}

static bool
is_inode_of(const struct shmt__query *query, uint64_t inode)
{
	const struct shmt_object *one = query->one;

	return one == NULL || inode == (one->kind == SHMT_SYSV ?
	    (uint64_t)one->id : one->inode);
}

/* Failures leave the device unknown. */
static void
add_device(struct shmt__worker *worker, dev_t device, bool tmpfs)
{
	struct shmt__device *more;

	more = reallocarray(worker->mounted, worker->mounted_count + 1,
	    sizeof(*more));
	if (more == NULL)
		return;
	worker->mounted = more;
	more[worker->mounted_count++] = (struct shmt__device){ device,
		tmpfs };
}

static const struct shmt__device *
find_device(const struct shmt__worker *worker, dev_t device)
{
	size_t i;

	for (i = 0; i < worker->mounted_count; i++)
		if (worker->mounted[i].device == device)
			return &worker->mounted[i];
	return NULL;
}

static void
add_mounts(struct shmt__worker *worker)
{
	struct shmt__mount mount;
	char path[PATH_ROOM], *text, *rest;

	text = shmt__read_file(worker->job->proc, join_path(path, worker->base,
	    "mountinfo"));
	for (rest = text; text != NULL && shmt__next_mount(&rest, &mount);)
		if (find_device(worker, mount.device) == NULL)
			add_device(worker, mount.device,
			    shmt__is_tmpfs(&mount));
	free(text);
	worker->has_mounts = true;
}

/* Whether a file is on a mounted tmpfs.  It may be mounted only in the mount
 * namespace of another process that has the file open, so an unknown device is
 * looked up once for each process. */
static bool
is_on_tmpfs(struct shmt__worker *worker, dev_t device)
{
	const struct shmt__device *known;

	if (major(device) != 0)
		return false;
	known = find_device(worker, device);
	if (known == NULL && !worker->has_mounts) {
		add_mounts(worker);
		known = find_device(worker, device);
	}
	return known != NULL && known->tmpfs;
}

#define INTERNAL (SHMT_KIND(SHMT_SYSV) | SHMT_KIND(SHMT_MEMFD) | \
	    SHMT_KIND(SHMT_ANON))

/* Chooses by device and inode.  A file of the kernel's own file systems is
 * taken with its name, which tells its kind. */
static enum shmt__choice
choose_file(void *arg, const struct shmt__mapping *mapping)
{
	struct shmt__worker *worker = arg;
	const struct shmt__query *query = worker->job->query;
	bool huge;

	if (!is_inode_of(query, mapping->inode))
		return SHMT__SKIP;
	if (is_device_of(query, mapping->device))
		return (query->kinds & SHMT_KIND(SHMT_DELETED)) != 0 ?
		    SHMT__TAKE_WITH_NAME : SHMT__TAKE;
	if ((query->kinds & INTERNAL) != 0 && shmt__is_internal(
	    &worker->devices, mapping->device, &huge))
		return SHMT__TAKE_WITH_NAME;
	return query->unlinked && is_on_tmpfs(worker, mapping->device) ?
	    SHMT__TAKE_WITH_NAME : SHMT__SKIP;
}

/* Finds the kind of a file; false: not one of those in the query. */
static bool
classify(struct shmt__worker *worker, struct shmt__found *found,
    const char *name)
{
	const struct shmt__query *query = worker->job->query;
	const struct shmt__mapping *m = &found->mapping;

	found->kind = SHMT_KINDS;
	if (is_device_of(query, m->device))
		found->kind = SHMT_POSIX;
	else if (shmt__is_internal(&worker->devices, m->device, &found->huge))
		found->kind = shmt__kind_by_name(name, &found->key);
	else if (query->unlinked && found->unlinked)
		found->kind = SHMT_DELETED;
	if ((found->kind == SHMT_SYSV && m->inode > INT32_MAX) ||
	    (!m->shared &&
	    (found->kind == SHMT_SYSV || found->kind == SHMT_ANON)))
		return false;
	return (query->kinds & SHMT_KIND(found->kind)) != 0 ||
	    (found->kind == SHMT_POSIX &&
	    (query->kinds & SHMT_KIND(SHMT_DELETED)) != 0);
}

static int
add_found(struct shmt__worker *worker, const struct shmt__found *found)
{
	struct shmt__scan *scan = &worker->scan;
	struct shmt__found *more;

	more = shmt__grow(scan->found, scan->count, &worker->capacity,
	    sizeof(*more));
	if (more == NULL)
		return -1;
	scan->found = more;
	more[scan->count++] = *found;
	return 0;
}

static bool
ends_with(const char *name, const char *word)
{
	size_t length = strlen(name), n = strlen(word);

	return length >= n && strcmp(name + length - n, word) == 0;
}

/* A name that ends otherwise proves that a file is not deleted.  One that ends
 * so proves nothing: shmt__unnamed_list() looks at the file. */
static int
add_mapping(void *arg, const struct shmt__mapping *mapping, const char *name)
{
	struct shmt__worker *worker = arg;
	struct shmt__found found = { .mapping = *mapping, .fd = -1,
	    .unlinked = ends_with(name, " (deleted)") };

	if (!classify(worker, &found, name))
		return 0;
	if (found.kind == SHMT_DELETED) {
		found.name = shmt__strings_add(&worker->scan.names, name);
		if (found.name == NULL)
			return -1;
	}
	return add_found(worker, &found);
}

/* The mode of the link shows how the file was opened; with neither bit, it was
 * opened with O_PATH. */
static int
add_descriptor(struct shmt__worker *worker, int dir, const char *number,
    struct shmt__found *found, bool with_name)
{
	char name[PATH_MAX] = "";
	ssize_t length = 0;
	struct stat st;

	if (fstatat(dir, number, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (with_name)
		length = readlinkat(dir, number, name, sizeof(name) - 1);
	if (length == -1)
		return 0;
	found->mapping.access =
	    (st.st_mode & S_IWUSR) != 0 ? SHMT_ACCESS_W : 0;
	found->path_only = (st.st_mode & (S_IRUSR | S_IWUSR)) == 0;
	found->fd = (int)strtol(number, NULL, 10);
	return classify(worker, found, name) ? add_found(worker, found) : 0;
}

/*
 * Whether a descriptor is of a file on a tmpfs, which may be unmounted there by
 * now.  fstatfs(2) could wait forever for a network file system that does not
 * answer.  So it is called only if mountinfo does not list the device and,
 * since Linux 6.1, statx(2) shows the attributes of a tmpfs.
 */
static bool
is_open_on_tmpfs(struct shmt__worker *worker, const struct statx *st,
    int dir, const char *number)
{
	const dev_t device = shmt__device_of(st);
	bool result, huge;
	int fd;

	if (major(device) != 0 || find_device(worker, device) != NULL ||
	    shmt__is_internal(&worker->devices, device, &huge) ||
	    (~st->stx_attributes_mask & worker->devices.attributes) != 0)
		return false;
	fd = openat(dir, number, O_PATH | O_CLOEXEC);
	result = fd != -1 && shmt__is_on_tmpfs(fd);
	shmt__close(fd);
	return result;
}

static int
check_descriptor(struct shmt__worker *worker, int dir, const char *number)
{
	struct shmt__found found = { .mapping.shared = true };
	enum shmt__choice choice;
	struct statx st;

	/* It may have been closed by now. */
	if (shmt__statx(dir, number, 0, &st) == -1 || !S_ISREG(st.stx_mode))
		return 0;
	found.mapping.device = shmt__device_of(&st);
	found.mapping.inode = st.stx_ino;
	found.unlinked = st.stx_nlink == 0;
	choice = choose_file(worker, &found.mapping);
	if (choice == SHMT__SKIP && found.unlinked &&
	    worker->job->query->unlinked &&
	    is_open_on_tmpfs(worker, &st, dir, number))
		choice = SHMT__TAKE_WITH_NAME;
	return choice == SHMT__SKIP ? 0 : add_descriptor(worker, dir,
	    number, &found, choice == SHMT__TAKE_WITH_NAME);
}

static int
scan_descriptors(struct shmt__worker *worker, const char *base)
{
	char path[PATH_ROOM];
	DIR *dir = shmt__open_dir(worker->job->proc, join_path(path, base,
	    "fd"));
	struct dirent *entry;
	int result = 0;

	if (dir == NULL)
		return -1;
	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			result = check_descriptor(worker, dirfd(dir),
			    entry->d_name);
	if (result == 0 && errno != 0)
		result = -1;
	shmt__close_dir(dir);
	return result;
}

static int
read_process(const struct shmt__job *job, const char *base,
    struct shmt__process *process)
{
	char path[PATH_ROOM], *text;
	struct stat st;
	size_t length;

	/* The directory belongs to the effective user, dumpable or not. */
	if (fstatat(job->proc, base, &st, 0) == -1)
		return -1;
	text = shmt__read_file(job->proc, join_path(path, base, "comm"));
	if (text == NULL)
		return -1;
	/* Ended by a newline that is not part of it. */
	length = strlen(text);
	if (length > 0)
		text[length - 1] = '\0';
	strlcpy(process->command, text, sizeof(process->command));
	free(text);
	process->uid = st.st_uid;
	return 0;
}

/* Takes the inode from the text of the link, "ipc:[4026531839]": following the
 * link would allocate an inode in the kernel each time. */
int
shmt__read_ns(const struct shmt__job *job, const char *base,
    const char *name, uint64_t *inode)
{
	char path[PATH_ROOM], text[32];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/ns/%s", base, name);
	length = readlinkat(job->proc, path, text, sizeof(text) - 1);
	if (length == -1)
		return -1;
	text[length] = '\0';
	*inode = strtoull(text + strcspn(text, "0123456789"), NULL, 10);
	return 0;
}

/* Removes from the list the segments of a process in another IPC namespace,
 * whose ids mean other segments there. */
static int
drop_foreign_segments(struct shmt__worker *worker, size_t first,
    const char *base)
{
	struct shmt__scan *scan = &worker->scan;
	size_t i, kept;
	uint64_t ns;

	for (i = first; i < scan->count; i++)
		if (scan->found[i].kind == SHMT_SYSV)
			break;
	if (i == scan->count)
		return 0;
	if (shmt__read_ns(worker->job, base, "ipc", &ns) == -1)
		return -1;
	if (ns == worker->job->ns)
		return 0;
	for (i = kept = first; i < scan->count; i++)
		if (scan->found[i].kind != SHMT_SYSV)
			scan->found[kept++] = scan->found[i];
	scan->count = kept;
	return 0;
}

static struct shmt__process *
add_process(struct shmt__worker *worker, pid_t pid)
{
	struct shmt__process *process = calloc(1, sizeof(*process));

	if (process == NULL)
		return NULL;
	process->pid = pid;
	SLIST_INSERT_HEAD(&worker->scan.processes, process, link);
	return process;
}

/* Sets the process of all entries from the first one on. */
static int
set_process(struct shmt__worker *worker, size_t first, const char *base,
    pid_t pid)
{
	struct shmt__scan *scan = &worker->scan;
	struct shmt__process *process;

	if (drop_foreign_segments(worker, first, base) == -1)
		return -1;
	if (scan->count == first)
		return 0;
	process = add_process(worker, pid);
	if (process == NULL)
		return -1;
	for (; first < scan->count; first++)
		scan->found[first].process = process;
	return read_process(worker->job, base, process);
}

/*
 * Looks into one process, or into one thread of it.  ESRCH: it has exited, or
 * has no memory.  Pids are reused, so answers by pid hold only if the memory
 * that was opened first is still in use afterwards.
 */
static int
scan_memory(struct shmt__worker *worker, const char *base, pid_t pid)
{
	const struct shmt__query *query = worker->job->query;
	/* A private mapping of a file uses it too; segments have none. */
	const struct shmt__maps_reader reader = {
	    query->kinds == SHMT_KIND(SHMT_SYSV), choose_file, add_mapping,
	    worker };
	size_t first = worker->scan.count;
	char path[PATH_ROOM];
	int maps, result;

	worker->base = base;
	worker->has_mounts = false;
	maps = openat(worker->job->proc, join_path(path, base, "maps"),
	    O_RDONLY | O_CLOEXEC);
	if (maps == -1)
		return -1;
	result = shmt__read_maps(maps, &reader);
	if (result == 0 && query->fds)
		result = scan_descriptors(worker, base);
	if (result == 0 && worker->scan.count > first) {
		result = set_process(worker, first, base, pid);
		if (result == 0 && !shmt__memory_exists(maps))
			result = shmt__fail(ESRCH);
	}
	if (result == -1)
		worker->scan.count = first;
	shmt__close(maps);
	return result;
}

/* Looks into the other threads of a process whose main thread has exited:
 * /proc/PID no longer shows its memory.  EAGAIN: the process called execve(2)
 * while it was looked into, and has other memory now. */
static int
scan_threads(struct shmt__worker *worker, const char *name, pid_t pid)
{
	char path[PATH_ROOM];
	struct shmt__stat stat;
	size_t i, count;
	int result;
	pid_t *tids;
	DIR *dir;

	if (shmt__read_stat(worker->job->proc, join_path(path, name, "stat"),
	    &stat) == -1)
		return -1;
	if (stat.state != 'Z' || stat.threads < 2)
		return shmt__fail(stat.state == 'Z' || stat.state == 'X' ||
		    (stat.flags & SHMT__KTHREAD) != 0 ? ESRCH : EAGAIN);
	dir = shmt__open_dir(worker->job->proc, join_path(path, name, "task"));
	if (dir == NULL)
		return -1;
	result = shmt__list_pids(dir, &tids, &count);
	shmt__close_dir(dir);
	if (result == -1)
		return -1;
	result = shmt__fail(ESRCH);
	/* Threads may end meanwhile. */
	for (i = 0; i < count && result == -1 &&
	    (errno == ESRCH || errno == ENOENT); i++) {
		snprintf(path, sizeof(path), "%d/task/%d", (int)pid,
		    (int)tids[i]);
		result = scan_memory(worker, path, pid);
	}
	free(tids);
	return result;
}

/* Adds the user ids, start and pid namespace of a process, unless it is a
 * kernel thread or has exited. */
static int
scan_ids(struct shmt__worker *worker, const char *name, pid_t pid)
{
	struct shmt__process *process;
	char path[PATH_ROOM], *text;
	struct shmt__stat stat;
	uint32_t pids[2];
	int result = -1;

	if (shmt__read_stat(worker->job->proc, join_path(path, name, "stat"),
	    &stat) == -1)
		return -1;
	if ((stat.flags & SHMT__KTHREAD) != 0 ||
	    shmt__state_by_stat(&stat) == SHMT_GONE)
		return 0;
	text = shmt__read_file(worker->job->proc, join_path(path, name,
	    "status"));
	if (text == NULL)
		return -1;
	process = add_process(worker, pid);
	if (process != NULL) {
		result = 0;
		process->started = stat.started;
		process->nested = shmt__status_numbers(text,
		    "\nNSpid:", pids, 2) != 1;
		strlcpy(process->command, stat.command,
		    sizeof(process->command));
		if (shmt__status_numbers(text, "\nUid:", process->uids,
		    4) != 4)
			result = shmt__fail(EACCES);
		process->uid = process->uids[1];
	}
	free(text);
	return result;
}

/* Adds the namespace of a process.  Kernel threads are in the initial one, and
 * processes that have exited are in none. */
static int
scan_ns(struct shmt__worker *worker, const char *name, pid_t pid)
{
	const struct shmt__job *job = worker->job;
	struct shmt__process *process;
	char path[PATH_ROOM];
	struct shmt__stat stat;
	uint64_t ns;
	int saved;

	if (shmt__read_ns(job, name, job->query->ns, &ns) == -1) {
		saved = errno;
		if (shmt__read_stat(job->proc, join_path(path, name, "stat"),
		    &stat) == -1)
			return -1;
		return (stat.flags & SHMT__KTHREAD) != 0 ||
		    stat.state == 'Z' || stat.state == 'X' ? 0 :
		    shmt__fail(saved);
	}
	process = add_process(worker, pid);
	if (process == NULL)
		return -1;
	process->ns = ns;
	return 0;
}

/* A process that exits has no memory either before it is a zombie, so this
 * retries only so often. */
static int
scan_all_memory(struct shmt__worker *worker, const char *name, pid_t pid)
{
	int tries, result = -1;

	for (tries = 0; tries < 4 && result == -1; tries++) {
		result = scan_memory(worker, name, pid);
		if (result == -1 && errno == ESRCH)
			result = scan_threads(worker, name, pid);
		if (result == -1 && errno != EAGAIN)
			return -1;
	}
	return result == 0 ? 0 : shmt__fail(ESRCH);
}

int
shmt__scan_process(struct shmt__worker *worker, pid_t pid)
{
	char name[16];
	int result;

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (worker->job->query->ids)
		result = scan_ids(worker, name, pid);
	else if (worker->job->query->ns != NULL)
		result = scan_ns(worker, name, pid);
	else
		result = scan_all_memory(worker, name, pid);
	if (result == 0 || errno == ESRCH || errno == ENOENT)
		return 0;
	if (errno == EACCES || errno == EPERM) {
		worker->scan.hidden++;
		return 0;
	}
	return -1;
}
