/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Each call that the library makes, failed in turn.  Whatever fails, a
 * function succeeds all the same or returns -1 with an errno and its results
 * untouched, and leaves no descriptor, attachment, segment, child or memory
 * behind.
 */

#include <sys/ipc.h>
#include <sys/shm.h>
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
#include "bytes/view.h"
#include "limits/logind.h"
#include "posix.h"
#include "shm.h"
#include "sys/atomic_file.h"
#include "sys/file.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/ids.h"
#include "segment.h"

#define SIZE ((size_t)5 * 65536)
#define KEPT ((void *)-2)	/* a result that must stay as it is */

static int id;			/* a segment of SIZE, and one who has it */
static pid_t holder;
static char dir[] = "/tmp/shmtool-unit.XXXXXX";
static char file[64], saved[128];
static const struct shmt_transfer all = { .length = UINT64_MAX };

static bool struck;

/* What comes now is the test's own. */
static int
ours_now(int result)
{
	struck = fault_end() || struck;
	return result;
}

/*
 * The functions, each with all that it needs; they return what the function
 * does, and check themselves what it promises.
 */

static int
list_by(bool rss)
{
	struct shmt_info *list = KEPT;
	size_t count = 77;
	int result = ours_now(shmt__sysv_all(rss, &list, &count));

	if (result == 0) {
		assert_int_equal(count, 1);
		assert_int_equal(list[0].object.id, id);
		free(list);
	} else {
		assert_ptr_equal(list, KEPT);
		assert_int_equal(count, 77);
	}
	return result;
}

static int
list_with_rss(void)
{
	return list_by(true);
}

static int
list_without_rss(void)
{
	return list_by(false);
}

static int
info(void)
{
	struct shmt_info s = { .object.id = -2 };
	int result = shmt__sysv_look_rss(id, &s);

	assert_int_equal(s.object.id, result == 0 ? id : -2);
	return result;
}

static int
limits(void)
{
	struct shmt_limits l = { .shmmin = 77 };
	const char *bad = NULL;
	int result = shmt_limits(SHMT_LIMITS_SHM | SHMT_LIMITS_MSG |
	    SHMT_LIMITS_SEM, &l, &bad);

	assert_int_equal(l.shmmin, result == 0 ? 1 : 77);
	if (result == -1 && bad != NULL)
		assert_int_equal(bad[0], '/');
	return result;
}

static int
usage(void)
{
	struct shmt_usage u = { .segments = 77 };
	int result = shmt_usage(&u);

	assert_int_equal(u.segments, result == 0 ? 1 : 77);
	return result;
}

static int
persist(void)
{
	const struct shmt_setting settings[] = { { "shmmni", 4096 } };
	struct shmt_atomic_file *draft;
	int result, fd;

	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	close(fd);
	if (shmt_persist_prepare(file, settings, 1, &draft) == -1)
		return -1;
	result = shmt_persist_commit(draft);
	shmt_atomic_file_close(draft);
	return result;
}

static int
advise(void)
{
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	size_t count = 77;
	int result = shmt_advise(SHMT_ADVISE_DB2, (uint64_t)8 << 30, advice,
	    &count, NULL);

	assert_true(result == 0 ? count > 3 : count == 77);
	return result;
}

static int
memory(void)
{
	uint64_t bytes = 77;
	int result = shmt_memory(&bytes);

	assert_true(result == 0 ? bytes > 4096 : bytes == 77);
	return result;
}

static int
headroom(void)
{
	struct shmt_headroom room = { .limit = 77 };

	if (shmt_headroom(&room))
		assert_true(room.limit > 0 && room.where[0] != '\0');
	else
		assert_int_equal(room.limit, 77);
	return 0;
}

static int
diagnose(void)
{
	static const struct {
		enum shmt_step step;
		int error;
	} refused[] = {
		{ SHMT_STEP_CREATE, EINVAL }, { SHMT_STEP_CREATE, ENOSPC },
		{ SHMT_STEP_CREATE, ENOMEM }, { SHMT_STEP_CREATE, EEXIST },
		{ SHMT_STEP_CREATE, EPERM }, { SHMT_STEP_CREATE, EACCES },
		{ SHMT_STEP_ATTACH, ENOMEM }, { SHMT_STEP_LOCK, ENOMEM },
		{ SHMT_STEP_LOCK, EPERM }
	};
	struct shmt_request request = { .key = 0x51, .size = 4096 };
	struct shmt_cause cause;
	size_t i, huge;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		for (huge = 0; huge < 2; huge++) {
			request.flags = huge ? SHMT_HUGETLB : 0;
			shmt_diagnose(&request, refused[i].step,
			    refused[i].error, &cause);
			assert_true(cause.kind <= SHMT_CAUSE_MODE);
			assert_true(!cause.has_segment ||
			    cause.segment.object.id == id);
		}
	return 0;
}

