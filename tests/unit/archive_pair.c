/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The pair of files of an archive: never half, never over another one.
 */

#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "archive/name.h"
#include "archive/pair.h"
#include "shmtool.h"
#include "sysv.h"
#include "segment.h"
#include "archive_made.h"

static const struct shmt_saving replacing = { .flags = SHMT_REPLACE };

static unsigned
count_suffix(const char *suffix)
{
	const struct dirent *entry;
	unsigned count = 0;
	DIR *d = opendir(".");
	size_t length;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		length = strlen(entry->d_name);
		count += length > strlen(suffix) && strcmp(entry->d_name +
		    length - strlen(suffix), suffix) == 0;
	}
	closedir(d);
	return count;
}

static void
store_byte(int id, char byte)
{
	char *p = shmat(id, NULL, 0);

	p[0] = byte;
	shmdt(p);
}

static void
never_over_an_existing_pair(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved first, again;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &first);
	assert_string_equal(first.suffix, ".shm");
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &again, &failure), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(failure.place, SHMT_AT_META);
	strlcat(first.name, ".meta", sizeof(first.name));
	assert_string_equal(failure.name, first.name);
	first.name[strlen(first.name) - strlen(".meta")] = '\0';
	store_byte(id, 'F');
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &failure), 0);
	assert_string_equal(again.suffix, ".1.shm");
	assert_string_equal(again.name, first.name);
	assert_int_equal(files(), 2);
	assert_memory_not_equal(again.digest, first.digest, SHMT__DIGEST);
	assert_int_equal(check_saved(again.name, &first, &failure), 0);
	assert_memory_equal(again.digest, first.digest, SHMT__DIGEST);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &failure), 0);
	assert_string_equal(again.suffix, ".shm");
	assert_int_equal(files(), 2);
}

/* What cannot be replaced leaves nothing, and no directory is removed. */
static void
directory_in_the_way(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved saved;
	char path[300];
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	clear_files();
	snprintf(path, sizeof(path), "%s.meta", saved.name);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &saved, &failure), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &saved, &failure), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(failure.place, SHMT_AT_META);
	assert_int_equal(files(), 1);
	rmdir(path);
}

static void
touch(const char *name, const char *suffix)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s%s", name, suffix);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

/* Of killed processes: a contents file alone, with a .meta that was not
 * renamed, beside a good pair, and under the number that is taken next. */
static void
left_over_files(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved saved, again;
	char hidden[300];
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	clear_files();
	touch(saved.name, ".shm");
	touch(saved.name, ".3.shm");
	snprintf(hidden, sizeof(hidden), ".%s", saved.name);
	touch(hidden, ".3.tmp");
	save_ok(id, &again);
	assert_int_equal(files(), 2);
	assert_string_equal(again.suffix, ".shm");
	touch(saved.name, ".1.shm");
	touch(hidden, ".1.tmp");
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &failure), 0);
	assert_int_equal(files(), 2);
	assert_int_equal(check_saved(saved.name, &again, &failure), 0);
}

/* A file that its writer has locked is not left over; nor is one that a .meta
 * names which cannot be read. */
static void
files_of_others(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved saved, again;
	char path[300];
	int id, fd;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	snprintf(path, sizeof(path), "%s.1.shm", saved.name);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &failure), 0);
	assert_string_equal(again.suffix, ".2.shm");
	assert_int_equal(files(), 3);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s.meta", saved.name);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &again, &failure), -1);
	assert_int_equal(files(), 3);
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &replacing, &again, &failure), 0);
	assert_int_equal(files(), 2);
}

