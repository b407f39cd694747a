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
 * only: a process that opens the file waits meanwhile, and this one gets
 * SIGURG, which it ignores unless it has a handler.
 *
 * EAGAIN: another descriptor or mapping of it exists.  EACCES: the caller is
 * neither the owner nor may become it, nor has CAP_LEASE.  EINVAL: the file
 * system has no leases.
 */
int shmt__lease_take(struct shmt__lease *lease, int fd, uint32_t owner);

/* Whether the lease is still held: no process has tried to open the file. */
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

/* Called after a failure: pauses, and returns whether to retry.  EAGAIN is
 * retried for 20 ms, since another program that tests for users holds a lease
 * for microseconds.  *tries starts as 0. */
bool shmt__lease_retry(unsigned *tries);

/* Whether an errno means that this process may not take leases, which leaves
 * unknown whether the object is in use. */
bool shmt__lease_forbidden(int error);

/* Whether no process uses an object: takes a lease and drops it.
 * SHMT_CANNOT_TELL: this process may not take one. */
enum shmt_answer shmt__try_lease(const struct shmt_object *object);

#endif
