/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All POSIX objects of /dev/shm, by one statx(2) each, and the size of other
 * files there.
 */

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/arena.h"
#include "sys/file.h"
#include "sys/resident.h"

/* The deepest directory below /dev/shm that is read. */
#define DEPTH_MAX 32

/* Opens a directory for reading; dir may be a descriptor of O_PATH. */
static DIR *
open_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	DIR *stream;

	if (fd == -1)
		return NULL;
	stream = fdopendir(fd);
	if (stream == NULL)
		shmt__close(fd);
	return stream;
}

static void
close_dir(DIR *stream)
{
	int saved = errno;

	closedir(stream);
	errno = saved;
}

static struct shmt_info *
add_row(struct shmt_list *list, size_t *room)
{
	struct shmt_info *more;
	size_t want;

	if (list->count == *room) {
		want = *room == 0 ? 64 : *room * 2;
		more = reallocarray(list->list, want, sizeof(*more));
		if (more == NULL)
			return NULL;
		list->list = more;
		*room = want;
	}
	return &list->list[list->count];
}

/* Adds one entry of the directory, unless it was removed meanwhile. */
static int
add_entry(struct shmt_list *list, const char *name, bool nothing_swapped,
    size_t *room)
{
	struct shmt_info *info;
	struct statx st;

	if (shmt__statx(list->dir, name, AT_SYMLINK_NOFOLLOW, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.stx_mode))
		return 0;
	info = add_row(list, room);
	name = shmt__arena_copy(&list->names, name, strlen(name));
	if (info == NULL || name == NULL)
		return -1;
	shmt__posix_fill(&st, name, nothing_swapped, info);
	info->object.dir = list->dir;
	list->count++;
	return 0;
}

static int
add_entries(DIR *stream, struct shmt_list *list)
{
	bool nothing_swapped = shmt__nothing_swapped();
	struct dirent *entry;
	size_t room = 0;

	while ((errno = 0, entry = readdir(stream)) != NULL) {
		/* The type in the entry spares a system call. */
		if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
			continue;
		if (add_entry(list, entry->d_name, nothing_swapped,
		    &room) == -1)
			return -1;
	}
	return errno == 0 ? 0 : -1;
}

static int
compare_names(const void *a, const void *b)
{
	const struct shmt_info *x = a, *y = b;

	return strcmp(x->object.name, y->object.name);
}

int
shmt__posix_list(unsigned want, struct shmt_list *list)
{
	const struct shmt_object any = { .kind = SHMT_POSIX };
	struct shmt_list all = { 0 };
	int result = -1;
	DIR *stream;
	size_t i;

	all.dir = shmt__posix_enter(&any);
	if (all.dir == -1)
		return -1;
	stream = open_dir(all.dir, ".");
	if (stream != NULL) {
		result = add_entries(stream, &all);
		close_dir(stream);
	}
	if (result == -1) {
		shmt_list_free(&all);
		return -1;
	}
	if (all.count > 0)
		qsort(all.list, all.count, sizeof(*all.list), compare_names);
	if (want & SHMT_WANT_RSS)
		for (i = 0; i < all.count; i++)
			shmt__posix_fill_resident(all.dir, &all.list[i]);
	*list = all;
	return 0;
}

static void
count_below(DIR *stream, unsigned depth, dev_t device,
    struct shmt_others *others)
{
	struct dirent *entry;
	struct statx st;
	DIR *below;

	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    shmt__statx(dirfd(stream), entry->d_name,
		    AT_SYMLINK_NOFOLLOW, &st) == -1 ||
		    makedev(st.stx_dev_major, st.stx_dev_minor) != device)
			continue;
		if (S_ISREG(st.stx_mode) && depth > 0) {
			others->files++;
			others->size += st.stx_blocks * 512;
		}
		if (!S_ISDIR(st.stx_mode))
			continue;
		below = depth == DEPTH_MAX ? NULL :
		    open_dir(dirfd(stream), entry->d_name);
		if (below == NULL) {
			others->hidden++;
			continue;
		}
		count_below(below, depth + 1, device, others);
		closedir(below);
	}
}

int
shmt_posix_others(int dir, struct shmt_others *others)
{
	const struct shmt_object place = { .kind = SHMT_POSIX, .dir = dir };
	struct shmt_others all = { 0 };
	int fd = shmt__posix_enter(&place), result = -1;
	struct stat st;
	DIR *stream;

	if (fd == -1)
		return -1;
	stream = open_dir(fd, ".");
	if (stream != NULL) {
		if (fstat(dirfd(stream), &st) == 0) {
			count_below(stream, 0, st.st_dev, &all);
			*others = all;
			result = 0;
		}
		close_dir(stream);
	}
	shmt__posix_leave(&place, fd);
	return result;
}
