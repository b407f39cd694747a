/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Entering other IPC namespaces, and listing all namespaces.
 */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/memory.h"
#include "users/process.h"
#include "users/scan.h"
#include "users/shm_mount.h"

/* Milliseconds to wait for output of a child in a namespace. */
#define DEADLINE 30000

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
	enum shmt_kind kind;
	struct shmt_ns *list;
	size_t count, room;
};

static int
add_namespace(struct namespaces *all, uint64_t inode, pid_t pid)
{
	struct shmt_ns *more;
	size_t i;

	/* Most processes are in our namespace, or in the one found last. */
	for (i = all->count; i-- > 0;)
		if (all->list[i].inode == inode) {
			/* Prefer another process: this one exits soon. */
			if (all->list[i].pid == getpid())
				all->list[i].pid = pid;
			return 0;
		}
	more = shmt__grow(all->list, all->count, &all->room, sizeof(*more));
	if (more == NULL)
		return -1;
	all->list = more;
	all->list[all->count++] = (struct shmt_ns){ all->kind, inode, pid };
	return 0;
}

/* Whether a process whose namespace may not be read counts as hidden.  Kernel
 * threads are in the initial namespace, and zombies are in none. */
static bool
is_hidden(int proc, pid_t pid)
{
	struct shmt__stat stat;
	char path[32];

	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	return shmt__read_stat(proc, path, &stat) == -1 ?
	    errno == EACCES || errno == EPERM :
	    (stat.flags & SHMT__KTHREAD) == 0 && stat.state != 'Z' &&
	    stat.state != 'X';
}

/* Takes the inode from the text of the link, "ipc:[4026531839]": following the
 * link would allocate an inode in the kernel each time. */
static int
read_inode(int proc, const char *path, uint64_t *inode)
{
	char text[32];
	ssize_t length = readlinkat(proc, path, text, sizeof(text) - 1);

	if (length == -1)
		return -1;
	text[length] = '\0';
	*inode = strtoull(text + strcspn(text, "0123456789"), NULL, 10);
	return 0;
}

static int
list_namespaces(DIR *proc, struct namespaces *all, size_t *hidden)
{
	int result = 0, fd = dirfd(proc);
	size_t i, count;
	uint64_t inode;
	char path[32];
	pid_t *pids;

	if (shmt__list_pids(proc, &pids, &count) == -1)
		return -1;
	for (i = 0; result == 0 && i < count; i++) {
		snprintf(path, sizeof(path), "%d/ns/%s", (int)pids[i],
		    name_of(all->kind));
		if (read_inode(fd, path, &inode) == 0)
			result = add_namespace(all, inode, pids[i]);
		else if ((errno == EACCES || errno == EPERM) &&
		    is_hidden(fd, pids[i]))
			++*hidden;
	}
	free(pids);
	return result;
}

int
shmt_ns_list(enum shmt_kind kind, struct shmt_ns **list, size_t *count,
    size_t *hidden)
{
	struct namespaces all = { .kind = kind };
	size_t unseen = 0;
	uint64_t ours;
	DIR *proc;
	int result, saved;

	if (shmt_ns_self(kind, &ours) == -1 ||
	    (proc = opendir("/proc")) == NULL) {
		if (errno == ENOENT)
			errno = ENOTSUP;
		return -1;
	}
	result = add_namespace(&all, ours, getpid());
	if (result == 0)
		result = list_namespaces(proc, &all, &unseen);
	saved = errno;
	closedir(proc);
	if (result == -1) {
		free(all.list);
		errno = saved;
		return -1;
	}
	*list = all.list;
	*count = all.count;
	*hidden = unseen;
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

/* Waits for output of a child, which processes of its namespace may stop. */
static int
wait_for_more(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int ready;

	do
		ready = poll(&poll_fd, 1, DEADLINE);
	while (ready == -1 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready == 1 ? 0 : -1;
}

/* Reads until the other end is closed; returns 0 or an errno. */
static int
collect(int fd, char **answer, size_t *length)
{
	FILE *text = open_memstream(answer, length);
	char piece[16384];
	int error;
	ssize_t n;

	if (text == NULL)
		return errno;
	do {
		n = wait_for_more(fd) == -1 ? -1 :
		    read(fd, piece, sizeof(piece));
		if (n > 0)
			fwrite(piece, 1, (size_t)n, text);
	} while (n > 0 || (n == -1 && errno == EINTR));
	error = n == -1 ? errno : ferror(text) ? ENOMEM : 0;
	fclose(text);
	return error == 0 && *answer == NULL ? ENOMEM : error;
}

int
shmt_ns_run(const struct shmt_ns *ns, int (*inside)(void *arg, int out),
    void *arg, void **answer, size_t *length)
{
	int ends[2], status = 0, error;
	char *text = NULL;
	size_t size = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		_exit(run_inside(ns, inside, arg, ends[1]));
	}
	error = child == -1 ? errno : 0;
	close(ends[1]);
	if (child != -1)
		error = collect(ends[0], &text, &size);
	/* A child that still writes gets EPIPE from now on. */
	close(ends[0]);
	if (child != -1 && error == ETIMEDOUT)
		kill(child, SIGKILL);
	while (child != -1 && waitpid(child, &status, 0) == -1 &&
	    errno == EINTR)
		;
	if (error == 0)
		error = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	if (error != 0) {
		free(text);
		errno = error;
		return -1;
	}
	*answer = text;
	*length = size;
	return 0;
}
