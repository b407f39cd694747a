/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All POSIX objects of /dev/shm, by one statx(2) each, and the size of other
 * files there.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/array.h"
#include "sys/file.h"
#include "sys/resident.h"
#include "sys/walk.h"

/* Adds one entry of the directory, unless it was removed meanwhile. */
static int
add_entry(struct shmt_list *list, const char *name, bool nothing_swapped,
    size_t *capacity)
{
	struct shmt_info *more;
	struct statx st;

	if (shmt__statx(list->dir, name, AT_SYMLINK_NOFOLLOW, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.stx_mode))
		return 0;
	more = shmt__grow(list->list, list->count, capacity, sizeof(*more));
	if (more == NULL)
		return -1;
	list->list = more;
	name = shmt__strings_add(&list->names, name);
	if (name == NULL)
		return -1;
	more += list->count++;
	shmt__posix_fill(&st, name, nothing_swapped, more);
	more->object.dir = list->dir;
	return 0;
}

static int
add_entries(DIR *stream, struct shmt_list *list)
{
	bool nothing_swapped = shmt__nothing_swapped();
	struct dirent *entry;
	size_t capacity = list->count;

	while ((errno = 0, entry = readdir(stream)) != NULL) {
		/* The type in the entry spares a system call. */
		if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
			continue;
		if (add_entry(list, entry->d_name, nothing_swapped,
		    &capacity) == -1)
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
	const size_t first = list->count;
	int result;
	DIR *stream;
	size_t i;

	list->dir = shmt__posix_open_dir(&any);
	stream = list->dir == -1 ? NULL : shmt__open_dir(list->dir, ".");
	if (stream == NULL)
		return -1;
	result = add_entries(stream, list);
	shmt__close_dir(stream);
	if (result == -1)
		return -1;
	if (list->count > first)
		qsort(list->list + first, list->count - first,
		    sizeof(*list->list), compare_names);
	for (i = first; (want & SHMT_WANT_RSS) != 0 && i < list->count; i++)
		shmt__posix_fill_by_opening(&list->list[i]);
	return 0;
}

/* A file directly in /dev/shm is an object. */
static void
count_other(void *arg, int dir, const char *name, unsigned depth,
    const struct statx *st)
{
	struct shmt_others *others = arg;

	(void)dir;
	(void)name;
	if (S_ISREG(st->stx_mode) && depth > 0) {
		others->files++;
		others->size += st->stx_blocks * 512;
	}
}

int
shmt_posix_others(int dir, struct shmt_others *others)
{
	const struct shmt_object any = { .kind = SHMT_POSIX, .dir = dir };
	struct shmt_others all = { 0 };
	struct shmt__walk walk = { .visit = count_other, .arg = &all };
	int fd = shmt__posix_open_dir(&any), result = -1;
	struct stat st;
	DIR *stream;

	if (fd == -1)
		return -1;
	stream = shmt__open_dir(fd, ".");
	if (stream != NULL) {
		if (fstat(dirfd(stream), &st) == 0) {
			walk.device = st.st_dev;
			shmt__walk(stream, 0, &walk);
			all.hidden = walk.hidden;
			*others = all;
			result = 0;
		}
		shmt__close_dir(stream);
	}
	shmt__posix_close_dir(&any, fd);
	return result;
}
