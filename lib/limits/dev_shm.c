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
 * The mounts of the tmpfs at /dev/shm: the options of the one there, and where
 * else it is mounted; both point into *text, which the caller frees, and are
 * NULL where there is none.
 */
static int
find_mounts(char **text, const char **options, const char **elsewhere)
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
	*options = *elsewhere = NULL;
	for (rest = *text; shmt__next_mount(&rest, &mount);) {
		if (mount.device != st.st_dev)
			continue;
		if (strcmp(mount.point, point) == 0)
			*options = mount.options;
		else
			*elsewhere = mount.point;
	}
	return 0;
}

int
shmt__dev_shm_check(char reason[SHMT_REASON])
{
	const char *options, *elsewhere;
	char *text;
	struct shmt_dev_shm dev_shm;
	bool other;

	if (shmt_dev_shm(&dev_shm) == -1 ||
	    find_mounts(&text, &options, &elsewhere) == -1)
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

int
shmt_dev_shm_line(const char *size, char **line)
{
	const char *options, *elsewhere;
	char *text;
	int length;

	if (find_mounts(&text, &options, &elsewhere) == -1)
		return -1;
	length = asprintf(line, "tmpfs " DEV_SHM " tmpfs %s,size=%s 0 0",
	    options != NULL ? options : "defaults", size);
	free(text);
	return length == -1 ? -1 : 0;
}
