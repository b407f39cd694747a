/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Restores a saved segment: reads and checks the .meta, makes the segment, and
 * copies the contents while their digest is checked.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/contents.h"
#include "archive/meta.h"
#include "archive/pair.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

#define META ".meta"
#define CONTENTS ".shm"

struct restore {
	const struct shmt_restoring *how;
	struct shmt_saved saved;
	struct shmt_request request;
	struct shmt_failure *failure;
};

static int
fail_at(const struct restore *restore, enum shmt_place place)
{
	restore->failure->place = place;
	return -1;
}

static int
fail_damaged(const struct restore *restore, enum shmt_damage damage)
{
	restore->failure->damage = damage;
	errno = EBADMSG;
	return fail_at(restore, SHMT_AT_CONTENTS);
}

/*
 * Files
 */

static bool
ends_with(const char *text, size_t length, const char *suffix)
{
	size_t n = strlen(suffix);

	return length > n && memcmp(text + length - n, suffix, n) == 0;
}

size_t
shmt_saved_stem(const char *file)
{
	size_t length = strlen(file);

	if (ends_with(file, length, META))
		return length - strlen(META);
	if (!ends_with(file, length, CONTENTS))
		return length;
	length -= strlen(CONTENTS);
	/* ".N" of a contents file. */
	if (length > 2 && file[length - 2] == '.' && file[length - 1] >= '1' &&
	    file[length - 1] <= '9')
		length -= 2;
	return length;
}

static char *
sibling_path(const char *file, const char *suffix)
{
	char *path;

	return asprintf(&path, "%.*s%s", (int)shmt_saved_stem(file), file,
	    suffix) == -1 ? NULL : path;
}

static int
read_meta(struct restore *restore, const char *file)
{
	char *path = sibling_path(file, META);
	int result = -1;

	if (path != NULL)
		result = shmt__read_meta(AT_FDCWD, path, &restore->saved,
		    restore->failure);
	free(path);
	return result == 0 ? 0 : fail_at(restore, SHMT_AT_META);
}

static int
open_contents(struct restore *restore, const char *file)
{
	char *path = sibling_path(file, restore->saved.suffix);
	uint64_t size;
	int fd = -1;

	if (path != NULL)
		fd = shmt__open_regular(AT_FDCWD, path, &size);
	free(path);
	if (fd == -1)
		return fail_at(restore, SHMT_AT_CONTENTS);
	restore->failure->wanted = restore->saved.segment.size;
	restore->failure->found = size;
	if (size == restore->saved.segment.size)
		return fd;
	shmt__close(fd);
	return fail_damaged(restore, SHMT_BAD_SIZE);
}

/* Opens both files of a pair, again if a save replaced it in between. */
static int
open_pair(struct restore *restore, const char *file)
{
	struct shmt_saved *saved = &restore->saved, before;
	struct shmt_failure failure;
	int fd, error;

	if (read_meta(restore, file) == -1)
		return -1;
	for (;;) {
		before = *saved;
		fd = open_contents(restore, file);
		error = errno;
		failure = *restore->failure;
		if (read_meta(restore, file) == -1)
			break;
		if (strcmp(before.suffix, saved->suffix) == 0 &&
		    memcmp(before.digest, saved->digest,
		    sizeof(before.digest)) == 0) {
			*restore->failure = failure;
			errno = error;
			return fd;
		}
		shmt__close(fd);
	}
	shmt__close(fd);
	return -1;
}

/*
 * The segment
 */

/*
 * A failure with huge pages is retried without them, and ENOMEM without
 * reserving memory: the contents matter more.
 */
static int
create(struct restore *restore, int *id)
{
	struct shmt_request *request = &restore->request;
	struct shmt_saved *saved = &restore->saved;
	bool created;

	if (saved->segment.state & SHMT_HUGE) {
		request->flags |= SHMT_HUGETLB;
		if (shmt__sysv_create(request, id, &created) == 0)
			return 0;
		if (errno == EEXIST)
			return -1;
		request->flags &= ~SHMT_HUGETLB;
		saved->lost |= SHMT_LOST_HUGE;
	}
	if (shmt__sysv_create(request, id, &created) == 0)
		return 0;
	if (errno != ENOMEM)
		return -1;
	request->flags |= SHMT_NORESERVE;
	saved->lost |= SHMT_LOST_RESERVE;
	return shmt__sysv_create(request, id, &created);
}

