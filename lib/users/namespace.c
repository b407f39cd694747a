/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Entering other IPC namespaces, and listing all namespaces.
 */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/array.h"
#include "sys/file.h"
#include "users/process.h"
#include "users/scan.h"
#include "users/shm_mount.h"

/* Seconds to wait for output of a child in a namespace, whose processes may
 * stop it. */
#define DEADLINE 30

/* Opens a namespace and nothing else: opening a device may change its state,
 * and the owner of a directory can put a link to one there. */
static int
open_path(const char *path)
{
	char own_path[SHMT__FD_PATH];
	struct statfs fs;
	int path_fd, fd = -1;

	path_fd = open(path, O_PATH | O_CLOEXEC);
	if (path_fd == -1)
		return -1;
	if (fstatfs(path_fd, &fs) == 0 && fs.f_type == NSFS_MAGIC)
		fd = open(shmt__fd_path(own_path, path_fd),
		    O_RDONLY | O_CLOEXEC);
	else
		errno = EINVAL;
	shmt__close(path_fd);
	return fd;
}

/* The name below /proc/PID/ns of the namespace in which a process finds shared
 * memory of a kind. */
static const char *
name_of(enum shmt_kind kind)
{
	return kind == SHMT_POSIX ? "mnt" : "ipc";
}

static int
open_of_process(enum shmt_kind kind, pid_t pid)
{
	struct shmt_process process;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid,
	    name_of(kind));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		/* It does not exist, or /proc hides it (hidepid). */
		shmt_process(pid, 0, &process);
		errno = pid == 0 || process.state == SHMT_GONE ? ESRCH : EACCES;
	}
	return fd;
}

/* A pid, or the path of a bind-mounted namespace. */
static int
open_namespace(const char *which)
{
	uint64_t pid;

	if (shmt_parse_number(which, INT32_MAX, &pid) == -1)
		return open_path(which);
	return open_of_process(SHMT_SYSV, (pid_t)pid);
}

/* A rootless container's IPC namespace may be entered by root of the user
 * namespace that owns it, which the user that started the container may
 * become. */
static int
enter_owner(int fd)
{
	int owner = ioctl(fd, NS_GET_USERNS), result;

	if (owner == -1)
		return -1;
	result = shmt__join_user_namespace(owner);
	shmt__close(owner);
	return result;
}

/* EINVAL: not an IPC namespace, which the kernel checks first. */
static int
enter(int fd)
{
	int result;

	result = setns(fd, CLONE_NEWIPC);
	if (result == 0 || errno != EPERM)
		return result;
	if (enter_owner(fd) == 0)
		return setns(fd, CLONE_NEWIPC);
	/* Report the first refusal, not why the owner was not entered. */
	return shmt__fail(EPERM);
}

int
shmt_ns_enter(const char *which)
{
	int fd, result;

	fd = open_namespace(which);
	if (fd == -1)
		return -1;
	result = enter(fd);
	shmt__close(fd);
	return result;
}

bool
shmt_ns_is_foreign(void)
{
	int fd, owner = -1;
	bool foreign;

	fd = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	if (fd != -1)
		owner = ioctl(fd, NS_GET_USERNS);
	foreign = owner != -1 && !shmt__is_own_user_namespace(owner);
	shmt__close(owner);
	shmt__close(fd);
	return foreign;
}

int
shmt_ns_self(enum shmt_kind kind, uint64_t *inode)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name_of(kind));
	if (stat(path, &st) == -1)
		return -1;
	*inode = st.st_ino;
	return 0;
}

struct namespaces {
	struct shmt_ns *list;
	size_t count, capacity;
};

/* Adds the namespace of a process, once; of its processes the one with the
 * lowest pid is kept, but not the caller, which exits soon. */
static int
add_namespace(struct namespaces *all, const struct shmt_ns *ns)
{
	struct shmt_ns *more;
	size_t i;

	/* Most processes are in our namespace, or in the one found last. */
	for (i = all->count; i-- > 0;)
		if (all->list[i].inode == ns->inode) {
			if (ns->pid < all->list[i].pid)
				all->list[i].pid = ns->pid;
			return 0;
		}
	more = shmt__grow(all->list, all->count, &all->capacity, sizeof(*more));
	if (more == NULL)
		return -1;
	all->list = more;
	all->list[all->count++] = *ns;
	return 0;
}

