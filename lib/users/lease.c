/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leases.  See fcntl(2): the kernel grants F_WRLCK on a file only if the
 * descriptor in the call is the only use of that file.  While the
 * lease is held, open(2) and truncate(2) by others wait, and SIGIO announces
 * them.
 *
 * The lease guards the file, not its name: a program that unlinks the name
 * and makes a new file of that name in the last microsecond before unlink(2)
 * loses the new one.
 */

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/file.h"
#include "users/lease.h"

#define RETRY_NS (20L * 1000 * 1000)	/* how long SHMT_RETRY retries */
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

static void
only_sigio(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGIO);
}

int
shmt__lease_take(struct shmt__lease *lease, int fd, uint32_t owner)
{
	const struct f_owner_ex self = { F_OWNER_TID,
	    (pid_t)syscall(SYS_gettid) };
	sigset_t sigio, pending;
	int saved;

	/* SIGIO would kill the process: it is sent to this thread, which
	 * blocks it. */
	only_sigio(&sigio);
	sigemptyset(&pending);
	sigpending(&pending);
	lease->fd = fd;
	lease->owner = owner;
	lease->pending = sigismember(&pending, SIGIO) == 1;
	pthread_sigmask(SIG_BLOCK, &sigio, &lease->mask);
	if (fcntl(fd, F_SETOWN_EX, &self) == 0 &&
	    set_lease(fd, F_WRLCK, owner) == 0)
		return 0;
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &lease->mask, NULL);
	errno = saved;
	return -1;
}

bool
shmt__lease_is_whole(const struct shmt__lease *lease)
{
	return fcntl(lease->fd, F_GETLEASE) == F_WRLCK;
}

void
shmt__lease_drop(struct shmt__lease *lease)
{
	const struct timespec none = { 0, 0 };
	int saved = errno;
	sigset_t sigio;

	set_lease(lease->fd, F_UNLCK, lease->owner);
	only_sigio(&sigio);
	if (!lease->pending)
		while (sigtimedwait(&sigio, NULL, &none) == -1 &&
		    errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &lease->mask, NULL);
	errno = saved;
}

static int64_t
nanoseconds(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 * 1000 * 1000 + now.tv_nsec;
}