static int
create(void)
{
	struct shmt_request request = { .size = 4096, .mode = 0600,
	    .flags = SHMT_WITH_ID, .id = 5 };
	bool created = false;
	int made = -2, result;

	result = ours_now(shmt__sysv_create(&request, &made, &created));
	if (result == 0) {
		assert_int_equal(made, 5);
		assert_int_equal(shmt__sysv_rmid(made), 0);
	} else
		assert_int_equal(made, -2);
	return result;
}

/* With a root folder of its own: a main file, a drop-in and login.defs. */
static int
logout(void)
{
	bool removes = false;
	int result = shmt__logout_removes(dir, 1000, &removes);

	assert_true(result == 0 || !removes);
	return result;
}

static int
logout_here(void)
{
	bool removes;

	return shmt_logout_removes(getuid(), &removes);
}

static int
last_user(void)
{
	struct shmt_process process;

	/* Ours is alive, or nobody knows. */
	shmt_process(getpid(), INT32_MAX, &process);
	assert_true(process.life == SHMT_ALIVE ||
	    process.life == SHMT_UNKNOWN);
	return 0;
}

static int
holders(void)
{
	struct shmt_holders found = { .list = KEPT };
	const struct shmt_holder *h;
	size_t count;
	int result = shmt__sysv_holders(id, SHMT__ANY_WAY, &found);

	if (result == -1) {
		assert_ptr_equal(found.list, KEPT);
		return -1;
	}
	h = shmt_holders_of(&found, OF_ID(id), &count);
	assert_true(count == 0 || (count == 1 && h->pid == holder));
	shmt_holders_free(&found);
	return 0;
}

static int
namespaces(void)
{
	struct shmt_ns *list = KEPT;
	size_t count, hidden;
	uint64_t ours;
	int result = shmt_ns_list(&list, &count, &hidden);

	if (result == -1) {
		assert_ptr_equal(list, KEPT);
		return -1;
	}
	assert_true(count > 0);
	if (shmt_ns_self(&ours) == 0)
		assert_int_equal(list[0].inode, ours);
	free(list);
	return 0;
}

static int
say_hello(void *arg, int out)
{
	(void)arg;
	return shmt__write_all(out, "hello", 5) == 0 ? 0 : errno;
}

static int
ask(void)
{
	struct shmt_ns ns = { .pid = holder };
	void *answer = KEPT;
	size_t length = 77;
	int result;

	if (shmt_ns_self(&ns.inode) == -1)
		return -1;
	result = shmt_ns_run(&ns, say_hello, NULL, &answer, &length);
	if (result == -1) {
		assert_ptr_equal(answer, KEPT);
		return -1;
	}
	assert_int_equal(length, 5);
	assert_memory_equal(answer, "hello", 5);
	free(answer);
	return 0;
}

static int
enter(void)
{
	return shmt_ns_enter("/proc/self/ns/ipc");
}

/* The segment's bytes: of its pages one was written. */
static void
check_bytes(const char *bytes)
{
	size_t i;

	assert_memory_equal(bytes + 65536, "second", 6);
	for (i = 0; i < SIZE; i++)
		if (i < 65536 || i >= 65536 + 6)
			assert_int_equal(bytes[i], 0);
}

static int
get(unsigned flags)
{
	struct shmt_view *view = KEPT;
	static char bytes[SIZE];
	int result = shmt_view_open(OF_ID(id), flags, &view);

	if (result == -1) {
		assert_ptr_equal(view, KEPT);
		return -1;
	}
	result = shmt_view_get(view, 0, bytes, SIZE);
	shmt_view_close(view);
	ours_now(result);
	if (result == 0)
		check_bytes(bytes);
	return result;
}

static int
get_ours(void)
{
	return get(0);
}

static int
get_without_trace(void)
{
	return get(SHMT_NO_TRACE);
}

static int
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

/* To a file, and the file back into the segment. */
static int
transfer(unsigned flags)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct shmt_transfer how = all;
	struct shmt_view *view = NULL;
	static char bytes[SIZE];
	uint64_t done = 0;
	int result;

	if (fd == -1)
		return -1;
	how.flags = flags;
	result = shmt_view_open(OF_ID(id), SHMT_WRITE, &view);
	if (result == 0)
		result = shmt_view_send(view, &how, fd, &done);
	if (result == 0 && lseek(fd, 0, SEEK_SET) == 0)
		result = shmt_view_receive(view, &how, fd, &done);
	shmt_view_close(view);
	ours_now(0);
	if (result == 0) {
		assert_int_equal(done, SIZE);
		assert_int_equal(pread(fd, bytes, SIZE, 0), SIZE);
		check_bytes(bytes);
	}
	shmt__close(fd);
	return result;
}

