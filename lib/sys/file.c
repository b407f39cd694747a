/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whole files in and whole buffers out, with short counts and signals dealt
 * with once.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"

/* Nothing that is read whole comes near to this; /dev/zero has no end. */
#define READ_MAX ((size_t)256 << 20)

int
shmt__read_fd(int fd, char **text, size_t *length)
{
	size_t room = 4096, used = 0;
	char *buf, *more;
	ssize_t n;

	buf = malloc(room);
	if (buf == NULL)
		return -1;
	do {
		if (used + 1 == room) {
			more = NULL;
			if (room == READ_MAX)
				errno = EFBIG;
			else
				more = realloc(buf, room *= 2);
			if (more == NULL) {
				free(buf);
				return -1;
			}
			buf = more;
		}
		do
			n = read(fd, buf + used, room - used - 1);
		while (n == -1 && errno == EINTR);
		if (n == -1) {
			free(buf);
			return -1;
		}
		used += (size_t)n;
	} while (n > 0);
	buf[used] = '\0';
	*text = buf;
	*length = used;
	return 0;
}

int
shmt__read_file(int dirfd, const char *path, char **text, size_t *length)
{
	int fd, result;

	/* Not waiting for the writer of a fifo. */
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	if (fd == -1)
		return -1;
	result = shmt__read_fd(fd, text, length);
	shmt__close(fd);
	return result;
}

int
shmt__read_at(int fd, uint64_t offset, void *buffer, size_t length)
{
	char *p = buffer;
	ssize_t n;

	while (length > 0) {
		n = pread(fd, p, length, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		p += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

int
shmt__write_at(int fd, uint64_t offset, const void *buffer, size_t length)
{
	const char *p = buffer;
	ssize_t n;

	while (length > 0) {
		n = pwrite(fd, p, length, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
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
