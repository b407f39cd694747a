/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Segments to files and back.  A saved segment is there when its .meta is:
 * the .shm is published first.  Both are written without a name where the
 * file system can do that, so that a killed save leaves nothing, and their
 * names are made up here, never read from a file.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "bytes/view.h"
#include "shmtool.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

#define CONTENTS ".shm"
#define META ".meta"

#define NAME_ROOM 64	/* "ID-KEY.meta" and its like */

static int
fail_at(struct shmt_trouble *trouble, enum shmt_place place)
{
	trouble->place = place;
	return -1;
}

static int
damaged(struct shmt_trouble *trouble, enum shmt_place place,
    enum shmt_damage damage)
{
	trouble->damage = damage;
	errno = EBADMSG;
	return fail_at(trouble, place);
}

/*
 * Progress: one half for copying, one for the digest.
 */

struct half {
	const struct shmt_transfer *whole;
	uint64_t before;	/* of the bytes of both halves */
	struct shmt_transfer how;
};

static bool
half_progress(void *arg, uint64_t done)
{
	const struct half *half = arg;

	return half->whole->progress(half->whole->arg,
	    half->before / 2 + done / 2);
}

static const struct shmt_transfer *
first_half(struct half *half, const struct shmt_transfer *whole)
{
	half->whole = whole;
	half->before = 0;
	half->how = (struct shmt_transfer){
		.length = UINT64_MAX,
		.progress = whole->progress != NULL ? half_progress : NULL,
		.arg = half
	};
	return &half->how;
}

/* before: how much of both halves is done. */
static const struct shmt_transfer *
second_half(struct half *half, uint64_t before)
{
	half->before = before;
	return &half->how;
}

/*
 * Names for drafts: replaced files come back if it goes wrong afterwards.
 */

