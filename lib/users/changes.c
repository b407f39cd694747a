/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether an object was changed since a moment, by inotify(7).  Time stamps are
 * not enough: a store into a page that is mapped already changes none.  But a
 * process that stores has opened the object for writing, and IN_CLOSE_WRITE
 * comes when it no longer has it open or mapped, before a lease is granted.
 */

#include <sys/inotify.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "posix.h"
#include "shmtool.h"
#include "sys/file.h"

#define CHANGES	(IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVE_SELF | \
		    IN_DELETE_SELF)

int
shmt_changes_begin(const struct shmt_object *object, int *changes)
{
	char path[SHMT__FD_PATH];
	int fd, queue, watch;

	if (object->kind != SHMT_POSIX)
		return shmt__fail(EINVAL);
	if (shmt__posix_open(object, 0, &fd) == -1)
		return -1;
	queue = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch = queue == -1 ? -1 :
	    inotify_add_watch(queue, shmt__fd_path(path, fd), CHANGES);
	shmt__close(fd);
	if (watch == -1) {
		shmt__close(queue);
		return -1;
	}
	*changes = queue;
	return 0;
}

bool
shmt_changes_seen(int changes)
{
	struct pollfd queue = { .fd = changes, .events = POLLIN };
	int n;

	do
		n = poll(&queue, 1, 0);
	while (n == -1 && errno == EINTR);
	return n != 0;
}
