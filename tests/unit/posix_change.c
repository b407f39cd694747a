/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * POSIX objects: making, opening, changing, growing and shrinking them.
 */

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "posix.h"
#include "shm.h"
#include "posix_made.h"

#define MIB ((size_t)1 << 20)

static const struct shmt_request one_mib = {.size = MIB, .mode = 0640};

/* Bytes in use on the file system. */
static uint64_t
used(void)
{
	struct statvfs fs;

	assert_int_equal(statvfs(SHM, &fs), 0);
	return (fs.f_blocks - fs.f_bfree) * fs.f_frsize;
}

/*
 * Making
 */

static void
make(const char *name, const struct shmt_request *request)
{
	struct shmt_object x = object(name);
	bool created = false;

	assert_int_equal(shmt__posix_create(&x, request, &created), 0);
	assert_true(created);
	assert_int_not_equal(x.inode, 0);
}

static void
assert_made(const char *name, size_t size, size_t reserved, mode_t mode)
{
	const struct shmt_object x = object(name);
	struct shmt_info info;

	assert_int_equal(shmt_info(&x, 0, &info), 0);
	assert_int_equal(info.size, size);
	assert_int_equal(info.allocated, reserved);
	assert_int_equal(info.mode, mode);
	assert_int_equal(info.links, 1);
}

static void
created(void **state)
{
	struct shmt_request request = one_mib;
	mode_t old = umask(0777);

	(void)state;
	make("x", &request);
	request.flags = SHMT_NORESERVE;
	request.mode = 0666;
	make("y", &request);
	request = (struct shmt_request){.size = 5, .mode = 0};
	make("z", &request);
	umask(old);
	assert_made("x", MIB, MIB, 0640);
	assert_made("y", MIB, 0, 0666);
	assert_made("z", 5, PAGE, 0);
}

static void
an_existing_name(void **state)
{
	struct shmt_request request = one_mib;
	struct shmt_object x = object("x");
	uint64_t before;
	bool made = true;

	(void)state;
	put_object("x", MIB);
	plant_others();
	before = used();
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, EEXIST);
	request.flags = SHMT_OPEN;
	assert_int_equal(shmt__posix_create(&x, &request, &made), 0);
	assert_false(made);
	assert_int_not_equal(x.inode, 0);
	x = object("x");
	request.size = MIB + 1;
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, EINVAL);
	x = object("directory");
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, EISDIR);
	x = object("dangling");
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, ELOOP);
	request.flags = 0;
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, EEXIST);
	assert_false(has_name("nowhere"));
	assert_int_equal(used(), before);
}

static void
complete_before_it_has_a_name(void **state)
{
	const struct shmt_object x = object("x");
	uint64_t before = used();
	char text[5] = "";
	int fd;

	(void)state;
	assert_int_equal(shmt_posix_prepare(&x, &one_mib, &fd), 0);
	assert_false(has_name("x"));
	assert_int_equal(used(), before + MIB);
	assert_int_equal(pwrite(fd, "text", 4, 0), 4);
	assert_int_equal(shmt_posix_commit(&x, &one_mib, fd), 0);
	close(fd);
	fd = open_object("x", O_RDONLY);
	assert_int_equal(read(fd, text, 4), 4);
	assert_string_equal(text, "text");
	close(fd);
	/* Another was faster: nothing is left of this one. */
	before = used();
	assert_int_equal(shmt_posix_prepare(&x, &one_mib, &fd), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(rename(SHM "/x", SHM "/y"), 0);
	assert_int_equal(shmt_posix_prepare(&x, &one_mib, &fd), 0);
	assert_int_equal(rename(SHM "/y", SHM "/x"), 0);
	assert_int_equal(shmt_posix_commit(&x, &one_mib, fd), -1);
	assert_int_equal(errno, EEXIST);
	shmt_posix_discard(&x, fd);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(used(), before);
	assert_true(has_name("x"));
}

/* Where files without names are refused, the mode comes last. */
static void
without_unnamed_files(void **state)
{
	static const int refusals[] = {
	    EOPNOTSUPP, EISDIR, EINVAL, ENOSYS, EPERM};
	const struct shmt_object x = object("x");
	struct stat st;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		fault("openat64", 1, refusals[i]);
		assert_int_equal(shmt_posix_prepare(&x, &one_mib, &fd), 0);
		assert_true(fault_end());
		assert_int_equal(stat(SHM "/x", &st), 0);
		assert_int_equal(st.st_mode & 07777, 0);
		if (i % 2 == 0) {
			assert_int_equal(
			    shmt_posix_commit(&x, &one_mib, fd), 0);
			assert_made("x", MIB, MIB, 0640);
		}
		shmt_posix_discard(&x, fd);
		assert_false(has_name("x"));
	}
}