/* The old file, if there is one, gets the draft's name. */
static int
swap_old(struct shmt_atomic_file *draft)
{
	if (shmt__atomic_file_publish(draft) == 0)
		return 0;
	if (errno != EEXIST || shmt__atomic_file_name(draft) == -1)
		return -1;
	if (renameat2(draft->dir, draft->name, draft->dir, draft->final,
	    RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != ENOENT && errno != EINVAL && errno != ENOSYS)
		return -1;
	return shmt__atomic_file_replace(draft);
}

/* Undoes it. */
static void
withdraw(const struct shmt_atomic_file *draft)
{
	int saved = errno;

	if (draft->name[0] == '\0')
		unlinkat(draft->dir, draft->final, 0);
	else
		renameat2(draft->dir, draft->name, draft->dir, draft->final,
		    RENAME_EXCHANGE);
	errno = saved;
}

/*
 * Saving
 */

struct save {
	int dir;
	bool replace;
	const struct shmt_transfer *how;
	struct half half;
	struct shmt_saved saved;
	char contents_name[NAME_ROOM], meta_name[NAME_ROOM];
	struct shmt_atomic_file contents, meta;
	struct shmt_trouble *trouble;
};

/* Attaches, and finds out what it is that is being saved: as it was before
 * that, for attaching leaves its traces. */
static int
open_segment(struct save *save, int id, struct shmt_view **view)
{
	struct shmt_info *segment = &save->saved.segment, attached;

	if (shmt_info(id, segment) == -1)
		return -1;
	if (shmt_view_open(id, 0, view) == -1)
		return -1;
	/* As long as we have it attached its id is not given to another. */
	if (shmt_info(id, &attached) == -1 || !shmt_same(segment, &attached)) {
		shmt_view_close(*view);
		errno = ENOENT;
		return -1;
	}
	if ((*view)->huge)
		segment->state |= SHMT_HUGE;
	return 0;
}

/* Before the work; publish() refuses what comes later. */
static int
refuse_existing(const struct save *save, const char *name,
    enum shmt_place place)
{
	struct stat st;

	if (fstatat(save->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (save->replace && !S_ISDIR(st.st_mode))
		return 0;
	errno = save->replace ? EISDIR : EEXIST;
	return fail_at(save->trouble, place);
}

static int
name_files(struct save *save)
{
	struct shmt_saved *saved = &save->saved;

	shmt__name_saved(saved);
	strlcpy(save->trouble->name, saved->name, sizeof(saved->name));
	snprintf(save->contents_name, NAME_ROOM, "%s" CONTENTS, saved->name);
	snprintf(save->meta_name, NAME_ROOM, "%s" META, saved->name);
	if (refuse_existing(save, save->contents_name,
	    SHMT_AT_CONTENTS) == -1)
		return -1;
	return refuse_existing(save, save->meta_name, SHMT_AT_META);
}

static int
copy_contents(struct save *save, struct shmt_view *view)
{
	struct shmt_transfer how = *first_half(&save->half, save->how);
	uint64_t done;

	/* The size first: what the file cannot hold is known before any
	 * copying.  No segment is as large as an off_t could not tell. */
	if (shmt__atomic_file_open(save->dir, save->contents_name,
	    &save->contents) == -1 || ftruncate(save->contents.fd,
	    (off_t)save->saved.segment.size) == -1)
		return fail_at(save->trouble, SHMT_AT_CONTENTS);
	how.flags = SHMT_SPARSE;
	if (shmt_view_send(view, &how, save->contents.fd, &done) == 0)
		return 0;
	return fail_at(save->trouble, errno == EFAULT || errno == ENOMEM ?
	    SHMT_AT_SEGMENT : SHMT_AT_CONTENTS);
}

/* The digest is of what came to be in the file: the segment may be another
 * by now. */
static int
finish_contents(struct save *save)
{
	uint64_t size = save->saved.segment.size;

	if (shmt__digest(save->contents.fd, size,
	    second_half(&save->half, size), save->saved.digest) == -1 ||
	    fsync(save->contents.fd) == -1)
		return fail_at(save->trouble, SHMT_AT_CONTENTS);
	return 0;
}

static int
write_meta(struct save *save)
{
	char text[SHMT__META_MAX];
	size_t length;

	length = shmt__format_meta(&save->saved, text);
	if (shmt__atomic_file_open(save->dir, save->meta_name, &save->meta) ==
		-1 ||
	    shmt__write_all(save->meta.fd, text, length) == -1 ||
	    fsync(save->meta.fd) == -1)
		return fail_at(save->trouble, SHMT_AT_META);
	return 0;
}

static int
publish(const struct save *save, struct shmt_atomic_file *draft)
{
	return save->replace ? swap_old(draft)
			     : shmt__atomic_file_publish(draft);
}

/* The .meta last: it is what makes a saved segment of the two. */
static int
publish_both(struct save *save)
{
	if (publish(save, &save->contents) == -1)
		return fail_at(save->trouble, SHMT_AT_CONTENTS);
	if (shmt__sync_dir(save->dir) == -1)
		fail_at(save->trouble, SHMT_AT_DIR);
	else if (publish(save, &save->meta) == -1)
		fail_at(save->trouble, SHMT_AT_META);
	else if (shmt__sync_dir(save->dir) == 0)
		return 0;
	else {
		fail_at(save->trouble, SHMT_AT_DIR);
		withdraw(&save->meta);
	}
	withdraw(&save->contents);
	return -1;
}

/* As long as we have it attached, the last process is whoever came after us.
 */
static bool
is_disturbed(int id)
{
	struct shmt_info now;

	return shmt_info(id, &now) == -1 || now.lpid != getpid();
}

static int
save_segment(struct save *save, int id)
{
	struct shmt_view *view;
	int result;

	if (open_segment(save, id, &view) == -1)
		return fail_at(save->trouble, SHMT_AT_SEGMENT);
	result = name_files(save);
	if (result == 0)
		result = copy_contents(save, view);
	save->saved.disturbed = is_disturbed(id);
	shmt_view_close(view);
	if (result == 0 && save->how->copied != NULL)
		save->how->copied(save->how->arg);
	if (result == 0)
		result = finish_contents(save);
	if (result == 0)
		result = write_meta(save);
	if (result == 0)
		result = publish_both(save);
	return result;
}

int
shmt_save(const char *dir, int id, unsigned flags,
    const struct shmt_transfer *how, struct shmt_saved *saved,
    struct shmt_trouble *trouble)
{
	struct save save = {
		.replace = (flags & SHMT_REPLACE) != 0, .how = how,
		.contents.fd = -1, .meta.fd = -1, .trouble = trouble
	};
	int result;

	memset(trouble, 0, sizeof(*trouble));
	save.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (save.dir == -1)
		return fail_at(trouble, SHMT_AT_DIR);
	result = save_segment(&save, id);
	shmt__atomic_file_discard(&save.contents);
	shmt__atomic_file_discard(&save.meta);
	shmt__close(save.dir);
	if (result == 0)
		*saved = save.saved;
	return result;
}

/*
 * Checking
 */

/* BASE.shm or BASE.meta of a file named as either, or as BASE. */
static char *
sibling(const char *file, const char *ending)
{
	size_t length = strlen(file), cut;
	char *path;

	cut = length;
	if (length > strlen(META) &&
	    strcmp(file + length - strlen(META), META) == 0)
		cut -= strlen(META);
	else if (length > strlen(CONTENTS) &&
	    strcmp(file + length - strlen(CONTENTS), CONTENTS) == 0)
		cut -= strlen(CONTENTS);
	return asprintf(&path, "%.*s%s", (int)cut, file, ending) == -1 ?
	    NULL : path;
}

/* Opens a regular file, and tells its size. */
static int
open_regular(const char *file, const char *ending, uint64_t *size)
{
	char *path = sibling(file, ending);
	struct stat st;
	int fd;

	if (path == NULL)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY);
	free(path);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

static int
read_meta(const char *file, struct shmt_saved *saved,
    struct shmt_trouble *trouble)
{
	char text[SHMT__META_MAX + 1];
	uint64_t size;
	ssize_t n;
	int fd, result;

	fd = open_regular(file, META, &size);
	if (fd == -1)
		return fail_at(trouble, SHMT_AT_META);
	do
		n = read(fd, text, sizeof(text));
	while (n == -1 && errno == EINTR);
	if (n == -1)
		result = -1;
	else
		/* One too long to be ours is wrong in its last line. */
		result = shmt__parse_meta(text, (size_t)n, saved, trouble);
	shmt__close(fd);
	return result == -1 ? fail_at(trouble, SHMT_AT_META) : 0;
}

/* Opens contents that are as the .meta says. */
static int
open_contents(const char *file, const struct shmt_transfer *how,
    const struct shmt_saved *saved, struct shmt_trouble *trouble)
{
	unsigned char digest[SHMT__DIGEST];
	uint64_t size;
	int fd, result;

	fd = open_regular(file, CONTENTS, &size);
	if (fd == -1)
		return fail_at(trouble, SHMT_AT_CONTENTS);
	trouble->wanted = saved->segment.size;
	trouble->found = size;
	if (size != saved->segment.size)
		result = damaged(trouble, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	else if (shmt__digest(fd, size, how, digest) == -1)
		result = fail_at(trouble, SHMT_AT_CONTENTS);
	else if (memcmp(digest, saved->digest, sizeof(digest)) != 0)
		result = damaged(trouble, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	else
		return fd;
	shmt__close(fd);
	return result;
}

int
shmt_saved_check(const char *file, const struct shmt_transfer *how,
    struct shmt_saved *saved, struct shmt_trouble *trouble)
{
	int fd;

	memset(trouble, 0, sizeof(*trouble));
	if (read_meta(file, saved, trouble) == -1)
		return -1;
	fd = open_contents(file, how, saved, trouble);
	if (fd == -1)
		return -1;
	close(fd);
	return 0;
}

/*
 * Restoring
 */

/* Bytes of the file looked at in one go, and in one block of these. */
#define PIECE ((size_t)256 * 1024)
#define BLOCK ((size_t)4096)

static bool
is_zero(const char *bytes, size_t length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* The first blocks that are all zero, or all not, as the first one is. */
static size_t
first_run(const char *bytes, size_t length, bool *zero)
{
	size_t at = length < BLOCK ? length : BLOCK, n;

	*zero = is_zero(bytes, at);
	for (; at < length; at += n) {
		n = length - at < BLOCK ? length - at : BLOCK;
		if (is_zero(bytes + at, n) != *zero)
			break;
	}
	return at;
}

/*
 * Zeros need no memory: neither a hole of the file, nor what was one before
 * the file was copied by a tool that knows none.
 */
static int
fill_piece(struct shmt_view *view, uint64_t offset, const char *bytes,
    size_t length)
{
	bool zero;
	size_t n;

	for (; length > 0; bytes += n, offset += n, length -= n) {
		n = first_run(bytes, length, &zero);
		if (!zero && (shmt__view_touch(view, offset, n, true) == -1 ||
		    shmt_view_put(view, offset, bytes, n) == -1))
			return -1;
	}
	return 0;
}

static int
fill(struct shmt_view *view, int fd, uint64_t size,
    const struct shmt_transfer *how)
{
	int result = 0;
	uint64_t at;
	char *bytes;
	size_t n;

	bytes = malloc(PIECE);
	if (bytes == NULL)
		return -1;
	for (at = 0; result == 0; at += n) {
		at = shmt__next_data(fd, at, size);
		if (at == size)
			break;
		n = size - at < PIECE ? (size_t)(size - at) : PIECE;
		if (how->progress != NULL && how->progress(how->arg, at)) {
			errno = ECANCELED;
			result = -1;
		} else if (shmt__read_at(fd, at, bytes, n) == -1 ||
		    fill_piece(view, at, bytes, n) == -1)
			result = -1;
		shmt__view_drop(view, at, n);
	}
	free(bytes);
	return result;
}

/*
 * As it was, as far as can be: huge pages, and memory promised for all of
 * it, are better lost than the contents.
 */
static int
make(struct shmt_request *request, struct shmt_saved *saved, int *id)
{
	bool created;

	if (saved->segment.state & SHMT_HUGE) {
		request->flags |= SHMT_HUGETLB;
		if (shmt_create(request, id, &created) == 0)
			return 0;
		if (errno == EEXIST)
			return -1;
		request->flags &= ~SHMT_HUGETLB;
		saved->lost |= SHMT_LOST_HUGE;
	}
	if (shmt_create(request, id, &created) == 0)
		return 0;
	if (errno != ENOMEM)
		return -1;
	request->flags |= SHMT_NORESERVE;
	saved->lost |= SHMT_LOST_RESERVE;
	return shmt_create(request, id, &created);
}

/* Anybody may give a segment away, but only root gives it back. */
static int
set_owner_and_mode(int id, struct shmt_saved *saved)
{
	const struct shmt_info *old = &saved->segment;
	struct shmt_info now, wanted;

	if (shmt_info(id, &now) == -1)
		return -1;
	now.mode = old->mode;
	if (geteuid() == 0) {
		wanted = now;
		wanted.uid = old->uid;
		wanted.gid = old->gid;
		/* Refused where the user namespace does not have them. */
		if (shmt_set(&wanted) == 0)
			return 0;
	}
	if (now.uid != old->uid || now.gid != old->gid)
		saved->lost |= SHMT_LOST_OWNER;
	return shmt_set(&now);
}

static int
make_again(struct shmt_request *request, struct shmt_saved *saved, int fd,
    struct half *half, int *id)
{
	struct shmt_view *view;
	int result, made, error;

	if (make(request, saved, &made) == -1)
		return -1;
	result = shmt_view_open(made, SHMT_WRITE, &view);
	if (result == 0) {
		result = fill(view, fd, request->size,
		    second_half(half, request->size));
		shmt_view_close(view);
	}
	if (result == 0)
		result = set_owner_and_mode(made, saved);
	if (result == 0 && (saved->segment.state & SHMT_LOCKED) &&
	    shmt_lock(made, true) == -1)
		saved->lost |= SHMT_LOST_LOCK;
	if (result == -1) {
		error = errno;
		shmt_remove(made);
		errno = error;
		return -1;
	}
	*id = made;
	return 0;
}

int
shmt_restore(const char *file, unsigned flags, uint32_t key,
    const struct shmt_transfer *how, int *id, struct shmt_saved *saved,
    struct shmt_trouble *trouble)
{
	struct shmt_request request;
	struct half half;
	int fd, result;

	memset(trouble, 0, sizeof(*trouble));
	if (read_meta(file, saved, trouble) == -1)
		return -1;
	fd = open_contents(file, first_half(&half, how), saved, trouble);
	if (fd == -1)
		return -1;
	request = (struct shmt_request){
		.key = flags & SHMT_OTHER_KEY ? key : saved->segment.key,
		.size = saved->segment.size,
		/* Until it is complete it is for nobody else. */
		.mode = 0600,
		.flags = flags & SHMT_SAME_ID ? SHMT_WITH_ID : 0,
		.id = saved->segment.object.id
	};
	result = make_again(&request, saved, fd, &half, id);
	shmt__close(fd);
	return result == -1 ? fail_at(trouble, SHMT_AT_SEGMENT) : 0;
}
