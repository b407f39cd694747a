/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The kernel's proof that nobody uses a POSIX object: a write lease on a file
 * of tmpfs is granted only while no other descriptor of it is open and no
 * mapping of it exists, in any process of any namespace.
 */

#ifndef SHMT_USERS_LEASE_H
#define SHMT_USERS_LEASE_H

#include <signal.h>

#include "shmtool.h"

struct statx;

struct shmt__lease {
	int fd;
	uint32_t owner;
	sigset_t mask;		/* of the thread, before */
	bool pending;		/* a SIGIO was pending before */
};

/*
 * Takes a write lease on fd, a file of this owner.  Hold it for microseconds
 * only: a process that opens the file waits meanwhile.  SIGIO stays blocked for
 * the thread until the lease is dropped.
 *
 * EAGAIN: another descriptor or mapping of it exists.  EACCES: the caller is
 * neither the owner nor may become it, nor has CAP_LEASE.  EINVAL: the file
 * system has no leases.
 */
int shmt__lease_take(struct shmt__lease *lease, int fd, uint32_t owner);

/* Whether no process has tried to open it since. */
bool shmt__lease_is_whole(const struct shmt__lease *lease);

void shmt__lease_drop(struct shmt__lease *lease);

enum shmt__lease_answer {
	SHMT__LEASE_GRANTED,	/* nobody uses the object */
	SHMT__LEASE_REFUSED,	/* somebody does */
	SHMT__LEASE_FORBIDDEN	/* this process may not ask */
};

/* Asks for a lease and drops it.  flags: SHMT_RETRY.  ENOENT: no such object
 * any longer. */
int shmt__ask_lease(const struct shmt_object *object, unsigned flags,
    enum shmt__lease_answer *answer);

int shmt__posix_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal);

/* As shmt_may_remove(). */
int shmt__posix_may_remove(const struct shmt_object *object);

/* Makes an object smaller through a descriptor for writing, the only one
 * there is of it; EBUSY where it is not. */
int shmt__shrink_unused(const struct shmt_object *object, int fd,
    const struct statx *st, uint64_t size);

#endif
