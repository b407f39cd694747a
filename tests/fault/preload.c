/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Disturbs a program: preloaded into shmtool by what is in tests/fault.
 *
 *	FAULT=NAME:NTH:ERRNO	the NTH call of NAME fails with ERRNO
 *	FAULT_SIGNAL=NTH:SIGNAL	just before the NTH of all calls, by whichever
 *				process, the program is sent SIGNAL
 *	FAULT_LIMIT=NAME:VALUE	a resource limit from main() on: FSIZE, NOFILE,
 *				NPROC; of AS what it may have more than now
 *	FAULT_COUNTS=FILE	a file of 32-bit numbers: one for each name, of
 *				its calls; then those of enum beyond
 *	FAULT_NAMES=1		prints the names, one a line, in that order
 *
 * Children count on, programs that are run from it do not.  Unit tests have
 * it linked in, and say by fault() what is to fail.  Opens are looked at as
 * they pass: see look_at_open().
 */

/* The symbols of both file offset widths are wanted side by side. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

#define NAMES(X) \
	X(malloc) X(calloc) X(realloc) X(aligned_alloc) \
	X(open64) X(access) X(faccessat) X(fallocate64) X(fstatfs64) \
	X(ppoll) X(pwrite64) X(readlinkat) X(__read_chk) \
	X(__open64_2) X(openat64) X(read) X(pread64) X(write) \
	X(send) X(recv) X(close) X(lseek64) X(ftruncate64) X(fsync) \
	X(fstat64) X(fstatat64) X(stat64) X(lstat64) X(renameat) \
	X(renameat2) X(linkat) X(fchmod) X(fchown) X(fcntl64) \
	X(pthread_create) X(sched_getaffinity) X(ioctl) X(opendir) \
	X(fdopendir) X(readdir64) X(fdopen) \
	X(open_memstream) X(mmap64) X(madvise) X(mincore) X(memfd_create) \
	X(process_vm_readv) X(process_vm_writev) X(fork) X(waitpid) X(pipe2) \
	X(socketpair) X(setsid) X(setns) X(unshare) X(mount) X(setenv) \
	X(execvp) \
	X(shmget) X(shmat) X(shmdt) X(shmctl) X(semget) X(semctl) \
	X(semtimedop) X(msgctl) X(sigaction) X(sigtimedwait) \
	X(clock_nanosleep) X(poll) X(splice) X(vmsplice) X(sendfile64) \
	X(getpwnam) X(getpwuid) X(getgrnam) X(getgrgid) X(getrlimit64) \
	X(sysinfo) X(statx) X(unlinkat) X(getentropy) X(localtime_r) \
	X(__getdelim)

#define ENUM(name) CALL_##name,
#define TEXT(name) #name,

enum call { NAMES(ENUM) CALLS };
_Static_assert(CALLS <= FAULT_MAX, "more names than there is room for");

enum beyond {
	STRUCK = CALLS,	/* calls that were made to fail */
	MOMENTS,	/* calls of any name */
	SINS,		/* bits of what look_at_open() found */
	NUMBERS
};

enum { OPEN_ON_EXEC = 1, NOT_NEW = 2, FOR_OTHERS = 4 };

static const char *const names[] = { NAMES(TEXT) };

static uint32_t *counts;	/* NUMBERS of them */
static enum call target = CALLS, further = CALLS;
static uint32_t nth;
static int error;
static uint32_t moment;		/* when to send what to whom; 0: never */
static int to_send;
static pid_t program;
static int elsewhere;		/* in what is not to fail */

/* glibc's own, for dlsym(3) itself needs memory. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

static void *
next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

/* Whether this call is the one to fail. */
static int
strikes(enum call call)
{
	uint32_t n;

	if (counts == NULL || elsewhere > 0)
		return 0;
	n = __atomic_add_fetch(&counts[MOMENTS], 1, __ATOMIC_RELAXED);
	if (n == moment)
		kill(program, to_send);
	n = __atomic_add_fetch(&counts[call], 1, __ATOMIC_RELAXED);
	if (call != further && (call != target || (nth != 0 && n != nth)))
		return 0;
	__atomic_add_fetch(&counts[STRUCK], 1, __ATOMIC_RELAXED);
	errno = error;
	return 1;
}

static enum call
call_of(const char *name, size_t length)
{
	unsigned i;

	for (i = 0; i < CALLS; i++)
		if (strlen(names[i]) == length &&
		    memcmp(name, names[i], length) == 0)
			return i;
	abort();
}

static void
read_fault(const char *text)
{
	const char *colon = strchr(text, ':');
	char *end;

	if (colon == NULL)
		abort();
	nth = (uint32_t)strtoul(colon + 1, &end, 10);
	if (*end != ':')
		abort();
	error = (int)strtol(end + 1, NULL, 10);
	target = call_of(text, (size_t)(colon - text));
}

static uint32_t *own;		/* the counts of a unit test */

