/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The /dev/shm of another process, mounted at ours, in a mount namespace of our
 * own.
 *
 * A user may make a mount namespace and put into it what he likes: files of
 * other users that he may not read, links, and file systems that never answer.
 * So this process takes the rights of the user namespace first and loses its
 * own, follows no link, and asks no file system but the tmpfs found.  What is
 * mounted on names in that tmpfs is not mounted here.
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

/* A mount or a renaming anywhere makes a look into the kernel's cache fail. */
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

/* Joins the user namespace of a process and becomes its root: another user,
 * who has no rights over files outside it but that user's. */
static int
become_its_root(int process)
{
	int fd = openat(process, "ns/user", O_RDONLY | O_CLOEXEC);
	int result = 0;

	if (fd == -1)
		return -1;
	if (!shmt__is_own_user_namespace(fd)) {
		/* Who may not give up his groups has them as his rights. */
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

/* Mounts that are made in it from now on are seen nowhere else. */
static int
make_mount_namespace(void)
{
	if (unshare(CLONE_NEWNS) == -1)
		return -1;
	return mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/* The owner of a mount namespace chooses its mounts, so they are looked at with
 * his rights only. */
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

/* Only through what the kernel has in memory, as it has each directory above a
 * mount: what would have to be asked from a file system, which may never
 * answer, is EAGAIN. */
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
	const char *line;
	char path[40], *text;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	text = shmt__read_file(AT_FDCWD, path);
	if (text == NULL)
		return -1;
	line = strstr(text, "mnt_id:");
	*mount = line != NULL ? strtol(line + strlen("mnt_id:"), NULL, 10) : 0;
	free(text);
	errno = ENOTSUP;
	return *mount > 0 ? 0 : -1;
}

/* Whether it is in a tmpfs, by /proc: statfs(2) asks the file system. */
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
open_its_shm(int process)
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
	int space, dir, mount, error;
};

/* A mount is copied inside its namespace.  There the root and the working
 * directory are others, which a thread can have apart. */
static void *
copy_inside(void *arg)
{
	struct copy *copy = arg;

	if (unshare(CLONE_FS) == 0 && setns(copy->space, CLONE_NEWNS) == 0)
		copy->mount = (int)syscall(SYS_open_tree, copy->dir, "",
		    AT_EMPTY_PATH | TREE_CLONE | O_CLOEXEC);
	copy->error = errno;
	return NULL;
}

/* A copy of the mount without those on names in it. */
static int
copy_mount(int space, int dir)
{
	struct copy copy = { space, dir, -1, 0 };
	pthread_t thread;

	if (!shmt__start_thread(&thread, copy_inside, &copy))
		return shmt__fail(EAGAIN);
	pthread_join(thread, NULL);
	errno = copy.error;
	return copy.mount;
}

/* From here on no mount that is made there appears here. */
static int
make_private(int copy)
{
	const struct { uint64_t set, clear, propagation, user; } attributes = {
		.propagation = MS_PRIVATE
	};

	return (int)syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH,
	    &attributes, sizeof(attributes));
}

/* Whether nothing was mounted over the copy before it was private. */
static int
check_on_top(int copy)
{
	int top = open("/dev/shm", O_PATH | O_DIRECTORY | O_CLOEXEC);
	long ours, there;
	int result = -1;

	if (top != -1 && mount_of(copy, &ours) == 0 &&
	    mount_of(top, &there) == 0) {
		errno = ENODEV;
		result = ours == there ? 0 : -1;
	}
	shmt__close(top);
	return result;
}

static int
mount_its_shm(int process)
{
	int space, dir, copy, result;

	space = open_mount_namespace(process);
	if (space == -1)
		return -1;
	dir = open_its_shm(process);
	copy = dir == -1 ? -1 : copy_mount(space, dir);
	shmt__close(dir);
	shmt__close(space);
	if (copy == -1)
		return -1;
	result = make_private(copy);
	if (result == 0)
		result = (int)syscall(SYS_move_mount, copy, "", AT_FDCWD,
		    "/dev/shm", FROM_EMPTY_PATH | TO_SYMLINKS);
	if (result == 0)
		result = check_on_top(copy);
	shmt__close(copy);
	return result;
}

int
shmt_ns_enter_shm(pid_t pid)
{
	int process = shmt__open_process(pid), result = -1;

	if (process == -1)
		return -1;
	if (become_its_root(process) == 0 && make_mount_namespace() == 0)
		result = mount_its_shm(process);
	shmt__close(process);
	return result;
}