/* Checks the digest while copying, before the segment gets its owner and mode,
 * or the object its name. */
static int
fill(struct restore *restore, struct shmt_view *view, int fd)
{
	const struct shmt_restoring *how = restore->how;
	struct shmt__copy copy = {
		.view = view, .fd = fd, .to_view = true,
		.size = restore->request.size,
		.progress = how->progress, .arg = how->arg
	};

	if (shmt__copy_contents(&copy) == -1)
		return fail_at(restore, copy.reading_failed ||
		    errno == ENOMEM ? SHMT_AT_CONTENTS : SHMT_AT_SEGMENT);
	if (memcmp(copy.digest, restore->saved.digest,
	    sizeof(copy.digest)) != 0)
		return fail_damaged(restore, SHMT_BAD_DIGEST);
	return 0;
}

/* The mode of memory that never had a name means nothing: the kernel reports
 * 0777, and the holders share the memory by descriptors. */
static unsigned
mode_of(const struct shmt_info *saved)
{
	return saved->object.kind == SHMT_MEMFD ||
	    saved->object.kind == SHMT_ANON ? 0600 : saved->mode;
}

/* Only root restores the owner, as with files, though IPC_SET lets any owner
 * change it. */
static int
set_owner_and_mode(int id, struct shmt_saved *saved)
{
	const struct shmt_info *old = &saved->segment;
	struct shmt_info now, wanted;

	if (shmt__sysv_stat(id, &now) == -1)
		return -1;
	now.mode = mode_of(old);
	if (geteuid() == 0) {
		wanted = now;
		wanted.uid = old->uid;
		wanted.gid = old->gid;
		/* Refused where the user namespace does not have them. */
		if (shmt__sysv_set(&wanted) == 0)
			return 0;
	}
	if (now.uid != old->uid || now.gid != old->gid)
		saved->lost |= SHMT_LOST_OWNER;
	return shmt__sysv_set(&now);
}

static int
complete(struct restore *restore, int id, int fd)
{
	const struct shmt_object object = { .kind = SHMT_SYSV, .id = id };
	struct shmt_saved *saved = &restore->saved;
	struct shmt_view *view;
	int result;

	if (shmt_view_open(&object, SHMT_WRITE, &view) == -1)
		return fail_at(restore, SHMT_AT_SEGMENT);
	result = fill(restore, view, fd);
	shmt_view_close(view);
	if (result == -1)
		return -1;
	if (set_owner_and_mode(id, saved) == -1)
		return fail_at(restore, SHMT_AT_SEGMENT);
	if ((saved->segment.state & SHMT_LOCKED) &&
	    shmt__sysv_lock(id, true) == -1)
		saved->lost |= SHMT_LOST_LOCK;
	return 0;
}

static int
report_made(struct restore *restore, int id)
{
	const struct shmt_restoring *how = restore->how;
	struct shmt_info segment;

	if (how->made == NULL)
		return 0;
	if (shmt__sysv_stat(id, &segment) == 0) {
		if (how->made(how->arg, &segment))
			return 0;
		errno = ECANCELED;
	}
	return fail_at(restore, SHMT_AT_SEGMENT);
}

static int
make_sysv(struct restore *restore, int fd, int *id)
{
	int made, error;

	if (create(restore, &made) == -1)
		return fail_at(restore, SHMT_AT_SEGMENT);
	if (report_made(restore, made) == 0 &&
	    complete(restore, made, fd) == 0) {
		*id = made;
		return 0;
	}
	error = errno;
	shmt__sysv_rmid(made);
	errno = error;
	return -1;
}

/*
 * The object
 */

static int
set_owner(struct restore *restore, int fd)
{
	const struct shmt_info *old = &restore->saved.segment;
	struct stat st;

	/* For fchown(2), -1 means to leave the owner or group as it is. */
	if (geteuid() == 0 && fchown(fd, old->uid, old->gid) == 0 &&
	    old->uid != UINT32_MAX && old->gid != UINT32_MAX)
		return 0;
	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_uid != old->uid || st.st_gid != old->gid)
		restore->saved.lost |= SHMT_LOST_OWNER;
	return 0;
}

static int
complete_object(struct restore *restore, int contents,
    struct shmt_object *object, int fd)
{
	struct shmt_view *view;
	struct stat st;
	int result;

