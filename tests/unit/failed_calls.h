/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Each call that the library makes, failed in turn.  Whatever fails, a
 * function succeeds all the same or returns -1 with an errno and its results
 * untouched, and leaves no descriptor, attachment, segment, child or memory
 * behind.
 */

#ifndef FAILED_CALLS_H
#define FAILED_CALLS_H

#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "bytes/view_ops.h"
#include "limits/logind.h"
#include "shm.h"
#include "sysv.h"
#include "segment.h"

#define SIZE ((size_t)5 * 65536)
#define KEPT ((void *)-2)	/* a result that must stay as it is */

static int id;			/* a segment of SIZE, and one who has it */
static pid_t holder;
static char dir[] = "/tmp/shmtool-unit.XXXXXX";
static char file[64], saved[300];
static bool struck;

/* What comes now is the test's own. */
static inline int
ours_now(int result)
{
	struck = fault_end() || struck;
	return result;
}

static inline int
put(void)
{
	struct shmt_view *view;
	int result = shmt_view_open(OF_ID(id), SHMT_WRITE, &view);

	if (result == -1)
		return -1;
	result = shmt_view_put(view, 65536, "second", 6);
	shmt_view_close(view);
	return result;
}

/* What may be left behind, counted. */
struct left {
	long blocks;
	size_t descriptors, segments, files, objects;
	uint64_t nattch;
};

/* Entries of a folder, but for those that may come and go. */
static inline size_t
entries(const char *path)
{
	const char *name = strrchr(saved, '/') + 1;
	const size_t length = strlen(name);
	struct dirent *entry;
	size_t count = 0;
	DIR *d = opendir(path);

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		count += strcmp(entry->d_name, "file") != 0 &&
		    strncmp(entry->d_name, name, length) != 0;
	closedir(d);
	return count;
}