static int
transfer_plain(void)
{
	return transfer(0);
}

static int
transfer_sparse(void)
{
	return transfer(SHMT_SPARSE);
}

static int
send_to_pipe(unsigned flags)
{
	struct shmt_transfer how = { .offset = 65536 - 2, .length = 32768,
	    .flags = flags };
	struct shmt_view *view = NULL;
	uint64_t done = 0;
	int ends[2], result;
	char bytes[8];

	if (pipe(ends) == -1)
		return -1;
	result = shmt_view_open(OF_ID(id), 0, &view);
	if (result == 0)
		result = shmt_view_send(view, &how, ends[1], &done);
	ours_now(0);
	if (result == 0) {
		assert_int_equal(done, 32768);
		assert_int_equal(read(ends[0], bytes, 8), 8);
		assert_memory_equal(bytes, "\0\0second", 8);
	}
	shmt_view_close(view);
	shmt__close(ends[0]);
	shmt__close(ends[1]);
	return result;
}

static int
send_copies(void)
{
	return send_to_pipe(0);
}

static int
lend_pages(void)
{
	return send_to_pipe(SHMT_ZERO_COPY);
}

static int
receive_from_pipe(void)
{
	struct shmt_transfer how = { .offset = 65536, .length = 6 };
	struct shmt_view *view = NULL;
	uint64_t done = 0;
	int ends[2], result;

	/* Not a call that is made to fail. */
	if (pipe(ends) == -1 || dprintf(ends[1], "second") != 6)
		return -1;
	close(ends[1]);
	result = shmt_view_open(OF_ID(id), SHMT_WRITE, &view);
	if (result == 0)
		result = shmt_view_receive(view, &how, ends[0], &done);
	ours_now(0);
	assert_true(result == -1 || done == 6);
	shmt_view_close(view);
	shmt__close(ends[0]);
	return result;
}

static int
fill(void)
{
	struct shmt_view *view;
	struct shmt_transfer how = { .offset = 65536 + 6, .length = 70000 };
	uint64_t done = 0;
	int result = shmt_view_open(OF_ID(id), SHMT_WRITE, &view);

	if (result == -1)
		return -1;
	result = shmt_view_fill(view, &how, 0, &done);
	shmt_view_close(view);
	return result;
}

static int
save(void)
{
	const struct shmt_saving how = { .flags = SHMT_REPLACE };
	struct shmt_saved s;
	struct shmt_trouble trouble;

	return shmt_save(dir, OF_ID(id), &how, &s, &trouble);
}

static int
save_anew(void)
{
	char path[sizeof(saved) + 8];
	unsigned i;

	for (i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), i == 0 ? "%s.shm" : "%s.%u.shm",
		    saved, i);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s.meta", saved);
	unlink(path);
	return save();
}

static int
restore(void)
{
	const struct shmt_restoring how = { .flags = SHMT_OTHER_KEY };
	struct shmt_saved s;
	struct shmt_trouble trouble;
	struct shmt_object made = { .id = -2 };
	int result;

	result = ours_now(shmt_restore(saved, &how, &made, &s, &trouble));
	if (result == 0)
		assert_int_equal(shmt__sysv_rmid(made.id), 0);
	else
		assert_int_equal(made.id, -2);
	return result;
}

/*
 * The disturbance
 */

/*
 * POSIX objects.  Where the list or the answer may be shorter than the truth,
 * it says so.
 */

static int
posix_list(void)
{
	struct shmt_list list = { .list = KEPT };
	int result = ours_now(shmt_list(SHMT_KIND(SHMT_POSIX),
	    SHMT_WANT_RSS, &list));

	if (result == 0) {
		assert_int_equal(list.count, 2);
		assert_string_equal(list.list[0].object.name, "kept");
		shmt_list_free(&list);
	} else
		assert_ptr_equal(list.list, KEPT);
	return result;
}

static int
posix_info(void)
{
	const struct shmt_object x = object("kept");
	struct shmt_info info = { .size = 77 };
	int result = shmt_info(&x, SHMT_WANT_RSS, &info);

	assert_int_equal(info.size, result == 0 ? 4096 : 77);
	return result;
}

