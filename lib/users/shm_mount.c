/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Mounts the /dev/shm of another process at /dev/shm, in a new mount namespace.
 *
 * Any user may create a mount namespace with links, with files of other users
 * that he may not read, and with file systems that never answer.  So this
 * process joins the user namespace first, which drops its own privileges,
 * follows no link, and calls no file system but the tmpfs found.  Mounts below
 * that /dev/shm are not copied.
 */

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/meminfo.h"
#include "sys/mounts.h"
#include "sys/thread.h"
#include "users/process.h"
#include "users/shm_mount.h"

/* Linux 5.12 and 5.2; older headers, and those of the C library, lack them. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
enum { TREE_CLONE = 1, FROM_EMPTY_PATH = 0x4, TO_SYMLINKS = 0x10 };

/* A mount or a rename anywhere makes a lookup in the dentry cache fail. */
#define CACHE_TRIES 50
#define CACHE_PAUSE_NS 1000000

int
shmt__join_user_namespace(int fd)
{
	int dumpable = prctl(PR_GET_DUMPABLE), result;

	result = prctl(PR_SET_DUMPABLE, 0);
	if (result == 0)
		result = setns(fd, CLONE_NEWUSER);
	if (result == -1 && dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	return result;
}

bool
shmt__is_own_user_namespace(int fd)
{
	struct stat st, own;

	return fstat(fd, &st) == 0 && stat("/proc/self/ns/user", &own) == 0 &&
	    st.st_dev == own.st_dev && st.st_ino == own.st_ino;
}

/* Joins the user namespace of a process and becomes its root, who outside of it
 * has the privileges of an ordinary user. */
static int
become_ns_root(int process)
{
	int fd = openat(process, "ns/user", O_RDONLY | O_CLOEXEC);
	int result = 0;

	if (fd == -1)
		return -1;
	if (!shmt__is_own_user_namespace(fd)) {
		/* An ordinary user may not drop groups, nor needs to. */
		result = setgroups(0, NULL);
		if (result == -1 && errno == EPERM && geteuid() != 0)
			result = 0;
		if (result == 0)
			result = shmt__join_user_namespace(fd);
		if (result == 0)
			result = setresgid(0, 0, 0);
		if (result == 0)
			result = setresuid(0, 0, 0);
	}
	shmt__close(fd);
	return result;
}

/* Later mounts in the new namespace do not propagate to others. */
static int
make_mount_namespace(void)
{
	if (unshare(CLONE_NEWNS) == -1)
		return -1;
	return mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/* The owner of a mount namespace chooses its mounts, so it is opened only with
 * the privileges of that owner. */
static int
open_mount_namespace(int process)
{
	int fd = openat(process, "ns/mnt", O_RDONLY | O_CLOEXEC), owner;
	bool is_ours;

	if (fd == -1)
		return -1;
	owner = ioctl(fd, NS_GET_USERNS);
	is_ours = owner != -1 && shmt__is_own_user_namespace(owner);
	shmt__close(owner);
	if (is_ours)
		return fd;
	shmt__close(fd);
	return shmt__fail(EPERM);
}

/* Opens a directory by the dentry cache alone, which holds every directory
 * above a mount.  Any other would need its file system, which may never answer:
 * the kernel returns EAGAIN instead. */
static int
open_cached(int root, const char *path)
{
	const struct timespec pause = { 0, CACHE_PAUSE_NS };
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_CACHED
	};
	int fd, tries;

	for (tries = 0; tries < CACHE_TRIES; tries++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd != -1 || errno != EAGAIN)
			break;
		nanosleep(&pause, NULL);
	}
	if (fd == -1 && errno == EINVAL)
		errno = ENOSYS;
	else if (fd == -1 && (errno == EAGAIN || errno == ENOENT ||
	    errno == ELOOP || errno == ENOTDIR || errno == EXDEV))
		errno = ENODEV;
	return fd;
}

/* The number of the mount that a directory is in, as in mountinfo. */
static int
mount_of(int fd, long *mount)
{
	char path[40], *text;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	text = shmt__read_file(AT_FDCWD, path);
	if (text == NULL)
		return -1;
	*mount = (long)shmt__find_number(text, "mnt_id");
	free(text);
	errno = ENOTSUP;
	return *mount > 0 ? 0 : -1;
}

/* Checks by mountinfo that a directory is in a tmpfs: statfs(2) would call its
 * file system. */
static int
check_tmpfs(int process, int dir)
{
	struct shmt__mount mount;
	bool is_tmpfs = false;
	char *text, *rest;
	long id;

	if (mount_of(dir, &id) == -1)
		return -1;
	text = shmt__read_file(process, "mountinfo");
	if (text == NULL)
		return -1;
	for (rest = text; shmt__next_mount(&rest, &mount);)
		if (mount.id == id)
			is_tmpfs = strcmp(mount.type, "tmpfs") == 0;
	free(text);
	errno = ENODEV;
	return is_tmpfs ? 0 : -1;
}

static int
open_target_shm(int process)
{
	int root, dir;

	root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return -1;
	dir = open_cached(root, "dev/shm");
	shmt__close(root);
	if (dir != -1 && check_tmpfs(process, dir) == -1) {
		shmt__close(dir);
		dir = -1;
	}
	return dir;
}

struct copy {
	int mnt_ns, dir, mount, error;
};

/* Copies the mount from inside its namespace.  Entering that changes the root
 * and the working directory, which a thread can have for itself. */
static void *
copy_in_thread(void *arg)
{
	struct copy *copy = arg;

	if (unshare(CLONE_FS) == 0 && setns(copy->mnt_ns, CLONE_NEWNS) == 0)
		copy->mount = (int)syscall(SYS_open_tree, copy->dir, "",
		    AT_EMPTY_PATH | TREE_CLONE | O_CLOEXEC);
	copy->error = errno;
	return NULL;
}

/* Copies the mount without the mounts below it. */
static int
copy_mount(int mnt_ns, int dir)
{
	struct copy copy = { mnt_ns, dir, -1, 0 };
	pthread_t thread;

	if (!shmt__start_thread(&thread, copy_in_thread, &copy))
		return shmt__fail(EAGAIN);
	pthread_join(thread, NULL);
	errno = copy.error;
	return copy.mount;
}

/* Stops later mounts in the other namespace from propagating to the copy, which
 * the kernel does only once it is attached. */
static int
make_private(int copy)
{
	const struct { uint64_t set, clear, propagation, user; } attributes = {
		.propagation = MS_PRIVATE
	};

	return (int)syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH,
	    &attributes, sizeof(attributes));
}

static int
mount_target_shm(int process)
{
	int mnt_ns, dir, copy, result;

	mnt_ns = open_mount_namespace(process);
	if (mnt_ns == -1)
		return -1;
	dir = open_target_shm(process);
	copy = dir == -1 ? -1 : copy_mount(mnt_ns, dir);
	shmt__close(dir);
	shmt__close(mnt_ns);
	if (copy == -1)
		return -1;
	result = make_private(copy);
	if (result == 0)
		result = (int)syscall(SYS_move_mount, copy, "", AT_FDCWD,
		    "/dev/shm", FROM_EMPTY_PATH | TO_SYMLINKS);
	shmt__close(copy);
	return result;
}

int
shmt_ns_enter_shm(pid_t pid)
{
	int process = shmt__open_process(pid), result = -1;

	if (process == -1)
		return -1;
	if (become_ns_root(process) == 0 && make_mount_namespace() == 0)
		result = mount_target_shm(process);
	shmt__close(process);
	return result;
}
