/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The file that a command writes.  Standard output, a device or a pipe is
 * written to directly.  A regular file gets its name only when it is complete.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "output.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/stream.h"

/* Whether lseek(2) can leave holes: in a regular file, at its end. */
static bool
takes_holes(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flags != -1 &&
	    (flags & O_APPEND) == 0 && lseek(fd, 0, SEEK_CUR) == st.st_size;
}

/* Called by fopencookie(3); keeps the first error for the message. */
static ssize_t
put_from_stream(void *arg, const char *bytes, size_t length)
{
	struct output *output = arg;

	if (output->error == 0 && write_all(output->fd, bytes, length))
		return (ssize_t)length;
	if (output->error == 0)
		output->error = errno;
	return 0;
}

FILE *
output_stream(struct output *output)
{
	static char buffer[128 * 1024];
	FILE *stream;

	stream = fopencookie(output, "w", (cookie_io_functions_t){
	    .write = put_from_stream });
	if (stream != NULL)
		setvbuf(stream, buffer, _IOFBF, sizeof(buffer));
	return stream;
}

int
output_end_stream(struct output *output, FILE *stream)
{
	if (fclose(stream) == 0 && output->error == 0)
		return 0;
	if (output->error != 0)
		errno = output->error;
	return -1;
}

/* Does not trust links and pipes of other users but root, the owner of /: a
 * link may lead anywhere, and a pipe would send the contents to that user. */
static bool
is_trusted(const struct stat *st)
{
	struct stat root;

	return (!S_ISLNK(st->st_mode) && !S_ISFIFO(st->st_mode)) ||
	    st->st_uid == geteuid() ||
	    (stat("/", &root) == 0 && st->st_uid == root.st_uid);
}

static int
report_not_trusted(const struct output *output, const struct stat *st)
{
	warn_about(output->path, S_ISLNK(st->st_mode) ?
	    "a symbolic link of another user; it is not followed" :
	    "a pipe of another user; it is not written to");
	return ST_FAILED;
}

/* Opens a device, a pipe or a link to one, unless a file has replaced it. */
static int
open_special(struct output *output, const struct stat *found)
{
	struct stat st;
	bool link = S_ISLNK(found->st_mode);

	if (!is_trusted(found))
		return report_not_trusted(output, found);
	output->fd = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY |
	    (link ? 0 : O_NOFOLLOW));
	if (output->fd == -1 || fstat(output->fd, &st) == -1) {
		output_abandon(output);
		/* After a signal, main() ends the program by it. */
		return errno == EINTR && caught_signal() != 0 ? ST_FAILED :
		    file_failed(output->path, errno);
	}
	/* A trusted link may lead to a pipe of another user, as in a shell
	 * that su(1) started. */
	if (!S_ISREG(st.st_mode) && (link || is_trusted(&st)))
		return ST_OK;
	close(output->fd);
	if (!S_ISREG(st.st_mode))
		return report_not_trusted(output, &st);
	warn_about(output->path, link ? "a link to a file; it is not followed" :
	    "a file has replaced it");
	return ST_FAILED;
}

static int
open_file(struct output *output, mode_t mode)
{
	if (shmt_atomic_file_open(output->path, &output->file) == -1)
		return file_failed(output->path, errno);
	output->fd = shmt_atomic_file_fd(output->file);
	/* It is created with mode 0600; a file that is replaced keeps its
	 * mode. */
	if (mode != 0600 && fchmod(output->fd, mode) == -1) {
		output_abandon(output);
		return file_failed(output->path, errno);
	}
	return ST_OK;
}

int
output_open(struct output *output, const char *path)
{
	struct stat st;
	int status = ST_OK;

	*output = (struct output){ .path = path, .fd = STDOUT_FILENO };
	if (path == NULL)
		output->path = "standard output";
	else if (lstat(path, &st) == -1)
		status = open_file(output, 0600);
	else if (S_ISREG(st.st_mode))
		/* The mode of another user's file, or of one that this user can
		 * link to, must not give him access to the new file. */
		status = open_file(output, st.st_uid == geteuid() &&
		    st.st_nlink == 1 ? st.st_mode & 0777 : 0600);
	else
		status = open_special(output, &st);
	if (status == ST_OK)
		output->holes = takes_holes(output->fd);
	return status;
}

int
output_commit(struct output *output)
{
	int result = 0, status = ST_OK;

	if (output->file != NULL)
		result = shmt_atomic_file_commit(output->file);
	else if (output->fd != STDOUT_FILENO) {
		result = close(output->fd);
		output->fd = STDOUT_FILENO;
	}
	if (result == -1)
		status = file_failed(output->path, errno);
	output_abandon(output);
	return status;
}

void
output_abandon(struct output *output)
{
	int saved = errno;

	if (output->file != NULL)
		shmt_atomic_file_close(output->file);
	else if (output->fd != STDOUT_FILENO && output->fd != -1)
		close(output->fd);
	output->file = NULL;
	output->fd = STDOUT_FILENO;
	errno = saved;
}
