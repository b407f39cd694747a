/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Saves a segment: copies the contents (contents.c), writes the .meta (meta.c),
 * and gives the pair its names (pair.c), which makes it valid.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/contents.h"
#include "archive/meta.h"
#include "archive/name.h"
#include "archive/pair.h"
#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"

struct save {
	const struct shmt_saving *how;
	struct shmt_saved saved;
	struct shmt__pair pair;
	struct shmt_failure *failure;
};

static int
fail_at(const struct save *save, enum shmt_place place)
{
	struct shmt_failure *failure = save->failure;
	char suffix[SHMT__SUFFIX] = ".meta";
	int error = errno;

	failure->place = place;
	if (place == SHMT_AT_CONTENTS)
		shmt__contents_suffix(shmt__pair_number(&save->pair), suffix);
	strlcpy(failure->name, save->saved.name, sizeof(failure->name));
	strlcat(failure->name, suffix, sizeof(failure->name));
	return shmt__fail(error);
}

/* Whether a process attached or detached the segment in between. */
static bool
was_used(const struct shmt_info *then, const struct shmt_info *now)
{
	return now->lpid != then->lpid || now->nattch != then->nattch ||
	    now->atime != then->atime || now->dtime != then->dtime;
}

/* Whether the view is of the segment that was looked up before; *opened is its
 * state now. */
static int
check_opened_sysv(struct save *save, const struct shmt_view *view,
    struct shmt_info *opened)
{
	struct shmt_info *before = &save->saved.segment;
	struct shmt_saved *saved = &save->saved;

	if (shmt__sysv_stat(before->object.id, opened) == -1)
		return fail_at(save, SHMT_AT_SEGMENT);
	if (!shmt_same(before, shmt_view_info(view))) {
		errno = ENOENT;
		return fail_at(save, SHMT_AT_SEGMENT);
	}
	if (view->huge)
		before->state |= SHMT_HUGE;
	saved->attached = was_used(before, opened);
	saved->disturbed =
	    opened->nattch != before->nattch + (view->mapped != NULL) ||
	    (saved->attached && opened->lpid != getpid());
	return 0;
}

/* Sets disturbed if the segment was used while it was copied. */
static void
check_sysv(struct save *save, const struct shmt_info *opened)
{
	struct shmt_info now;

	if (shmt__sysv_stat(opened->object.id, &now) == -1 ||
	    !shmt_same(opened, &now) || was_used(opened, &now))
		save->saved.disturbed = true;
}

/* Checks that the object has not become shorter since it was looked up.  If it
 * has grown, only its old size is saved. */
