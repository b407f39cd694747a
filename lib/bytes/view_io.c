/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pieces of a segment into a buffer and out of one.  The kernel does all
 * copying: a page that cannot be had is then an errno, where a load of our
 * own would be a SIGBUS.
 */

#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bytes/view.h"
#include "bytes/view_remote.h"
#include "shmtool.h"
#include "sys/file.h"

/* Where process_vm_readv(2) is filtered, through a pipe of our own. */
static int
move_by_pipe(char *at, char *buffer, size_t length, bool out)
{
	ssize_t n, m = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	for (; length > 0; at += n, buffer += n, length -= (size_t)n) {
		/* No more than the smallest pipe takes at once. */
		n = write(ends[1], out ? at : buffer,
		    length < 4096 ? length : 4096);
		if (n <= 0)
			break;
		m = read(ends[0], out ? buffer : at, (size_t)n);
		if (m != n)
			break;
	}
	shmt__close(ends[0]);
	shmt__close(ends[1]);
	if (length > 0 && m >= 0 && n > 0)
		errno = EFAULT;
	return length == 0 ? 0 : -1;
}

/* Memory of the attachment into buffer, or the other way round. */
static int
move(const struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length, bool out)
{
	char *at = view->at + offset, *p = buffer;
	struct iovec near, far;
	ssize_t n;

	for (; length > 0; p += n, at += n, length -= (size_t)n) {
		near = (struct iovec){ p, length };
		far = (struct iovec){ at, length };
		n = out ? process_vm_readv(getpid(), &near, 1, &far, 1, 0) :
		    process_vm_writev(getpid(), &near, 1, &far, 1, 0);
		if (n == -1 && (errno == EPERM || errno == ENOSYS))
			return move_by_pipe(at, p, length, out);
		if (n <= 0)
			return -1;
	}
	return 0;
}

/* The segment as a file into buffer, or the other way round. */
static int
move_by_file(const struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length, bool out)
{
	char *p = buffer;
	ssize_t n;

	for (; length > 0; p += n, offset += (uint64_t)n,
	    length -= (size_t)n) {
		n = out ? pread(view->fd, p, length, (off_t)offset) :
		    pwrite(view->fd, p, length, (off_t)offset);
		if (n == -1 && errno == EINTR) {
			n = 0;
			continue;
		}
		/* A file system in memory is full when memory is. */
		if (n == -1 && errno == ENOSPC)
			errno = ENOMEM;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
	}
	return 0;
}

int
shmt__view_load(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length)
{
	if (view->fd == -1 && view->at == NULL)
		return shmt__remote_get(view, offset, buffer, length);
	if (shmt__view_touch(view, offset, length, false) == -1)
		return -1;
	return view->fd != -1 ?
	    move_by_file(view, offset, buffer, length, true) :
	    move(view, offset, buffer, length, true);
}

int
shmt__view_store(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length)
{
	void *p;

	memcpy(&p, &buffer, sizeof(p));	/* an iovec knows no const */
	if (shmt__view_touch(view, offset, length, true) == -1)
		return -1;
	/* Huge pages are no file that can be written. */
	if (view->fd == -1 || view->huge)
		return move(view, offset, p, length, false);
	if (move_by_file(view, offset, p, length, false) == 0)
		return 0;
	/* RLIMIT_FSIZE is not meant for segments. */
	return errno == EFBIG ? move(view, offset, p, length, false) : -1;
}

bool
shmt__view_has(const struct shmt_view *view, uint64_t offset, uint64_t length)
{
	if (offset <= view->size && length <= view->size - offset)
		return true;
	errno = ERANGE;
	return false;
}

int
shmt_view_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length)
{
	uint64_t at = offset, end = offset + length;
	struct shmt__run run;
	int result = 0;
	char *p = buffer;
	size_t n;

	if (!shmt__view_has(view, offset, length))
		return -1;
	shmt__view_invalidate(view);
	for (; result == 0 && at < end; p += n, at += n) {
		shmt__view_run(view, at, end, &run);
		n = (size_t)(run.end - at);
		if (!run.data)
			memset(p, 0, n);
		else
			result = shmt__view_load(view, at, p, n);
	}
	shmt__view_drop(view, offset, length);
	return result;
}

int
shmt_view_put(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length)
{
	if (!shmt__view_has(view, offset, length))
		return -1;
	return shmt__view_store(view, offset, buffer, length);
}