static int
compare_pids(const void *a, const void *b)
{
	const struct shmt_ns *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Begins with the caller's. */
static int
list_namespaces(enum shmt_kind kind, uint64_t ours,
    const struct shmt__scan *scan, struct namespaces *all)
{
	struct shmt_ns ns = { kind, ours, INT32_MAX };
	const struct shmt__process *process;
	const pid_t self = getpid();

	if (add_namespace(all, &ns) == -1)
		return -1;
	SLIST_FOREACH(process, &scan->processes, link) {
		ns.inode = process->ns;
		ns.pid = process->pid;
		/* cppcheck-suppress uninitvar */
		if ((ns.pid != self || ns.inode != ours) &&
		    add_namespace(all, &ns) == -1)
			return -1;
	}
	if (all->list[0].pid == INT32_MAX)
		all->list[0].pid = self;
	qsort(all->list + 1, all->count - 1, sizeof(*all->list), compare_pids);
	return 0;
}

int
shmt_ns_list(enum shmt_kind kind, struct shmt_ns **list, size_t *count,
    size_t *hidden)
{
	const struct shmt__query query = { .ns = name_of(kind) };
	struct namespaces all = { 0 };
	struct shmt__scan scan;
	uint64_t ours;
	int result;

	if (shmt_ns_self(kind, &ours) == -1 ||
	    shmt__scan(&query, &scan) == -1) {
		if (errno == ENOENT)
			errno = ENOTSUP;
		return -1;
	}
	result = list_namespaces(kind, ours, &scan, &all);
	shmt__scan_free(&scan);
	if (result == -1) {
		free(all.list);
		return shmt__fail(ENOMEM);
	}
	*list = all.list;
	*count = all.count;
	*hidden = scan.hidden;
	return 0;
}

/* Enters a listed namespace, in the child.  The process may have left it, or
 * its pid may have been reused. */
static int
enter_listed(const struct shmt_ns *ns)
{
	struct stat st;
	int fd = open_of_process(ns->kind, ns->pid), result = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || st.st_ino != ns->inode)
		errno = ESRCH;
	else if (ns->kind == SHMT_POSIX)
		result = shmt_ns_enter_shm(ns->pid);
	else
		result = enter(fd);
	shmt__close(fd);
	return result;
}

/* In the child: enters the namespace, unless it is ours, and calls the
 * function. */
static int
run_inside(const struct shmt_ns *ns, int (*inside)(void *arg, int out),
    void *arg, int out)
{
	uint64_t ours;

	if (shmt_ns_self(ns->kind, &ours) == -1 ||
	    (ours != ns->inode && enter_listed(ns) == -1))
		return errno;
	/* A change of user ids clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return inside(arg, out);
}

int
shmt_ns_run(const struct shmt_ns *ns, int (*inside)(void *arg, int out),
    void *arg, void **answer, size_t *length)
{
	const struct timeval deadline = { .tv_sec = DEADLINE };
	int ends[2], status = 0, error;
	char *text = NULL;
	size_t size = 0;
	pid_t child;

	/* A pipe has no deadline. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &deadline,
	    sizeof(deadline));
	child = fork();
	if (child == 0) {
		close(ends[0]);
		_exit(run_inside(ns, inside, arg, ends[1]));
	}
	error = child == -1 ? errno : 0;
	close(ends[1]);
	if (child != -1 && (text = shmt__read_fd(ends[0], &size)) == NULL)
		error = errno == EAGAIN ? ETIMEDOUT : errno;
	/* A child that still writes gets EPIPE from now on. */
	close(ends[0]);
	if (child != -1 && error == ETIMEDOUT)
		kill(child, SIGKILL);
	while (child != -1 && waitpid(child, &status, 0) == -1)
		if (errno != EINTR) {
			error = errno;
			break;
		}
	if (error == 0)
		error = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	if (error != 0) {
		free(text);
		return shmt__fail(error);
	}
	*answer = text;
	*length = size;
	return 0;
}