static int
check_opened_object(struct save *save, const struct shmt_view *view,
    struct stat *opened)
{
	if (fstat(view->fd, opened) == 0 &&
	    (uint64_t)opened->st_size >= save->saved.segment.size)
		return 0;
	errno = ENODATA;
	return fail_at(save, SHMT_AT_SEGMENT);
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Sets disturbed if the object was changed while it was copied. */
static int
check_object(struct save *save, const struct shmt_view *view,
    const struct stat *opened)
{
	const struct shmt_object *object = &save->saved.segment.object;
	struct shmt_info now;
	struct stat st;
	uint64_t size;

	/* The processes that hold memory without a name may exit. */
	if (object->kind == SHMT_POSIX && shmt_info(object, 0, &now) == -1)
		return fail_at(save, SHMT_AT_SEGMENT);
	size = save->saved.segment.size;
	if (fstat(view->fd, &st) == -1 || (uint64_t)st.st_size < size) {
		errno = ENODATA;
		return fail_at(save, SHMT_AT_SEGMENT);
	}
	save->saved.disturbed = (uint64_t)st.st_size != size ||
	    !is_same_time(&st.st_mtim, &opened->st_mtim) ||
	    !is_same_time(&st.st_ctim, &opened->st_ctim);
	return 0;
}

/* Fails before the copy if a pair exists already. */
static int
refuse_existing(const struct save *save)
{
	bool replace = (save->how->flags & SHMT_REPLACE) != 0;
	char name[sizeof(save->saved.name) + sizeof(".meta")];
	struct stat st;

	snprintf(name, sizeof(name), "%s.meta", save->saved.name);
	if (fstatat(save->pair.dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : fail_at(save, SHMT_AT_META);
	if (replace && !S_ISDIR(st.st_mode))
		return 0;
	errno = replace ? EISDIR : EEXIST;
	return fail_at(save, SHMT_AT_META);
}

static int
copy_from(struct save *save, struct shmt_view *view)
{
	struct shmt__copy copy = {
		.view = view, .fd = save->pair.fd,
		.size = save->saved.segment.size,
		.progress = save->how->progress, .arg = save->how->arg
	};
	int result;

	result = shmt__copy_contents(&copy);
	memcpy(save->saved.digest, copy.digest, sizeof(copy.digest));
	if (result == 0)
		return 0;
	return fail_at(save, copy.reading_failed || errno == ENOMEM ?
	    SHMT_AT_SEGMENT : SHMT_AT_CONTENTS);
}

static int
copy_contents(struct save *save)
{
	const struct shmt_object *object = &save->saved.segment.object;
	const bool is_sysv = object->kind == SHMT_SYSV;
	struct shmt_info segment;
	struct shmt_view *view;
	struct stat st;
	int result;

	if (shmt_view_open(object, 0, &view) == -1)
		return fail_at(save, SHMT_AT_SEGMENT);
	result = is_sysv ? check_opened_sysv(save, view, &segment) :
	    check_opened_object(save, view, &st);
	if (result == 0)
		result = copy_from(save, view);
	if (result == 0 && is_sysv)
		check_sysv(save, &segment);
	else if (result == 0)
		result = check_object(save, view, &st);
	shmt_view_close(view);
	if (result == 0 && save->how->copied != NULL)
		save->how->copied(save->how->arg);
	return result;
}

/* Sets the size first: if the file cannot be so long, that fails before the
 * copy.  Every segment's size fits into off_t. */
static int
write_contents(struct save *save)
{
	struct shmt__pair *pair = &save->pair;

	if (shmt__pair_create(pair) == -1 ||
	    ftruncate(pair->fd, (off_t)save->saved.segment.size) == -1)
		return fail_at(save, SHMT_AT_CONTENTS);
	if (copy_contents(save) == -1)
		return -1;
	if (fsync(pair->fd) == -1 || shmt__pair_name(pair) == -1)
		return fail_at(save, SHMT_AT_CONTENTS);
	shmt__contents_suffix(pair->number, save->saved.suffix);
	return 0;
}

static int
write_meta(struct save *save)
{
	char text[SHMT__META_MAX];
	size_t length;

	length = shmt__format_meta(&save->saved, text);
	return shmt__pair_prepare(&save->pair, text, length) == 0 ? 0 :
	    fail_at(save, SHMT_AT_META);
}

static int
confirm(const struct save *save)
{
	if (save->how->confirm == NULL ||
	    save->how->confirm(save->how->arg, &save->saved))
		return 0;
	errno = ECANCELED;
	return fail_at(save, SHMT_AT_SEGMENT);
}

/* The names of both files are on the disk before NAME.meta is renamed. */
static int
commit(struct save *save)
{
	if (shmt__sync_dir(save->pair.dir) == -1)
		return fail_at(save, SHMT_AT_DIR);
	if (confirm(save) == -1)
		return -1;
	if (shmt__pair_commit(&save->pair,
	    (save->how->flags & SHMT_REPLACE) != 0) == -1)
		return fail_at(save, SHMT_AT_META);
	return 0;
}

static int
save_pair(struct save *save, const struct shmt_object *object)
{
	struct shmt__pair *pair = &save->pair;

	if (shmt_info(object, 0, &save->saved.segment) == -1)
		return fail_at(save, SHMT_AT_SEGMENT);
	shmt__name_saved(&save->saved);
	if (refuse_existing(save) == -1)
		return -1;
	/* Removes what a killed save left, whose file may have the number that
	 * this one needs. */
	shmt__pair_remove_leftovers(pair);
	if (write_contents(save) == -1 || write_meta(save) == -1 ||
	    commit(save) == -1) {
		shmt__pair_discard(pair);
		return -1;
	}
	/* The new pair is valid now, and a later failure does not remove it. */
	if (shmt__sync_dir(pair->dir) == -1) {
		shmt__close(pair->fd);
		return fail_at(save, SHMT_AT_DIR);
	}
	shmt__pair_remove_leftovers(pair);
	return 0;
}

int
shmt_save(const char *dir, const struct shmt_object *object,
    const struct shmt_saving *how, struct shmt_saved *saved,
    struct shmt_failure *failure)
{
	struct save save = { .how = how, .failure = failure };
	int result;

	memset(failure, 0, sizeof(*failure));
	save.pair = (struct shmt__pair){
		.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.name = save.saved.name, .fd = -1, .number = -1
	};
	if (save.pair.dir == -1)
		return fail_at(&save, SHMT_AT_DIR);
	result = save_pair(&save, object);
	shmt__close(save.pair.dir);
	if (result == -1)
		return -1;
	*saved = save.saved;
	if (object->kind == SHMT_POSIX)
		strlcpy(saved->object, object->name, sizeof(saved->object));
	shmt__assign_name(saved);
	return 0;
}
