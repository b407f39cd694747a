/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Shared memory of any kind: what names it, what is known of it, and one
 * face for what can be done with it.  Becomes part of shmtool.h, with one
 * underscore in place of two, when the commands are converted to it.
 */

#ifndef SHMT_OBJECT_H
#define SHMT_OBJECT_H

#include "shmtool.h"

/* What costs more than one system call an object. */
#define SHMT_WANT_RSS	0x1u	/* rss and swap apart */

/* Whether two views are of one piece of memory: ids and names are reused. */
bool shmt__same(const struct shmt_info *a, const struct shmt_info *b);

/*
 * Finds out what is known of an object.  ENOENT: no such object, or the name
 * now belongs to another one.  Of a name in /dev/shm that is no object: ELOOP
 * a symbolic link, EISDIR a directory, ENXIO a FIFO, socket or device.
 * ENODEV: /dev/shm is not there, or is no tmpfs.
 */
int shmt__info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info);

/* All objects of some kinds. */
struct shmt_list {
	struct shmt_info *list;
	size_t count;
	size_t hidden;		/* processes that could not be looked into,
				 * where the kinds asked for need that */
	struct shmt__arena *names;	/* private, as is the directory */
	int dir;
};

/* kinds: a set of SHMT_KIND().  The caller frees with shmt__list_free(). */
int shmt__list(unsigned kinds, unsigned want, struct shmt_list *list);
void shmt__list_free(struct shmt_list *list);

#define SHMT_FORCE	0x10u	/* though it is in use */
#define SHMT_RETRY	0x20u	/* for 20 ms, as long as the kernel says that it
				 * is in use: for an object that no visible
				 * process uses, since another program may look
				 * at it in the same way just now */

/* What a removal found out. */
struct shmt_removal {
	bool by_lease;		/* the kernel granted that it was unused */
	bool opened;		/* a process opened it in the same instant, and
				 * has memory without a name now */
	size_t hidden;		/* without a lease: processes that could not be
				 * looked into, each of which may use it */
};

/*
 * Removes an object.  flags: SHMT_FORCE, SHMT_RETRY; removal may be NULL, and
 * is set on failure too.
 *
 * System V: gone at once, or marked while processes have it attached.  POSIX:
 * EBUSY while it is in use, by the kernel's own word; where the kernel may
 * not be asked, /proc decides.  Memory without a name: EINVAL.
 */
int shmt__remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal);

/* Sets owner, group and mode to those of info, which shmt__info() filled. */
int shmt__set(const struct shmt_info *info);

/*
 * Who has it mapped or open: of one object, or of all in a list, by one pass
 * over /proc.  A POSIX object must be known by device and inode.  The caller
 * frees with shmt_holders_free().  ENOTSUP: /proc is not there, or not that
 * of a PID namespace of ours.
 */
int shmt__holders_of_one(const struct shmt_object *object,
    struct shmt_holders *holders);
int shmt__holders_of_list(const struct shmt_info *list, size_t count,
    struct shmt_holders *holders);

/* The holders of one object: a run in holders->list, and its length. */
const struct shmt_holder *shmt__holders_get(
    const struct shmt_holders *holders, const struct shmt_object *object,
    size_t *count);

/*
 * Fills nattch, fds and in_use by what /proc shows of an object of a kind that
 * the kernel keeps no count for.  Where that is nobody, the kernel is asked
 * about a POSIX object by a write lease; in_use stays unknown where it may not
 * be asked.
 */
void shmt__fill_use(struct shmt_info *info,
    const struct shmt_holders *holders);

/* Last time stamp of any kind. */
int64_t shmt__last_time(const struct shmt_info *info);

enum shmt_answer { SHMT_CANNOT_TELL, SHMT_NO, SHMT_YES };

/* Why a POSIX object is stale or is not: each part must hold. */
struct shmt_object_proof {
	bool stale;
	bool one_name;		/* one link */
	bool no_semaphore;
	bool idle_enough;
	enum shmt_answer unused;
	enum shmt_answer creator_gone;
	uint64_t idle;		/* seconds since the last time stamp */
	/* What creator_gone follows from: the process that the name names; or
	 * one with the owner's user id that is older than the last time
	 * stamp; 0 where there is none. */
	pid_t pid;
	bool by_name;
	char command[SHMT_COMMAND_MAX];
	bool complete;		/* no process was hidden from that look */
};

/*
 * A descriptor of the memory, close-on-exec; SHMT_WRITE: for writing too.
 * O_NOATIME where it is permitted.  EINVAL: a System V segment has none.
 */
int shmt__open(const struct shmt_object *object, unsigned flags, int *fd);

#endif
