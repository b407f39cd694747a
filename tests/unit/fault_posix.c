/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Each call of the functions of POSIX objects failed in turn: see
 * failed_calls.h.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "posix.h"
#include "shm.h"
#include "users/holders.h"
#include "users/ids.h"
#include "failed_calls.h"

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
	bool created = true;
	int result = ours_now(shmt__posix_create(&x, &request, &created));

	/* A failure leaves it as it was. */
	assert_true(created);
	assert_int_equal(has_name("made"), result == 0);
	if (result == 0)
		assert_int_equal(unlink(SHM "/made"), 0);
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

static int
posix_map(void)
{
	const struct shmt_object x = object("kept");
	struct shmt_info info = { .size = 77 };
	void *at = NULL;
	int result = ours_now(shmt_map(&x, NULL, 0, &at, &info));

	assert_int_equal(at != NULL, result == 0);
	assert_int_equal(info.size, result == 0 ? 4096 : 77);
	if (result == 0)
		munmap(at, 4096);
	return result;
}

/* A new object, with contents, is committed or leaves nothing. */
static int
posix_prepare(void)
{
	const struct shmt_request request = { .size = 8192, .mode = 0600 };
	const struct shmt_object x = object("made");
	struct shmt_view *view;
	int fd, result = shmt_posix_prepare(&x, &request, &fd);

	if (result == -1)
		return ours_now(-1);
	result = shmt_view_of_fd(fd, SHMT_WRITE, &view);
	if (result == 0) {
		result = shmt_view_put(view, 8190, "hi", 2);
		shmt_view_close(view);
	}
	if (result == 0)
		result = shmt_posix_commit(&x, &request, fd);
	ours_now(0);
	if (result == 0)
		assert_true(has_name("made"));
	shmt_posix_discard(&x, fd);
	assert_false(has_name("made"));
	return result;
}

/* Nothing goes unless it is said to have gone. */
static int
posix_remove(void)
{
	const struct shmt_object x = object("spare");
	struct shmt_removal removal;
	int fd, result;

	result = ours_now(shmt_remove(&x, 0, &removal));
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
	result = shmt_remove(&x, 0, NULL);
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

TORMENT(posix_list)
TORMENT(posix_info)
TORMENT(posix_create)
TORMENT(posix_change)
TORMENT(posix_map)
TORMENT(posix_prepare)
TORMENT(posix_remove)
TORMENT(posix_remove_used)
TORMENT(posix_use)
TORMENT(posix_ids)
TORMENT(posix_others)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(posix_list),
		TEST(posix_info),
		TEST(posix_create),
		TEST(posix_change),
		TEST(posix_map),
		TEST(posix_prepare),
		TEST(posix_remove),
		TEST(posix_remove_used),
		TEST(posix_use),
		TEST(posix_ids),
		TEST(posix_others),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
