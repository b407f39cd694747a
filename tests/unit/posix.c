/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * POSIX objects: their names, the list, and what is known of them.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "posix.h"
#include "shm.h"
#include "sys/resident.h"
#include "sysv.h"
#include "posix_made.h"

static void
names(void **state)
{
	static char longest[257];
	static const char *const good[] = {"x", ".hidden", "...", "-n", " ",
	    "a\nb", "\xff", "\x1b[31m", "sem.x"};
	static const char *const bad[] = {"", ".", "..", "/", "a/b", "/x"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(shmt__posix_is_name(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(shmt__posix_is_name(bad[i]));
	memset(longest, 'x', 255);
	assert_true(shmt__posix_is_name(longest));
	longest[255] = 'x';
	assert_false(shmt__posix_is_name(longest));
}

static void
list_of_objects(void **state)
{
	static const char *const found[] = {
	    " ", "-n", ".hidden", "a\nb", "small", "\x1b[31m", "\xff"};
	const size_t count = sizeof(found) / sizeof(found[0]);
	struct shmt_list list;
	struct shmt_info info;
	struct stat st;
	size_t i;

	(void)state;
	plant_others();
	for (i = count; i-- > 0;)
		put_object(found[i], i * PAGE);
	assert_int_equal(
	    shmt_list(SHMT_KIND(SHMT_POSIX), SHMT_WANT_RSS, &list), 0);
	assert_int_equal(list.count, count);
	for (i = 0; i < count; i++) {
		/* In the order of bytes. */
		if (i > 0)
			assert_true(strcmp(list.list[i - 1].object.name,
					list.list[i].object.name) < 0);
		assert_int_equal(list.list[i].object.kind, SHMT_POSIX);
		/* What the list says of each is what it says of itself, and
		 * the directory of the list is a way to it. */
		assert_int_equal(
		    shmt_info(&list.list[i].object, SHMT_WANT_RSS, &info), 0);
		assert_true(shmt_same(&info, &list.list[i]));
		assert_int_equal(info.known, list.list[i].known);
		assert_int_equal(info.size, list.list[i].size);
		assert_int_equal(info.allocated, list.list[i].allocated);
		assert_int_equal(info.rss, list.list[i].rss);
		assert_int_equal(info.mode, list.list[i].mode);
		assert_int_equal(info.ctime, list.list[i].ctime);
		assert_int_equal(lstat(SHM, &st), 0);
		assert_int_equal(info.object.dev, st.st_dev);
	}
	shmt_list_free(&list);
	assert_null(list.list);
}

static void
empty_list(void **state)
{
	struct shmt_list list;

	(void)state;
	assert_int_equal(shmt_list(SHMT_KIND(SHMT_POSIX), 0, &list), 0);
	assert_int_equal(list.count, 0);
	shmt_list_free(&list);
}

static void
list_of_two_kinds(void **state)
{
	struct shmt_request request = {.size = 1, .mode = 0600};
	struct shmt_list list;
	bool created;
	int id;

	(void)state;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	put_object("x", 1);
	assert_int_equal(shmt_list(SHMT_ALL_KINDS, 0, &list), 0);
	assert_true(list.count >= 2);
	assert_int_equal(list.list[0].object.kind, SHMT_SYSV);
	assert_int_equal(list.list[0].object.id, id);
	assert_int_equal(list.list[1].object.kind, SHMT_POSIX);
	assert_string_equal(list.list[1].object.name, "x");
	assert_false(shmt_same(&list.list[0], &list.list[1]));
	shmt_list_free(&list);
	assert_int_equal(shmt__sysv_rmid(id), 0);
}

static void
many_objects(void **state)
{
	struct shmt_list list;
	char name[32];
	size_t i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "object-%04zu", i);
		put_object(name, 0);
	}
	assert_int_equal(shmt_list(SHMT_KIND(SHMT_POSIX), 0, &list), 0);
	assert_int_equal(list.count, 3000);
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "object-%04zu", i);
		assert_string_equal(list.list[i].object.name, name);
	}
	shmt_list_free(&list);
}

static void
files_in_directories(void **state)
{
	struct shmt_others others;

	(void)state;
	put_object("small", PAGE);
	plant_others();
	/* Another file system below is not of this one. */
	assert_int_equal(mkdir(SHM "/directory/mount", 0700), 0);
	assert_int_equal(
	    mount("none", SHM "/directory/mount", "tmpfs", 0, NULL), 0);
	put_object("directory/mount/file", PAGE);
	assert_int_equal(shmt_posix_others(0, &others), 0);
	assert_int_equal(umount(SHM "/directory/mount"), 0);
	assert_int_equal(others.files, 2);
	assert_int_equal(others.size, 4 * PAGE);
	assert_int_equal(others.hidden, 0);
}

