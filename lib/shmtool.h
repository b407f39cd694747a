/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libshmtool: shared memory on Linux, System V segments and POSIX objects.
 *
 * A function that returns int returns 0, or -1 with errno set.  Results are
 * stored through the last parameters, which a failure leaves unchanged.
 * Nothing here prints, exits, reads the environment or keeps state between
 * calls.
 *
 * Units: sizes and offsets are bytes, times are whole seconds since the Epoch
 * with 0 for "never", keys are unsigned 32-bit numbers (the kernel's are
 * signed), user and group ids are as the caller's user namespace sees them.
 *
 * errno everywhere: ENOENT no such segment (the kernel's EINVAL and EIDRM for
 * an id, ENOENT for a key), EACCES and EPERM not permitted, ENOMEM no memory.
 * The comment of a function adds its own.
 */

#ifndef SHMTOOL_H
#define SHMTOOL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHMT_VERSION "2.0.0"

/* The version of the library in use, as SHMT_VERSION was when it was built.
 * Its first number, which is in the soname, changes when programs have to. */
const char *shmt_version(void);

enum shmt_kind {
	SHMT_SYSV,		/* System V segment */
	SHMT_POSIX,		/* regular file directly in /dev/shm */
	SHMT_DELETED,		/* file of a tmpfs whose name was unlinked */
	SHMT_MEMFD,		/* memfd_create(2), small or huge pages */
	SHMT_ANON,		/* shared anonymous mapping */
	SHMT_KINDS
};

/* Sets of kinds. */
#define SHMT_KIND(kind)	(1u << (kind))
#define SHMT_UNNAMED	(SHMT_KIND(SHMT_DELETED) | SHMT_KIND(SHMT_MEMFD) | \
			    SHMT_KIND(SHMT_ANON))
#define SHMT_ALL_KINDS	(SHMT_KIND(SHMT_KINDS) - 1)

/* "sysv", "posix", "deleted", "memfd", "anon". */
const char *shmt_kind_name(enum shmt_kind kind);

/*
 * Text to numbers.  The whole string is parsed, or -1 with EINVAL; ERANGE for a
 * number that does not fit.
 */

/*
 * What an operand names: SHMT_SYSV by key or by id, SHMT_POSIX by name.  A path
 * in /proc is SHMT_DELETED here, whatever kind of memory it leads to, until
 * shmt_resolve() follows it.
 */
struct shmt_ref {
	enum shmt_kind kind;
	bool by_key;		/* else by id */
	int id;
	uint32_t key;
	const char *name;	/* without the slash; part of the text */
	const char *path;	/* "/proc/PID/fd/N"; the text */
	dev_t dev;		/* with an inode: only this object of that */
	uint64_t inode;		/* name; 0: the one that has it */
};

/*
 * "123" (id), "0x4d2" (key), "id:N", "key:N", "ftok:PATH", "ftok:PATH:PROJ",
 * "/NAME", "/dev/shm/NAME", "/proc/PID/fd/N", "/proc/PID/map_files/RANGE".
 * EINVAL: none of these; ERANGE: a number too large for an id or a key, or
 * key 0; ENAMETOOLONG: a NAME of more than 255 bytes; otherwise the errno of
 * stat(2) for ftok's PATH.
 */
int shmt_parse_ref(const char *text, struct shmt_ref *ref);

/* A key alone: "0x4d2", "1234", "-5", decimal, hexadecimal or 0 octal. */
int shmt_parse_key(const char *text, uint32_t *key);

/* The key of "PATH" or "PATH:PROJ"; errno as stat(2), ERANGE for a PROJ that
 * is not one character or 1 to 255. */
int shmt_parse_ftok(const char *text, uint32_t *key);

/* "4096", "1.5K" (1024), "2KiB" (1024), "2KB" (1000), up to 2^64 - 1. */
int shmt_parse_size(const char *text, uint64_t *size);

/* A size, or 0x hexadecimal. */
int shmt_parse_offset(const char *text, uint64_t *offset);

/* "90", "90s", "0.5s", "5m", "2h", "1d", "1w", in milliseconds. */
int shmt_parse_duration(const char *text, uint64_t *milliseconds);

/* Octal, or symbolic relative to base; only the nine permission bits.  The
 * umask of the process is 0 for a moment, since setmode(3) reads it so. */
int shmt_parse_mode(const char *text, unsigned base, unsigned *mode);

/* A decimal number from 0 to max, nothing else around it. */
int shmt_parse_number(const char *text, uint64_t max, uint64_t *number);

/*
 * Shared memory of any kind
 */

/*
 * One piece of shared memory.  The strings and the descriptor are borrowed:
 * they are valid as long as the list or the text that the object came from.
 *
 * System V: the id.  POSIX: the name; dev and inode tell which object of that
 * name is meant, and inode 0 means the one that has the name now.  Without a
 * name: dev and inode, and a path in /proc through which it is reached, NULL
 * where there is none for this caller.
 */
struct shmt_object {
	enum shmt_kind kind;
	int id;
	int dir;		/* POSIX: the directory, 0: our /dev/shm */
	uint64_t dev, inode;	/* as stat(2) has them */
	const char *name;	/* POSIX: without the slash */
	const char *path; /* "/proc/PID/fd/N", "/proc/PID/map_files/..." */
};

/*
 * Facts, creation and removal
 */

/* Which members of struct shmt_info are known: a fact that is unknown, or that
 * the kind does not have, is 0 there and has no bit. */
#define SHMT_HAS_KEY		0x00001u	/* 0 is private then */
#define SHMT_HAS_OWNER		0x00002u	/* uid, gid, mode */
#define SHMT_HAS_CREATOR	0x00004u	/* cuid, cgid */
#define SHMT_HAS_SIZE		0x00008u
#define SHMT_HAS_ALLOCATED	0x00010u
#define SHMT_HAS_RSS		0x00020u	/* rss, swap */
#define SHMT_HAS_NATTCH		0x00040u
#define SHMT_HAS_FDS		0x00080u
#define SHMT_HAS_IN_USE		0x00100u
#define SHMT_HAS_CPID		0x00200u
#define SHMT_HAS_LPID		0x00400u
#define SHMT_HAS_ATIME		0x00800u
#define SHMT_HAS_DTIME		0x01000u
#define SHMT_HAS_MTIME		0x02000u
#define SHMT_HAS_CTIME		0x04000u
#define SHMT_HAS_BTIME		0x08000u
#define SHMT_HAS_SEALS		0x10000u

