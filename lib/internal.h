/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the files of the library share, and nobody else sees.  Names begin
 * with shmt__ so that the version script can keep them inside.
 */

#ifndef SHMT_INTERNAL_H
#define SHMT_INTERNAL_H

#include <sys/ipc.h>
#include <sys/queue.h>
#include <sys/shm.h>

#include <pthread.h>

#include "shmtool.h"

/* 32 bits: never half a size of a file, nor the time after 2038. */
_Static_assert(sizeof(off_t) == 8, "needs -D_FILE_OFFSET_BITS=64");
_Static_assert(sizeof(time_t) == 8, "needs -D_TIME_BITS=64");

/* Linux 4.17; glibc names it since 2.28. */
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

/* Linux 5.14; EINVAL before. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* Linux since 2.6.32; the index bits of an id are the kernel's own matter. */
#define SHMT__SYSVIPC "/proc/sysvipc/shm"

/* The kernel's struct into ours; rss and swap stay unknown. */
void shmt__from_kernel(int id, const struct shmid_ds *ds,
    struct shmt_segment *segment);

/* Threads (thread.c): how many can run at once, and one more. */
size_t shmt__processors(void);
bool shmt__start_thread(pthread_t *thread, void *work(void *), void *arg);

/* The text of /proc/sysvipc/shm, length bytes, into an array that the caller
 * frees.  EBADMSG: not such a text. */
int shmt__parse_sysvipc(const char *text, size_t length,
    struct shmt_segment **list, size_t *count);

/*
 * Views (map.c, through.c, holes.c, memory.c, ahead.c, move.c,
 * copy.c)
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
	struct shmt__through *through;	/* a process that has it, or NULL */
	unsigned char *resident;	/* a window of mincore(2) */
	uint64_t resident_at;
	size_t resident_pages;	/* 0: nothing was looked at yet */
	uint64_t credit;	/* bytes that there is memory for */
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

/* Whether there is memory in plenty for so many bytes more.  *credit is what
 * is left of the last look, 0 at first. */
bool shmt__affords(uint64_t *credit, uint64_t length);

/*
 * To be called before pages of a range are touched that may not be there:
 * where memory is short a child touches them first and is killed instead of
 * us.  ENOMEM: it was.
 */
int shmt__view_touch(struct shmt_view *view, uint64_t offset, uint64_t length,
    bool writing);

/* Whether a file is on a tmpfs: made of pages. */
bool shmt__in_memory(int fd);

/* After a long way through it: what is behind is unmapped. */
void shmt__view_let_go(const struct shmt_view *view, uint64_t offset,
    uint64_t length);

/*
 * A thread that has pages of a view's attachment before they are read; NULL:
 * there is none to be had, or one processor.  What is wanted begins where the
 * last such range ended or, once all of that was waited for, further on.
 */
struct shmt__ahead *shmt__ahead_start(const struct shmt_view *view);
void shmt__ahead_want(struct shmt__ahead *ahead, uint64_t from, uint64_t to);
void shmt__ahead_wait(struct shmt__ahead *ahead, uint64_t to);
void shmt__ahead_end(struct shmt__ahead *ahead);

/* A piece that is in the range, holes not looked for. */
int shmt__view_fetch(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length);
int shmt__view_store(struct shmt_view *view, uint64_t offset,
    const void *buffer, size_t length);

/* Whether a range is in the segment; else ERANGE. */
bool shmt__view_has(const struct shmt_view *view, uint64_t offset,
    uint64_t length);

/* Finds a holder to read through.  ESRCH: none; ENODATA: only in a way that
 * would allocate what nobody wrote. */
int shmt__through_open(struct shmt_view *view);
void shmt__through_close(struct shmt_view *view);
int shmt__through_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length);

/*
 * Drafts (draft.c)
 */

struct shmt_draft {
	int dir;		/* its folder */
	int fd;
	char final[256];	/* the name it is to have there */
	char name[256];		/* the one it has, or "" while it has none */
};

/* dir stays the caller's, and stays open. */
int shmt__draft_open(int dir, const char *final, struct shmt_draft *draft);

/* Makes sure that it has a name, though not yet its own. */
int shmt__draft_name(struct shmt_draft *draft);

/* Gives it its name: EEXIST where a file has that, or in its place. */
int shmt__draft_publish(struct shmt_draft *draft);
int shmt__draft_replace(struct shmt_draft *draft);

/* Closes it, and removes what has the name of a draft. */
void shmt__draft_discard(const struct shmt_draft *draft);

/*
 * Saved segments (digest.c, meta.c)
 */

#define SHMT__DIGEST	32	/* bytes of a SHA-256 */
#define SHMT__PLAIN	((uint64_t)256 << 20)	/* larger: by parts */
#define SHMT__META_MAX	2048	/* bytes of the longest .meta */

/* The digest of a file's first size bytes; of how only progress counts. */
int shmt__digest(int fd, uint64_t size, const struct shmt_transfer *how,
    unsigned char result[static SHMT__DIGEST]);

/* From offset on, the first byte of a file that is in no hole, or end. */
uint64_t shmt__next_data(int fd, uint64_t offset, uint64_t end);

/* ID-KEY into saved->name, from saved->segment. */
void shmt__name_saved(struct shmt_saved *saved);

/* The text of a .meta; its length. */
size_t shmt__format_meta(const struct shmt_saved *saved,
    char text[static SHMT__META_MAX]);

/* The other way round.  EBADMSG, and *trouble says why and in which line. */
int shmt__parse_meta(const char *text, size_t length,
    struct shmt_saved *saved, struct shmt_trouble *trouble);

