/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The tmpfs at /dev/shm: its size, and a remount that changes it.
 */

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits/dev_shm.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sys/mounts.h"

#define DEV_SHM "/dev/shm"

/* Linux 5.2; headers that are older, and those of the C library, lack them. */
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
enum { PICK_CLOEXEC = 1, CONFIG_SET_STRING = 1, CONFIG_RECONFIGURE = 7 };

#define OPTIONS_SIZE 4096

int
shmt_dev_shm(struct shmt_dev_shm *dev_shm)
{
	struct statfs fs;
	uint64_t block;

	if (statfs(DEV_SHM, &fs) == -1)
		return -1;
	if (fs.f_type != TMPFS_MAGIC)
		return shmt__fail(ENODEV);
	block = (uint64_t)fs.f_bsize;
	dev_shm->size = fs.f_blocks * block;
	dev_shm->used = (fs.f_blocks - fs.f_bfree) * block;
	dev_shm->inodes = fs.f_files;
	dev_shm->used_inodes = fs.f_files - fs.f_ffree;
	return 0;
}

uint64_t
shmt__dev_shm_round(uint64_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (size / page + (size % page != 0)) * page;
}

/*
 * The mounts of the tmpfs at /dev/shm: the one there, and where else it is
 * mounted; both point into *text, which the caller frees.  Where there is none,
 * here->options or *elsewhere is NULL.
 */
static int
find_mounts(char **text, struct shmt__mount *here, const char **elsewhere)
{
	char point[4096], *rest;
	struct shmt__mount mount;
	struct stat st;

	/* It may be a link to /run/shm. */
	if (stat(DEV_SHM, &st) == -1 || realpath(DEV_SHM, point) == NULL)
		return -1;
	*text = shmt__read_file(AT_FDCWD, "/proc/self/mountinfo");
	if (*text == NULL)
		return -1;
	here->options = *elsewhere = NULL;
	for (rest = *text; shmt__next_mount(&rest, &mount);) {
		if (mount.device != st.st_dev)
			continue;
		if (strcmp(mount.point, point) == 0)
			*here = mount;
		else
			*elsewhere = mount.point;
	}
	return 0;
}

int
shmt__dev_shm_check(char reason[SHMT_REASON])
{
	struct shmt_dev_shm dev_shm;
	struct shmt__mount here;
	const char *elsewhere;
	char *text;
	bool other;

	if (shmt_dev_shm(&dev_shm) == -1 ||
	    find_mounts(&text, &here, &elsewhere) == -1)
		return -1;
	other = elsewhere != NULL;
	if (other)
		strlcpy(reason, elsewhere, SHMT_REASON);
	free(text);
	errno = EBUSY;
	return other ? -1 : 0;
}

/* The first message of a file system context, such as "e tmpfs: Too small a
 * size for current use", without the letter. */
static void
read_message(int fd, char reason[SHMT_REASON])
{
	ssize_t n = read(fd, reason, SHMT_REASON - 1);

	reason[n > 0 ? n : 0] = '\0';
	reason[strcspn(reason, "\n")] = '\0';
	if (n > 2 && reason[1] == ' ')
		memmove(reason, reason + 2, strlen(reason + 2) + 1);
}

int
shmt__dev_shm_resize(uint64_t size, char reason[SHMT_REASON])
{
	char text[32];
	long fd, result;
	int error;

	/* Unlike mount(2), this keeps all other options. */
	fd = syscall(SYS_fspick, AT_FDCWD, DEV_SHM, PICK_CLOEXEC);
	if (fd == -1)
		return -1;
	snprintf(text, sizeof(text), "%" PRIu64, size);
	result = syscall(SYS_fsconfig, fd, CONFIG_SET_STRING, "size", text, 0);
	if (result == 0)
		result = syscall(SYS_fsconfig, fd, CONFIG_RECONFIGURE, NULL,
		    NULL, 0);
	error = errno;
	if (result == -1)
		read_message((int)fd, reason);
	close((int)fd);
	errno = error;
	return result == -1 ? -1 : 0;
}

/* Whether an option of the tmpfs, with its comma, also belongs into fstab(5):
 * not its size, nor what a kernel shows of every tmpfs. */
static bool
is_chosen(const char *option, const struct stat *root)
{
	/* In a user namespace the kernel shows numbers of the initial one. */
	if (strncmp(option, ",uid=", 5) == 0)
		return strtoul(option + 5, NULL, 10) == root->st_uid;
	if (strncmp(option, ",gid=", 5) == 0)
		return strtoul(option + 5, NULL, 10) == root->st_gid;
	return strncmp(option, ",size=", 6) != 0 &&
	    strncmp(option, ",inode64", 8) != 0 &&
	    strncmp(option, ",seclabel", 9) != 0;
}

/* Adds the options of the file system, as mode= and huge=, to those of its
 * mount. */
static void
add_options(char list[static OPTIONS_SIZE], const char *super)
{
	struct stat root;
	size_t length, n;

	if (stat(DEV_SHM, &root) == -1)
		return;
	/* The first is rw or ro, which the mount has too. */
	for (super = strchrnul(super, ','); *super != '\0'; super += length) {
		length = 1 + strcspn(super + 1, ",");
		n = strlen(list);
		if (is_chosen(super, &root))
			snprintf(list + n, OPTIONS_SIZE - n, "%.*s",
			    (int)length, super);
	}
}

int
shmt_dev_shm_line(const char *size, char **line)
{
	char options[OPTIONS_SIZE] = "defaults", *text;
	struct shmt__mount here;
	const char *elsewhere;
	int length;

	if (find_mounts(&text, &here, &elsewhere) == -1)
		return -1;
	if (here.options != NULL) {
		strlcpy(options, here.options, sizeof(options));
		add_options(options, here.super);
	}
	length = asprintf(line, "tmpfs " DEV_SHM " tmpfs %s,size=%s 0 0",
	    options, size);
	free(text);
	return length == -1 ? -1 : 0;
}