void
fault(const char *name, unsigned which, int number)
{
	const size_t size = NUMBERS * sizeof(*counts);

	/* Children count in it as well. */
	if (own == NULL)
		own = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED)
		abort();
	memset(own, 0, size);
	nth = which;
	error = number;
	further = CALLS;
	target = name == NULL ? CALLS : call_of(name, strlen(name));
	counts = own;
}

void
fault_also(const char *name)
{
	further = call_of(name, strlen(name));
}

int
fault_end(void)
{
	counts = NULL;
	return own != NULL && own[STRUCK] > 0;
}

const char *
fault_name(unsigned i)
{
	return i < CALLS ? names[i] : NULL;
}

unsigned
fault_calls(unsigned i)
{
	return own[i];
}

static long blocks;		/* of memory in use */

long
fault_blocks(void)
{
	return __atomic_load_n(&blocks, __ATOMIC_RELAXED);
}

static void
read_signal(const char *text)
{
	char *end;

	moment = (uint32_t)strtoul(text, &end, 10);
	if (*end != ':')
		abort();
	to_send = (int)strtol(end + 1, NULL, 10);
	program = getpid();
}

/* Bytes of address space that are in use. */
static rlim_t
address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd == -1 || read(fd, text, sizeof(text) - 1) <= 0)
		abort();
	close(fd);
	return strtoul(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void
read_limit(const char *text)
{
	static const struct {
		const char *name;
		__rlimit_resource_t what;
	} limits[] = {
		{ "AS", RLIMIT_AS }, { "FSIZE", RLIMIT_FSIZE },
		{ "NOFILE", RLIMIT_NOFILE }, { "NPROC", RLIMIT_NPROC }
	};
	const char *colon = strchr(text, ':');
	struct rlimit limit;
	unsigned i;

	if (colon == NULL)
		abort();
	for (i = 0; strncmp(text, limits[i].name,
	    strlen(limits[i].name)) != 0; i++)
		if (i == sizeof(limits) / sizeof(limits[0]) - 1)
			abort();
	limit.rlim_cur = strtoul(colon + 1, NULL, 10);
	if (limits[i].what == RLIMIT_AS)
		limit.rlim_cur += address_space();
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(limits[i].what, &limit) == -1)
		abort();
}

__attribute__((constructor))
static void
prepare(void)
{
	const char *file = getenv("FAULT_COUNTS"), *text = getenv("FAULT");
	const char *signal = getenv("FAULT_SIGNAL");
	const char *limit = getenv("FAULT_LIMIT");
	const struct rlimit no_core = { 0, 0 };
	unsigned i;
	void *at;
	int fd;

	if (getenv("FAULT_NAMES") != NULL)
		for (i = 0; i < CALLS; i++)
			puts(names[i]);
	if (file == NULL ||
	    strcmp(program_invocation_short_name, "shmtool") != 0)
		return;
	fd = open(file, O_RDWR | O_CLOEXEC);
	at = mmap(NULL, NUMBERS * sizeof(*counts),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd == -1 || at == MAP_FAILED)
		abort();
	close(fd);
	setrlimit(RLIMIT_CORE, &no_core);
	/* What happens here is not to be counted. */
	if (text != NULL)
		read_fault(text);
	if (signal != NULL)
		read_signal(signal);
	if (limit != NULL)
		read_limit(limit);
	counts = at;
}