static int
posix_create(void)
{
	const struct shmt_request request = { .size = 8192, .mode = 0600 };
	struct shmt_object x = object("made");
	bool created;
	int result = ours_now(shmt__posix_create(&x, &request, &created));

	assert_int_equal(has_name("made"), result == 0);
	if (result == 0) {
		assert_true(created);
		assert_int_equal(unlink(SHM "/made"), 0);
	}
	return result;
}

static int
posix_change(void)
{
	const struct shmt_object x = object("kept");
	struct shmt_info info;
	struct stat st;
	int fd, result;

	result = shmt_open(&x, SHMT_WRITE, &fd);
	if (result == 0) {
		close(fd);
		result = shmt_info(&x, 0, &info);
	}
	info.mode ^= 070;
	if (result == 0)
		result = shmt_set(&info);
	if (result == 0)
		result = shmt__posix_resize(&x, 8192, 0);
	if (result == 0)
		result = shmt__posix_resize(&x, 4096, 0);
	ours_now(0);
	assert_int_equal(stat(SHM "/kept", &st), 0);
	assert_true(st.st_size == 4096 || st.st_size == 8192);
	assert_int_equal(truncate(SHM "/kept", 4096), 0);
	return result;
}

/* Nothing goes unless it is said to have gone. */
static int
posix_remove(void)
{
	const struct shmt_object x = object("spare");
	struct shmt_removal removal;
	int fd, result;

	result = ours_now(shmt_remove(&x, SHMT_RETRY, &removal));
	assert_int_equal(has_name("spare"), result == -1);
	if (result == 0)
		put_object("spare", 4096);
	fd = open_object("kept", O_RDONLY);
	assert_int_not_equal(fd, -1);
	close(fd);
	return result;
}

/* In use, it never goes. */
static int
posix_remove_used(void)
{
	const struct shmt_object x = object("kept");
	int fd = open(SHM "/kept", O_RDONLY | O_CLOEXEC), result;

	if (fd == -1)
		return -1;
	result = shmt_remove(&x, SHMT_RETRY, NULL);
	ours_now(0);
	close(fd);
	assert_int_equal(result, -1);
	assert_true(has_name("kept"));
	return 0;
}

static int
posix_use(void)
{
	const struct shmt_object x = object("kept");
	struct shmt_holders found = { .list = KEPT };
	struct shmt_info info;
	int result = shmt_info(&x, 0, &info);

	if (result == 0)
		result = shmt_holders_of_list(&info, 1, &found);
	if (result == 0) {
		shmt_fill_use(&info, &found);
		assert_int_equal(found.count, 0);
		assert_false(info.in_use &&
		    (info.known & SHMT_HAS_IN_USE) != 0);
		shmt_holders_free(&found);
	} else
		assert_ptr_equal(found.list, KEPT);
	return result;
}

static int
posix_ids(void)
{
	struct shmt__ids ids = { .taken = 77 };
	int result = shmt__ids_read(&ids);

	if (result == 0)
		shmt__ids_free(&ids);
	else
		assert_int_equal(ids.taken, 77);
	return result;
}

static int
posix_others(void)
{
	struct shmt_others others = { .files = 77 };
	int result = shmt_posix_others(0, &others);

	assert_int_equal(others.files, result == 0 ? 0 : 77);
	return result;
}

/* What may be left behind, counted. */
struct left {
	long blocks;
	size_t descriptors, segments, files, objects;
	uint64_t nattch;
};

/* Entries of a folder, but for those that may come and go. */
static size_t
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

static void
count_left(struct left *left)
{
	struct shmt_info s, *list;

	left->blocks = fault_blocks();
	left->descriptors = entries("/proc/self/fd");
	left->files = entries(dir);
	left->objects = entries(SHM);
	assert_int_equal(shmt__sysv_all(false, &list, &left->segments), 0);
	free(list);
	assert_int_equal(shmt__sysv_look(id, &s), 0);
	left->nattch = s.nattch;
	/* The holder is the only child. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

/* What each call may fail with that is told apart. */
static const int *
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
static void
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

static bool
is_anything(const struct left *left)
{
	return left->blocks != 0 || left->descriptors != 0 ||
	    left->segments != 0 || left->files != 0 || left->objects != 0 ||
	    left->nattch != 0;
}

static void
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

static void
torment(int (*function)(void))
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
		/* Nothing else gives back an attachment, or the segment that
		 * tries whether one can be made. */
		if (strcmp(name, "shmdt") == 0 ||
		    (function == create && strcmp(name, "shmctl") == 0))
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
		torment(function); \
	}