static inline void
count_left(struct left *left)
{
	struct shmt_info s, *list;

	left->blocks = fault_blocks();
	left->descriptors = entries("/proc/self/fd");
	left->files = entries(dir);
	left->objects = entries(SHM);
	assert_int_equal(shmt__sysv_all(false, &list, &left->segments), 0);
	free(list);
	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	left->nattch = s.nattch;
	/* The holder is the only child. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

/* What each call may fail with that is told apart. */
static inline const int *
errors_of(const char *name)
{
	static const struct {
		const char *name;
		int errors[6];
	} table[] = {
		{ "malloc", { ENOMEM } }, { "calloc", { ENOMEM } },
		{ "realloc", { ENOMEM } },
		{ "open64", { EACCES, ENOENT, EMFILE } },
		{ "openat64", { EACCES, ENOENT, EMFILE } },
		{ "read", { EIO, EINTR } }, { "pread64", { EIO, EINTR } },
		{ "write", { ENOSPC, EINTR } },
		{ "waitpid", { EINTR } }, { "readdir64", { EIO } },
		{ "madvise", { EINVAL, EFAULT } },
		{ "memfd_create", { EINVAL, ENOSYS } },
		{ "ioctl", { ENOTTY, EPERM, ENAMETOOLONG, ESRCH } },
		{ "process_vm_readv", { EPERM, ESRCH, EFAULT } },
		{ "process_vm_writev", { EPERM, ENOSYS, EFAULT } },
		{ "linkat", { EPERM, EEXIST } },
		{ "renameat2", { EINVAL, EACCES, ENOENT } },
		{ "shmctl", { EACCES, EINVAL, EIDRM, EPERM } },
		{ "setns", { EPERM, EINVAL } },
		{ "sendfile64", { EINVAL, EINTR } },
		{ "splice", { EINVAL, EINTR } },
		{ "fsync", { EIO, EINVAL } },
		{ "", { EPERM, EINVAL } }
	};
	size_t i;

	for (i = 0; table[i].name[0] != '\0'; i++)
		if (strcmp(table[i].name, name) == 0)
			break;
	return table[i].errors;
}

#define MOST 15		/* calls of one name, from either end */

/* Tells what was left. */
static inline void
fail_one(int (*function)(void), const char *name, unsigned n, int error,
    struct left *left)
{
	struct left before, after;
	int result, number;

	count_left(&before);
	struck = false;
	errno = 0;
	fault(name, n, error);
	result = function();
	number = errno;
	ours_now(0);
	count_left(&after);
	if (result == -1 ? number == 0 : result != 0)
		fail_msg("%s, call %u with %d: %d, errno %d", name, n,
		    error, result, number);
	left->blocks = after.blocks - before.blocks;
	left->descriptors = after.descriptors - before.descriptors;
	left->segments = after.segments - before.segments;
	left->files = after.files - before.files;
	left->objects = after.objects - before.objects;
	left->nattch = after.nattch - before.nattch;
}

static inline bool
is_anything(const struct left *left)
{
	return left->blocks != 0 || left->descriptors != 0 ||
	    left->segments != 0 || left->files != 0 || left->objects != 0 ||
	    left->nattch != 0;
}

static inline void
fail_each(int (*function)(void), const char *name, int error, unsigned calls)
{
	struct left left;
	unsigned n;

	/* The first and the last. */
	for (n = 1; n <= calls; n = n == MOST && calls > 2 * MOST ?
	    calls - MOST + 1 : n + 1) {
		fail_one(function, name, n, error, &left);
		/* What the C library keeps for good it keeps once. */
		if (is_anything(&left))
			fail_one(function, name, n, error, &left);
		if (is_anything(&left))
			fail_msg("%s, call %u with %d: leaves memory %ld, "
			    "descriptors %zu, segments %zu, files %zu, "
			    "objects %zu, attachments %d", name, n, error,
			    left.blocks, left.descriptors, left.segments,
			    left.files, left.objects, (int)left.nattch);
	}
}

/* Nothing else does the work of the call spared. */
static inline void
torment(int (*function)(void), const char *spared)
{
	const char *name;
	const int *errors;
	unsigned calls[FAULT_MAX] = { 0 }, i;
	int e;

	/* Undisturbed it works, and tells what it calls. */
	fault(NULL, 0, 0);
	assert_int_equal(function(), 0);
	fault_end();
	for (i = 0; (name = fault_name(i)) != NULL; i++)
		calls[i] = fault_calls(i);
	for (i = 0; (name = fault_name(i)) != NULL; i++) {
		if (calls[i] == 0)
			continue;
		if (strcmp(name, "shmdt") == 0 || strcmp(name, spared) == 0)
			continue;
		errors = errors_of(name);
		for (e = 0; e < 6 && errors[e] != 0; e++)
			fail_each(function, name, errors[e], calls[i]);
	}
	assert_int_equal(function(), 0);
}

#define TORMENT(function) \
	static void function##_fails(void **state) \
	{ \
		(void)state; \
		torment(function, ""); \
	}

static inline void
make_root(void)
{
	static const char *const folders[] = { "run", "run/systemd",
	    "run/systemd/users", "etc", "etc/systemd",
	    "etc/systemd/logind.conf.d" };
	static const char *const files[][2] = {
		{ "etc/systemd/logind.conf", "[Login]\nRemoveIPC=no\n" },
		{ "etc/systemd/logind.conf.d/a.conf",
		    "[Login]\nRemoveIPC=yes\n" },
		{ "etc/systemd/logind.conf.d/b.conf", "[Login]\n" }
	};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i][0]);
		write_file(path, files[i][1]);
	}
}

static inline int
setup(void **state)
{
	struct shmt_request request = { .key = 0x51, .size = SIZE,
	    .mode = 0600 };
	const struct shmt_saving how = { 0 };
	struct shmt_failure failure;
	struct shmt_saved s;
	bool created;
	void *at;

	(void)state;
	if (shmt__sysv_create(&request, &id, &created) == -1 || put() == -1 ||
	    mkdtemp(dir) == NULL)
		return -1;
	make_root();
	put_object("kept", 4096);
	put_object("spare", 4096);
	snprintf(file, sizeof(file), "%s/file", dir);
	if (shmt_save(dir, OF_ID(id), &how, &s, &failure) == -1)
		return -1;
	snprintf(saved, sizeof(saved), "%s/%s", dir, s.name);
	holder = fork();
	if (holder == 0) {
		if (shmt__sysv_attach(id, NULL, 0, &at) == 0)
			for (;;)
				pause();
		_exit(1);
	}
	return holder == -1 ? -1 : 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	shmt__sysv_rmid(id);
	return remove_tree(dir);
}

#define TEST(function) cmocka_unit_test(function##_fails)

#endif
