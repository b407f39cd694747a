/* SPDX-License-Identifier: BSD-2-Clause */

/* The lines of /proc/PID/mountinfo. */

#ifndef SHMT_SYS_MOUNTS_H
#define SHMT_SYS_MOUNTS_H

#include <sys/types.h>

#include <stdbool.h>

/* One mount; the strings are part of the text. */
struct shmt__mount {
	long id;
	dev_t device;
	const char *root;	/* of the mount, in the file system */
	const char *point, *options;
	const char *type;	/* "tmpfs" */
	const char *super;	/* options of the file system */
};

/* Takes the next mount off *text, which it changes; false at the end. */
bool shmt__next_mount(char **text, struct shmt__mount *mount);

/* Whether the kernel counts the files of a mount as Shmem. */
bool shmt__is_tmpfs(const struct shmt__mount *mount);

#endif