/* Bits of struct shmt_info.state. */
#define SHMT_DEST	0x01u	/* marked for removal at its last detach */
#define SHMT_LOCKED	0x02u	/* its pages stay in memory */
#define SHMT_HUGE	0x04u	/* certainly of huge pages (absent: unknown) */
#define SHMT_SEM	0x08u	/* a named semaphore, by name and size */
#define SHMT_SEALED	0x10u	/* seals forbid to write, grow or shrink it */

struct shmt_info {
	struct shmt_object object;
	unsigned known;		/* SHMT_HAS_* */
	unsigned state;		/* SHMT_DEST, SHMT_LOCKED, SHMT_HUGE, ... */
	uint32_t key;		/* 0: private, or lost with SHMT_DEST */
	uint32_t uid, gid;	/* owner */
	uint32_t cuid, cgid;	/* creator */
	unsigned mode;		/* the nine permission bits */
	unsigned seals;		/* F_SEAL_* of fcntl(2) */
	bool in_use;		/* by a process, whether visible or not */
	uint64_t links;		/* names; 0 without a name */
	uint64_t size;
	uint64_t allocated;	/* bytes in memory and swapped out, together */
	uint64_t rss, swap;	/* bytes in memory, bytes swapped out */
	uint64_t nattch;	/* mappings, not processes */
	uint64_t fds;		/* descriptors, of all processes together */
	pid_t cpid, lpid;	/* 0: none, or in a pid namespace not seen */
	/* Seconds since the Epoch; of System V segments 0 is never. */
	int64_t atime, dtime, mtime, ctime, btime;
};

/* The id that has this key; key 0 is EINVAL. */
int shmt_find(uint32_t key, int *id);

/*
 * Finds the object that ref names.  It checks that the object exists only for a
 * key and for a path.  Errors for a path: ENOENT, no such process, descriptor
 * or mapping; EEXIST, a file that has a name, see shmt_path_name(); ENOTSUP, a
 * System V segment; EISDIR, ELOOP, ENXIO, ENODEV, no shared memory.
 */
int shmt_resolve(const struct shmt_ref *ref, struct shmt_object *object);

/* Fills in ref for the POSIX object that a path in /proc leads to: its name,
 * kept in the caller's buffer, device and inode.  ENOENT: it leads to none. */
int shmt_path_name(const char *path, struct shmt_ref *ref, char name[256]);

/* The name that a deleted file had, or the text of a memfd; "" where it has
 * none.  ENOENT: object->path leads elsewhere now. */
#define SHMT_FORMER_NAME 4096
int shmt_former_name(const struct shmt_object *object,
    char name[SHMT_FORMER_NAME]);

/* Whether ref names this object. */
bool shmt_is_named(const struct shmt_ref *ref, const struct shmt_info *info);

/* Facts that cost more than one system call an object. */
#define SHMT_WANT_RSS	0x1u	/* rss and swap apart */

/* Whether two infos are of one piece of memory: ids and names are reused. */
bool shmt_same(const struct shmt_info *a, const struct shmt_info *b);

/*
 * Finds the facts of an object.  ENOENT: no such object, or the name now
 * belongs to another one.  A name in /dev/shm that is not an object: ELOOP, a
 * symbolic link; EISDIR, a directory; ENXIO, a FIFO, socket or device.  ENODEV:
 * /dev/shm does not exist, or is not a tmpfs.
 */
int shmt_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info);

/* All objects of some kinds. */
struct shmt_list {
	struct shmt_info *list;
	size_t count;
	size_t hidden;		/* processes that could not be looked into,
				 * where the kinds asked for need that */
	struct shmt__strings *names;	/* private, as is the directory */
	int dir;
};

/* kinds: a set of SHMT_KIND().  The caller frees with shmt_list_free(). */
int shmt_list(unsigned kinds, unsigned want, struct shmt_list *list);
void shmt_list_free(struct shmt_list *list);

#define SHMT_FORCE	0x10u	/* though it is in use */

/* The outcome of a removal. */
struct shmt_removal {
	bool by_lease;		/* a lease proved that it was unused */
	bool opened;		/* a process opened it meanwhile, and now
				 * has memory without a name */
	size_t hidden;		/* without a lease: processes that could not be
				 * looked into, each of which may use it */
};

/*
 * Removes an object.  flags: SHMT_FORCE; removal may be NULL, and is set on
 * failure too.
 *
 * System V: removed at once, or marked while processes have it attached. POSIX:
 * EBUSY while it is in use, which a write lease shows; this retries for 20 ms,
 * since another program may ask for its lease at the same moment.  Where the
 * caller may not ask for one, /proc decides.  Memory without a name: EINVAL.
 *
 * A process that opens the object in that moment sends SIGURG to this one,
 * which ignores it unless it has a handler for it.
 */
int shmt_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal);

/*
 * Watches a POSIX object for changes from now on: of its contents, also through
 * a mapping, its size, owner, mode or name.  A process that stores into a
 * mapping counts when it no longer has the object mapped or open.  The caller
 * closes the descriptor.  errno as inotify_init1(2), inotify_add_watch(2).
 */
int shmt_changes_begin(const struct shmt_object *object, int *changes);
bool shmt_changes_seen(int changes);

/*
 * Removes a POSIX object as shmt_remove() does, unless it was changed since
 * shmt_changes_begin().  This is checked last, under the lease that proves that
 * no process uses it.  ECANCELED: it was changed.  EINVAL: not a POSIX object.
 */
int shmt_remove_unchanged(const struct shmt_object *object, int changes,
    struct shmt_removal *removal);

/* Sets owner, group and mode to those of info, which shmt_info() filled. */
int shmt_set(const struct shmt_info *info);

/* SHM_LOCK and SHM_UNLOCK.  ENOMEM: more than RLIMIT_MEMLOCK.  EINVAL: not a
 * System V segment. */
int shmt_lock(const struct shmt_object *object, bool lock);

/* Whether the caller may remove it: 0, or -1 with EPERM.  Changes nothing. */
int shmt_may_remove(const struct shmt_object *object);

#define SHMT_OPEN	0x1u	/* an existing one is opened, not EEXIST */
#define SHMT_HUGETLB	0x2u
#define SHMT_NORESERVE	0x4u
#define SHMT_WITH_ID	0x8u	/* exactly this id, or EEXIST */

