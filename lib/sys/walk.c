/* SPDX-License-Identifier: BSD-2-Clause */

/* Reading a directory, and all below it. */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys/file.h"
#include "sys/walk.h"

/* The deepest directory that is read. */
#define DEPTH_MAX 32

DIR *
shmt__open_dir(int dir, const char *name)
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

void
shmt__close_dir(DIR *stream)
{
	int saved = errno;

	closedir(stream);
	errno = saved;
}

void
shmt__walk(DIR *stream, unsigned depth, struct shmt__walk *walk)
{
	const int dir = dirfd(stream);
	struct dirent *entry;
	struct statx st;
	DIR *below;

	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    shmt__statx(dir, entry->d_name, AT_SYMLINK_NOFOLLOW,
		    &st) == -1 ||
		    shmt__device_of(&st) != walk->device)
			continue;
		walk->visit(walk->arg, dir, entry->d_name, depth, &st);
		if (!S_ISDIR(st.stx_mode))
			continue;
		below = depth == DEPTH_MAX ? NULL :
		    shmt__open_dir(dir, entry->d_name);
		if (below == NULL) {
			walk->hidden++;
			continue;
		}
		shmt__walk(below, depth + 1, walk);
		closedir(below);
	}
}
