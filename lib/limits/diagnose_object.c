/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Finds the cause, among those that share an errno, why a POSIX object was not
 * created or did not grow.
 */

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <unistd.h>

#include "limits/sysctl.h"
#include "shmtool.h"

#define PROTECTED "/proc/sys/fs/protected_regular"
#define DEV_SHM "/dev/shm"

/* O_TMPFILE needs an inode first, and fallocate(2) the bytes. */
static void
no_space(struct shmt_cause *c)
{
	struct shmt_dev_shm fs;

	if (shmt_dev_shm(&fs) == -1)
		return;
	if (fs.inodes > 0 && fs.used_inodes >= fs.inodes) {
		c->kind = SHMT_CAUSE_SHM_INODES;
		c->certain = true;
		c->asked = 1;
		c->used = fs.used_inodes;
		c->limit = fs.inodes;
	} else if (fs.size > 0) {
		c->kind = SHMT_CAUSE_SHM_SIZE;
		c->used = fs.used;
		c->limit = fs.size;
		c->certain = c->used > c->limit ||
		    c->asked > c->limit - c->used;
	}
}

static void
no_memory(struct shmt_cause *c)
{
	struct shmt_headroom headroom;

	c->kind = SHMT_CAUSE_MEMORY;
	if (shmt_headroom(&headroom)) {
		c->used = headroom.used;
		c->limit = headroom.limit;
		c->certain = c->asked > headroom.left;
	}
}

static void
too_large(struct shmt_cause *c)
{
	struct rlimit limit;

	c->certain = true;
	c->kind = SHMT_CAUSE_LARGEST;
	c->limit = INT64_MAX;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    limit.rlim_cur < INT64_MAX) {
		c->kind = SHMT_CAUSE_FSIZE;
		c->limit = limit.rlim_cur;
	}
}

/* Whether the kernel refuses to open the object of another user by O_CREAT:
 * in a sticky directory, unless that user owns the directory too. */
static unsigned
protection(const struct shmt_info *object)
{
	uint64_t protected = 0;
	struct stat dir;

	if (object->uid == geteuid() || stat(DEV_SHM, &dir) == -1 ||
	    (dir.st_mode & S_ISVTX) == 0 || object->uid == dir.st_uid ||
	    shmt__read_sysctl(PROTECTED, false, &protected, 1) == -1)
		return 0;
	return (unsigned)protected;
}

/* Whether it shares the memory of /dev/shm. */
static bool
is_in_dev_shm(const struct shmt_object *object)
{
	struct stat st;

	return object->kind == SHMT_POSIX || (object->kind == SHMT_DELETED &&
	    stat(DEV_SHM, &st) == 0 && st.st_dev == object->dev);
}

/* Describes the object that has the name, if it is one. */
static void
taken(const struct shmt_object *object, int error, struct shmt_cause *c)
{
	c->has_segment = shmt_info(object, 0, &c->segment) == 0;
	if (c->has_segment)
		c->protected_regular = protection(&c->segment);
	c->certain = true;
	c->kind = error == EEXIST ? SHMT_CAUSE_EXISTS : SHMT_CAUSE_EXISTING;
	if (error == EINVAL && !c->has_segment)
		c->kind = SHMT_CAUSE_OTHER;
}

void
shmt_diagnose_object(const struct shmt_object *object,
    const struct shmt_request *request, int error, struct shmt_cause *cause)
{
	int saved = errno;

	*cause = (struct shmt_cause){ .asked = request->size };
	if (error == ENOSPC && is_in_dev_shm(object))
		no_space(cause);
	else if (error == ENOMEM ||
	    (error == ENOSPC && object->kind != SHMT_DELETED))
		no_memory(cause);
	else if (error == EFBIG)
		too_large(cause);
	else if ((error == EEXIST || error == EINVAL) &&
	    object->kind == SHMT_POSIX)
		taken(object, error, cause);
	else if (error == ENODEV) {
		cause->kind = SHMT_CAUSE_NO_SHM;
		cause->certain = true;
	}
	errno = saved;
}
