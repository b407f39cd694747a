/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A view by a file descriptor.  It finds holes, reads them without allocating
 * pages, and keeps the memory without an attachment.
 */

#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sys/file.h"

/* Whether the file still has this many bytes; ENODATA: it is shorter now. */
static bool
has_bytes(int fd, uint64_t end)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size >= end)
		return true;
	errno = ENODATA;
	return false;
}

/* SEEK_DATA finds swapped pages too.  It reports no holes in huge pages. */
static bool
find_extent(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__extent *extent)
{
	off_t next = lseek(view->fd, (off_t)offset, SEEK_DATA);

	/* Beyond the end there is no hole: reading there has to fail. */
	if (next == -1 && (errno != ENXIO || !has_bytes(view->fd, end)))
		return false;
	*extent = (struct shmt__extent){ next == (off_t)offset, end };
	if (extent->data)
		next = lseek(view->fd, (off_t)offset, SEEK_HOLE);
	/* It may have been punched between the two calls. */
	if (next > (off_t)offset && (uint64_t)next < end)
		extent->end = (uint64_t)next;
	return true;
}

static int
load(struct shmt_view *view, uint64_t offset, void *buffer, size_t length)
{
	char *p = buffer;
	ssize_t n;

	for (; length > 0; p += n, offset += (uint64_t)n, length -= (size_t)n) {
		do
			n = pread(view->fd, p, length, (off_t)offset);
		while (n == -1 && errno == EINTR);
		if (n == -1)
			return -1;
		if (n == 0)
			return shmt__fail(ENODATA);
	}
	return 0;
}

/* ENOSPC of a segment becomes ENOMEM: its file system has no size limit, so it
 * is full when memory is. */
static void
enospc_to_enomem(const struct shmt_view *view)
{
	if (errno == ENOSPC && view->segment.object.kind == SHMT_SYSV)
		errno = ENOMEM;
}

/* Writing beyond the end would make a file longer again that has just become
 * shorter: checked immediately before, which leaves a moment. */
static int
store(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length)
{
	const char *p = buffer;
	ssize_t n;

	if (!has_bytes(view->fd, offset + length))
		return -1;
	for (; length > 0; p += n, offset += (uint64_t)n, length -= (size_t)n) {
		do
			n = pwrite(view->fd, p, length, (off_t)offset);
		while (n == -1 && errno == EINTR);
		if (n == -1) {
			enospc_to_enomem(view);
			return -1;
		}
	}
	return 0;
}

/* sendfile(2) copies into a regular file, but passes the pages themselves to
 * a pipe or a socket. */
static ssize_t
send_file(struct shmt_view *view, uint64_t offset, uint64_t end, int fd,
    bool zero_copy)
{
	const size_t length = shmt__up_to(offset, end, SHMT__CHUNK);
	off_t at = (off_t)offset;

	return zero_copy ? splice(view->fd, &at, fd, NULL, length, 0) :
	    sendfile(fd, view->fd, &at, length);
}

static ssize_t
receive_from_file(struct shmt_view *view, uint64_t offset, size_t length,
    int fd)
{
	ssize_t n;

	if (lseek(view->fd, (off_t)offset, SEEK_SET) == -1 ||
	    !has_bytes(view->fd, offset + length))
		return -1;
	n = sendfile(view->fd, fd, NULL, length);
	if (n == -1)
		enospc_to_enomem(view);
	return n;
}

static void
close_file(struct shmt_view *view)
{
	close(view->fd);
}

static const struct shmt__view_ops by_file = {
	.find_extent = find_extent,
	.load = load,
	.store = store,
	.send = send_file,
	.receive = receive_from_file,
	.files_only = true,
	.close = close_file
};

int
shmt__view_file(struct shmt_view *view, int fd)
{
	struct statfs fs;

	view->huge = fstatfs(fd, &fs) == 0 &&
	    (uint32_t)fs.f_type == HUGETLBFS_MAGIC;
	/* A file of huge pages can be read, but not written. */
	if (view->huge && (view->flags & SHMT_WRITE))
		return shmt__fail(EINVAL);
	view->fd = fd;
	view->ops = &by_file;
	return 0;
}
