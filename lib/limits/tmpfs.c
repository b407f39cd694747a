/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The memory that each tmpfs uses, and Shmem of /proc/meminfo, which includes
 * all of it.
 */

#include <sys/stat.h>
#include <sys/vfs.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/array.h"
#include "sys/file.h"
#include "sys/meminfo.h"
#include "sys/mounts.h"
#include "sys/resident.h"
#include "sys/walk.h"

int
shmt_shmem(uint64_t *bytes)
{
	char *text = shmt__read_meminfo(AT_FDCWD);

	if (text == NULL)
		return -1;
	*bytes = shmt__meminfo(text, "Shmem");
	free(text);
	return 0;
}

/* Adds the blocks of one file, divided by the number of its names.  If a part
 * may be swapped out, the file must be opened to find out how much. */
static void
add_file(void *arg, int dir, const char *name, unsigned depth,
    const struct statx *st)
{
	struct shmt_tmpfs *t = arg;
	/* None if it was unlinked meanwhile. */
	const uint64_t names = st->stx_nlink > 1 ? st->stx_nlink : 1;
	uint64_t rss = st->stx_blocks * 512, swap = 0;
	int fd;

	(void)depth;
	t->inodes++;
	if (rss > 0 && !shmt__nothing_swapped()) {
		fd = S_ISREG(st->stx_mode) ? openat(dir, name, O_RDONLY |
		    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
		if (fd == -1 || shmt__resident(fd, &rss, &swap) == -1) {
			t->hidden++;
			rss = 0;
		}
		shmt__close(fd);
	}
	t->rss += (rss + names - 1) / names;
	t->swap += (swap + names - 1) / names;
}

static void
walk_mount(int dir, struct shmt_tmpfs *t)
{
	struct shmt__walk walk = { .device = t->dev, .visit = add_file,
	    .arg = t };
	DIR *stream = shmt__open_dir(dir, ".");

	t->has_inodes = true;
	if (stream != NULL) {
		shmt__walk(stream, 0, &walk);
		closedir(stream);
	} else
		walk.hidden++;
	t->hidden += walk.hidden;
}

/* Fills rss by statfs(2).  Walks the tmpfs instead if it has no limit, or if
 * pages are swapped out, which statfs(2) does not show. */
static void
fill(int dir, const struct statfs *fs, struct shmt_tmpfs *t)
{
	if (fs->f_blocks == 0 || !shmt__nothing_swapped()) {
		walk_mount(dir, t);
		return;
	}
	t->with_deleted = true;
	t->rss = (fs->f_blocks - fs->f_bfree) * (uint64_t)fs->f_bsize;
	t->has_inodes = fs->f_files != 0;
	/* Without the directory itself. */
	if (t->has_inodes)
		t->inodes = fs->f_files - fs->f_ffree - 1;
}

static bool
is_listed(const struct shmt_tmpfs_list *list, dev_t device)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->list[i].dev == device)
			return true;
	return false;
}

/* Adds a mount, unless another mount covers it or it may not be opened. */
static int
add_mount(struct shmt_tmpfs_list *list, const struct shmt__mount *mount)
{
	struct shmt_tmpfs *more, *t = NULL;
	struct statfs fs;
	struct statx st;
	int dir;

	dir = open(mount->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return 0;
	/* A file system that covers it may never answer; our statx(2) does not
	 * wait for it. */
	if (shmt__statx(dir, "", AT_EMPTY_PATH, &st) == -1 ||
	    shmt__device_of(&st) != mount->device ||
	    fstatfs(dir, &fs) == -1) {
		shmt__close(dir);
		return 0;
	}
	more = reallocarray(list->list, list->count + 1, sizeof(*more));
	if (more != NULL) {
		list->list = more;
		t = &more[list->count++];
		*t = (struct shmt_tmpfs){ .dev = mount->device,
		    .point = shmt__strings_add(&list->names,
		    mount->point) };
		fill(dir, &fs, t);
	}
	shmt__close(dir);
	return t == NULL || t->point == NULL ? -1 : 0;
}

int
shmt_tmpfs_list(struct shmt_tmpfs_list *list)
{
	struct shmt_tmpfs_list all = { 0 };
	struct shmt__mount mount;
	char *text, *rest;
	int result = 0;

	text = shmt__read_file(AT_FDCWD, "/proc/self/mountinfo");
	if (text == NULL)
		return -1;
	for (rest = text; result == 0 && shmt__next_mount(&rest, &mount);)
		if (shmt__is_tmpfs(&mount) && !is_listed(&all, mount.device))
			result = add_mount(&all, &mount);
	free(text);
	if (result == 0)
		*list = all;
	else
		shmt_tmpfs_free(&all);
	return result;
}

void
shmt_tmpfs_free(struct shmt_tmpfs_list *list)
{
	free(list->list);
	shmt__strings_free(list->names);
	*list = (struct shmt_tmpfs_list){ 0 };
}
