/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The first contents of a new segment, from a file or from standard input.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "create/input.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/progress.h"
#include "ui/signals.h"
#include "ui/stream.h"
#include "ui/text.h"

static int
input_failed(const char *name, int error)
{
	/* After a signal, main() ends the program by it. */
	return caught_signal() == 0 ? file_failed(name, error) : ST_FAILED;
}

/* Bytes read at most between two checks of the memory left. */
#define UNCHECKED_MAX ((uint64_t)64 << 20)

/* Bytes of that memory which stay unused. */
#define RESERVED ((uint64_t)2 << 20)

/* Whether there is memory for more; *next is the size of the next check. */
static bool
has_memory(uint64_t size, uint64_t *next)
{
	struct shmt_headroom headroom;

	if (size < *next)
		return true;
	if (!shmt_headroom(&headroom))
		headroom.left = UINT64_MAX;
	*next = size + (headroom.left / 4 < UNCHECKED_MAX ? headroom.left / 4 :
	    UNCHECKED_MAX);
	errno = ENOMEM;
	return headroom.left > RESERVED;
}

/* Opens a file in memory, or one in /tmp where memfd_create(2) is refused. */
static int
open_spool(void)
{
	int fd = memfd_create("shmtool", MFD_CLOEXEC);
	FILE *file;

	if (fd != -1 || (file = tmpfile()) == NULL)
		return fd;
	fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	fclose(file);
	return fd;
}

/* Whether to read again: after a signal that does not end shmtool, or when a
 * nonblocking descriptor has input. */
static bool
wait_for_input(int in)
{
	struct pollfd ready = { in, POLLIN, 0 };

	if (errno == EAGAIN && poll(&ready, 1, -1) != -1)
		return true;
	return errno == EINTR && caught_signal() == 0;
}

/* Appends all bytes of in to fd; false with errno.  Where
 * read(2) never waits, it never fails with EINTR: this looks for a signal. */
static bool
copy_to_spool(int in, int fd, uint64_t *size)
{
	char buffer[65536];
	uint64_t next = 0;
	ssize_t n;

	*size = 0;
	do {
		if (caught_signal() != 0) {
			errno = EINTR;
			return false;
		}
		n = read(in, buffer, sizeof(buffer));
		if (n > 0 && (!has_memory(*size, &next) ||
		    !write_all(fd, buffer, (size_t)n)))
			return false;
		if (n > 0)
			*size += (uint64_t)n;
	} while (n > 0 || (n == -1 && wait_for_input(in)));
	return n == 0;
}

/*
 * The length of a pipe is known only at its end, but is needed to create the
 * segment: until then the bytes are in a temporary file.
 */
static int
spool(const char *name, int *in, uint64_t *size)
{
	int fd, error, status;

	fd = open_spool();
	if (fd == -1)
		return input_failed(name, errno);
	if (copy_to_spool(*in, fd, size) && lseek(fd, 0, SEEK_SET) == 0) {
		if (*in != STDIN_FILENO)
			close(*in);
		*in = fd;
		return ST_OK;
	}
	error = errno;
	/* Of a file in memory ENOSPC is a lack of memory too. */
	status = error == ENOMEM || error == ENOSPC ?
	    memory_failed(name, 0, *size) : input_failed(name, error);
	close(fd);
	return status;
}

static int
measure(const char *name, bool has_size, uint64_t *size, int *in)
{
	struct stat st;
	uint64_t rest = 0;
	off_t here;
	int status;

	if (fstat(*in, &st) == -1)
		return input_failed(name, errno);
	if (S_ISDIR(st.st_mode))
		return input_failed(name, EISDIR);
	if (S_ISREG(st.st_mode) && (here = lseek(*in, 0, SEEK_CUR)) != -1 &&
	    here < st.st_size)
		rest = (uint64_t)(st.st_size - here);
	if (has_size && rest > *size) {
		warn_about(name, "%ju bytes do not fit into a segment of %ju",
		    (uintmax_t)rest, (uintmax_t)*size);
		return ST_FAILED;
	}
	if (has_size)
		return ST_OK;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) &&
	    !S_ISSOCK(st.st_mode))
		return usage_error(name, "its length is not known: "
		    "--size is needed");
	/* Files of /proc have size 0 but are not empty. */
	status = ST_OK;
	if (rest == 0)
		status = spool(name, in, &rest);
	if (status == ST_OK && rest == 0) {
		warn_about(name, "it is empty, and a new segment needs at "
		    "least 1 byte");
		status = ST_FAILED;
	}
	if (status == ST_OK)
		*size = rest;
	return status;
}

int
open_input(const char *name, bool has_size, uint64_t *size, int *in)
{
	int status, fd = STDIN_FILENO;

	if (strcmp(name, "-") != 0)
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return input_failed(name, errno);
	status = measure(name, has_size, size, &fd);
	if (status == ST_OK)
		*in = fd;
	else if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

int
copy_input(struct shmt_view *view, const char *name, int in)
{
	const uint64_t size = shmt_view_info(view)->size;
	struct progress_line none = { .on = false };
	struct shmt_transfer how = { .length = UINT64_MAX,
		.flags = SHMT_SPARSE, .progress = show_progress, .arg = &none };
	uint64_t done;
	struct stat st;

	/* A file whose length was checked may have grown, and a device such as
	 * /dev/urandom has no end. */
	if (fstat(in, &st) == 0 && (S_ISCHR(st.st_mode) ||
	    S_ISBLK(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size > 0)))
		how.flags |= SHMT_LEAVE_REST;
	if (shmt_view_receive(view, &how, in, &done) == 0)
		return ST_OK;
	if (errno == ENOMEM)
		return memory_failed(name, size, done);
	if (errno == EFAULT)
		return page_failed(name, done);
	if (errno == ENOSPC) {
		warn_about(name, "/dev/shm is full after %ju byte%s of it: "
		    "shmtool limits --usage", (uintmax_t)done,
		    plural(done, "s"));
		return ST_LIMIT;
	}
	if (errno != EFBIG)
		return input_failed(name, errno);
	warn_about(name, "longer than the segment of %ju byte%s",
	    (uintmax_t)size, plural(size, "s"));
	return ST_FAILED;
}