static void
no_room(void **state)
{
	const struct shmt_request huge = {.size = 64 * MIB, .mode = 0600};
	struct shmt_request request = huge;
	const struct rlimit none = {MIB, RLIM_INFINITY};
	struct shmt_object x = object("x");
	uint64_t before = used();
	struct rlimit old;
	bool made;

	(void)state;
	assert_int_equal(shmt__posix_create(&x, &huge, &made), -1);
	assert_int_equal(errno, ENOSPC);
	assert_false(has_name("x"));
	assert_int_equal(used(), before);
	/* Only its size is set. */
	request.flags = SHMT_NORESERVE;
	make("sparse", &request);
	request.size = UINT64_MAX;
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, EFBIG);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	request = (struct shmt_request){.size = MIB + 1, .mode = 0600};
	assert_int_equal(shmt__posix_create(&x, &request, &made), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(used(), before);
	assert_false(has_name("x"));
}

static void
no_inodes(void **state)
{
	struct shmt_object x = object("x");
	bool made;
	int result, error;

	(void)state;
	assert_true(mount_shm("nr_inodes=2"));
	put_object("y", 1);
	result = shmt__posix_create(&x, &one_mib, &made);
	error = errno;
	uncover(SHM);
	assert_int_equal(result, -1);
	assert_int_equal(error, ENOSPC);
}

/*
 * Opening and changing
 */

static void
opened(void **state)
{
	const struct shmt_object x = object("x"), absent = object("absent");
	char c;
	int fd;

	(void)state;
	put_object("x", PAGE);
	assert_int_equal(shmt_open(&x, 0, &fd), 0);
	assert_int_equal(
	    fcntl(fd, F_GETFL) & (O_ACCMODE | O_NOATIME), O_RDONLY | O_NOATIME);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	assert_int_equal(shmt_open(&x, SHMT_WRITE, &fd), 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(shmt_open(&absent, SHMT_WRITE, &fd), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(has_name("absent"));
}

static int
open_as_other(void)
{
	const struct shmt_object x = object("x"), secret = object("secret");
	int fd;

	if (!become_other_user() || shmt_open(&x, 0, &fd) == -1)
		return 2;
	if ((fcntl(fd, F_GETFL) & O_NOATIME) != 0)
		return 3;
	if (shmt_open(&x, SHMT_WRITE, &fd) != -1 || errno != EACCES)
		return 4;
	return shmt_open(&secret, 0, &fd) == -1 && errno == EACCES ? 0 : 5;
}

static void
opened_by_another_user(void **state)
{
	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object("x", PAGE);
	put_object("secret", PAGE);
	assert_int_equal(chmod(SHM "/x", 0644), 0);
	assert_int_equal(in_child(open_as_other), 0);
}

/* Waits to write into the FIFO, and says so before and after. */
static void
write_fifo(int end)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(end, "b", 1) != 1)
		_exit(1);
	fd = open_object("fifo", O_WRONLY);
	_exit(fd != -1 && write(end, "a", 1) == 1 ? 0 : 1);
}

/* Neither by opening it nor otherwise is a FIFO touched: who waits to write
 * into it waits on. */