struct shmt_request {
	uint32_t key;		/* 0: private */
	uint64_t size;
	unsigned mode;
	unsigned flags;
	uint64_t huge_size;	/* bytes a page, a power of two; 0: default */
	int id;			/* for SHMT_WITH_ID */
};

/*
 * Creates a segment, or the POSIX object of object's name, as object's kind
 * says; the rest of object is set.  *created: it did not exist before.  errno
 * as shmget(2); EEXIST also where the kernel did not give the id that was asked
 * for, in which case no segment remains.  shmt_diagnose() finds the cause of a
 * refusal.
 */
int shmt_create(const struct shmt_request *request,
    struct shmt_object *object, bool *created);

/*
 * Make a POSIX object in steps, so that it is complete before its name appears:
 * shmt_posix_prepare() gives memory that is reserved and that no other process
 * can open yet, the caller writes its contents and may set its owner by
 * fchown(2), and shmt_posix_commit() sets the mode and gives it the name.  Only
 * size, mode and SHMT_NORESERVE of request and the name of object are used. The
 * caller closes fd after shmt_posix_commit() succeeded.  shmt_posix_discard()
 * undoes all of this, also after a commit, closes fd and keeps errno.
 *
 * EEXIST: the name is taken.  EINVAL: not a name.  ENOSPC: no room in /dev/shm,
 * or no inode.  EFBIG: RLIMIT_FSIZE, and SIGXFSZ is sent.  EINTR: a signal was
 * caught.  ENODEV: /dev/shm is not there, or is not a tmpfs.
 *
 * A process that is killed before leaves nothing, except where the kernel
 * refuses files without a name: there the name exists from the start, with mode
 * 0.
 */
int shmt_posix_prepare(const struct shmt_object *object,
    const struct shmt_request *request, int *fd);
int shmt_posix_commit(const struct shmt_object *object,
    const struct shmt_request *request, int fd);
void shmt_posix_discard(const struct shmt_object *object, int fd);

/*
 * Sets the size of a POSIX object, of a deleted one or of a memfd, in bytes.
 * Added memory is reserved, unless flags has SHMT_NORESERVE.  EBUSY: a process
 * uses it and it would shrink, which kills a process that accesses the bytes
 * cut off; SHMT_FORCE shrinks it all the same.  EPERM: a seal forbids it.
 * EINVAL: other kinds keep their size.  ENOSPC, EFBIG, EINTR: as of
 * shmt_posix_prepare().
 */
int shmt_resize(const struct shmt_object *object, uint64_t size,
    unsigned flags);

/*
 * A descriptor of the memory, close-on-exec; SHMT_WRITE: for writing too.
 * O_NOATIME where it is permitted.  EINVAL: a System V segment has none.
 */
int shmt_open(const struct shmt_object *object, unsigned flags, int *fd);

/*
 * Attaching
 */

#define SHMT_RDONLY	0x01u
#define SHMT_EXEC	0x02u
#define SHMT_ROUND	0x04u	/* address rounded down to a page: segments */
#define SHMT_REMAP	0x08u	/* what is mapped there is replaced */

/* shmat(2) and shmdt(2); address NULL lets the kernel choose.  EINVAL: the
 * address is not free or not aligned. */
int shmt_attach(const struct shmt_object *object, const void *address,
    unsigned flags, void **at);
int shmt_detach(const void *at);

/*
 * Maps all of an object that is not a System V segment: info->size bytes, which
 * the caller unmaps with munmap(2); *info is what was mapped.  At an address,
 * EEXIST: something is mapped there, which SHMT_REMAP replaces.  EPERM:
 * SHMT_EXEC, and its file system is mounted noexec; or a seal forbids it.
 * EINVAL: the address is not aligned, the object has no bytes, SHMT_ROUND, or a
 * System V segment.
 */
int shmt_map(const struct shmt_object *object, void *address, unsigned flags,
    void **at, struct shmt_info *info);

/*
 * Contents.  A view reaches the bytes of a segment or an object.  A segment is
 * attached for that: for microseconds if the caller may open
 * /proc/self/map_files, else as long as the view is open.  If such a caller
 * only reads, and gets a descriptor from the segment's creator or last user, it
 * is not attached at all.  With SHMT_NO_TRACE it is read through a process that
 * has it attached, which leaves atime, lpid and nattch as they are.  Bytes that
 * were never written read as zero, and no memory is allocated for them.
 */

#define SHMT_WRITE	0x10u	/* the view is for writing */
#define SHMT_NO_TRACE	0x20u

struct shmt_view;

/* Opens a view; the caller closes it.  ESRCH: SHMT_NO_TRACE, and there is no
 * process through which this caller may read; ENODATA: only in a way that
 * allocates pages that were never written.  EINVAL: SHMT_NO_TRACE to write,
 * or a memfd of huge pages, which only a mapping can write to. */
int shmt_view_open(const struct shmt_object *object, unsigned flags,
    struct shmt_view **view);
void shmt_view_close(struct shmt_view *view);

/* Opens a view of an open file in memory, as of shmt_posix_prepare().  The view
 * has its own descriptor: fd remains the caller's, and only its position may
 * have changed. */
int shmt_view_of_fd(int fd, unsigned flags, struct shmt_view **view);

/*
 * What the view shows, as it was after the view was opened.  It is another
 * segment than the caller saw before if the id was reused meanwhile: compare
 * the two with shmt_same().
 */
const struct shmt_info *shmt_view_info(const struct shmt_view *view);

/* Copies length bytes at offset to or from buffer.  ERANGE: beyond the end;
 * EFAULT: a page cannot be allocated; EBADF: the view is not for writing. */
int shmt_view_get(struct shmt_view *view, uint64_t offset, void *buffer,
    size_t length);
int shmt_view_put(struct shmt_view *view, uint64_t offset, const void *buffer,
    size_t length);

/*
 * Calls visit() with the pieces of a range, in order: bytes, or NULL for a
 * hole, which has no limit to its length.  If visit() returns anything but 0
 * (-1 with errno), it is not called again, and that is returned.
 */
int shmt_view_visit(struct shmt_view *view, uint64_t offset, uint64_t length,
    int (*visit)(void *arg, const void *bytes, uint64_t length), void *arg);

#define SHMT_ZERO_COPY	0x1u	/* splice pages into a pipe, where the kernel
				 * can: the reader may see later stores */