/* Reads a whole small file (a /proc file: read until it ends), NUL-terminated,
 * into a buffer that the caller frees.  EFBIG: it does not end. */
int shmt__read_file(int dirfd, const char *path, char **text, size_t *length);
int shmt__read_fd(int fd, char **text, size_t *length);

/* of * part / whole, rounded down, exact for all 64 bits; part < whole. */
uint64_t shmt__share(uint64_t part, uint64_t whole, uint64_t of);

/* The count (at most 4) numbers that a file of /proc/sys holds; with sign,
 * negative ones in two's complement.  EBADMSG: it holds something else. */
int shmt__read_sysctl(const char *path, bool sign, uint64_t *values,
    size_t count);

/* Fills all of buffer from a place in a file; EIO where that ends before. */
int shmt__read_at(int fd, uint64_t offset, void *buffer, size_t length);

/* Writes all of buffer. */
int shmt__write_all(int fd, const void *buffer, size_t length);

/* Names made or changed in a directory, to the disk; some file systems have
 * nothing to do for that, and say so. */
int shmt__sync_dir(int dir);

/* close(2), free(3) that keep errno, for the ways out of a failure. */
void shmt__close(int fd);

/*
 * Mappings of one process (procmaps.c)
 */

struct shmt__mapping {
	uint64_t start, end;	/* addresses */
	uint64_t offset;	/* of start, in the segment */
	uint64_t inode;		/* the segment's id */
	dev_t device;
	uint32_t key;		/* as created */
	unsigned access;	/* SHMT_ACCESS_* */
};

/*
 * A line of /proc/PID/maps, without its newline.  True where it has the form
 * of a mapped segment; whether it is one is for shmt__is_segment() to say.
 */
bool shmt__parse_maps_line(const char *line, size_t length,
    struct shmt__mapping *mapping);

/* The kernel's own file systems that segments live in; all zero at first. */
struct shmt__devices {
	bool asked, asked_huge;
	dev_t small;		/* 0: the kernel would not tell */
	dev_t huge[8];		/* one for each size of huge pages */
	size_t huge_count;
};

/* Whether a mapping is of a segment, and not of a file that is called so. */
bool shmt__is_segment(struct shmt__devices *devices,
    const struct shmt__mapping *mapping, bool *huge);

enum shmt__way {
	SHMT__ANY_WAY,
	SHMT__BY_TEXT,
	SHMT__BY_QUERY		/* PROCMAP_QUERY; ENOTTY before Linux 6.11 */
};

/*
 * Calls found() for each mapping of this form that an open /proc/PID/maps
 * tells, until it returns other than 0 (-1 with errno), which is passed on.
 * ESRCH: that process has no memory, being dead or a kernel thread.
 */
int shmt__read_maps(int maps, enum shmt__way way,
    int (*found)(void *arg, const struct shmt__mapping *mapping), void *arg);

/* Whether the memory that an open maps tells of is still in use. */
bool shmt__maps_live(int maps);

/*
 * All processes (pass.c)
 */

struct shmt__process {
	SLIST_ENTRY(shmt__process) link;
	pid_t pid;
	uint32_t uid;
	char command[SHMT_COMMAND_MAX];
};

SLIST_HEAD(shmt__processes, shmt__process);

/* A mapping of a segment, as its number, device and name say. */
struct shmt__found {
	struct shmt__mapping mapping;
	bool huge;
	const struct shmt__process *process;	/* one of the pass's */
};

struct shmt__pass {
	struct shmt__found *found;
	size_t count;
	struct shmt__processes processes;
	size_t hidden;		/* processes that could not be looked into */
};

/* The mappings that processes of this IPC namespace have of one id (-1: of
 * all), in no order. */
int shmt__pass(int id, enum shmt__way way, struct shmt__pass *pass);
void shmt__pass_free(struct shmt__pass *pass);

/*
 * Whether a holder matters to a segment: one of root, of its owner or creator
 * or of the caller.  Others may forge: a process that shares its memory with
 * one in an IPC namespace of its own shows the segments of there, whose ids,
 * keys and sizes are as it likes.
 */
bool shmt__is_trusted(const struct shmt_holder *holder,
    const struct shmt_segment *segment);

/* shmt_holders() by one way. */
int shmt__holders(int id, enum shmt__way way, struct shmt_holders *holders);

/*
 * Processes (process.c)
 */

#define SHMT__KTHREAD 0x00200000u	/* PF_KTHREAD in the flags */

struct shmt__stat {
	char command[SHMT_COMMAND_MAX];
	char state;
	unsigned flags;
	uint64_t threads;
	uint64_t started;	/* clock ticks since boot */
};

/* The text of /proc/PID/stat; false where it is none. */
bool shmt__parse_stat(const char *text, size_t length,
    struct shmt__stat *stat);

/* The same, read below an open folder; errno of the reading, or EBADMSG. */
int shmt__read_stat(int dirfd, const char *path, struct shmt__stat *stat);

/* What the state of a process alone tells: gone, unknown or alive. */
enum shmt_life shmt__judge_state(const struct shmt__stat *stat);

/* What a live process is to a segment that it may have used at a time. */
enum shmt_life shmt__judge(int64_t at, int64_t started, int64_t boot,
    int64_t now);

/* shmt_headroom() with another root folder, as a descriptor. */
bool shmt__headroom(int root, struct shmt_headroom *headroom);

/* shmt_logout_removes() with another root folder, as a descriptor. */
int shmt__logout_removes(int root, uint32_t uid, bool *removes);

/* Whether the numbers in /proc are those of our own PID namespace. */
bool shmt__proc_is_ours(void);

#endif
