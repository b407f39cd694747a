/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The whole command line, an argument a line: whatever it says, the program
 * comes to an end with a status of its own, and where it refuses the command
 * line it has done nothing; the JSON that it prints is whole and valid.  No
 * segment, file, sysctl, signal or process is touched: stub_NAME stands for
 * the system call NAME.  There is one segment, of id 0; nothing else can be
 * opened, nobody is known, no fork succeeds.  What would wait ends the run
 * there, with its memory; of a run that comes to its end all memory must be
 * reachable still, or given back.
 *
 * fuzz: -close_fd_mask=3 -detect_leaks=0 -rss_limit_mb=0
 */

#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include <sanitizer/allocator_interface.h>
#include <sanitizer/lsan_interface.h>

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "strict.h"

#define SEGMENT_SIZE 8192
#define ARGUMENTS 32
#define ENDED 1000		/* by _exit(2), or where it would wait */

int shmtool_main(int argc, char **argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf the_end;
static bool acted;
static char segment[SEGMENT_SIZE] __attribute__((aligned(4096)));

/* Calls that fail, whatever they are asked. */
#define FAILS(name, error) \
	long stub_##name(void); \
	long \
	stub_##name(void) \
	{ \
		errno = error; \
		return -1; \
	}
#define FINDS_NOTHING(name, error) \
	void *stub_##name(void); \
	void * \
	stub_##name(void) \
	{ \
		errno = error; \
		return NULL; \
	}
#define SUCCEEDS(name) \
	long stub_##name(void); \
	long \
	stub_##name(void) \
	{ \
		return 0; \
	}
#define WAITS(name) \
	void stub_##name(void); \
	void \
	stub_##name(void) \
	{ \
		longjmp(the_end, ENDED); \
	}

FAILS(access, ENOENT)
FAILS(chmod, EPERM)
FAILS(dup, EMFILE)
FAILS(execvp, ENOENT)
FAILS(faccessat, ENOENT)
FAILS(fallocate64, ENOSPC)
FAILS(fchmod, EPERM)
FAILS(fchown, EPERM)
FAILS(fchownat, EPERM)
FAILS(flock, EBADF)
FAILS(fork, EAGAIN)
FAILS(fsetxattr, EPERM)
FAILS(fstat64, EBADF)
FAILS(fstatat64, ENOENT)
FAILS(fstatfs64, EBADF)
FAILS(fstatvfs64, EBADF)
FAILS(fsync, EIO)
FAILS(ftruncate64, EINVAL)
FAILS(inotify_add_watch, ENOENT)
FAILS(inotify_init1, EMFILE)
FAILS(ioctl, ENOTTY)
FAILS(linkat, EPERM)
FAILS(lseek64, ESPIPE)
FAILS(lstat64, ENOENT)
FAILS(madvise, EINVAL)
FAILS(memfd_create, EMFILE)
FAILS(mincore, ENOMEM)
FAILS(msgctl, EINVAL)
FAILS(open64, ENOENT)
FAILS(__open64_2, ENOENT)
FAILS(openat64, ENOENT)
FAILS(pipe2, EMFILE)
FAILS(pread64, EBADF)
FAILS(process_vm_readv, EPERM)
FAILS(process_vm_writev, EPERM)
FAILS(pwrite64, EBADF)
FAILS(readlink, ENOENT)
FAILS(readlinkat, ENOENT)
FAILS(recv, EBADF)
FAILS(renameat, EACCES)
FAILS(renameat2, EACCES)
FAILS(semctl, EINVAL)
FAILS(semget, ENOENT)
FAILS(semtimedop, EINVAL)
FAILS(send, EBADF)
FAILS(sendfile64, EINVAL)
FAILS(setfsuid, EPERM)
FAILS(setns, EPERM)
FAILS(setsid, EPERM)
FAILS(setvbuf, EINVAL)
FAILS(socketpair, EMFILE)
FAILS(splice, EINVAL)
FAILS(stat64, ENOENT)
FAILS(statfs64, ENOENT)
FAILS(statvfs64, ENOENT)
FAILS(statx, ENOENT)
FAILS(syscall, ENOSYS)
FAILS(unlinkat, ENOENT)
FAILS(vmsplice, EINVAL)
FAILS(waitpid, ECHILD)
FINDS_NOTHING(fdopendir, ENOMEM)
FINDS_NOTHING(getgrgid, 0)
FINDS_NOTHING(getgrnam, 0)
FINDS_NOTHING(getpwnam, 0)
FINDS_NOTHING(getpwuid, 0)
FINDS_NOTHING(opendir, ENOENT)
SUCCEEDS(alarm)
SUCCEEDS(close)
SUCCEEDS(fcntl64)
SUCCEEDS(isatty)
SUCCEEDS(kill)
SUCCEEDS(prctl)
SUCCEEDS(raise)
SUCCEEDS(read)
SUCCEEDS(setenv)
SUCCEEDS(shmdt)
SUCCEEDS(sigaction)
SUCCEEDS(signal)
SUCCEEDS(sigprocmask)
WAITS(_exit)
WAITS(clock_nanosleep)
WAITS(poll)
WAITS(ppoll)
WAITS(sigtimedwait)

void *stub_mmap64(void);
void *
stub_mmap64(void)
{
	errno = ENOMEM;
	return MAP_FAILED;
}

ssize_t stub_write(int fd, const void *bytes, size_t length);
ssize_t
stub_write(int fd, const void *bytes, size_t length)
{
	(void)fd;
	(void)bytes;
	return (ssize_t)length;
}

/* Standard output is wanted again. */
int stub_fclose(FILE *file);
int
stub_fclose(FILE *file)
{
	return file == stdout ? fflush(file) : fclose(file);
}

key_t stub_ftok(const char *path, int project);
key_t
stub_ftok(const char *path, int project)
{
	return (key_t)(strlen(path) << 8) + project;
}

int stub_shmget(key_t key, size_t size, int flags);
int
stub_shmget(key_t key, size_t size, int flags)
{
	acted |= (flags & IPC_CREAT) != 0;
	errno = size > SEGMENT_SIZE ? EINVAL : (key & 1) != 0 ? EEXIST : 0;
	return errno == 0 ? 0 : -1;
}

void *stub_shmat(int id, const void *at, int flags);
void *
stub_shmat(int id, const void *at, int flags)
{
	(void)flags;
	errno = EINVAL;
	return id == 0 && at == NULL ? segment : (void *)-1;
}

static int
look(struct shmid_ds *ds)
{
	*ds = (struct shmid_ds){ .shm_segsz = SEGMENT_SIZE, .shm_ctime = 1,
		.shm_perm = { .__key = 0x4d2, .mode = 0600 } };
	return 0;
}

int stub_shmctl(int id, int what, struct shmid_ds *ds);
int
stub_shmctl(int id, int what, struct shmid_ds *ds)
{
	switch (what) {
	case IPC_INFO:
		*(struct shminfo *)(void *)ds = (struct shminfo){
			.shmmax = SEGMENT_SIZE, .shmmin = 1, .shmmni = 4096,
			.shmall = 1 << 20 };
		return 0;
	case SHM_INFO:
		*(struct shm_info *)(void *)ds = (struct shm_info){
			.used_ids = 1, .shm_tot = 2, .shm_rss = 1 };
		return 0;
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		errno = EINVAL;
		return id == 0 ? look(ds) : -1;
	default:
		acted = true;
		errno = EIDRM;
		return id == 0 ? 0 : -1;
	}
}

/* What a run has and did not give back yet; inverted, for a leak is what no
 * address in memory leads to. */
static uintptr_t blocks[1 << 16];
static size_t block_count;
static bool running;

static void
note_block(const volatile void *block, size_t size)
{
	(void)size;
	if (!running)
		return;
	if (block_count == sizeof(blocks) / sizeof(blocks[0]))
		abort();
	blocks[block_count++] = ~(uintptr_t)block;
}

static void
forget_block(const volatile void *block)
{
	size_t i;

	for (i = block_count; i-- > 0; )
		if (blocks[i] == ~(uintptr_t)block) {
			blocks[i] = blocks[--block_count];
			break;
		}
}

/* libFuzzer's own check gives up where runs are cut off.  Looking takes long:
 * not where there is nothing to look for. */
static void
look_for_leaks(int status)
{
	if (status == ENDED)
		while (block_count > 0)
			__lsan_ignore_object(
			    (const void *)~blocks[--block_count]);
	else if (block_count > 0 && __lsan_do_recoverable_leak_check())
		abort();
	block_count = 0;
}

/* JSON that was asked for, and that nothing cut off, is one whole object. */
static void
look_at_json(char **argv, const char *printed, int status)
{
	const unsigned char *end;

	while (*argv != NULL && strncmp(*argv, "--j", 3) != 0)
		argv++;
	if (*argv == NULL || status == ENDED || printed[0] != '{')
		return;
	end = strict_value((const unsigned char *)printed);
	if (strcmp((const char *)end, "\n") != 0)
		abort();
}

static int
run(int argc, char **argv)
{
	FILE *real = stdout;
	volatile int status;
	char *printed;
	size_t length;

	acted = false;
	optind = 0;
	running = true;
	stdout = open_memstream(&printed, &length);
	status = setjmp(the_end);
	if (status == 0)
		status = shmtool_main(argc, argv);
	running = false;
	fclose(stdout);
	stdout = real;
	look_at_json(argv, printed, status);
	free(printed);
	look_for_leaks(status);
	return status;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	__sanitizer_install_malloc_and_free_hooks(note_block, forget_block);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[ARGUMENTS + 2], *text, *rest;
	int argc = 0, status;

	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	argv[argc++] = (char[]){ "shmtool" };
	for (rest = text; rest != NULL && argc <= ARGUMENTS; argc++)
		argv[argc] = strsep(&rest, "\n");
	argv[argc] = NULL;
	status = run(argc, argv);
	if (status == 2 && acted)
		abort();
	if (status < 0 || (status > 6 && status < 125) ||
	    (status > 127 && status != ENDED))
		abort();
	free(text);
	return 0;
}