#define SHMT_SPARSE	0x2u	/* out is a new regular file, or the range was
				 * never written: leave holes */
#define SHMT_LEAVE_REST	0x4u	/* more input than the range stays unread */

struct shmt_transfer {
	uint64_t offset;	/* first byte in the segment */
	uint64_t length;	/* bytes at most; UINT64_MAX: all there is */
	unsigned flags;
	/* Called every 4 MiB or sooner, may be NULL; true stops with
	 * ECANCELED. */
	bool (*progress)(void *arg, uint64_t done);
	void *arg;
};

/*
 * Segment to descriptor and descriptor to segment.  *done is set on failure
 * too: how far it got.  errno as write(2) and read(2); ERANGE: the range is
 * not in the segment; EFAULT: a page cannot be allocated; ENOMEM: a memory
 * cgroup or the machine cannot hold the pages, which shmt_headroom() shows,
 * and which is known before anything is copied but for input of unknown
 * length; ENOSPC: an object's file system is full; ENODATA: an object became
 * shorter; EBADF: the view is not for writing.
 * shmt_view_send(), shmt_view_get() and shmt_view_visit() may be helped by a
 * thread of their own, which takes no signals and has ended when they return.
 * shmt_view_receive() stops at the end of the input, and at the end of the
 * range with EFBIG when there is more input.
 */
int shmt_view_send(struct shmt_view *view, const struct shmt_transfer *how,
    int out, uint64_t *done);
int shmt_view_receive(struct shmt_view *view, const struct shmt_transfer *how,
    int in, uint64_t *done);

/* Fills the range with one byte. */
int shmt_view_fill(struct shmt_view *view, const struct shmt_transfer *how,
    unsigned char byte, uint64_t *done);

/*
 * How much memory this process may still allocate: the least that its memory
 * cgroups and the machine can hold.  False: unknown.
 */
struct shmt_headroom {
	uint64_t limit, used;	/* bytes */
	/* Bytes that can still be allocated, swap and the page cache that is
	 * given up for them included. */
	uint64_t left;
	char where[128];	/* "memory cgroup /NAME", "this machine" */
};

bool shmt_headroom(struct shmt_headroom *headroom);

/* The same for memory cgroups alone.  False: none of them has a limit. */
bool shmt_memory_cgroup(struct shmt_headroom *cgroup);

/*
 * A System V semaphore that is held, with undo, around a copy
 */

struct shmt_semaphore {
	int semid;
	unsigned short index;
};

/* "123", "0x4d2", either with ":INDEX".  errno as shmt_parse_ref(), ENOENT
 * where a key has no set. */
int shmt_parse_semaphore(const char *text, struct shmt_semaphore *semaphore);

/* Takes the semaphore (minus one, with SEM_UNDO) and gives it back.  EAGAIN:
 * not within the time; ENOENT: no such set; ERANGE: no such index; EOVERFLOW:
 * it has its largest value.  timeout in ms, UINT64_MAX waits forever; EINTR on
 * a signal, and when the process is continued after a stop. */
int shmt_semaphore_acquire(
    const struct shmt_semaphore *semaphore, uint64_t timeout);
int shmt_semaphore_release(const struct shmt_semaphore *semaphore);

/* The process that changed the semaphore last, which is the holder of one
 * that is taken; 0: none, or in a pid namespace not seen. */
int shmt_semaphore_holder(const struct shmt_semaphore *semaphore, pid_t *pid);

/*
 * Processes that have shared memory mapped or open
 */

#define SHMT_COMMAND_MAX 64	/* longest comm of the kernel, with its NUL */

/* Access of a holder: bits, as "r", "rw", "rx", "rwx". */
#define SHMT_ACCESS_W	0x1u
#define SHMT_ACCESS_X	0x2u

/* One process and one piece of shared memory that it has mapped or open. */
struct shmt_holder {
	struct shmt_object object;
	uint32_t key;		/* as created: known for dest segments too */
	pid_t pid;
	uint32_t uid;		/* effective user of the process */
	unsigned access;
	bool huge;
	uint64_t address;	/* of the lowest mapping */
	uint64_t size;		/* bytes mapped, all mappings together */
	unsigned maps;
	unsigned fds;		/* open descriptors, and the lowest of them */
	int fd;
	char command[SHMT_COMMAND_MAX];	/* untrusted bytes */
};

struct shmt_holders {
	struct shmt_holder *list;	/* by object, then pid */
	size_t count;
	size_t hidden;		/* processes that could not be looked into; at
				 * least 1 where /proc does not list all */
	struct shmt__ids *ids;	/* private */
};

/*
 * Finds the processes that have one object mapped or open (NULL: any System V
 * segment), or any object of a list, by one pass over /proc.  A POSIX object
 * must be known by device and inode.  The caller frees with
 * shmt_holders_free().  ENOTSUP: /proc is not there, or does not show the
 * caller.  The pids are those of /proc.
 */
int shmt_holders(const struct shmt_object *object,
    struct shmt_holders *holders);
void shmt_holders_free(struct shmt_holders *holders);
int shmt_holders_of_list(const struct shmt_info *list, size_t count,
    struct shmt_holders *holders);

/* The holders of one object: the first of *count elements of holders->list. */
const struct shmt_holder *shmt_holders_of(
    const struct shmt_holders *holders, const struct shmt_object *object,
    size_t *count);

/* Whether the holders seen account for all of a segment's nattch. */
bool shmt_holders_complete(const struct shmt_holders *holders,
    const struct shmt_info *segment);

/*
 * Fills nattch, fds and in_use of an object whose users the kernel does not
 * count, by what /proc shows.  Where /proc shows none, asks for a write lease
 * on a POSIX object; in_use stays unknown where the caller may not ask.
 */
void shmt_fill_use(struct shmt_info *info,
    const struct shmt_holders *holders);

/* The latest of its time stamps. */
int64_t shmt_last_time(const struct shmt_info *info);

enum shmt_answer { SHMT_CANNOT_TELL, SHMT_NO, SHMT_YES };

/* Why a POSIX object is stale or is not: each part must hold. */
struct shmt_object_proof {
	bool stale;
	bool one_name;		/* one link */
	bool no_semaphore;
	bool idle_enough;
	enum shmt_answer unused;
	enum shmt_answer creator_gone;
	uint64_t idle;		/* seconds since the last time stamp */
	/* What creator_gone follows from: the process that the name names; or
	 * one with the owner's user id that is older than the last time
	 * stamp; 0 where there is none. */
	pid_t pid;
	bool by_name;
	char command[SHMT_COMMAND_MAX];
	bool complete;		/* no process was hidden from that scan */
};

