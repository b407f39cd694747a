/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whole files in and whole buffers out, with short counts and signals dealt
 * with once.
 */

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"

/* Files that are read whole are far smaller; /dev/zero has no end. */
#define READ_MAX ((size_t)256 << 20)

/* Longer than any file of numbers in /proc/sys. */
#define NUMBERS_TEXT 256

char *
shmt__read_fd(int fd, size_t *length)
{
	size_t capacity = 4096, used = 0;
	char *buf, *more;
	ssize_t n;

	buf = malloc(capacity);
	if (buf == NULL)
		return NULL;
	do {
		if (used + 1 == capacity) {
			more = NULL;
			if (capacity == READ_MAX)
				errno = EFBIG;
			else
				more = realloc(buf, capacity *= 2);
			if (more == NULL) {
				free(buf);
				return NULL;
			}
			buf = more;
		}
		do
			n = read(fd, buf + used, capacity - used - 1);
		while (n == -1 && errno == EINTR);
		if (n == -1) {
			free(buf);
			return NULL;
		}
		used += (size_t)n;
	} while (n > 0);
	buf[used] = '\0';
	if (length != NULL)
		*length = used;
	return buf;
}

char *
shmt__read_file(int dirfd, const char *path)
{
	char *text;
	int fd;

	/* Not waiting for the writer of a fifo. */
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	if (fd == -1)
		return NULL;
	text = shmt__read_fd(fd, NULL);
	shmt__close(fd);
	return text;
}

int
shmt__write_all(int fd, const void *buffer, size_t length)
{
	const char *p = buffer;
	ssize_t n;

	while (length > 0) {
		n = write(fd, p, length);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

/* Parses a number and the blanks after it, and moves *text. */
static bool
parse_number(const char **text, bool sign, uint64_t *value)
{
	const bool negative = sign && **text == '-';
	char *end;

	/* strtoull(3) would take blanks and signs. */
	if (!isdigit((unsigned char)(*text)[negative]))
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	*text = end + strspn(end, " \t\n");
	return errno == 0;
}

int
shmt__read_numbers(const char *path, bool sign, uint64_t *values, size_t count)
{
	char buf[NUMBERS_TEXT];
	const char *p = buf;
	uint64_t v[4];
	ssize_t length;
	size_t i;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	do
		length = read(fd, buf, sizeof(buf) - 1);
	while (length == -1 && errno == EINTR);
	shmt__close(fd);
	if (length == -1)
		return -1;
	buf[length] = '\0';
	for (i = 0; i < count; i++)
		if (!parse_number(&p, sign, &v[i]))
			break;
	/* The kernel writes nothing after that, and no NUL. */
	if (i < count || p != buf + length)
		return shmt__fail(EBADMSG);
	memcpy(values, v, count * sizeof(*v));
	return 0;
}

int
shmt__write_number(const char *path, uint64_t number)
{
	char text[32];
	int fd, length, result;

	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return -1;
	/* In one write: the kernel parses each write as a whole number. */
	length = snprintf(text, sizeof(text), "%" PRIu64 "\n", number);
	result = shmt__write_all(fd, text, (size_t)length);
	shmt__close(fd);
	return result;
}

static int
stat_without_birth(int dir, const char *name, int flags, struct statx *st)
{
	struct stat s;

	if (fstatat(dir, name, &s, flags) == -1)
		return -1;
	*st = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_nlink = (uint32_t)s.st_nlink,
		.stx_uid = s.st_uid, .stx_gid = s.st_gid,
		.stx_mode = (uint16_t)s.st_mode, .stx_ino = s.st_ino,
		.stx_size = (uint64_t)s.st_size,
		.stx_blocks = (uint64_t)s.st_blocks,
		.stx_atime.tv_sec = s.st_atim.tv_sec,
		.stx_mtime.tv_sec = s.st_mtim.tv_sec,
		.stx_ctime.tv_sec = s.st_ctim.tv_sec,
		.stx_dev_major = major(s.st_dev),
		.stx_dev_minor = minor(s.st_dev)
	};
	return 0;
}

int
shmt__statx(int dir, const char *name, int flags, struct statx *st)
{
	if (statx(dir, name, flags | AT_STATX_DONT_SYNC,
	    STATX_BASIC_STATS | STATX_BTIME, st) == 0)
		return 0;
	if (!shmt__is_unsupported(errno))
		return -1;
	return stat_without_birth(dir, name, flags, st);
}

dev_t
shmt__device_of(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
}

bool
shmt__is_on_tmpfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

const char *
shmt__fd_path(char path[static SHMT__FD_PATH], int fd)
{
	snprintf(path, SHMT__FD_PATH, "/proc/self/fd/%d", fd);
	return path;
}

int
shmt__reopen(int path_fd, int flags)
{
	char path[SHMT__FD_PATH];
	int fd;

	shmt__fd_path(path, path_fd);
	flags |= O_CLOEXEC | O_NOCTTY;
	fd = open(path, flags | O_NOATIME);
	if (fd == -1 && errno == EPERM)
		fd = open(path, flags);
	if (fd == -1 && errno == ENOENT)
		errno = ENOTSUP;
	return fd;
}

int
shmt__sync_dir(int dir)
{
	return fsync(dir) == -1 && errno != EINVAL ? -1 : 0;
}

void
shmt__close(int fd)
{
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
}
