/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The kernel's proof that nobody uses a POSIX object: a write lease on a file
 * of tmpfs is granted only while no other descriptor of it is open and no
 * mapping of it exists, in any process of any namespace.
 */

#ifndef SHMT_USERS_LEASE_H
#define SHMT_USERS_LEASE_H

#include "shmtool.h"

struct statx;

struct shmt__lease {
	int fd;
	uint32_t owner;
};

/*
 * Takes a write lease on fd, a file of this owner.  Hold it for microseconds
 * only: a process that opens the file waits meanwhile, and this one gets SIGURG,
 * which it ignores unless it has a handler.
 *
 * EAGAIN: another descriptor or mapping of it exists.  EACCES: the caller is
 * neither the owner nor may become it, nor has CAP_LEASE.  EINVAL: the file
 * system has no leases.
 */
int shmt__lease_take(struct shmt__lease *lease, int fd, uint32_t owner);

/* Whether no process has tried to open it since. */
bool shmt__lease_is_held(const struct shmt__lease *lease);

void shmt__lease_drop(struct shmt__lease *lease);

/*
 * Opens an object and takes a lease on it.  EAGAIN: it is in use, or another
 * program takes a lease at the same time.  The caller closes lease with
 * shmt__lease_close(), which drops it.
 */
int shmt__lease_open(int dir, const struct shmt_object *object,
    struct statx *st, struct shmt__lease *lease);
void shmt__lease_close(struct shmt__lease *lease);

/* After a failure: pauses, and returns whether to try again.  Another looker
 * holds a lease for microseconds, so EAGAIN alone is tried again, with
 * SHMT_RETRY, for 20 ms.  *tries starts as 0. */
bool shmt__lease_retry(unsigned flags, unsigned *tries);

/* Whether an errno means that this process may not take leases, so that the
 * use of the object is not known. */
bool shmt__lease_forbidden(int error);

/* Whether nobody uses an object, by asking for a lease and dropping it.  It
 * cannot be told where the process may not ask.  flags: SHMT_RETRY. */
enum shmt_answer shmt__try_lease(const struct shmt_object *object,
    unsigned flags);

#endif
