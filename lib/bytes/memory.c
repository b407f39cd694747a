/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pages touched without risking our life for them: in a full memory cgroup,
 * or on a full machine, whoever touches a new page is killed, and no errno
 * comes first.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/view.h"
#include "shmtool.h"
#include "sys/file.h"

/* Pages for so many bytes were counted on; look again after as many. */
#define CREDIT ((uint64_t)1 << 30)

/* Kept free for the child itself, which is a stranger to the OOM killer when
 * it begins, and for tables and buffers of ours. */
#define RESERVE ((uint64_t)2 << 20)

/* What the child holds beside the pages, and leaves to us in the end. */
#define CUSHION ((size_t)1 << 20)

bool
shmt__affords(uint64_t *credit, uint64_t length)
{
	struct shmt_headroom room;

	if (length > *credit) {
		*credit = CREDIT;
		if (shmt_headroom(&room))
			*credit = room.limit > RESERVE &&
			    room.used < room.limit - RESERVE ?
			    (room.limit - RESERVE - room.used) / 2 : 0;
		if (*credit > CREDIT)
			*credit = CREDIT;
	}
	if (length > *credit)
		return false;
	*credit -= length;
	return true;
}

/* Where there is swap, the first page may be out again when the last comes
 * in, and the kernel may find no room at once: so often it is asked. */
#define TRIES 4

/* What a child has to touch: pages of memory, or (at is NULL) of a file. */
struct pages {
	char *at;
	size_t page;
	bool writing;
	int fd;
	off_t offset;
	size_t length;
};

static int
touch(const struct pages *pages)
{
	size_t i;

	/* Without room in the file, writing there says so. */
	if (pages->at == NULL) {
		fallocate(pages->fd, FALLOC_FL_KEEP_SIZE, pages->offset,
		    (off_t)pages->length);
		return 0;
	}
	if (madvise(pages->at, pages->length, pages->writing ?
	    MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0)
		return 0;
	if (errno != EINVAL)
		return errno;
	/* A store that changes nothing, whoever else stores there. */
	for (i = 0; i < pages->length; i += pages->page)
		if (pages->writing)
			__atomic_fetch_or(pages->at + i, 0, __ATOMIC_RELAXED);
		else
			__atomic_load_n(pages->at + i, __ATOMIC_RELAXED);
	return 0;
}

/* The child: offers itself to the OOM killer, touches, says how it went. */
static void
touch_and_tell(const struct pages *pages, int out)
{
	unsigned char answer = 0;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd != -1 && shmt__write_all(fd, "1000", 4) == 0 &&
	    mmap(NULL, CUSHION, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED)
		answer = (unsigned char)touch(pages);
	shmt__write_all(out, &answer, 1);
	_exit(0);
}

static int
touch_in_child(const struct pages *pages)
{
	unsigned char answer = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		touch_and_tell(pages, ends[1]);
	shmt__close(ends[1]);
	do
		n = pid == -1 ? -1 : read(ends[0], &answer, 1);
	while (n == -1 && errno == EINTR && pid != -1);
	shmt__close(ends[0]);
	if (pid == -1)
		return -1;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	/* It was killed before it could say anything. */
	errno = n == 1 ? answer : ENOMEM;
	return errno == 0 ? 0 : -1;
}

/* Whether every page of a range is there. */
static bool
is_resident(const struct shmt_view *view, const char *at, size_t length)
{
	unsigned char resident[1024];
	size_t i, n;

	for (; length > 0; at += n, length -= n) {
		n = sizeof(resident) * view->page;
		n = length < n ? length : n;
		if (mincore((void *)(uintptr_t)at, n, resident) == -1)
			return false;
		for (i = 0; i < (n + view->page - 1) / view->page; i++)
			if ((resident[i] & 1) == 0)
				return false;
	}
	return true;
}

int
shmt__view_touch(struct shmt_view *view, uint64_t offset, uint64_t length,
    bool writing)
{
	uint64_t start = offset & ~(uint64_t)(view->page - 1);
	struct pages pages = {
		.page = view->page,
		.writing = writing,
		.length = (size_t)(offset + length - start)
	};
	int tries;

	/* Huge pages come from a pool of their own, and with an errno. */
	if (view->at == NULL || view->huge ||
	    shmt__affords(&view->credit, length))
		return 0;
	pages.at = view->at + start;
	for (tries = 0; tries < TRIES; tries++) {
		if (is_resident(view, pages.at, pages.length))
			return 0;
		if (touch_in_child(&pages) == -1 && errno != ENOMEM)
			return -1;
	}
	errno = ENOMEM;
	return -1;
}

/* The pages stay the segment's; what we have mapped counts as our size, by
 * which the OOM killer chooses. */
void
shmt__view_drop(const struct shmt_view *view, uint64_t offset,
    uint64_t length)
{
	uint64_t start = offset & ~(uint64_t)(view->page - 1);
	int saved = errno;

	if (view->at != NULL && !view->huge && length > 0)
		madvise(view->at + start, (size_t)(offset + length - start),
		    MADV_DONTNEED);
	errno = saved;
}

bool
shmt__in_memory(int fd)
{
	struct statfs fs;
	struct stat st;

	/* A pipe or a device may have its name there, too. */
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

int
shmt_make_room(int fd, size_t length, uint64_t *credit)
{
	struct pages pages = { .fd = fd, .length = length };
	int flags;

	if (shmt__affords(credit, length) || !shmt__in_memory(fd))
		return 0;
	flags = fcntl(fd, F_GETFL);
	pages.offset = lseek(fd, 0, flags != -1 && (flags & O_APPEND) != 0 ?
	    SEEK_END : SEEK_CUR);
	return pages.offset == -1 ? -1 : touch_in_child(&pages);
}