/* The same without the capability to open the segment as a file. */
#define TORMENT_POOR(function) \
	static void function##_poor_fails(void **state) \
	{ \
		(void)state; \
		use_capabilities(false); \
		torment(function); \
		use_capabilities(true); \
	}

TORMENT(list_with_rss)
TORMENT(list_without_rss)
TORMENT(info)
TORMENT(limits)
TORMENT(usage)
TORMENT(persist)
TORMENT(advise)
TORMENT(memory)
TORMENT(headroom)
TORMENT(diagnose)
TORMENT(create)
TORMENT(logout)
TORMENT(logout_here)
TORMENT(last_user)
TORMENT(holders)
TORMENT(namespaces)
TORMENT(ask)
TORMENT(enter)
TORMENT(get_ours)
TORMENT_POOR(get_ours)
TORMENT(get_without_trace)
TORMENT(put)
TORMENT_POOR(put)
TORMENT(transfer_plain)
TORMENT_POOR(transfer_plain)
TORMENT(transfer_sparse)
TORMENT_POOR(transfer_sparse)
TORMENT(send_copies)
TORMENT_POOR(send_copies)
TORMENT(lend_pages)
TORMENT_POOR(lend_pages)
TORMENT(receive_from_pipe)
TORMENT_POOR(receive_from_pipe)
TORMENT(fill)
TORMENT_POOR(fill)
TORMENT(posix_list)
TORMENT(posix_info)
TORMENT(posix_create)
TORMENT(posix_change)
TORMENT(posix_remove)
TORMENT(posix_remove_used)
TORMENT(posix_use)
TORMENT(posix_ids)
TORMENT(posix_others)
TORMENT(save_anew)
TORMENT(save)
TORMENT(restore)

/* A file that can have no name, one way or another. */
static void
nameless(void **state)
{
	struct shmt_atomic_file *draft = KEPT;
	char name[300];

	(void)state;
	fault("openat64", 0, EEXIST);
	assert_int_equal(shmt_atomic_file_open(file, &draft), -1);
	assert_int_equal(errno, EEXIST);
	fault("openat64", 0, EACCES);
	assert_int_equal(shmt_atomic_file_open(file, &draft), -1);
	assert_int_equal(errno, EACCES);
	assert_true(fault_end());
	assert_int_equal(shmt_atomic_file_open("", &draft), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_atomic_file_open("/tmp/", &draft), -1);
	assert_int_equal(errno, EISDIR);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(shmt_atomic_file_open(name, &draft), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_ptr_equal(draft, KEPT);
}

static void
make_root(void)
{
	static const char *const folders[] = { "run", "run/systemd",
	    "run/systemd/users", "etc", "etc/systemd",
	    "etc/systemd/logind.conf.d" };
	static const char *const files[][2] = {
		{ "etc/login.defs", "SYS_UID_MAX 900\n" },
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

static int
setup(void **state)
{
	struct shmt_request request = { .key = 0x51, .size = SIZE,
	    .mode = 0600 };
	const struct shmt_saving how = { 0 };
	struct shmt_trouble trouble;
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
	if (shmt_save(dir, OF_ID(id), &how, &s, &trouble) == -1)
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

static int
teardown(void **state)
{
	(void)state;
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	shmt__sysv_rmid(id);
	return remove_tree(dir);
}

#define TEST(function) cmocka_unit_test(function##_fails)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(list_with_rss),
		TEST(list_without_rss),
		TEST(info),
		TEST(limits),
		TEST(usage),
		TEST(persist),
		TEST(advise),
		TEST(memory),
		TEST(headroom),
		TEST(diagnose),
		TEST(create),
		TEST(logout),
		TEST(logout_here),
		TEST(last_user),
		TEST(holders),
		TEST(namespaces),
		TEST(ask),
		TEST(enter),
		TEST(get_ours),
		TEST(get_ours_poor),
		TEST(get_without_trace),
		TEST(put),
		TEST(put_poor),
		TEST(transfer_plain),
		TEST(transfer_plain_poor),
		TEST(transfer_sparse),
		TEST(transfer_sparse_poor),
		TEST(send_copies),
		TEST(send_copies_poor),
		TEST(lend_pages),
		TEST(lend_pages_poor),
		TEST(receive_from_pipe),
		TEST(receive_from_pipe_poor),
		TEST(fill),
		TEST(fill_poor),
		TEST(posix_list),
		TEST(posix_info),
		TEST(posix_create),
		TEST(posix_change),
		TEST(posix_remove),
		TEST(posix_remove_used),
		TEST(posix_use),
		TEST(posix_ids),
		TEST(posix_others),
		TEST(save_anew),
		TEST(save),
		TEST(restore),
		cmocka_unit_test(nameless),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
