/* SPDX-License-Identifier: BSD-2-Clause */

/* Whole files in, whole buffers out. */

#ifndef SHMT_SYS_FILE_H
#define SHMT_SYS_FILE_H

#include <errno.h>

#include "shmtool.h"

struct statx;

/* Reads a whole small file (a /proc file: read until it ends), NUL-terminated,
 * into a buffer that the caller frees; NULL with errno.  *length (length may be
 * NULL) is that of the file.  EFBIG: it does not end. */
char *shmt__read_file(int dirfd, const char *path);
char *shmt__read_fd(int fd, size_t *length);

/* Writes all of buffer. */
int shmt__write_all(int fd, const void *buffer, size_t length);

/* The count (at most 4) numbers that a file of /proc/sys holds; with sign,
 * negative ones in two's complement.  EBADMSG: it holds something else. */
int shmt__read_numbers(const char *path, bool sign, uint64_t *values,
    size_t count);
int shmt__write_number(const char *path, uint64_t number);

/* Writes the names in a directory to the disk; file systems that do not need
 * this refuse it, which is not a failure. */
int shmt__sync_dir(int dir);

/* statx(2) of the basic facts and the birth time, without asking a server;
 * where a filter of system calls refuses it, by fstatat(2). */
int shmt__statx(int dir, const char *name, int flags, struct statx *st);
dev_t shmt__device_of(const struct statx *st);

/* Whether a file, which may be of any type, is on a tmpfs. */
bool shmt__is_on_tmpfs(int fd);

/* "/proc/self/fd/N": a descriptor as a path. */
#define SHMT__FD_PATH 32
const char *shmt__fd_path(char path[static SHMT__FD_PATH], int fd);

/* Opens what an O_PATH descriptor stands for; with O_NOATIME where that is
 * permitted.  ENOTSUP: /proc is not there. */
int shmt__reopen(int path_fd, int flags);

/* Sets errno and returns -1. */
static inline int
shmt__fail(int error)
{
	errno = error;
	return -1;
}

/* close(2) that keeps errno; fd may be -1. */
void shmt__close(int fd);

/* Whether errno means that there is no file of that path. */
static inline bool
shmt__is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* Whether errno means that a system call cannot do this here: the kernel lacks
 * it, a filter forbids it, or it does not take files of this kind. */
static inline bool
shmt__is_unsupported(int error)
{
	return error == ENOSYS || error == EPERM || error == EINVAL ||
	    error == EOPNOTSUPP;
}

#endif