/*
 * What is known
 */

static void
facts(void **state)
{
	const struct shmt_object x = object("x");
	struct shmt_info info;
	struct stat st;

	(void)state;
	put_object("x", 3 * PAGE + 1);
	assert_int_equal(chmod(SHM "/x", 04751), 0);
	assert_int_equal(stat(SHM "/x", &st), 0);
	assert_int_equal(shmt_info(&x, SHMT_WANT_RSS, &info), 0);
	assert_string_equal(info.object.name, "x");
	assert_true(info.object.dev == st.st_dev);
	assert_true(info.object.inode == st.st_ino);
	assert_int_equal(info.size, 3 * PAGE + 1);
	assert_int_equal(info.allocated, 4 * PAGE);
	assert_int_equal(info.rss + info.swap, 4 * PAGE);
	assert_int_equal(info.mode, 0751);
	assert_int_equal(info.uid, geteuid());
	assert_int_equal(info.gid, getegid());
	assert_int_equal(info.links, 1);
	assert_int_equal(info.state, 0);
	assert_true(info.atime == st.st_atime && info.mtime == st.st_mtime &&
		    info.ctime == st.st_ctime);
	assert_int_equal(info.known & ~SHMT_HAS_BTIME,
	    SHMT_HAS_OWNER | SHMT_HAS_SIZE | SHMT_HAS_ALLOCATED | SHMT_HAS_RSS |
		SHMT_HAS_ATIME | SHMT_HAS_MTIME | SHMT_HAS_CTIME);
	if (info.known & SHMT_HAS_BTIME)
		assert_true(info.btime >= st.st_ctime - 60 &&
			    info.btime <= st.st_ctime);
}

static void
semaphores(void **state)
{
	static const struct {
		const char *name;
		size_t size;
		bool is;
	} rows[] = {{"sem.a", 32, true}, {"sem.b", 16, true},
	    {"sem.c", 64, false}, {"sem.d", 0, false}, {"musl", 32, true},
	    {"none", 16, false}, {"almost", 31, false}, {"beyond", 33, false}};
	struct shmt_object x;
	struct shmt_info info;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_object(rows[i].name, rows[i].size);
		x = object(rows[i].name);
		assert_int_equal(shmt_info(&x, 0, &info), 0);
		if (((info.state & SHMT_SEM) != 0) != rows[i].is)
			fail_msg("%s of %zu bytes", rows[i].name, rows[i].size);
	}
}

static void
what_is_no_object(void **state)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {{"directory", EISDIR}, {"link", ELOOP}, {"dangling", ELOOP},
	    {"fifo", ENXIO}, {"so", ENXIO}, {"absent", ENOENT}, {"", EINVAL},
	    {"..", EINVAL}, {"directory/file", EINVAL}};
	struct shmt_info info, set;
	struct shmt_object x;
	size_t i;
	int fd;

	(void)state;
	plant_others();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		x = object(rows[i].name);
		assert_int_equal(shmt_info(&x, 0, &info), -1);
		assert_int_equal(errno, rows[i].error);
		assert_int_equal(shmt_open(&x, SHMT_WRITE, &fd), -1);
		assert_int_equal(errno, rows[i].error);
		set = (struct shmt_info){.object = x, .mode = 0777};
		assert_int_equal(shmt_set(&set), -1);
		assert_int_equal(errno, rows[i].error);
		assert_int_equal(shmt__posix_resize(&x, 1, 0), -1);
		assert_int_equal(errno, rows[i].error);
	}
}

static void
the_name_of_another_object(void **state)
{
	const struct shmt_object x = object("x");
	struct shmt_info info, other;
	int fd;

	(void)state;
	put_object("x", 1);
	assert_int_equal(shmt_info(&x, 0, &info), 0);
	assert_int_equal(rename(SHM "/x", SHM "/old"), 0);
	put_object("x", 1);
	assert_int_equal(shmt_info(&info.object, 0, &other), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_open(&info.object, 0, &fd), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_set(&info), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt__posix_resize(&info.object, 0, 0), -1);
	assert_int_equal(errno, ENOENT);
	/* By its name alone the new one is found. */
	assert_int_equal(shmt_info(&x, 0, &other), 0);
	assert_false(shmt_same(&info, &other));
}

