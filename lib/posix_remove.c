/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Removes or shrinks an unused POSIX object.  Both are done under a write
 * lease; if this process may not take one, /proc decides whether the object is
 * in use.
 *
 * The lease protects the file, not its name: if a program replaces the file by
 * another one of that name in the last microsecond before unlink(2), the new
 * file is unlinked.
 */

#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/file.h"
#include "users/lease.h"

/*
 * Events of inotify(7) that show a change.  Time stamps are not enough: a store
 * into a page that is mapped already changes none.  But a process that stores
 * has opened the object for writing, and IN_CLOSE_WRITE comes when it no longer
 * has it open or mapped, before a lease is granted.
 */
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

/* Whether this process could unlink the name, by the rule of sticky
 * directories.  O_NOATIME needs the same: the owner or CAP_FOWNER. */
static bool
may_unlink(int dir, const struct shmt_object *object, const struct statx *st)
{
	uid_t self = (uid_t)setfsuid((uid_t)-1);
	struct stat parent;
	int fd;

	if (self == st->stx_uid || fstat(dir, &parent) == -1 ||
	    (parent.st_mode & S_ISVTX) == 0 || self == parent.st_uid)
		return true;
	fd = openat(dir, object->name, O_RDONLY | O_NOATIME | O_NONBLOCK |
	    O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	shmt__close(fd);
	return fd != -1 || errno == EAGAIN;
}

int
shmt__posix_may_remove(const struct shmt_object *object)
{
	int dir = shmt__posix_open_dir(object), result;
	struct statx st;

	if (dir == -1)
		return -1;
	result = shmt__posix_stat(dir, object, &st);
	if (result == 0 && !may_unlink(dir, object, &st))
		result = shmt__fail(EPERM);
	shmt__posix_close_dir(object, dir);
	return result;
}

/* EBUSY: /proc shows a user of the object, or does not show every process.
 * With own, one descriptor of this process does not count. */
static int
check_unused_by_proc(const struct shmt_object *object, bool own,
    size_t *hidden)
{
	struct shmt_holders holders;
	const struct shmt_holder *h;
	size_t i, users = 0;

	if (shmt_holders(object, &holders) == -1)
		return -1;
	for (i = 0; i < holders.count; i++) {
		h = &holders.list[i];
		users += !(own && h->pid == getpid() && h->maps == 0 &&
		    h->fds == 1);
	}
	*hidden = holders.hidden;
	shmt_holders_free(&holders);
	if (users + *hidden > 0)
		return shmt__fail(EBUSY);
	return 0;
}

static struct shmt_object
with_inode(const struct shmt_object *object, const struct statx *st)
{
	struct shmt_object seen = *object;

	seen.dev = shmt__device_of(st);
	seen.inode = st->stx_ino;
	return seen;
}

/* The name to remove. */
struct job {
	int dir;
	const struct shmt_object *object;
	int changes;		/* as of shmt_changes_begin(), or -1 */
	struct shmt_removal *removal;
};

/* Removes the name if it still belongs to the same, unchanged file. */
static int
unlink_same(const struct job *job, const struct statx *st)
{
	if (shmt__posix_check_same(job->dir, job->object->name, st) == -1)
		return -1;
	if (job->changes != -1 && shmt_changes_seen(job->changes))
		return shmt__fail(ECANCELED);
	return unlinkat(job->dir, job->object->name, 0);
}

/* Removes the name unless a process waits to open the leased file. */
static int
unlink_leased(const struct job *job, const struct statx *st,
    const struct shmt__lease *lease)
{
	if (!shmt__lease_is_held(lease))
		return shmt__fail(EAGAIN);
	job->removal->by_lease = true;
	if (unlink_same(job, st) == -1)
		return -1;
	job->removal->opened = !shmt__lease_is_held(lease);
	return 0;
}

static int
remove_by_lease(const struct job *job)
{
	unsigned tries = 0;
	struct shmt__lease lease;
	struct statx st;
	int result;

	do {
		result = shmt__lease_open(job->dir, job->object, &st, &lease);
		if (result == 0) {
			result = unlink_leased(job, &st, &lease);
			shmt__lease_close(&lease);
		}
	} while (result == -1 && shmt__lease_retry(&tries));
	return result;
}

/* Removes the name if /proc shows no user, where leases are not permitted. */
static int
remove_by_proc(const struct job *job)
{
	struct shmt_object seen;
	struct statx st;

	if (shmt__posix_stat(job->dir, job->object, &st) == -1)
		return -1;
	if (!may_unlink(job->dir, job->object, &st))
		return shmt__fail(EPERM);
	seen = with_inode(job->object, &st);
	if (check_unused_by_proc(&seen, false, &job->removal->hidden) == -1)
		return -1;
	return unlink_same(job, &st);
}

static int
remove_by_force(const struct job *job)
{
	struct statx st;

	return shmt__posix_stat(job->dir, job->object, &st) == -1 ? -1 :
	    unlink_same(job, &st);
}

static int
unlink_object(const struct shmt_object *object, int changes, unsigned flags,
    struct shmt_removal *removal)
{
	const struct job job = { shmt__posix_open_dir(object), object, changes,
	    removal };
	int result;

	*removal = (struct shmt_removal){ 0 };
	if (job.dir == -1)
		return -1;
	if (flags & SHMT_FORCE)
		result = remove_by_force(&job);
	else {
		result = remove_by_lease(&job);
		if (result == -1 && !removal->by_lease &&
		    shmt__lease_forbidden(errno))
			result = remove_by_proc(&job);
	}
	if (result == -1 && errno == EAGAIN)
		errno = EBUSY;
	shmt__posix_close_dir(object, job.dir);
	return result;
}

int
shmt__posix_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal)
{
	return unlink_object(object, -1, flags, removal);
}

int
shmt_remove_unchanged(const struct shmt_object *object, int changes,
    struct shmt_removal *removal)
{
	if (object->kind == SHMT_POSIX)
		return unlink_object(object, changes, 0, removal);
	return shmt__fail(EINVAL);
}

int
shmt__shrink_unused(const struct shmt_object *object, int fd,
    const struct statx *st, uint64_t size)
{
	const struct shmt_object seen = with_inode(object, st);
	unsigned tries = 0;
	struct shmt__lease lease;
	size_t hidden;
	int result;

	do {
		result = shmt__lease_take(&lease, fd, st->stx_uid);
	} while (result == -1 && shmt__lease_retry(&tries));
	if (result == 0) {
		result = ftruncate(fd, (off_t)size);
		shmt__lease_drop(&lease);
	} else if (shmt__lease_forbidden(errno) &&
	    check_unused_by_proc(&seen, true, &hidden) == 0)
		result = ftruncate(fd, (off_t)size);
	if (result == -1 && errno == EAGAIN)
		errno = EBUSY;
	return result;
}