#define WRAP(type, failed, name, params, args) \
	type name params; \
	type \
	name params \
	{ \
		static type (*real) params; \
		\
		if (strikes(CALL_##name)) \
			return failed; \
		if (real == NULL) \
			real = (type (*) params)next(#name); \
		return real args; \
	}

/* A sanitizer has these for itself. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)

static void *
count(void *p)
{
	if (p != NULL)
		__atomic_add_fetch(&blocks, 1, __ATOMIC_RELAXED);
	return p;
}

void *
malloc(size_t size)
{
	return strikes(CALL_malloc) ? NULL : count(__libc_malloc(size));
}

void *
calloc(size_t number, size_t size)
{
	return strikes(CALL_calloc) ? NULL : count(__libc_calloc(number, size));
}

void *
realloc(void *old, size_t size)
{
	if (strikes(CALL_realloc))
		return NULL;
	return old == NULL ? count(__libc_malloc(size)) :
	    __libc_realloc(old, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return strikes(CALL_aligned_alloc) ? NULL :
	    count(__libc_memalign(alignment, size));
}

void
free(void *p)
{
	if (p != NULL)
		__atomic_sub_fetch(&blocks, 1, __ATOMIC_RELAXED);
	__libc_free(p);
}

#endif

/* The message itself must have a way out. */
ssize_t
write(int fd, const void *buffer, size_t length)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (fd != STDERR_FILENO && strikes(CALL_write))
		return -1;
	if (real == NULL)
		real = (ssize_t (*)(int, const void *, size_t))next("write");
	return real(fd, buffer, length);
}

/* The descriptor is gone all the same. */
int
close(int fd)
{
	static int (*real)(int);
	int failed = strikes(CALL_close);

	if (real == NULL)
		real = (int (*)(int))next("close");
	if (!failed)
		return real(fd);
	real(fd);
	errno = error;
	return -1;
}

/* EINTR is for those that wait. */
pid_t
waitpid(pid_t pid, int *status, int options)
{
	static pid_t (*real)(pid_t, int *, int);

	if ((options & WNOHANG) == 0 && strikes(CALL_waitpid))
		return -1;
	if (real == NULL)
		real = (pid_t (*)(pid_t, int *, int))next("waitpid");
	return real(pid, status, options);
}

/*
 * What no open of ours may be: left to a program that is run, but for a
 * standard descriptor; of a file that somebody else may have laid there to
 * be written into; readable for others as soon as it is made.
 */
static int
look_at_open(int fd, int flags, mode_t mode)
{
	uint32_t sins = 0;
	int what, saved = errno;

	if (fd == -1 || counts == NULL || elsewhere > 0)
		return fd;
	elsewhere++;
	what = fcntl(fd, F_GETFD);
	elsewhere--;
	if (fd > STDERR_FILENO && (what & FD_CLOEXEC) == 0)
		sins |= OPEN_ON_EXEC;
	if ((flags & O_CREAT) != 0 && (flags & O_EXCL) == 0)
		sins |= NOT_NEW;
	if ((flags & (O_CREAT | O_TMPFILE)) != 0 &&
	    (flags & O_TMPFILE) != O_DIRECTORY && (mode & 077) != 0)
		sins |= FOR_OTHERS;
	__atomic_fetch_or(&counts[SINS], sins, __ATOMIC_RELAXED);
	errno = saved;
	return fd;
}

/* The rest of variadic ones is one word. */
#define VARIADIC(name, params, last, args, look) \
	int name params; \
	int \
	name params \
	{ \
		static int (*real) params; \
		va_list list; \
		uintptr_t rest; \
		\
		va_start(list, last); \
		rest = va_arg(list, uintptr_t); \
		va_end(list); \
		if (strikes(CALL_##name)) \
			return -1; \
		if (real == NULL) \
			real = (int (*) params)next(#name); \
		return look(real args); \
	}

#define AS_OPENED(fd) look_at_open(fd, flags, (mode_t)rest)
#define AS_IT_IS(result) (result)
VARIADIC(open64, (const char *path, int flags, ...), flags,
    (path, flags, rest), AS_OPENED)
VARIADIC(openat64, (int dir, const char *path, int flags, ...), flags,
    (dir, path, flags, rest), AS_OPENED)
VARIADIC(fcntl64, (int fd, int what, ...), what, (fd, what, rest), AS_IT_IS)
VARIADIC(ioctl, (int fd, unsigned long what, ...), what, (fd, what, rest),
    AS_IT_IS)
VARIADIC(semctl, (int id, int index, int what, ...), what,
    (id, index, what, rest), AS_IT_IS)

#define WRAP_OPEN(name, params, args) \
	int name params; \
	int \
	name params \
	{ \
		static int (*real) params; \
		\
		if (strikes(CALL_##name)) \
			return -1; \
		if (real == NULL) \
			real = (int (*) params)next(#name); \
		return look_at_open(real args, 0, 0); \
	}

#define INT(name, params, args) WRAP(int, -1, name, params, args)
#define LONG(name, params, args) WRAP(ssize_t, -1, name, params, args)
#define POINTER(type, name, params, args) WRAP(type, NULL, name, params, args)

#include "calls.h"

#if __SIZEOF_LONG__ == 4
/* What knows times of 64 bits has another name there. */
#define OTHER(symbol, name, params, args) \
	int symbol params; \
	int \
	symbol params \
	{ \
		static int (*real) params; \
		\
		if (strikes(CALL_##name)) \
			return -1; \
		if (real == NULL) \
			real = (int (*) params)next(#symbol); \
		return real args; \
	}

OTHER(__shmctl64, shmctl, (int id, int what, void *ds), (id, what, ds))
OTHER(__msgctl64, msgctl, (int id, int what, void *ds), (id, what, ds))
OTHER(__semctl64, semctl, (int id, int index, int what, uintptr_t rest),
    (id, index, what, rest))
OTHER(__ioctl_time64, ioctl, (int fd, unsigned long what, uintptr_t rest),
    (fd, what, rest))
#endif

/* glibc's name service dies where its own memory ends: not ours to test. */
#define NAME_SERVICE(type, name, params, args) \
	type name params; \
	type \
	name params \
	{ \
		static type (*real) params; \
		type found; \
		\
		if (strikes(CALL_##name)) \
			return NULL; \
		if (real == NULL) \
			real = (type (*) params)next(#name); \
		elsewhere++; \
		found = real args; \
		elsewhere--; \
		return found; \
	}

NAME_SERVICE(struct passwd *, getpwnam, (const char *name), (name))
NAME_SERVICE(struct passwd *, getpwuid, (uid_t uid), (uid))
NAME_SERVICE(struct group *, getgrnam, (const char *name), (name))
NAME_SERVICE(struct group *, getgrgid, (gid_t gid), (gid))