static void
a_fifo_is_left_alone(void **state)
{
	const struct shmt_object x = object("fifo");
	struct shmt_list list;
	struct pollfd poll_end = { .events = POLLIN };
	int ends[2], fd;
	pid_t writer;
	char c;

	(void)state;
	assert_int_equal(mkfifo(SHM "/fifo", 0666), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	writer = fork();
	if (writer == 0)
		write_fifo(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(shmt_open(&x, 0, &fd), -1);
	assert_int_equal(
	    shmt_list(SHMT_KIND(SHMT_POSIX), SHMT_WANT_RSS, &list), 0);
	assert_int_equal(list.count, 0);
	shmt_list_free(&list);
	assert_int_equal(shmt_remove(&x, 0, NULL), -1);
	poll_end.fd = ends[0];
	assert_int_equal(poll(&poll_end, 1, 0), 0);
	/* A reader is what it waits for. */
	fd = open_object("fifo", O_RDONLY | O_NONBLOCK);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(c, 'a');
	close(fd);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	close(ends[0]);
	close(ends[1]);
}

static void
mode_and_owner(void **state)
{
	const struct shmt_object x = object("x");
	struct shmt_info info;
	struct stat st;

	(void)state;
	put_object("x", 1);
	/* What cannot be opened can be changed. */
	assert_int_equal(chmod(SHM "/x", 0), 0);
	assert_int_equal(shmt_info(&x, 0, &info), 0);
	info.mode = 0641;
	assert_int_equal(shmt_set(&info), 0);
	assert_int_equal(stat(SHM "/x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0641);
	SKIP_WITHOUT_OTHER_USER;
	/* What a user has put there does not become another's set-user-ID
	 * program. */
	assert_int_equal(chmod(SHM "/x", 06755), 0);
	info.uid = info.gid = 65534;
	info.mode = 0600;
	assert_int_equal(shmt_set(&info), 0);
	assert_int_equal(stat(SHM "/x", &st), 0);
	assert_true(st.st_uid == 65534 && st.st_gid == 65534);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
mode_without_proc(void **state)
{
	const struct shmt_object x = object("x");
	struct shmt_info info;
	int result, error;

	(void)state;
	put_object("x", 1);
	assert_int_equal(shmt_info(&x, 0, &info), 0);
	info.mode = 0641;
	hide("/proc");
	result = shmt_set(&info);
	error = errno;
	uncover("/proc");
	assert_int_equal(result, -1);
	assert_int_equal(error, ENOTSUP);
}

static int
set_as_other(void)
{
	const struct shmt_object x = object("x"), own = object("own");
	struct shmt_info info;

	if (!become_other_user() || shmt_info(&x, 0, &info) == -1)
		return 2;
	info.mode = 0777;
	if (shmt_set(&info) != -1 || errno != EPERM ||
	    shmt_info(&own, 0, &info) == -1)
		return 3;
	/* All or nothing. */
	info.mode = 0777;
	info.uid = 0;
	if (shmt_set(&info) != -1 || errno != EPERM)
		return 4;
	return shmt_info(&own, 0, &info) == 0 && info.mode == 0600 ? 0 : 5;
}

static void
not_permitted_to_set(void **state)
{
	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object("x", 1);
	put_object("own", 1);
	assert_int_equal(chown(SHM "/own", 65534, 65534), 0);
	assert_int_equal(in_child(set_as_other), 0);
}

static void
grown(void **state)
{
	const struct shmt_object x = object("x");

	(void)state;
	put_object("x", 3);
	assert_int_equal(shmt__posix_resize(&x, MIB + 1, 0), 0);
	assert_made("x", MIB + 1, MIB + PAGE, 0600);
	assert_int_equal(shmt__posix_resize(&x, 8 * MIB, SHMT_NORESERVE), 0);
	assert_made("x", 8 * MIB, MIB + PAGE, 0600);
	/* More than there is: it stays as it was. */
	assert_int_equal(shmt__posix_resize(&x, 64 * MIB, 0), -1);
	assert_int_equal(errno, ENOSPC);
	assert_made("x", 8 * MIB, MIB + PAGE, 0600);
	assert_int_equal(shmt__posix_resize(&x, 8 * MIB, 0), 0);
	assert_made("x", 8 * MIB, MIB + PAGE, 0600);
	assert_int_equal(shmt__posix_resize(&x, UINT64_MAX, 0), -1);
	assert_int_equal(errno, EFBIG);
}

/* It is reserved in pieces, and when one fails the others are given back. */
static void
reserved_in_part(void **state)
{
	const struct shmt_object x = object("x");
	uint64_t before, after;
	int result, error;

	(void)state;
	assert_true(mount_shm("size=80M"));
	put_object("x", PAGE);
	before = used();
	result = shmt__posix_resize(&x, 128 * MIB, 0);
	error = errno;
	after = used();
	uncover(SHM);
	assert_int_equal(result, -1);
	assert_int_equal(error, ENOSPC);
	assert_int_equal(after, before);
}

static bool
hold_open(const void *arg)
{
	(void)arg;
	return open_object("x", O_RDONLY) != -1;
}

static bool
hold_mapped(const void *arg)
{
	int fd = open_object("x", O_RDONLY);

	(void)arg;
	return mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED &&
	       close(fd) == 0;
}

static void
shrunk(void **state)
{
	bool (*const uses[])(const void *) = {hold_open, hold_mapped};
	const struct shmt_object x = object("x");
	pid_t user;
	size_t i;

	(void)state;
	put_object("x", 3 * PAGE);
	assert_int_equal(shmt__posix_resize(&x, 2 * PAGE, 0), 0);
	assert_made("x", 2 * PAGE, 2 * PAGE, 0600);
	for (i = 0; i < 2; i++) {
		user = start(uses[i], NULL);
		assert_int_equal(shmt__posix_resize(&x, PAGE, 0), -1);
		assert_int_equal(errno, EBUSY);
		assert_made("x", 2 * PAGE, 2 * PAGE, 0600);
		/* Growing disturbs nobody. */
		assert_int_equal(shmt__posix_resize(&x, 3 * PAGE, 0), 0);
		assert_int_equal(
		    shmt__posix_resize(&x, 2 * PAGE, SHMT_FORCE), 0);
		assert_made("x", 2 * PAGE, 2 * PAGE, 0600);
		kill_child(user);
	}
	assert_int_equal(shmt__posix_resize(&x, 0, 0), 0);
	assert_made("x", 0, 0, 0600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(created),
		TEST(an_existing_name),
		TEST(complete_before_it_has_a_name),
		TEST(without_unnamed_files),
		TEST(no_room),
		TEST(no_inodes),
		TEST(opened),
		TEST(opened_by_another_user),
		TEST(a_fifo_is_left_alone),
		TEST(mode_and_owner),
		TEST(mode_without_proc),
		TEST(not_permitted_to_set),
		TEST(grown),
		TEST(reserved_in_part),
		TEST(shrunk),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
