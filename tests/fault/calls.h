/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The calls that preload.c wraps in one of its ordinary ways: included there,
 * once.
 */

WRAP_OPEN(__open64_2, (const char *path, int flags), (path, flags))
INT(access, (const char *path, int mode), (path, mode))
INT(faccessat, (int dir, const char *path, int mode, int flags),
    (dir, path, mode, flags))
INT(fallocate64, (int fd, int mode, off64_t at, off64_t length),
    (fd, mode, at, length))
INT(fstatfs64, (int fd, struct statfs64 *st), (fd, st))
INT(ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *limit,
    const sigset_t *mask), (fds, count, limit, mask))
LONG(pwrite64, (int fd, const void *buffer, size_t length, off64_t at),
    (fd, buffer, length, at))
LONG(readlinkat, (int dir, const char *path, char *text, size_t length),
    (dir, path, text, length))
LONG(__read_chk, (int fd, void *buffer, size_t length, size_t room),
    (fd, buffer, length, room))
LONG(read, (int fd, void *buffer, size_t length), (fd, buffer, length))
LONG(pread64, (int fd, void *buffer, size_t length, off64_t at),
    (fd, buffer, length, at))
LONG(send, (int fd, const void *buffer, size_t length, int flags),
    (fd, buffer, length, flags))
LONG(recv, (int fd, void *buffer, size_t length, int flags),
    (fd, buffer, length, flags))
WRAP(off64_t, -1, lseek64, (int fd, off64_t to, int from), (fd, to, from))
INT(ftruncate64, (int fd, off64_t length), (fd, length))
INT(fsync, (int fd), (fd))
INT(fstat64, (int fd, struct stat64 *st), (fd, st))
INT(fstatat64, (int dir, const char *path, struct stat64 *st, int flags),
    (dir, path, st, flags))
INT(stat64, (const char *path, struct stat64 *st), (path, st))
INT(lstat64, (const char *path, struct stat64 *st), (path, st))
INT(renameat, (int d, const char *from, int e, const char *to),
    (d, from, e, to))
INT(renameat2, (int d, const char *from, int e, const char *to,
    unsigned flags), (d, from, e, to, flags))
INT(linkat, (int d, const char *from, int e, const char *to, int flags),
    (d, from, e, to, flags))
INT(fchmod, (int fd, mode_t mode), (fd, mode))
INT(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
POINTER(DIR *, opendir, (const char *path), (path))
POINTER(DIR *, fdopendir, (int fd), (fd))
POINTER(struct dirent64 *, readdir64, (DIR *dir), (dir))
POINTER(FILE *, fdopen, (int fd, const char *mode), (fd, mode))
POINTER(FILE *, open_memstream, (char **text, size_t *length),
    (text, length))
WRAP(void *, MAP_FAILED, mmap64, (void *at, size_t length, int prot,
    int flags, int fd, off64_t offset), (at, length, prot, flags, fd, offset))
INT(madvise, (void *at, size_t length, int advice), (at, length, advice))
INT(mincore, (void *at, size_t length, unsigned char *vec),
    (at, length, vec))
WRAP_OPEN(memfd_create, (const char *name, unsigned flags), (name, flags))
LONG(process_vm_readv, (pid_t pid, const struct iovec *a, unsigned long an,
    const struct iovec *b, unsigned long bn, unsigned long flags),
    (pid, a, an, b, bn, flags))
LONG(process_vm_writev, (pid_t pid, const struct iovec *a, unsigned long an,
    const struct iovec *b, unsigned long bn, unsigned long flags),
    (pid, a, an, b, bn, flags))
WRAP(pid_t, -1, fork, (void), ())
INT(pipe2, (int ends[2], int flags), (ends, flags))
INT(socketpair, (int domain, int type, int protocol, int ends[2]),
    (domain, type, protocol, ends))
WRAP(pid_t, -1, setsid, (void), ())
INT(setns, (int fd, int type), (fd, type))
INT(unshare, (int flags), (flags))
INT(mount, (const char *from, const char *to, const char *type,
    unsigned long flags, const void *data), (from, to, type, flags, data))
INT(setenv, (const char *name, const char *value, int over),
    (name, value, over))
INT(execvp, (const char *file, char *const argv[]), (file, argv))
INT(shmget, (key_t key, size_t size, int flags), (key, size, flags))
WRAP(void *, (void *)-1, shmat, (int id, const void *at, int flags),
    (id, at, flags))
INT(shmdt, (const void *at), (at))
INT(shmctl, (int id, int what, struct shmid_ds *ds), (id, what, ds))
INT(sched_getaffinity, (pid_t pid, size_t size, cpu_set_t *set),
    (pid, size, set))
INT(semget, (key_t key, int count, int flags), (key, count, flags))
INT(semtimedop, (int id, struct sembuf *ops, size_t count,
    const struct timespec *limit), (id, ops, count, limit))
INT(msgctl, (int id, int what, struct msqid_ds *ds), (id, what, ds))
INT(sigaction, (int sig, const struct sigaction *new, struct sigaction *old),
    (sig, new, old))
INT(sigtimedwait, (const sigset_t *set, siginfo_t *info,
    const struct timespec *limit), (set, info, limit))
/* These two return their error. */
WRAP(int, error, pthread_create, (pthread_t *thread,
    const pthread_attr_t *attr, void *(*start)(void *), void *arg),
    (thread, attr, start, arg))
WRAP(int, error, clock_nanosleep, (clockid_t clock, int flags,
    const struct timespec *want, struct timespec *rest),
    (clock, flags, want, rest))
INT(poll, (struct pollfd *fds, nfds_t count, int timeout),
    (fds, count, timeout))
LONG(splice, (int in, off64_t *from, int out, off64_t *to, size_t length,
    unsigned flags), (in, from, out, to, length, flags))
LONG(vmsplice, (int fd, const struct iovec *list, size_t count,
    unsigned flags), (fd, list, count, flags))
LONG(sendfile64, (int out, int in, off64_t *from, size_t length),
    (out, in, from, length))
INT(getrlimit64, (__rlimit_resource_t what, struct rlimit64 *limit),
    (what, limit))
INT(statx, (int dir, const char *path, int flags, unsigned mask,
    struct statx *st), (dir, path, flags, mask, st))
INT(unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
INT(sysinfo, (struct sysinfo *info), (info))
INT(getentropy, (void *buffer, size_t length), (buffer, length))
POINTER(struct tm *, localtime_r, (const time_t *when, struct tm *tm),
    (when, tm))
LONG(__getdelim, (char **line, size_t *room, int end, FILE *file),
    (line, room, end, file))
