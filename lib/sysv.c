/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment: creates, finds, reads, attaches, changes and removes it.
 */

#include <sys/ipc.h>
#include <sys/shm.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

/* The defaults of 32-bit machines hold no large size, nor a time after 2038. */
_Static_assert(sizeof(off_t) == 8, "needs -D_FILE_OFFSET_BITS=64");
_Static_assert(sizeof(time_t) == 8, "needs -D_TIME_BITS=64");

#define NEXT_ID "/proc/sys/kernel/shm_next_id"

const char *
shmt_version(void)
{
	return SHMT_VERSION;
}

/* An id that does not exist, or is just being removed, is ENOENT. */
static int
map_errno(int result)
{
	if (result == -1 && (errno == EINVAL || errno == EIDRM))
		errno = ENOENT;
	return result == -1 ? -1 : 0;
}

void
shmt__sysv_fill(int id, const struct shmid_ds *ds,
    struct shmt_info *segment)
{
	memset(segment, 0, sizeof(*segment));
	segment->object.id = id;
	segment->key = (uint32_t)ds->shm_perm.__key;
	segment->uid = ds->shm_perm.uid;
	segment->gid = ds->shm_perm.gid;
	segment->cuid = ds->shm_perm.cuid;
	segment->cgid = ds->shm_perm.cgid;
	segment->mode = ds->shm_perm.mode & 0777u;
	segment->state = ((ds->shm_perm.mode & SHM_DEST) != 0 ? SHMT_DEST : 0) |
	    ((ds->shm_perm.mode & SHM_LOCKED) != 0 ? SHMT_LOCKED : 0);
	segment->size = ds->shm_segsz;
	segment->nattch = ds->shm_nattch;
	segment->cpid = ds->shm_cpid;
	segment->lpid = ds->shm_lpid;
	segment->atime = ds->shm_atime;
	segment->dtime = ds->shm_dtime;
	segment->ctime = ds->shm_ctime;
	shmt__sysv_set_known(segment);
}

void
shmt__sysv_set_known(struct shmt_info *segment)
{
	segment->known = SHMT_HAS_OWNER | SHMT_HAS_CREATOR | SHMT_HAS_SIZE |
	    SHMT_HAS_NATTCH | SHMT_HAS_IN_USE | SHMT_HAS_CPID |
	    SHMT_HAS_LPID | SHMT_HAS_ATIME | SHMT_HAS_DTIME | SHMT_HAS_CTIME;
	/* The mark for removal takes the key away. */
	if ((segment->state & SHMT_DEST) == 0)
		segment->known |= SHMT_HAS_KEY;
	segment->in_use = segment->nattch > 0;
}

int
shmt_find(uint32_t key, int *id)
{
	int found;

	if (key == 0)
		return shmt__fail(EINVAL);
	/* Flags 0 and size 0 ask for no permission and for no size. */
	found = shmget((key_t)key, 0, 0);
	if (found == -1)
		return map_errno(-1);
	*id = found;
	return 0;
}

int
shmt__sysv_stat(int id, struct shmt_info *segment)
{
	struct shmid_ds ds;
	int found;

	if (id < 0)
		return shmt__fail(ENOENT);
	memset(&ds, 0, sizeof(ds));
	found = shmctl(id, IPC_STAT, &ds) == -1 ? -1 : id;
	if (found == -1 && errno == EACCES) {
		/* By its index, which the kernel takes out of an id by itself,
		 * it can be looked at without read permission. */
		found = shmctl(id, SHM_STAT_ANY, &ds);
		errno = found == -1 ? EACCES : ENOENT;
	}
	if (found != id)
		return map_errno(-1);
	shmt__sysv_fill(id, &ds, segment);
	return 0;
}

static int
request_flags(const struct shmt_request *request)
{
	unsigned flags = (request->mode & 0777u) | IPC_CREAT | IPC_EXCL;
	uint64_t bytes;

	if (request->flags & SHMT_NORESERVE)
		flags |= SHM_NORESERVE;
	if (request->flags & SHMT_HUGETLB) {
		flags |= SHM_HUGETLB;
		for (bytes = request->huge_size; bytes > 1; bytes >>= 1)
			flags += 1u << 26;	/* SHM_HUGE_SHIFT */
	}
	return (int)flags;
}

static int
make_or_open(const struct shmt_request *request, int *id, bool *created)
{
	int flags = request_flags(request), tries, made;
	size_t size = (size_t)request->size;
	bool new = false;

	if (size != request->size ||
	    (request->huge_size & (request->huge_size - 1)) != 0)
		return shmt__fail(EINVAL);
	/* Another process may create and remove it between the two calls; this
	 * retries only so often. */
	for (tries = 0; tries < 16; tries++) {
		made = shmget((key_t)request->key, size, flags);
		if (made != -1 || errno != EEXIST ||
		    (request->flags & SHMT_OPEN) == 0) {
			new = true;
			break;
		}
		made = shmget((key_t)request->key, size,
		    flags & ~(IPC_CREAT | IPC_EXCL));
		if (made != -1 || (errno != ENOENT && errno != EIDRM)) {
			new = false;
			break;
		}
	}
	if (made == -1)
		return -1;
	*id = made;
	*created = new;
	return 0;
}