/*
 * Each part of the proof for a POSIX object, in whose info shmt_fill_use() has
 * filled in_use.  holders: of a list that has the object, from
 * shmt_holders_of_list(); the ids of all processes are read with the first
 * proof, and belong to holders.  idle: seconds without use asked for, normally
 * SHMT_STALE_IDLE.
 */
void shmt_check_object_stale(const struct shmt_info *info, int64_t now,
    uint64_t idle, const struct shmt_holders *holders,
    struct shmt_object_proof *proof);

/*
 * The process whose pid a segment records
 */

enum shmt_process_state {
	SHMT_UNKNOWN,		/* the caller cannot find out */
	SHMT_ALIVE,
	SHMT_GONE,		/* no such process */
	SHMT_REUSED,		/* the pid now belongs to a later process */
	SHMT_NONE		/* there never was one */
};

struct shmt_process {
	enum shmt_process_state state;
	int64_t started;	/* 0: unknown */
	char command[SHMT_COMMAND_MAX];	/* of the pid's present owner, or "" */
};

/* The process that had this pid at that time (a segment's ctime, atime or
 * dtime).  Never fails: state is SHMT_UNKNOWN where it cannot be known. */
void shmt_process(pid_t pid, int64_t at, struct shmt_process *process);

/* The process that made a segment, and the last to attach or detach. */
void shmt_creator(const struct shmt_info *segment,
    struct shmt_process *process);
void shmt_last_user(const struct shmt_info *segment,
    struct shmt_process *process);

/* The PostgreSQL server that made a segment, and its data directory as that
 * process sees it: untrusted bytes. */
struct shmt_postgresql {
	pid_t pid;
	char directory[4096];
};

/*
 * Whether a running PostgreSQL server made a segment.  Its header is read
 * as with SHMT_NO_TRACE, and has to agree with the kernel about the creator and
 * about the device and inode of that process's working directory.  ESRCH: no
 * server, or none that is proved.
 */
int shmt_postgresql(const struct shmt_info *segment,
    struct shmt_postgresql *server);

/*
 * Selection and staleness
 */

#define SHMT_STALE_IDLE 3600	/* seconds without use before a segment can
				 * be stale */

/*
 * The criteria of a filter, in the order in which they are checked: the
 * cheapest first.
 */
enum shmt_criterion {
	SHMT_BY_KIND,		/* value: a set of SHMT_KIND() */
	SHMT_BY_NAME,		/* text: a pattern of fnmatch(3) */
	SHMT_BY_OWNER,		/* value: a user id */
	SHMT_BY_CREATOR,	/* value: a user id */
	SHMT_BY_MIN_SIZE,	/* value: bytes, this size or more */
	SHMT_BY_MAX_SIZE,	/* value: bytes, this size or less */
	SHMT_BY_DEST,
	SHMT_BY_IDLE,		/* value: seconds, idle for so long or longer */
	SHMT_BY_UNATTACHED,
	SHMT_BY_KEY,		/* value: a key */
	SHMT_BY_PRIVATE,
	SHMT_BY_PID,		/* value: a pid, attached or created by it */
	SHMT_BY_CREATOR_DEAD,
	SHMT_BY_STALE,
	SHMT_CRITERIA		/* how many there are */
};

struct shmt_clause {
	enum shmt_criterion by;
	bool negated;
	uint64_t value;		/* for the criteria that have one */
	const char *text;	/* the same; borrowed */
};

/*
 * All criteria must hold.  If a criterion has several clauses, one of them must
 * hold, and none of those that are negated may.  A fact that is unknown, or
 * that this kind of memory does not have, satisfies neither a clause nor its
 * negation.
 */
struct shmt_filter {
	struct shmt_clause *clauses;	/* in any order */
	size_t count;
};

/* Why a segment is stale or is not: each part must hold. */
struct shmt_proof {
	bool stale;
	bool unattached, not_dest, idle_enough;
	bool creator_gone;
	bool last_user_gone;	/* or there never was one */
	uint64_t idle;		/* seconds since the last sign of use */
	struct shmt_process creator, last_user;
};

/* Seconds since the last time stamp, of System V segments that of the last
 * attach, detach or change; 0 if in the future. */
uint64_t shmt_idle(const struct shmt_info *segment, int64_t now);

/* idle: seconds without use asked for, normally SHMT_STALE_IDLE. */
void shmt_check_stale(const struct shmt_info *segment, int64_t now,
    uint64_t idle, struct shmt_proof *proof);

/* The seconds without use that SHMT_BY_STALE asks for: the longest of the
 * clauses of SHMT_BY_IDLE that are not negated, else SHMT_STALE_IDLE. */
uint64_t shmt_stale_idle(const struct shmt_filter *filter);

/*
 * The set of kinds that can pass: those that SHMT_BY_KIND asks for, without
 * the negated ones.  Where it asks for none, POSIX objects if SHMT_BY_NAME is
 * asked for, else System V segments.
 */
unsigned shmt_filter_kinds(const struct shmt_filter *filter);

/*
 * Whether a segment passes.  Without holders (NULL), what a process has
 * attached is unknown, and so is the key of a segment that is marked for
 * removal, since only its holders still show it.  For a POSIX object a write
 * lease is asked for only where all cheaper criteria hold (shmt_fill_use()).
 */
bool shmt_match(const struct shmt_filter *filter,
    const struct shmt_info *segment, int64_t now,
    const struct shmt_holders *holders);

/* The criteria that it fails, bit 1 << SHMT_BY_... for each. */
unsigned shmt_mismatch(const struct shmt_filter *filter,
    const struct shmt_info *segment, int64_t now,
    const struct shmt_holders *holders);

/*
 * Whether systemd-logind removes this user's unattached segments when the
 * user's last session ends: it runs here, RemoveIPC= is in effect, and the user
 * is not a system user.  errno as open(2).
 */
int shmt_logout_removes(uint32_t uid, bool *removes);

/*
 * Namespaces: the IPC namespaces of System V segments, and for POSIX objects
 * the mount namespaces, each of which may have a /dev/shm of its own
 */

struct shmt_ns {
	enum shmt_kind kind;	/* SHMT_SYSV, SHMT_POSIX */
	uint64_t inode;		/* as in /proc/PID/ns/ipc, /proc/PID/ns/mnt */
	pid_t pid;		/* a process in it */
};