static void
ten_at_once(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved saved;
	char path[300], suffix[SHMT__SUFFIX];
	int id, i, fds[SHMT__CONTENTS_MAX];

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	clear_files();
	for (i = 0; i < SHMT__CONTENTS_MAX; i++) {
		shmt__contents_suffix(i, suffix);
		snprintf(path, sizeof(path), "%s%s", saved.name, suffix);
		fds[i] = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		assert_int_equal(flock(fds[i], LOCK_EX), 0);
	}
	assert_int_equal(
	    shmt_save(".", OF_ID(id), &quiet, &saved, &failure), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(failure.place, SHMT_AT_CONTENTS);
	for (i = 0; i < SHMT__CONTENTS_MAX; i++)
		close(fds[i]);
	save_ok(id, &saved);
	assert_int_equal(files(), 2);
}

/* Two lives of one id within a second. */
static void
names_of_two_lives(void **state)
{
	struct shmt_saved a = {.segment = {.object.id = 0,
				   .ctime = 1763690001,
				   .size = 4096,
				   .cpid = 77}},
			  b = a;

	(void)state;
	shmt__name_saved(&a);
	shmt__name_saved(&b);
	assert_string_equal(a.name, b.name);
	assert_memory_equal(a.name, "0-0x00000000-20251121T015321Z-", 30);
	assert_int_equal(strlen(a.name), 38);
	b.segment.cpid = 78;
	shmt__name_saved(&b);
	assert_string_not_equal(a.name, b.name);
	b = a;
	b.segment.ctime = INT64_MAX;
	b.segment.object.id = INT32_MAX;
	shmt__name_saved(&b);
	assert_true(strlen(b.name) < sizeof(b.name) - 1);
}

static void
existing_key_or_id(void **state)
{
	const struct shmt_restoring same_id = {
		.flags = SHMT_SAME_ID | SHMT_OTHER_KEY, .key = KEY + 1
	}, other_key = { .flags = SHMT_OTHER_KEY, .key = KEY + 1 };
	struct shmt_failure failure;
	struct shmt_saved saved;
	int id, other = -1;
	char name[256];

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	strlcpy(name, saved.name, sizeof(name));
	assert_int_equal(restore_to(name, &plain, &other, &saved, &failure),
	    -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(failure.place, SHMT_AT_SEGMENT);
	assert_int_equal(restore_to(name, &same_id, &other, &saved,
	    &failure), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(segments(), 1);
	assert_int_equal(restore_to(name, &other_key, &other, &saved,
	    &failure), 0);
	assert_int_equal(saved.segment.key, KEY);
	assert_int_equal(shmt_find(KEY + 1, &id), 0);
	assert_int_equal(id, other);
	shmt__sysv_rmid(id);
}

/* Callbacks: counts, and stops at the first call of a phase. */
struct watch {
	uint64_t last;
	unsigned calls, copied, confirmed, made, stop_at;
	bool refuse;
};

static bool
watch_progress(void *arg, uint64_t done)
{
	struct watch *watch = arg;

	assert_true(done >= watch->last);
	watch->last = done;
	return ++watch->calls == watch->stop_at;
}

static void
watch_copied(void *arg)
{
	struct watch *watch = arg;

	watch->copied++;
}

static bool
watch_confirm(void *arg, const struct shmt_saved *saved)
{
	struct watch *watch = arg;

	assert_int_equal(saved->disturbed, false);
	assert_int_equal(count_suffix(".shm"), 1 + count_suffix(".meta"));
	watch->confirmed++;
	return !watch->refuse;
}

static bool
watch_made(void *arg, const struct shmt_info *segment)
{
	struct watch *watch = arg;

	assert_int_equal(segment->mode, 0600);
	assert_int_equal(segment->nattch, 0);
	watch->made++;
	return !watch->refuse;
}

static int
make_full(key_t key, size_t size)
{
	int id = make_segment(key, size, 0600);
	char *p = shmat(id, NULL, 0);

	memset(p, 'x', size);
	shmdt(p);
	return id;
}

/* Saves the segment, or restores the file; the callbacks, and stopping at one
 * of them. */
static int
watched(int id, const char *file, unsigned stop_at, struct watch *watch)
{
	const struct shmt_saving saving = {
		.progress = watch_progress, .copied = watch_copied,
		.confirm = watch_confirm, .arg = watch
	};
	const struct shmt_restoring restoring = {
		.progress = watch_progress, .made = watch_made, .arg = watch
	};
	struct shmt_failure failure;
	struct shmt_saved saved;
	int made, result;

	*watch = (struct watch){ .stop_at = stop_at,
	    .refuse = stop_at == UINT_MAX };
	if (file == NULL)
		return shmt_save(".", OF_ID(id), &saving, &saved, &failure);
	result = restore_to(file, &restoring, &made, &saved, &failure);
	if (result == 0)
		shmt__sysv_rmid(made);
	return result;
}

static void
progress_and_stopping(void **state)
{
	const size_t size = (size_t)9 << 20;
	struct watch watch, stopped;
	struct shmt_saved saved;
	unsigned i;
	int id;

	(void)state;
	id = make_full(KEY, size);
	save_ok(id, &saved);
	clear_files();
	assert_int_equal(watched(id, NULL, 0, &watch), 0);
	assert_true(watch.last > size / 2 && watch.last <= size);
	assert_int_equal(watch.copied, 1);
	assert_int_equal(watch.confirmed, 1);
	assert_true(watch.calls >= 4);
	shmt__sysv_rmid(id);
	id = make_full(KEY + 1, size);
	for (i = 1; i <= watch.calls; i++) {
		assert_int_equal(watched(id, NULL, i, &stopped), -1);
		assert_int_equal(errno, ECANCELED);
		assert_int_equal(files(), 2);
	}
	assert_int_equal(watched(id, NULL, UINT_MAX, &stopped), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(files(), 2);
	shmt__sysv_rmid(id);
	assert_int_equal(watched(-1, saved.name, 0, &watch), 0);
	assert_true(watch.last > size / 2 && watch.last <= size);
	assert_int_equal(watch.made, 1);
	for (i = 1; i <= watch.calls; i++) {
		assert_int_equal(watched(-1, saved.name, i, &stopped), -1);
		assert_int_equal(errno, ECANCELED);
		assert_int_equal(segments(), 0);
	}
	assert_int_equal(watched(-1, saved.name, UINT_MAX, &stopped), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(segments(), 0);
}

/*
 * File systems that can do less
 */

/* From here on a call fails with an errno: openat(2) only with O_TMPFILE. */
static int
refuse_call(unsigned call, unsigned error)
{
	const uint32_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, call != __NR_openat ? 0 :
		    offsetof(struct seccomp_data, args[2]) + low),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, call != __NR_openat ?
		    UINT32_MAX : O_TMPFILE & ~O_DIRECTORY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	const struct sock_fprog program = {
		sizeof(filter) / sizeof(filter[0]), filter
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* All files were last written two hours ago. */
static void
make_old(void)
{
	const struct timespec times[] = { { 0, UTIME_OMIT },
	    { time(NULL) - 7200, 0 } };
	struct dirent *entry;
	DIR *d = opendir(".");

	while ((entry = readdir(d)) != NULL)
		if (entry->d_type == DT_REG)
			utimensat(AT_FDCWD, entry->d_name, times, 0);
	closedir(d);
}

/* Saves twice, once more over it, and stops once; 0 or the step that went
 * wrong.  Without locks the old contents stay until they are an hour old. */
static int
save_there(int id, bool locks)
{
	struct watch watch = { 0 };
	struct shmt_failure failure;
	struct shmt_saved saved, again;

	if (watched(id, NULL, 1, &watch) != -1 || files() != 0)
		return 3;
	if (shmt_save(".", OF_ID(id), &quiet, &saved, &failure) == -1 ||
	    files() != 2)
		return 4;
	if (shmt_save(".", OF_ID(id), &quiet, &saved, &failure) != -1 ||
	    errno != EEXIST || files() != 2)
		return 5;
	if (shmt_save(".", OF_ID(id), &replacing, &saved, &failure) == -1 ||
	    files() != (locks ? 2 : 3))
		return 6;
	make_old();
	if (shmt_save(".", OF_ID(id), &replacing, &saved, &failure) == -1 ||
	    files() != 2)
		return 11;
	return check_saved(saved.name, &again, &failure) == 0 ? 0 : 7;
}

/* A file that is committed twice, the second time over the first. */
static int
commit_there(void)
{
	struct shmt_atomic_file *file;
	int i;

	for (i = 0; i < 2; i++) {
		if (shmt_atomic_file_open("file", &file) == -1)
			return 8;
		if (write(shmt_atomic_file_fd(file), "x", 1) != 1 ||
		    shmt_atomic_file_commit(file) == -1)
			return 9;
		shmt_atomic_file_close(file);
	}
	return files() == 3 ? 0 : 10;
}

/* A system call that does not exist here, or that a filter refuses, is
 * replaced by another way. */
static void
calls_refused(void **state)
{
	static const unsigned calls[] = {
		__NR_openat, __NR_linkat, __NR_flock
	}, errors[] = { ENOSYS, EPERM, EINVAL, EOPNOTSUPP };
	int id, status, result;
	pid_t child;
	size_t i;

	(void)state;
	for (i = 0; i < 12; i++) {
		id = make_full(KEY, SIZE);
		child = fork();
		if (child == 0) {
			if (refuse_call(calls[i / 4], errors[i % 4]) == -1)
				_exit(1);
			result = save_there(id, calls[i / 4] != __NR_flock);
			_exit(result == 0 ? commit_there() : result);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (status != 0)
			fail_msg("call %u, errno %u: step %d", calls[i / 4],
			    errors[i % 4], WEXITSTATUS(status));
		clear();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_two_lives),
		TIDILY(never_over_an_existing_pair),
		TIDILY(directory_in_the_way),
		TIDILY(left_over_files),
		TIDILY(files_of_others),
		TIDILY(ten_at_once),
		TIDILY(existing_key_or_id),
		TIDILY(progress_and_stopping),
		TIDILY(calls_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