/* After a failure: whether to try again, which is after EAGAIN only. */
static bool
retry(unsigned flags, int64_t since)
{
	const struct timespec pause = { 0, PAUSE_NS };

	if (errno != EAGAIN || (flags & SHMT_RETRY) == 0 ||
	    nanoseconds() - since >= RETRY_NS)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/*
 * Opens the object so that a lease is possible, and takes it.  EAGAIN: the
 * object is in use, or another program takes a lease at the same time.
 */
static int
open_and_lease(int dir, const struct shmt_object *object, struct statx *st,
    struct shmt__lease *lease)
{
	int fd;

	if (shmt__posix_stat(dir, object, st) == -1)
		return -1;
	/* The type may have changed since: wait neither for the writer of a
	 * FIFO nor for the holder of a lease. */
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

static void
drop_and_close(struct shmt__lease *lease)
{
	shmt__lease_drop(lease);
	shmt__close(lease->fd);
}

/* Whether an errno means that this process may not take leases, so that the
 * use of the object is not known. */
static bool
cannot_ask(int error)
{
	return error == EACCES || error == EPERM || error == EINVAL ||
	    error == ENOLCK;
}

static int
ask_lease(int dir, const struct shmt_object *object, unsigned flags,
    enum shmt__lease_answer *answer)
{
	int64_t since = nanoseconds();
	struct shmt__lease lease;
	struct statx st;

	do {
		if (open_and_lease(dir, object, &st, &lease) == 0) {
			drop_and_close(&lease);
			*answer = SHMT__LEASE_GRANTED;
			return 0;
		}
	} while (retry(flags, since));
	if (errno != EAGAIN && !cannot_ask(errno))
		return -1;
	*answer = errno == EAGAIN ? SHMT__LEASE_REFUSED :
	    SHMT__LEASE_FORBIDDEN;
	return 0;
}

int
shmt__ask_lease(const struct shmt_object *object, unsigned flags,
    enum shmt__lease_answer *answer)
{
	int dir = shmt__posix_enter(object), result;

	if (dir == -1)
		return -1;
	result = ask_lease(dir, object, flags, answer);
	shmt__posix_leave(object, dir);
	return result;
}

/* Whether this process could unlink the name, by the rule of sticky
 * directories.  O_NOATIME needs the same: the owner or CAP_FOWNER. */
static bool
may_unlink(int dir, const struct shmt_object *object, const struct statx *st)
{
	uid_t self = (uid_t)setfsuid((uid_t)-1);
	struct stat parent;
	int fd;

	if (fstat(dir, &parent) == -1 || (parent.st_mode & S_ISVTX) == 0 ||
	    self == st->stx_uid || self == parent.st_uid)
		return true;
	fd = openat(dir, object->name, O_RDONLY | O_NOATIME | O_NONBLOCK |
	    O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	shmt__close(fd);
	return fd != -1 || errno == EAGAIN;
}

int
shmt__posix_may_remove(const struct shmt_object *object)
{
	int dir = shmt__posix_enter(object), result;
	struct statx st;

	if (dir == -1)
		return -1;
	result = shmt__posix_stat(dir, object, &st);
	if (result == 0 && !may_unlink(dir, object, &st)) {
		errno = EPERM;
		result = -1;
	}
	shmt__posix_leave(object, dir);
	return result;
}

/* Whether /proc shows every process, and none that uses the object, apart from
 * one descriptor of this process (own). */
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
	if (users + *hidden > 0) {
		errno = EBUSY;
		return -1;
	}
	return 0;
}

static struct shmt_object
as_seen(const struct shmt_object *object, const struct statx *st)
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
	if (!shmt__posix_is_same(job->dir, job->object->name, st)) {
		errno = ENOENT;
		return -1;
	}
	if (job->changes != -1 && shmt_changes_seen(job->changes)) {
		errno = ECANCELED;
		return -1;
	}
	return unlinkat(job->dir, job->object->name, 0);
}

/* Removes the name unless a process waits to open the leased file. */
static int
unlink_leased(const struct job *job, const struct statx *st,
    const struct shmt__lease *lease)
{
	if (!shmt__lease_is_whole(lease)) {
		errno = EAGAIN;
		return -1;
	}
	job->removal->by_lease = true;
	if (unlink_same(job, st) == -1)
		return -1;
	job->removal->opened = !shmt__lease_is_whole(lease);
	return 0;
}

static int
remove_by_lease(const struct job *job, unsigned flags)
{
	int64_t since = nanoseconds();
	struct shmt__lease lease;
	struct statx st;
	int result;

	do {
		result = open_and_lease(job->dir, job->object, &st, &lease);
		if (result == 0) {
			result = unlink_leased(job, &st, &lease);
			drop_and_close(&lease);
		}
	} while (result == -1 && retry(flags, since));
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
	if (!may_unlink(job->dir, job->object, &st)) {
		errno = EPERM;
		return -1;
	}
	seen = as_seen(job->object, &st);
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
remove_object(const struct shmt_object *object, int changes, unsigned flags,
    struct shmt_removal *removal)
{
	const struct job job = { shmt__posix_enter(object), object, changes,
	    removal };
	int result;

	*removal = (struct shmt_removal){ 0 };
	if (job.dir == -1)
		return -1;
	if (flags & SHMT_FORCE)
		result = remove_by_force(&job);
	else {
		result = remove_by_lease(&job, flags);
		if (result == -1 && !removal->by_lease && cannot_ask(errno))
			result = remove_by_proc(&job);
	}
	if (result == -1 && errno == EAGAIN)
		errno = EBUSY;
	shmt__posix_leave(object, job.dir);
	return result;
}

int
shmt__posix_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal)
{
	return remove_object(object, -1, flags, removal);
}

int
shmt_remove_unchanged(const struct shmt_object *object, int changes,
    unsigned flags, struct shmt_removal *removal)
{
	if (object->kind == SHMT_POSIX)
		return remove_object(object, changes, flags, removal);
	errno = EINVAL;
	return -1;
}

int
shmt__shrink_unused(const struct shmt_object *object, int fd,
    const struct statx *st, uint64_t size)
{
	const struct shmt_object seen = as_seen(object, st);
	int64_t since = nanoseconds();
	struct shmt__lease lease;
	size_t hidden;
	int result;

	do {
		result = shmt__lease_take(&lease, fd, st->stx_uid);
	} while (result == -1 && retry(SHMT_RETRY, since));
	if (result == 0) {
		result = ftruncate(fd, (off_t)size);
		shmt__lease_drop(&lease);
	} else if (cannot_ask(errno) &&
	    check_unused_by_proc(&seen, true, &hidden) == 0)
		result = ftruncate(fd, (off_t)size);
	if (result == -1 && errno == EAGAIN)
		errno = EBUSY;
	return result;
}