static void
no_tmpfs(void **state)
{
	const struct shmt_object x = object("x");
	struct shmt_list list;
	struct shmt_info info;
	int result, error;

	(void)state;
	assert_int_equal(mount("/proc", SHM, NULL, MS_BIND, NULL), 0);
	result = shmt_info(&x, 0, &info);
	error = errno;
	uncover(SHM);
	assert_int_equal(result, -1);
	assert_int_equal(error, ENODEV);
	assert_int_equal(mount("none", "/dev", "tmpfs", 0, NULL), 0);
	result = shmt_list(SHMT_KIND(SHMT_POSIX), 0, &list);
	error = errno;
	uncover("/dev");
	assert_int_equal(result, -1);
	assert_int_equal(error, ENODEV);
}

/* Of the size of a semaphore, without the name of one. */
static void
a_small_memfd_is_no_semaphore(void **state)
{
	struct shmt_object object = { .kind = SHMT_MEMFD };
	struct shmt_info info;
	char path[32];
	void *at;
	int fd;

	(void)state;
	fd = memfd_create("x", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 32), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	object.path = path;
	assert_int_equal(shmt_map(&object, NULL, SHMT_RDONLY, &at, &info), 0);
	assert_int_equal(info.size, 32);
	assert_int_equal(info.state, 0);
	assert_int_equal(munmap(at, 32), 0);
	close(fd);
}

/* That of a holder has neither. */
static void
neither_name_nor_path(void **state)
{
	const struct shmt_object x = object(NULL);
	struct shmt_info info;
	int fd;

	(void)state;
	assert_int_equal(shmt_info(&x, 0, &info), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(shmt_open(&x, 0, &fd), -1);
	assert_int_equal(errno, EINVAL);
}

/* /dev/shm itself may be a link, as it was to /run/shm. */
static void
a_link_to_the_directory(void **state)
{
	const struct shmt_object x = object("x");
	struct shmt_info info;
	int result;

	(void)state;
	assert_int_equal(mount("none", "/mnt", "tmpfs", 0, NULL), 0);
	write_file("/mnt/x", "four");
	assert_int_equal(mount("none", "/dev", "tmpfs", 0, NULL), 0);
	assert_int_equal(symlink("/mnt", SHM), 0);
	result = shmt_info(&x, 0, &info);
	uncover("/dev");
	uncover("/mnt");
	assert_int_equal(result, 0);
	assert_int_equal(info.size, 4);
}

/* As where something is swapped out: blocks do not tell, cachestat does. */
static void
resident_and_swapped(void **state)
{
	const struct shmt_object x = object("x");
	uint64_t rss, swap;
	struct shmt_info info;
	int fd, error;

	(void)state;
	put_object("x", 3 * PAGE);
	assert_int_equal(truncate(SHM "/x", 10 * PAGE), 0);
	fd = open_object("x", O_RDONLY);
	error = shmt__resident(fd, &rss, &swap) == -1 ? errno : 0;
	close(fd);
	fault("sysinfo", 0, EPERM);
	assert_int_equal(shmt_info(&x, SHMT_WANT_RSS, &info), 0);
	assert_true(fault_end());
	assert_int_equal(info.allocated, 3 * PAGE);
	if (error == 0) {
		assert_true(info.known & SHMT_HAS_RSS);
		assert_int_equal(info.rss + info.swap, 3 * PAGE);
		assert_int_equal(rss + swap, 3 * PAGE);
	} else {
		assert_int_equal(error, ENOSYS);
		assert_false(info.known & SHMT_HAS_RSS);
	}
	assert_int_equal(shmt__resident(-1, &rss, &swap), -1);
	/* Not asked for, it is not found out. */
	fault("sysinfo", 0, EPERM);
	assert_int_equal(shmt_info(&x, 0, &info), 0);
	fault_end();
	assert_false(info.known & SHMT_HAS_RSS);
}

static int
look_as_other(void)
{
	const struct shmt_object x = object("x");
	struct shmt_info info;
	int result;

	if (!become_other_user())
		return 2;
	fault("sysinfo", 0, EPERM);
	result = shmt_info(&x, SHMT_WANT_RSS, &info);
	fault_end();
	return result == 0 && info.size == PAGE &&
		       (info.known & SHMT_HAS_RSS) == 0 && info.rss == 0
		   ? 0
		   : 1;
}

static void
unknown_to_others(void **state)
{
	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object("x", PAGE);
	assert_int_equal(in_child(look_as_other), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names),
		TEST(list_of_objects),
		TEST(empty_list),
		TEST(list_of_two_kinds),
		TEST(many_objects),
		TEST(files_in_directories),
		TEST(facts),
		TEST(semaphores),
		TEST(what_is_no_object),
		TEST(the_name_of_another_object),
		TEST(no_tmpfs),
		TEST(neither_name_nor_path),
		TEST(a_small_memfd_is_no_semaphore),
		TEST(a_link_to_the_directory),
		TEST(resident_and_swapped),
		TEST(unknown_to_others),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