/*
 * Moves the calling process into the IPC namespace of a process ("123") or of a
 * bind-mounted namespace file; where that needs it, into the user namespace
 * that owns it first, but not dumpable, so that no process there can trace it.
 * EINVAL: not an IPC namespace; ESRCH: no such process.  It cannot be undone.
 */
int shmt_ns_enter(const char *which);

/*
 * Mounts the /dev/shm of a process at /dev/shm, in a mount namespace that the
 * calling process makes for itself.  Where the process is in another user
 * namespace, the caller first joins that and becomes its root, loses its own
 * privileges, and is not dumpable.  Mounts below that /dev/shm are left out,
 * and no file system is called that may not answer.  It cannot be undone; a
 * process in which it failed has changed too and should exit.
 *
 * ESRCH: no such process; ENODEV: no tmpfs is mounted at its /dev/shm; EPERM
 * also where its mount namespace belongs to another user namespace than its
 * own; ENOSYS: before Linux 5.12.
 */
int shmt_ns_enter_shm(pid_t pid);

/*
 * Whether the caller's IPC namespace belongs to another user namespace, whose
 * root can give the id of a removed segment to a new one at once.  Attach a
 * segment to be sure that the id stays with it between two calls.
 */
bool shmt_ns_is_foreign(void);

/* The caller's own namespace. */
int shmt_ns_self(enum shmt_kind kind, uint64_t *inode);

/* Lists every namespace of a visible process, the caller's first, into an array
 * that the caller frees; hidden: processes whose namespace may not be read.
 * ENOTSUP as shmt_holders(). */
int shmt_ns_list(enum shmt_kind kind, struct shmt_ns **list, size_t *count,
    size_t *hidden);

/*
 * Runs inside(arg, out) in a child inside a namespace, of a mount namespace by
 * shmt_ns_enter_shm(), and collects what it writes to the descriptor out, into
 * a buffer that the caller frees.  inside() returns 0 or an errno, with which
 * this function then fails.  ESRCH: the process has left the namespace; EIO: a
 * signal killed the child; ETIMEDOUT: it wrote nothing for 30 seconds; ECHILD:
 * the caller ignores SIGCHLD.
 */
int shmt_ns_run(const struct shmt_ns *ns, int (*inside)(void *arg, int out),
    void *arg, void **answer, size_t *length);

/*
 * Limits
 */

struct shmt_limits {
	uint64_t shmmax;	/* bytes in one segment */
	uint64_t shmall;	/* pages in all */
	uint64_t shmmni;	/* segments */
	uint64_t shmmin;	/* bytes; 1, a constant of the kernel */
	uint64_t msgmni, msgmax, msgmnb;	/* queues, bytes, bytes */
	/* Signed: the kernel lets root write negative ones. */
	int64_t semmni, semmsl, semmns, semopm, semvmx;
};

/*
 * Reads /proc/sys/kernel, and asks the system calls where a file is missing
 * there.  A file that exists but cannot be read is an error with the errno of
 * read(2), EBADMSG where it holds no number, and *bad (bad may be NULL) is its
 * path, a constant.  which: any of the three below.
 */
#define SHMT_LIMITS_SHM	0x1u
#define SHMT_LIMITS_MSG	0x2u
#define SHMT_LIMITS_SEM	0x4u
int shmt_limits(unsigned which, struct shmt_limits *limits, const char **bad);

/* What the segments of the IPC namespace use, all together. */
struct shmt_usage {
	uint64_t segments;
	uint64_t pages;		/* of shmall: reserved, not resident */
	uint64_t largest;	/* bytes of the largest segment */
	bool has_rss;
	uint64_t resident, swapped;	/* bytes */
	uint64_t attachments;
	uint64_t unattached, dest;	/* segments */
};

/* Sums up a list that has rss; shmt_usage() lists the segments itself. */
void shmt_usage_of(const struct shmt_info *list, size_t count,
    struct shmt_usage *usage);
int shmt_usage(struct shmt_usage *usage);

/* The tmpfs at /dev/shm. */
struct shmt_dev_shm {
	uint64_t size;		/* bytes; 0: no limit, and used is not known */
	uint64_t used;
	uint64_t inodes;	/* 0: no limit, and used_inodes is not known */
	uint64_t used_inodes;
};

/* errno as statfs(2); ENODEV: it is not a tmpfs. */
int shmt_dev_shm(struct shmt_dev_shm *dev_shm);

/* What else /dev/shm holds: files in directories of it. */
struct shmt_others {
	uint64_t files;
	uint64_t size;		/* bytes in memory and swapped out */
	uint64_t hidden;	/* directories that could not be read */
};

/* dir: as of struct shmt_object; errno as open(2), ENODEV as above. */
int shmt_posix_others(int dir, struct shmt_others *others);

/* One tmpfs that is mounted in the mount namespace of the caller. */
struct shmt_tmpfs {
	const char *point;	/* where it is mounted, or one such place */
	uint64_t dev;
	uint64_t rss, swap;	/* bytes of all its files */
	bool with_deleted;	/* those without a name included */
	bool has_inodes;
	uint64_t inodes;	/* files and directories */
	uint64_t hidden;	/* of which the bytes are not known */
};

struct shmt_tmpfs_list {
	struct shmt_tmpfs *list;
	size_t count;
	struct shmt__strings *names;	/* private */
};

/* Lists every tmpfs once.  The caller frees with shmt_tmpfs_free().  errno as
 * open(2). */
int shmt_tmpfs_list(struct shmt_tmpfs_list *list);
void shmt_tmpfs_free(struct shmt_tmpfs_list *list);

/* Shmem of /proc/meminfo: the bytes in memory of all shared memory and of all
 * files of every tmpfs, huge pages of hugetlbfs not included. */
int shmt_shmem(uint64_t *bytes);

/* part of whole in tenths of a percent, exact for all 64 bits; UINT64_MAX
 * where whole is 0 and part is not. */
uint64_t shmt_permille(uint64_t part, uint64_t whole);

/*
 * Why a segment was refused
 */

