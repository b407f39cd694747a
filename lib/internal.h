/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the files of the library share, and nobody else sees.  Names begin
 * with shmt__ so that the version script can keep them inside.
 */

#ifndef SHMT_INTERNAL_H
#define SHMT_INTERNAL_H

#include <sys/ipc.h>
#include <sys/shm.h>

#include "shmtool.h"

/* Linux 4.17; glibc names it since 2.28. */
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

/* Linux since 2.6.32; the index bits of an id are the kernel's own matter. */
#define SHMT__SYSVIPC "/proc/sysvipc/shm"

/* The kernel's struct into ours; rss and swap stay unknown. */
void shmt__from_kernel(int id, const struct shmid_ds *ds,
    struct shmt_segment *segment);

/* The text of /proc/sysvipc/shm, length bytes, into an array that the caller
 * frees.  EBADMSG: not such a text. */
int shmt__parse_sysvipc(const char *text, size_t length,
    struct shmt_segment **list, size_t *count);

/*
 * Views (map.c, holes.c, copy.c)
 */

#define SHMT__HUGEST ((uint64_t)16 << 30)	/* largest page there is */

struct shmt_view {
	int id;
	unsigned flags;		/* SHMT_WRITE, SHMT_NO_TRACE */
	uint64_t size;
	size_t page;
	bool huge;		/* of huge pages */
	char *at;		/* our own attachment, or NULL */
	int fd;			/* the segment as a file, or -1 */
	unsigned char *resident;	/* a window of mincore(2) */
	uint64_t resident_at;
	size_t resident_pages;	/* 0: nothing was looked at yet */
	char *bounce;
};

struct shmt__run {
	bool data;		/* else nobody ever wrote here */
	uint64_t end;
};

/* The longest run of one kind known from offset on, up to end. */
void shmt__view_run(struct shmt_view *view, uint64_t offset, uint64_t end,
    struct shmt__run *run);

/* What was looked at is old: look again. */
void shmt__view_forget(struct shmt_view *view);

/* Reads a whole small file (a /proc file: read until it ends), NUL-terminated,
 * into a buffer that the caller frees. */
int shmt__read_file(int dirfd, const char *path, char **text, size_t *length);

/* The count (at most 4) numbers that a file of /proc/sys holds; with sign,
 * negative ones in two's complement.  EBADMSG: it holds something else. */
int shmt__read_sysctl(const char *path, bool sign, uint64_t *values,
    size_t count);

/* Writes all of buffer. */
int shmt__write_all(int fd, const void *buffer, size_t length);

/* close(2), free(3) that keep errno, for the ways out of a failure. */
void shmt__close(int fd);

#endif
