/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leases.  See fcntl(2): the kernel grants F_WRLCK on a file only if the
 * descriptor in the call is the only use of that file.  While the
 * lease is held, open(2) and truncate(2) by other processes wait, and a signal
 * tells the holder.
 */

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/file.h"
#include "users/lease.h"

/* 20 ms in all, since a pause takes longer than requested. */
#define RETRIES 80
#define PAUSE_NS (200L * 1000)

/*
 * Sets or drops a lease with the file system user id of the owner, which
 * needs no CAP_LEASE.  A change of that id clears PR_SET_DUMPABLE and
 * PR_SET_PDEATHSIG, which are then set again.
 */
static int
set_lease_as(int fd, int type, uint32_t owner)
{
	int death = 0, dumpable = prctl(PR_GET_DUMPABLE), result = -1, saved;
	uid_t own = (uid_t)setfsuid((uid_t)-1);

	prctl(PR_GET_PDEATHSIG, &death);
	setfsuid(owner);
	if ((uint32_t)setfsuid((uid_t)-1) == owner)
		result = fcntl(fd, F_SETLEASE, type);
	else
		errno = EACCES;
	saved = errno;
	setfsuid(own);
	if (dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	if (death != 0)
		prctl(PR_SET_PDEATHSIG, death);
	errno = saved;
	return result;
}

static int
set_lease(int fd, int type, uint32_t owner)
{
	if (fcntl(fd, F_SETLEASE, type) == 0)
		return 0;
	return errno == EACCES ? set_lease_as(fd, type, owner) : -1;
}

int
shmt__lease_take(struct shmt__lease *lease, int fd, uint32_t owner)
{
	*lease = (struct shmt__lease){ fd, owner };
	/* SIGIO would end the process; SIGURG is ignored by default. */
	return fcntl(fd, F_SETSIG, SIGURG) == -1 ? -1 :
	    set_lease(fd, F_WRLCK, owner);
}

bool
shmt__lease_is_held(const struct shmt__lease *lease)
{
	return fcntl(lease->fd, F_GETLEASE) == F_WRLCK;
}

void
shmt__lease_drop(struct shmt__lease *lease)
{
	int saved = errno;

	set_lease(lease->fd, F_UNLCK, lease->owner);
	errno = saved;
}

bool
shmt__lease_retry(unsigned *tries)
{
	const struct timespec pause = { 0, PAUSE_NS };

	if (errno != EAGAIN || ++*tries > RETRIES)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

int
shmt__lease_open(int dir, const struct shmt_object *object, struct statx *st,
    struct shmt__lease *lease)
{
	int fd;

	/* An object with a known inode was a regular file, whose opening has no
	 * effect.  O_NONBLOCK: if it was replaced by a FIFO, or has a lease,
	 * open(2) must not wait. */
	if (object->inode == 0 && shmt__posix_stat(dir, object, st) == -1)
		return -1;
	fd = openat(dir, object->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (shmt__statx(fd, "", AT_EMPTY_PATH, st) == -1 ||
	    shmt__posix_check(object, st) == -1 ||
	    shmt__lease_take(lease, fd, st->stx_uid) == -1) {
		shmt__close(fd);
		return -1;
	}
	return 0;
}

void
shmt__lease_close(struct shmt__lease *lease)
{
	shmt__lease_drop(lease);
	shmt__close(lease->fd);
}

bool
shmt__lease_forbidden(int error)
{
	return error == EACCES || error == EPERM || error == EINVAL ||
	    error == ENOLCK;
}

enum shmt_answer
shmt__try_lease(const struct shmt_object *object)
{
	int dir = shmt__posix_open_dir(object), result, error;
	unsigned tries = 0;
	struct shmt__lease lease;
	struct statx st;

	if (dir == -1)
		return SHMT_CANNOT_TELL;
	do
		result = shmt__lease_open(dir, object, &st, &lease);
	while (result == -1 && shmt__lease_retry(&tries));
	error = errno;
	if (result == 0)
		shmt__lease_close(&lease);
	shmt__posix_close_dir(object, dir);
	return result == 0 ? SHMT_YES : error == EAGAIN ? SHMT_NO :
	    SHMT_CANNOT_TELL;
}
