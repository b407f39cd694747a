/* SPDX-License-Identifier: BSD-2-Clause */

/* Files that have their name only when they are complete. */

#ifndef SHMT_SYS_ATOMIC_FILE_H
#define SHMT_SYS_ATOMIC_FILE_H

struct shmt_atomic_file {
	int dir;		/* where it will have its name */
	int lock;		/* -1: not locked */
	int fd;
	char final[256];	/* its name once it is complete */
	char name[256];		/* its temporary name, "" while it has none */
	int former;		/* the file that it replaces, or -1 */
};

/*
 * shmt_atomic_file_open() for a file that is read before it is replaced: no
 * other process does the same in that directory until this one is closed.
 * Its temporary name is always the same, so that one which was left by a
 * killed process is replaced.  EBUSY: another process kept the lock for ten
 * seconds; EINTR: a signal was caught in that time.
 */
int shmt__atomic_file_locked(const char *path,
    struct shmt_atomic_file **file);

/* Opens the new file, or another one for its path once it was committed. */
int shmt__atomic_file_begin(struct shmt_atomic_file *file);

/*
 * Opens a new file without a name in a directory, mode 0600, for reading and
 * writing; the kernel frees it however this process ends.  -1: not possible
 * here, or it could not be given a name later; then use a named file.
 */
int shmt__open_unnamed(int dir);

/* Gives such a file its name.  EEXIST: the name is taken. */
int shmt__name_unnamed(int fd, int dir, const char *name);

#endif