enum shmt_cause_kind {
	SHMT_CAUSE_OTHER,	/* nothing more than errno is known */
	SHMT_CAUSE_ZERO_SIZE,	/* EINVAL: a new segment of 0 bytes */
	SHMT_CAUSE_SHMMAX,	/* EINVAL: above shmmax */
	SHMT_CAUSE_LARGEST,	/* EINVAL: above the kernel's maximum */
	SHMT_CAUSE_EXISTING,	/* EINVAL: the existing one is smaller */
	SHMT_CAUSE_HUGE_SIZE,	/* EINVAL, ENOENT: no such size here */
	SHMT_CAUSE_SHMMNI,	/* ENOSPC: too many segments */
	SHMT_CAUSE_SHMALL,	/* ENOSPC: too many pages */
	SHMT_CAUSE_OVERCOMMIT,	/* ENOMEM, of an object ENOSPC: the overcommit
				 * limit */
	SHMT_CAUSE_HUGE_FREE,	/* ENOMEM: too few huge pages are free */
	SHMT_CAUSE_MEMLOCK,	/* ENOMEM, EPERM: RLIMIT_MEMLOCK */
	SHMT_CAUSE_AS,		/* ENOMEM: RLIMIT_AS, of attaching */
	SHMT_CAUSE_HUGE_GROUP,	/* EPERM: neither CAP_IPC_LOCK nor in group */
	SHMT_CAUSE_NEXT_ID,	/* may not ask for an id */
	SHMT_CAUSE_EXISTS,	/* EEXIST: key, id or name is taken */
	SHMT_CAUSE_MODE,	/* EACCES: the existing one's mode bits */
	SHMT_CAUSE_SHM_SIZE,	/* ENOSPC: the size of /dev/shm */
	SHMT_CAUSE_SHM_INODES,	/* ENOSPC: the inodes of /dev/shm */
	SHMT_CAUSE_MEMORY,	/* ENOMEM: a memory cgroup, or the machine */
	SHMT_CAUSE_FSIZE,	/* EFBIG: RLIMIT_FSIZE */
	SHMT_CAUSE_NO_SHM	/* ENODEV: no tmpfs at /dev/shm */
};

/* What was refused: shmt_create(), or then shmt_attach() or shmt_lock(). */
enum shmt_step { SHMT_STEP_CREATE, SHMT_STEP_ATTACH, SHMT_STEP_LOCK };

struct shmt_cause {
	enum shmt_cause_kind kind;
	bool certain;		/* false: the likely one */
	/* In the limit's own unit: bytes, pages, huge pages, segments; a group
	 * for SHMT_CAUSE_HUGE_GROUP. */
	uint64_t requested, used, limit;
	uint64_t huge_size;	/* bytes of a requested huge page */
	unsigned overcommit;	/* vm.overcommit_memory */
	/* The value of fs.protected_regular, where that refuses the caller
	 * O_CREAT of the existing one; else 0. */
	unsigned protected_regular;
	bool has_segment;	/* the existing one, where there is one */
	struct shmt_info segment;
};

/* error: the errno of the refusal.  Never fails.  Reads limits and usage as
 * they are now, so call it soon after the refusal. */
void shmt_diagnose(const struct shmt_request *request, enum shmt_step step,
    int error, struct shmt_cause *cause);

/* Diagnoses a POSIX object that could not be created, opened with SHMT_OPEN, or
 * grown by request->size bytes.  cause->segment borrows the name of object. */
void shmt_diagnose_object(const struct shmt_object *object,
    const struct shmt_request *request, int error, struct shmt_cause *cause);

/*
 * Advice
 */

enum shmt_profile {
	SHMT_ADVISE_GENERAL,
	SHMT_ADVISE_POSTGRESQL,
	SHMT_ADVISE_ANALYTICS,
	SHMT_ADVISE_DB2
};

#define SHMT_ADVICE_MAX 12

struct shmt_advice {
	const char *name;	/* sysctl below kernel., a constant */
	uint64_t current, recommended;
	const char *reason;	/* a constant */
};

/* Bytes of memory that this machine has for programs. */
int shmt_memory(uint64_t *bytes);

/*
 * Recommends limits for a machine with this much memory, into an array of
 * SHMT_ADVICE_MAX; semaphore limits are in the order of kernel.sem.  EINVAL:
 * less memory than a page for a segment; *bad as of shmt_limits().
 */
int shmt_advise(enum shmt_profile profile, uint64_t memory,
    struct shmt_advice *advice, size_t *count, const char **bad);

/*
 * The limits that can be set: shmmax, shmall, shmmni and shm_rmid_forced,
 * which are kernel.NAME of sysctl(8), and dev_shm_size, the bytes of the tmpfs
 * at /dev/shm (0: no limit).  EINVAL: not one of these names.
 */
#define SHMT_DEV_SHM_SIZE "dev_shm_size"
#define SHMT_REASON 256

int shmt_limit_get(const char *name, uint64_t *value);

/* The value that the kernel sets at boot. */
int shmt_limit_default(const char *name, uint64_t *value);

/*
 * Checks whether it may be set here, as far as possible without setting it;
 * reason becomes "" or a text that says more than errno.  EBUSY: the tmpfs at
 * /dev/shm is mounted at another place too, which is in reason.
 */
int shmt_limit_check(const char *name, char reason[SHMT_REASON]);

/*
 * Sets it, and reads the value back.  EINVAL: refused, with the kernel's own
 * message in reason if that is not ""; EIO: the kernel has another value, which
 * is in *now.  shm_rmid_forced set to 1 removes segments at once, and setting
 * it back restores none of them.
 */
int shmt_limit_set(const char *name, uint64_t value, uint64_t *now,
    char reason[SHMT_REASON]);

/* The line of fstab(5) that keeps a size ("2G", "50%") of /dev/shm, with the
 * other options that it has now; the caller frees it. */
int shmt_dev_shm_line(const char *size, char **line);

/*
 * Replaces the lines kernel.NAME = of a sysctl.d file, or adds them, keeping
 * all others, in two steps: all that can fail beforehand, and the rename.
 * Once that is done, shmt_persist_revert() can undo it.  The caller closes the
 * file after any of them.  Until then the directory is locked.  ELOOP: a
 * symbolic link; EISDIR or EINVAL: no regular file; EBUSY: another process
 * keeps the lock; EINTR: a signal was caught while waiting for it.  count: at
 * most 64.
 */
struct shmt_setting {
	const char *name;
	uint64_t value;
};
struct shmt_atomic_file;
int shmt_persist_prepare(const char *path, const struct shmt_setting *settings,
    size_t count, struct shmt_atomic_file **file);
