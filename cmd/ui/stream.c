/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Writing to descriptors that may not block.  O_NONBLOCK belongs to the open
 * file, which a program that shares a terminal or a pipe with us may have
 * changed; stdio(3) drops what it holds at the first EAGAIN.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "ui/signals.h"
#include "ui/stream.h"

bool
write_all(int fd, const char *bytes, size_t length)
{
	struct pollfd writable = { fd, POLLOUT, 0 };
	ssize_t n;

	while (length > 0) {
		n = write(fd, bytes, length);
		if (n == -1 && errno == EAGAIN)
			n = poll(&writable, 1, -1) == -1 ? -1 : 0;
		if (n == -1 && (errno != EINTR || caught_signal() != 0))
			return false;
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
		}
	}
	return true;
}

static ssize_t
write_stdout(void *arg, const char *bytes, size_t length)
{
	(void)arg;
	return write_all(STDOUT_FILENO, bytes, length) ? (ssize_t)length : 0;
}

static int
close_stdout(void *arg)
{
	(void)arg;
	return close(STDOUT_FILENO);
}

void
prepare_stdout(void)
{
	static char buffer[64 * 1024];
	const cookie_io_functions_t functions = {
		.write = write_stdout, .close = close_stdout
	};
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	FILE *stream = NULL;

	if (flags != -1 && (flags & O_NONBLOCK) != 0)
		stream = fopencookie(NULL, "w", functions);
	if (stream != NULL)
		stdout = stream;
	if (isatty(STDOUT_FILENO))
		setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	else
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}