/* Creates and removes a segment of one byte; -1 where no segment can be
 * created. */
static int
create_and_remove(void)
{
	int id = shmget(IPC_PRIVATE, 1, 0);

	if (id != -1)
		shmctl(id, IPC_RMID, NULL);
	return id;
}

/*
 * shm_next_id stays set until a segment is created, and cannot be cleared by a
 * write (-1 is EINVAL): after a refused shmget(2) it would apply to the next
 * program.
 */
static void
clear_next_id(void)
{
	int saved = errno;

	create_and_remove();
	errno = saved;
}

/* EAGAIN: a segment has this id, or the new one got another. */
static int
try_id(const struct shmt_request *request, int *id, bool *created)
{
	struct shmt_info segment;
	bool new;
	int made;

	/* For an id in use the kernel silently takes the next free one: check
	 * before and afterwards. */
	if (shmt__sysv_stat(request->id, &segment) == 0)
		return shmt__fail(EAGAIN);
	/* Where no segment can be created, shm_next_id could not be cleared. */
	if (create_and_remove() == -1 ||
	    shmt__write_number(NEXT_ID, (uint64_t)request->id) == -1)
		return -1;
	if (make_or_open(request, &made, &new) == -1) {
		clear_next_id();
		return -1;
	}
	if (!new)
		clear_next_id();
	if (made != request->id) {
		if (new)
			shmctl(made, IPC_RMID, NULL);
		return shmt__fail(new ? EAGAIN : EEXIST);
	}
	*id = made;
	*created = new;
	return 0;
}

/* Retries for some milliseconds: a process that does the same at this moment
 * may get the id that was set for this one, and removes that segment again. */
static int
create_with_id(const struct shmt_request *request, int *id, bool *created)
{
	const struct timespec pause = { 0, 1000L * 1000 };
	int tries, result;

	for (tries = 0; tries < 16; tries++) {
		result = try_id(request, id, created);
		if (result == 0 || errno != EAGAIN)
			return result;
		nanosleep(&pause, NULL);
	}
	return shmt__fail(EEXIST);
}

int
shmt__sysv_create(const struct shmt_request *request, int *id, bool *created)
{
	return request->flags & SHMT_WITH_ID ?
	    create_with_id(request, id, created) :
	    make_or_open(request, id, created);
}

int
shmt__sysv_set(const struct shmt_info *segment)
{
	struct shmt_info there;
	struct shmid_ds ds;

	memset(&ds, 0, sizeof(ds));
	ds.shm_perm.uid = segment->uid;
	ds.shm_perm.gid = segment->gid;
	ds.shm_perm.mode = (unsigned short)(segment->mode & 0777u);
	if (shmctl(segment->object.id, IPC_SET, &ds) == 0)
		return 0;
	/* EINVAL may be about the owner or about the id. */
	if (errno == EINVAL &&
	    shmt__sysv_stat(segment->object.id, &there) == 0)
		return shmt__fail(EINVAL);
	return map_errno(-1);
}

int
shmt__sysv_lock(int id, bool lock)
{
	return map_errno(shmctl(id, lock ? SHM_LOCK : SHM_UNLOCK, NULL));
}

int
shmt__sysv_may_remove(int id)
{
	struct shmid_ds ds;

	/* IPC_SET needs the same permission.  An owner that cannot exist is
	 * refused after that was checked, and before anything is changed. */
	memset(&ds, 0, sizeof(ds));
	ds.shm_perm.uid = (uid_t)-1;
	ds.shm_perm.gid = (gid_t)-1;
	if (shmctl(id, IPC_SET, &ds) == -1 && errno != EINVAL)
		return map_errno(-1);
	return 0;
}

int
shmt__sysv_rmid(int id)
{
	return map_errno(shmctl(id, IPC_RMID, NULL));
}

int
shmt__sysv_attach(int id, const void *address, unsigned flags, void **at)
{
	struct shmt_info segment;
	int shmflags, error;
	void *p;

	shmflags = (flags & SHMT_RDONLY ? SHM_RDONLY : 0) |
	    (flags & SHMT_EXEC ? SHM_EXEC : 0) |
	    (flags & SHMT_ROUND ? SHM_RND : 0) |
	    (flags & SHMT_REMAP ? SHM_REMAP : 0);
	p = shmat(id, address, shmflags);
	if (p == (void *)-1) {
		/* EINVAL may be about the address or about the id. */
		error = errno;
		if (error == EIDRM || (error == EINVAL &&
		    shmt__sysv_stat(id, &segment) == -1 && errno == ENOENT))
			error = ENOENT;
		errno = error;
		return -1;
	}
	*at = p;
	return 0;
}

int
shmt_detach(const void *at)
{
	return shmdt(at);
}

int
shmt__sysv_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal)
{
	/* The kernel keeps what is in use until its last detach. */
	(void)flags;
	*removal = (struct shmt_removal){ 0 };
	return shmt__sysv_rmid(object->id);
}