int shmt_persist_commit(struct shmt_atomic_file *file);
int shmt_persist_revert(struct shmt_atomic_file *file);

/*
 * A file that appears at its path complete or not at all, of mode 0600.
 * shmt_atomic_file_close() ends it in any case, and removes what was not
 * committed.  If the process is killed before, nothing is left on file systems
 * that have files without names.
 */

/* errno as open(2).  Of a symbolic link at path, the link itself would be
 * replaced. */
int shmt_atomic_file_open(const char *path, struct shmt_atomic_file **file);
int shmt_atomic_file_fd(const struct shmt_atomic_file *file);

/* Gives the file its name, replacing another file. */
int shmt_atomic_file_commit(struct shmt_atomic_file *file);
void shmt_atomic_file_close(struct shmt_atomic_file *file);

/*
 * Save and restore.  A saved segment or object is a pair of files:
 * DIR/NAME.meta is text and names the file of the contents beside it, which is
 * sparse: DIR/NAME.shm, or DIR/NAME.N.shm where that name was not free.  NAME
 * is ID-KEY-CTIME-TAG, of an object OBJECT-BTIME-TAG with its name encoded, of
 * memory without a name unnamed-INODE-BTIME-TAG; no two have the same NAME.
 */

struct shmt_saved {
	char name[256];		/* by shmt_save(): NAME */
	char object[256];	/* of an object: segment.object.name is this */
	char suffix[8];		/* of the contents: ".shm", ".1.shm" */
	struct shmt_info segment;	/* as it was before it was read */
	unsigned char digest[16];	/* of the contents */
	bool attached;		/* by shmt_save(): the segment had to be
				 * attached, so its idle time starts again */
	bool disturbed;		/* by shmt_save(): another process attached or
				 * detached it, or changed an object, while it
				 * was copied */
	unsigned lost;		/* by shmt_restore(): was not restored */
};

#define SHMT_LOST_OWNER		0x1u	/* only root may set it */
#define SHMT_LOST_LOCK		0x2u	/* not permitted, or no memory */
#define SHMT_LOST_HUGE		0x4u	/* no huge pages are free */
#define SHMT_LOST_RESERVE	0x8u	/* made with SHMT_NORESERVE */

/* Where a failure happened, which errno does not tell. */
enum shmt_place {
	SHMT_AT_SEGMENT,	/* finding, reading, making, filling it */
	SHMT_AT_DIR,		/* opening the directory, writing it out */
	SHMT_AT_CONTENTS,	/* the file of the contents */
	SHMT_AT_META		/* the file NAME.meta */
};

enum shmt_damage {
	SHMT_INTACT,
	SHMT_BAD_VERSION,	/* of another version of the format */
	SHMT_BAD_META,		/* a line is not as shmt_save() writes it */
	SHMT_BAD_SUM,		/* it was edited: its own digest differs */
	SHMT_BAD_SIZE,		/* contents shorter or longer than recorded */
	SHMT_BAD_DIGEST		/* contents differ */
};

struct shmt_failure {
	enum shmt_place place;
	enum shmt_damage damage;	/* why it is EBADMSG */
	unsigned line;			/* of NAME.meta; 0: none */
	uint64_t wanted, found;		/* bytes of the contents, or versions */
	char name[256];			/* by shmt_save(): that file */
};

#define SHMT_REPLACE	0x1u	/* an older pair of this segment is replaced */

/* How to save; each callback may be NULL. */
struct shmt_saving {
	unsigned flags;
	/* Called now and then with the bytes done; true stops, ECANCELED. */
	bool (*progress)(void *arg, uint64_t done);
	/* The contents are copied, but not yet on the disk. */
	void (*copied)(void *arg);
	/* All is on the disk and nothing is committed; false stops, ECANCELED.
	 */
	bool (*confirm)(void *arg, const struct shmt_saved *saved);
	void *arg;
};

/*
 * Saves into an existing directory.  The pair is committed by one rename(2):
 * a process that is killed leaves the older pair or the new one, and what
 * else it leaves is removed by the next save of the segment.  EEXIST: there is
 * a pair; EBUSY: too many processes are saving it there; ENODATA: an object
 * became shorter meanwhile; otherwise errno as open(2), write(2), rename(2),
 * and *failure is set.
 */
int shmt_save(const char *dir, const struct shmt_object *object,
    const struct shmt_saving *how, struct shmt_saved *saved,
    struct shmt_failure *failure);

#define SHMT_SAME_ID	0x1u
#define SHMT_OTHER_KEY	0x2u	/* a segment of this key, not the saved one */
#define SHMT_OTHER_NAME	0x4u	/* an object of this name, not the saved one */

/* How to restore; each callback may be NULL. */
struct shmt_restoring {
	unsigned flags;
	uint32_t key;		/* for SHMT_OTHER_KEY */
	const char *name;	/* for SHMT_OTHER_NAME, without the slash */
	/* As in struct shmt_saving. */
	bool (*progress)(void *arg, uint64_t done);
	/* Called before the contents are copied; false stops, ECANCELED.  A
	 * segment exists by then; of an object only kind, name and size are
	 * known.  An object gets its name when it is complete: if this process
	 * ends before that, nothing is left. */
	bool (*made)(void *arg, const struct shmt_info *segment);
	void *arg;
};

/*
 * Makes a segment again from file, which is NAME.meta, NAME, or a file of the
 * contents; both files are in one directory.  A failure leaves no segment;
 * the contents are checked while they are copied, and until then only the
 * owner may attach the segment, and nobody can open the object.  The name of an
 * object is that of how, or in *saved.  EEXIST: the key, the id or the name is
 * taken; ENOTSUP: SHMT_SAME_ID, but it was saved from what has no id;
 * EDESTADDRREQ: memory that had no name needs SHMT_OTHER_KEY or
 * SHMT_OTHER_NAME; EBADMSG: damaged, see *failure; EINVAL or ELOOP at a file:
 * it is not a regular file.
 * *saved is set once the .meta is known to be good, also on failure;
 * saved->lost tells what is not as it was; creator, times and last user never
 * are.
 */
int shmt_restore(const char *file, const struct shmt_restoring *how,
    struct shmt_object *object, struct shmt_saved *saved,
    struct shmt_failure *failure);

/* The length of file without its suffix: that of DIR/NAME. */
size_t shmt_saved_stem(const char *file);

#ifdef __cplusplus
}
#endif

#endif
