/* SPDX-License-Identifier: BSD-2-Clause */

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
	struct shmt_trouble *trouble;
};

static int
fail_at(const struct restore *restore, enum shmt_place place)
{
	restore->trouble->place = place;
	return -1;
}

static int
damaged(const struct restore *restore, enum shmt_damage damage)
{
	restore->trouble->damage = damage;
	errno = EBADMSG;
	return fail_at(restore, SHMT_AT_CONTENTS);
}

/*
 * Files
 */

static bool
ends_with(const char *text, size_t length, const char *ending)
{
	size_t n = strlen(ending);

	return length > n && memcmp(text + length - n, ending, n) == 0;
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
beside(const char *file, const char *ending)
{
	char *path;

	return asprintf(&path, "%.*s%s", (int)shmt_saved_stem(file), file,
	    ending) == -1 ? NULL : path;
}

static int
read_meta(struct restore *restore, const char *file)
{
	char *path = beside(file, META);
	int result = -1;

	if (path != NULL)
		result = shmt__read_meta(AT_FDCWD, path, &restore->saved,
		    restore->trouble);
	free(path);
	return result == 0 ? 0 : fail_at(restore, SHMT_AT_META);
}

static int
open_contents(struct restore *restore, const char *file)
{
	char *path = beside(file, restore->saved.ending);
	uint64_t size;
	int fd = -1;

	if (path != NULL)
		fd = shmt__open_regular(AT_FDCWD, path, &size);
	free(path);
	if (fd == -1)
		return fail_at(restore, SHMT_AT_CONTENTS);
	restore->trouble->wanted = restore->saved.segment.size;
	restore->trouble->found = size;
	if (size == restore->saved.segment.size)
		return fd;
	shmt__close(fd);
	return damaged(restore, SHMT_BAD_SIZE);
}

/*
 * The segment
 */

/*
 * Huge pages, and memory reserved for all of it, are given up rather than
 * the contents.
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

/* Checks the contents while they are copied: only a copy that was checked
 * to its end becomes a segment that others find. */
static int
fill(struct restore *restore, struct shmt_view *view, int fd)
{
	const struct shmt_restoring *how = restore->how;
	struct shmt__copy copy = {
		.from.fd = fd, .to.view = view, .size = restore->request.size,
		.progress = how->progress, .arg = how->arg
	};

	if (shmt__copy_contents(&copy) == -1)
		return fail_at(restore, copy.reading_failed ||
		    errno == ENOMEM ? SHMT_AT_CONTENTS : SHMT_AT_SEGMENT);
	if (memcmp(copy.digest, restore->saved.digest,
	    sizeof(copy.digest)) != 0)
		return damaged(restore, SHMT_BAD_DIGEST);
	return 0;
}

/* Anybody may give a segment away, but only root gives it back. */
static int
set_owner_and_mode(int id, struct shmt_saved *saved)
{
	const struct shmt_info *old = &saved->segment;
	struct shmt_info now, wanted;

	if (shmt__sysv_look(id, &now) == -1)
		return -1;
	now.mode = old->mode;
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
	if (shmt__sysv_look(id, &segment) == 0) {
		if (how->made(how->arg, &segment))
			return 0;
		errno = ECANCELED;
	}
	return fail_at(restore, SHMT_AT_SEGMENT);
}

static int
make_again(struct restore *restore, int fd, int *id)
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

int
shmt_restore(const char *file, const struct shmt_restoring *how,
    struct shmt_object *object, struct shmt_saved *saved,
    struct shmt_trouble *trouble)
{
	struct restore restore = { .how = how, .trouble = trouble };
	struct shmt_object made = { .kind = SHMT_SYSV };
	int fd, result;

	memset(trouble, 0, sizeof(*trouble));
	if (read_meta(&restore, file) == -1)
		return -1;
	*saved = restore.saved;
	fd = open_contents(&restore, file);
	if (fd == -1)
		return -1;
	restore.request = (struct shmt_request){
		.key = how->flags & SHMT_OTHER_KEY ? how->key :
		    saved->segment.key,
		.size = saved->segment.size,
		/* Only its owner may attach it before it is complete. */
		.mode = 0600,
		.flags = how->flags & SHMT_SAME_ID ? SHMT_WITH_ID : 0,
		.id = saved->segment.object.id
	};
	result = make_again(&restore, fd, &made.id);
	shmt__close(fd);
	*saved = restore.saved;
	if (result == 0)
		*object = made;
	return result;
}
