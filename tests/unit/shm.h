/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A /dev/shm for unit tests: a tmpfs of their own in a mount namespace of
 * their own, and processes that use what is in it.
 */

#ifndef SHM_H
#define SHM_H

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "shmtool.h"
#include "world.h"

#define SHM "/dev/shm"

/* A new, empty /dev/shm with these mount options. */
static inline bool
mount_shm(const char *options)
{
	char data[128];

	snprintf(data, sizeof(data), "mode=1777,%s", options);
	return mount("shm", SHM, "tmpfs", MS_NOSUID | MS_NODEV, data) == 0;
}

/* A mount namespace with a /dev/shm of its own; where there can be none,
 * prints that all tests are skipped, and returns false. */
static inline bool
own_shm(void)
{
	if (!own_mounts())
		return false;
	if (mount_shm("size=16M"))
		return true;
	puts("1..0 # SKIP no tmpfs can be mounted on " SHM);
	return false;
}

/* Everything that a test left in /dev/shm. */
static inline int
shm_empty(void **state)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = opendir(SHM);

	(void)state;
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			snprintf(path, sizeof(path), SHM "/%s", entry->d_name);
			remove_tree(path);
		}
	closedir(dir);
	return 0;
}

static inline struct shmt_object
object(const char *name)
{
	return (struct shmt_object){.kind = SHMT_POSIX, .name = name};
}

/* Makes an object of these bytes, all zero and in memory. */
static inline void
put_object(const char *name, size_t size)
{
	char path[PATH_MAX], *zero = calloc(1, size + 1);
	int fd;

	snprintf(path, sizeof(path), SHM "/%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, zero, size), size);
	close(fd);
	free(zero);
}

static inline int
open_object(const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SHM "/%s", name);
	return open(path, flags | O_CLOEXEC);
}

static inline bool
has_name(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), SHM "/%s", name);
	return lstat(path, &st) == 0;
}

/* Runs a test in a child, as another user or with fewer capabilities: what it
 * returns is its status, 0 for good. */
static inline int
in_child(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(act());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether there is another user, whose processes and files we can make. */
static inline bool
has_other_user(void)
{
	struct stat st;
	bool has;
	int fd =
	    open(SHM "/.owner", O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0600);

	has = fd != -1 && fchown(fd, 65534, 65534) == 0 &&
	      fstat(fd, &st) == 0 && st.st_uid == 65534 && geteuid() == 0;
	if (fd != -1)
		close(fd);
	unlink(SHM "/.owner");
	return has;
}

static inline bool
become_other_user(void)
{
	return setresgid(65534, 65534, 65534) == 0 &&
	       setresuid(65534, 65534, 65534) == 0 &&
	       prctl(PR_SET_DUMPABLE, 1) == 0;
}

#define SKIP_WITHOUT_OTHER_USER                                                \
	do {                                                                   \
		if (!has_other_user()) {                                       \
			print_message("# there is one user only\n");           \
			skip();                                                \
		}                                                              \
	} while (0)

/* Sends a descriptor into a socket. */
static inline int
send_fd(int to, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec byte = { (char[]){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	return sendmsg(to, &message, 0) == 1 ? 0 : -1;
}

/* A descriptor that was sent and not received: no process has it open. */
static inline bool
send_to_nobody(int fd)
{
	int ends[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0 &&
	    send_fd(ends[0], fd) == 0 && close(fd) == 0;
}

#endif
