/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A world for unit tests: fewer capabilities, and other files in /proc.
 */

#ifndef WORLD_H
#define WORLD_H

#include <sys/mount.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * An emulator of user programs gives neither the memory nor the /proc that
 * these tests look at; says so.
 */
static inline bool
emulated(void)
{
	const char *runner = getenv("TEST_RUNNER");

	if (runner == NULL || strstr(runner, "qemu") == NULL)
		return false;
	puts("1..0 # SKIP not under an emulator");
	return true;
}

/* All capabilities that we have, or only what reads others' memory. */
static inline void
use_capabilities(bool all)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
	    0 };
	struct __user_cap_data_struct data[2];
	int i;

	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	for (i = 0; i < 2; i++)
		data[i].effective = all ? data[i].permitted : 0;
	data[0].effective |= data[0].permitted & 1u << CAP_SYS_PTRACE;
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

static inline void
drop_capability(int capability)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
	    0 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	data[capability / 32].effective &= ~(1u << capability % 32);
	data[capability / 32].permitted &= ~(1u << capability % 32);
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

/* Enters a new mount namespace; false where none can be made, as in a plain
 * chroot. */
static inline bool
make_own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* The same; where none can be made, prints that all tests are skipped. */
static inline bool
own_mounts(void)
{
	if (make_own_mounts())
		return true;
	puts("1..0 # SKIP no mount namespace can be made here");
	return false;
}

static inline void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline int
remove_any(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* A folder and all that is in it. */
static inline int
remove_tree(const char *path)
{
	return nftw(path, remove_any, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file with other contents, until uncover(). */
static inline void
cover(const char *path, const char *text)
{
	char folder[] = "/tmp/shmtool-unit.XXXXXX", name[64];

	assert_non_null(mkdtemp(folder));
	strlcpy(name, folder, sizeof(name));
	strlcat(name, "/file", sizeof(name));
	write_file(name, text);
	assert_int_equal(mount(name, path, NULL, MS_BIND, NULL), 0);
	unlink(name);
	rmdir(folder);
}

/* A folder with nothing in it. */
static inline void
hide(const char *path)
{
	assert_int_equal(mount("none", path, "tmpfs", 0, NULL), 0);
}

static inline void
uncover(const char *path)
{
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

/* Whether this test has entered a mount namespace of its own. */
static bool has_own_mounts;

/* Says by /proc/stat how many processes there ever were, which is how often
 * pids were used; skips the test where that is not possible. */
static inline void
cover_stat(const char *forks)
{
	struct timespec up;
	char text[64];

	clock_gettime(CLOCK_BOOTTIME, &up);
	if (!has_own_mounts || up.tv_sec < 60)
		skip();
	snprintf(text, sizeof(text), "cpu  1 2 3\nprocesses %s\n", forks);
	cover("/proc/stat", text);
}

static inline int
uncover_stat(void **state)
{
	(void)state;
	if (has_own_mounts)
		umount2("/proc/stat", MNT_DETACH);
	return 0;
}

#endif
