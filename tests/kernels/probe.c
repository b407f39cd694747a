/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the running kernel has of what the program makes use of: a line each,
 * its name, a tab, and what was seen.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define SIZE (16 * PAGE)

/* What headers of older systems lack. */
#define CACHESTAT		451
#define POPULATE_WRITE		23
#define COLD			20
#define MAP_QUERY		_IOWR('f', 17, uint64_t[13])
#define MAP_SHARED_FILES	(0x08u | 0x10u | 0x20u)
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY		15
#endif

static void
report(const char *what, bool works)
{
	printf("%s\t%s\n", what, works ? "yes" : strerror(errno));
}

static int
tmpfs_file(void)
{
	int fd = open("/dev/shm/probe", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || ftruncate(fd, (off_t)SIZE) == -1)
		exit(1);
	return fd;
}

/* Blocks that a file of tmpfs has. */
static long
blocks(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 ? -1 : (long)st.st_blocks;
}

static void
on_files(void)
{
	struct { uint64_t offset, length; } range = { 0, SIZE };
	struct statx st;
	uint64_t counts[5];
	int fd = tmpfs_file();

	report("cachestat", syscall(CACHESTAT, fd, &range, counts, 0) == 0);
	errno = ENOTSUP;
	report("statx birth time, tmpfs", statx(fd, "", AT_EMPTY_PATH,
	    STATX_BTIME, &st) == 0 && (st.stx_mask & STATX_BTIME) != 0);
	report("lease, tmpfs", fcntl(fd, F_SETLEASE, F_WRLCK) == 0);
	close(fd);
	unlink("/dev/shm/probe");
}

/* Whether a hole of a file of tmpfs, read that way, is still one. */
static void
on_holes(const char *what, bool by_splice)
{
	int fd = tmpfs_file(), ends[2];
	long before = blocks(fd);
	loff_t at = 0;
	ssize_t n;
	char *bytes = malloc(SIZE);

	if (pipe(ends) == -1 || bytes == NULL)
		exit(1);
	n = by_splice ? splice(fd, &at, ends[1], NULL, 4 * PAGE, 0) :
	    pread(fd, bytes, 4 * PAGE, 0);
	if (n <= 0)
		report(what, false);
	else
		printf("%s\t%s\n", what,
		    blocks(fd) == before ? "stays a hole" : "allocates");
	free(bytes);
	close(ends[0]);
	close(ends[1]);
	close(fd);
	unlink("/dev/shm/probe");
}

/* The descriptor of a mapping of ours, by its name in map_files. */
static int
open_mapping(const void *at)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIxPTR
	    "-%" PRIxPTR, (uintptr_t)at, (uintptr_t)at + SIZE);
	return open(path, O_RDONLY);
}

static void
by_map_files(const void *at)
{
	int fd = open_mapping(at), ends[2];
	loff_t from = 0;
	long before;

	report("map_files of a segment", fd != -1);
	if (fd == -1 || pipe(ends) == -1)
		return;
	before = blocks(fd);
	report("SEEK_DATA through it", lseek(fd, 0, SEEK_DATA) == (off_t)PAGE);
	if (splice(fd, &from, ends[1], NULL, PAGE, 0) != (ssize_t)PAGE)
		report("splice of a hole through it", false);
	else
		printf("splice of a hole through it\t%s\n",
		    blocks(fd) == before ? "stays a hole" : "allocates");
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

static void
on_segments(void)
{
	unsigned char pages[SIZE / PAGE];
	struct shmid_ds ds;
	uint64_t query[13] = { sizeof(query), MAP_SHARED_FILES };
	int id = shmget(IPC_PRIVATE, SIZE, 0600), maps;
	char *at = shmat(id, NULL, 0);

	if (at == (void *)-1)
		exit(1);
	at[PAGE] = 1;
	maps = open("/proc/self/maps", O_RDONLY);
	report("PROCMAP_QUERY", ioctl(maps, MAP_QUERY, query) == 0);
	close(maps);
	report("SHM_STAT_ANY", shmctl(0, SHM_STAT_ANY, &ds) != -1);
	report("mincore sees what is resident", mincore(at, SIZE, pages) == 0 &&
	    (pages[0] & 1) == 0 && (pages[1] & 1) == 1);
	by_map_files(at);
	report("MADV_COLD", madvise(at, SIZE, COLD) == 0);
	report("MADV_POPULATE_WRITE", madvise(at, SIZE, POPULATE_WRITE) == 0);
	report("MADV_REMOVE", madvise(at, SIZE, MADV_REMOVE) == 0 &&
	    mincore(at, SIZE, pages) == 0 && (pages[1] & 1) == 0);
	shmctl(id, IPC_RMID, NULL);
}

int
main(void)
{
	on_files();
	on_holes("read of a hole, tmpfs", false);
	on_holes("splice of a hole, tmpfs", true);
	on_segments();
	return 0;
}