	if (shmt_view_of_fd(fd, SHMT_WRITE, &view) == -1)
		return fail_at(restore, SHMT_AT_SEGMENT);
	result = fill(restore, view, contents);
	shmt_view_close(view);
	if (result == -1)
		return -1;
	if (set_owner(restore, fd) == -1 || fstat(fd, &st) == -1 ||
	    shmt_posix_commit(object, &restore->request, fd) == -1)
		return fail_at(restore, SHMT_AT_SEGMENT);
	object->dev = st.st_dev;
	object->inode = st.st_ino;
	return 0;
}

static int
report_object(struct restore *restore, const struct shmt_object *object)
{
	const struct shmt_restoring *how = restore->how;
	const struct shmt_info planned = {
		.object = *object, .known = SHMT_HAS_SIZE,
		.size = restore->request.size
	};

	if (how->made == NULL || how->made(how->arg, &planned))
		return 0;
	errno = ECANCELED;
	return fail_at(restore, SHMT_AT_SEGMENT);
}

/* The name appears last: until then the object ends with this process. */
static int
restore_object(struct restore *restore, int contents,
    struct shmt_object *object)
{
	int fd;

	if (report_object(restore, object) == -1)
		return -1;
	if (shmt_posix_prepare(object, &restore->request, &fd) == -1)
		return fail_at(restore, SHMT_AT_SEGMENT);
	if (complete_object(restore, contents, object, fd) == -1) {
		shmt_posix_discard(object, fd);
		return -1;
	}
	shmt__close(fd);
	return 0;
}

/*
 * Either
 */

/* The object to create, and its properties: memory is reserved if all of the
 * saved object was allocated. */
static void
make_request(struct restore *restore, struct shmt_object *object)
{
	const struct shmt_restoring *how = restore->how;
	const struct shmt_info *old = &restore->saved.segment;
	struct shmt_request *request = &restore->request;

	*object = (struct shmt_object){ .kind = old->object.kind };
	if (how->flags & SHMT_OTHER_KEY)
		object->kind = SHMT_SYSV;
	if (how->flags & SHMT_OTHER_NAME)
		object->kind = SHMT_POSIX;
	*request = (struct shmt_request){ .size = old->size };
	if (object->kind == SHMT_POSIX) {
		object->name = how->flags & SHMT_OTHER_NAME ? how->name :
		    old->object.name;
		request->mode = mode_of(old);
		if (old->object.kind != SHMT_SYSV &&
		    old->allocated < old->size)
			request->flags = SHMT_NORESERVE;
		return;
	}
	request->key = how->flags & SHMT_OTHER_KEY ? how->key : old->key;
	/* Only the owner may attach it before it is complete. */
	request->mode = 0600;
	if (how->flags & SHMT_SAME_ID) {
		request->flags = SHMT_WITH_ID;
		request->id = old->object.id;
	}
}

static int
create_again(struct restore *restore, int contents, struct shmt_object *object)
{
	struct shmt_object made;
	int result;

	make_request(restore, &made);
	if (made.kind != SHMT_SYSV && made.kind != SHMT_POSIX) {
		errno = EDESTADDRREQ;
		return fail_at(restore, SHMT_AT_META);
	}
	if ((restore->request.flags & SHMT_WITH_ID) &&
	    restore->saved.segment.object.kind != SHMT_SYSV) {
		errno = ENOTSUP;
		return fail_at(restore, SHMT_AT_META);
	}
	result = made.kind == SHMT_POSIX ?
	    restore_object(restore, contents, &made) :
	    make_sysv(restore, contents, &made.id);
	if (result == 0)
		*object = made;
	return result;
}

static void
copy_saved(const struct restore *restore, struct shmt_saved *saved)
{
	*saved = restore->saved;
	shmt__assign_name(saved);
}

int
shmt_restore(const char *file, const struct shmt_restoring *how,
    struct shmt_object *object, struct shmt_saved *saved,
    struct shmt_failure *failure)
{
	struct restore restore = { .how = how, .failure = failure };
	int fd, result;

	memset(failure, 0, sizeof(*failure));
	fd = open_pair(&restore, file);
	copy_saved(&restore, saved);
	if (fd == -1)
		return -1;
	result = create_again(&restore, fd, object);
	shmt__close(fd);
	copy_saved(&restore, saved);
	/* Its name is that of the request, or it is in *saved. */
	if (result == 0 && object->kind == SHMT_POSIX &&
	    (how->flags & SHMT_OTHER_NAME) == 0)
		object->name = saved->object;
	return result;
}
