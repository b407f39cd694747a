/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The first contents of a new segment: a file, or standard input.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "create/input.h"
#include "output.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/signals.h"

static int
input_failed(const char *name, int error)
{
	/* Interrupted: main() tells by dying of the signal. */
	if (caught_signal() == 0)
		warn_about(name, "%s", strerror(error));
	return error == ENOENT ? ST_FAILED : status_of(error);
}

static int
memory_failed(const char *name, uint64_t done)
{
	char memory[MEMORY_TEXT];

	memory_in_use(memory);
	warn_about(name, "no memory for more than %ju bytes of it%s",
	    (uintmax_t)done, memory);
	return ST_LIMIT;
}

/*
 * The length of a pipe is known at its end, and the segment has to be made
 * before it is filled: in between the bytes are in memory of their own.
 */
static int
spool(const char *name, int *in, uint64_t *size)
{
	char buffer[65536];
	uint64_t credit = 0;
	int fd, error, status;
	ssize_t n;

	fd = memfd_create("shmtool", MFD_CLOEXEC);
	if (fd == -1)
		return input_failed(name, errno);
	*size = 0;
	do {
		n = read(*in, buffer, sizeof(buffer));
		if (n > 0 && !put_all(fd, buffer, (size_t)n, &credit))
			n = -1;
		if (n > 0)
			*size += (uint64_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR &&
	    caught_signal() == 0));
	error = errno;
	if (n == 0 && lseek(fd, 0, SEEK_SET) == 0) {
		if (*in != STDIN_FILENO)
			close(*in);
		*in = fd;
		return ST_OK;
	}
	status = error == ENOMEM ? memory_failed(name, *size) :
	    input_failed(name, error);
	close(fd);
	return status;
}

/* The bytes from here to the end of a regular file. */
static uint64_t
rest_of(int in, const struct stat *st)
{
	off_t here = lseek(in, 0, SEEK_CUR);

	return here == -1 || here > st->st_size ? 0 :
	    (uint64_t)(st->st_size - here);
}

static int
measure(const char *name, bool sized, uint64_t *size, int *in)
{
	struct stat st;
	uint64_t rest;
	int status;

	if (fstat(*in, &st) == -1)
		return input_failed(name, errno);
	if (S_ISDIR(st.st_mode))
		return input_failed(name, EISDIR);
	rest = S_ISREG(st.st_mode) ? rest_of(*in, &st) : 0;
	if (sized && rest > *size) {
		warn_about(name, "%ju bytes do not fit into a segment of %ju",
		    (uintmax_t)rest, (uintmax_t)*size);
		return ST_FAILED;
	}
	if (sized)
		return ST_OK;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) &&
	    !S_ISSOCK(st.st_mode))
		return usage_error(name, "nothing tells where it ends: "
		    "--size is needed");
	/* Files of /proc say that they are empty. */
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
open_input(const char *name, bool sized, uint64_t *size, int *in)
{
	int status, fd = STDIN_FILENO;

	if (strcmp(name, "-") != 0)
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return input_failed(name, errno);
	status = measure(name, sized, size, &fd);
	if (status == ST_OK)
		*in = fd;
	else if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

static bool
stop(void *arg, uint64_t done)
{
	(void)arg;
	(void)done;
	return caught_signal() != 0;
}

int
fill_segment(int id, const char *name, int in)
{
	struct shmt_transfer how = { .length = UINT64_MAX, .progress = stop };
	struct shmt_view *view;
	uint64_t size, done;
	struct stat st;
	int error = 0;

	if (shmt_view_open(id, SHMT_WRITE, &view) == -1)
		return fail(name, errno);
	size = shmt_view_size(view);
	if (shmt_view_receive(view, &how, in, &done) == -1)
		error = errno;
	shmt_view_close(view);
	/* Of /dev/urandom, what fits is meant. */
	if (error == EFBIG && fstat(in, &st) == 0 && S_ISCHR(st.st_mode))
		return ST_OK;
	if (error == EFBIG) {
		warn_about(name, "longer than the segment of %ju bytes",
		    (uintmax_t)size);
		return ST_FAILED;
	}
	if (error == EFAULT || error == ENOMEM)
		return memory_failed(name, done);
	return error != 0 ? input_failed(name, error) : ST_OK;
}
