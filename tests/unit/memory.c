/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pages touched where memory is short, as a covered /proc/meminfo says: by a
 * child, whose fate becomes our errno; and every way of copying stops where
 * that does.
 */

#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "bytes/view.h"
#include "shmtool.h"
#include "world.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define SIZE ((size_t)2 << 20)

static int id;
static struct shmt_view *view;
static const struct shmt_transfer all = { .length = UINT64_MAX };

static size_t
pages_there(void)
{
	static unsigned char there[(2 << 20) / 4096];
	size_t i, count = 0;

	assert_int_equal(mincore(view->at, SIZE, there), 0);
	for (i = 0; i < SIZE / PAGE; i++)
		count += there[i] & 1;
	return count;
}

/* The segment, its first page written, by way of its pages alone or as a file
 * where that is permitted. */
static void
make(bool capable)
{
	struct shmt_request request = { .size = SIZE, .mode = 0600 };
	bool created;

	assert_int_equal(shmt_create(&request, &id, &created), 0);
	use_capabilities(capable);
	assert_int_equal(shmt_view_open(id, SHMT_WRITE, &view), 0);
	assert_true(capable || view->fd == -1);
	memcpy(view->at, "first", 5);
}

static int
teardown(void **state)
{
	(void)state;
	fault_end();
	use_capabilities(true);
	shmt_view_close(view);
	view = NULL;
	return shmt_remove(id);
}

static void
by_a_child(void **state)
{
	(void)state;
	make(false);
	assert_int_equal(pages_there(), 1);
	assert_int_equal(shmt__view_touch(view, 5, 4 * PAGE, true), 0);
	assert_int_equal(pages_there(), 5);
	assert_int_equal(shmt__view_touch(view, 7 * PAGE, 1, false), 0);
	assert_int_equal(pages_there(), 6);
	assert_memory_equal(view->at, "first", 5);
}

/* Nobody has to die for what is there. */
static void
not_again(void **state)
{
	(void)state;
	make(false);
	fault("fork", 1, EAGAIN);
	assert_int_equal(shmt__view_touch(view, 0, PAGE, true), 0);
	assert_false(fault_end());
	/* Where that cannot be told a child goes there. */
	fault("mincore", 1, ENOMEM);
	assert_int_equal(shmt__view_touch(view, 0, 2 * PAGE, true), 0);
	assert_true(fault_end());
	assert_int_equal(pages_there(), 2);
}

/* Before Linux 5.14, one by one. */
static void
by_hand(void **state)
{
	(void)state;
	make(false);
	fault("madvise", 1, EINVAL);
	assert_int_equal(shmt__view_touch(view, 0, 3 * PAGE, true), 0);
	assert_true(fault_end());
	assert_int_equal(pages_there(), 3);
	fault("madvise", 1, EINVAL);
	assert_int_equal(shmt__view_touch(view, 0, 8 * PAGE, false), 0);
	assert_true(fault_end());
	assert_int_equal(pages_there(), 8);
	assert_memory_equal(view->at, "first", 5);
}

static void
in_vain(void **state)
{
	(void)state;
	make(false);
	fault("madvise", 0, EFAULT);
	assert_int_equal(shmt__view_touch(view, 0, 2 * PAGE, true), -1);
	assert_int_equal(errno, EFAULT);
	/* It does not come to say anything, as often as it is asked. */
	fault("write", 0, EPIPE);
	assert_int_equal(shmt__view_touch(view, 0, 2 * PAGE, true), -1);
	assert_int_equal(errno, ENOMEM);
	fault("pipe2", 1, EMFILE);
	assert_int_equal(shmt__view_touch(view, 0, 9 * PAGE, true), -1);
	assert_int_equal(errno, EMFILE);
	fault("fork", 1, EAGAIN);
	assert_int_equal(shmt__view_touch(view, 0, 9 * PAGE, true), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
interrupted(void **state)
{
	(void)state;
	make(false);
	fault("read", 2, EINTR);	/* the first is of /proc/meminfo */
	assert_int_equal(shmt__view_touch(view, 0, 2 * PAGE, true), 0);
	fault("waitpid", 1, EINTR);
	assert_int_equal(shmt__view_touch(view, 0, 4 * PAGE, true), 0);
	assert_true(fault_end());
	assert_int_equal(pages_there(), 4);
}

/*
 * Copying
 */

static FILE *file;
static int ends[2];

static int
get(void)
{
	static char bytes[SIZE];

	return shmt_view_get(view, 0, bytes, SIZE);
}

static int
put(void)
{
	static char bytes[SIZE];

	return shmt_view_put(view, 0, bytes, SIZE);
}

static int
fill(void)
{
	uint64_t done;

	return shmt_view_fill(view, &all, 'x', &done);
}

static int
to_file(void)
{
	uint64_t done;

	return shmt_view_send(view, &all, fileno(file), &done);
}

static int
to_pipe(void)
{
	struct shmt_transfer how = { .length = 4096 };
	uint64_t done;

	return shmt_view_send(view, &how, ends[1], &done);
}

static int
lend_to_pipe(void)
{
	struct shmt_transfer how = { .length = 4096,
	    .flags = SHMT_ZERO_COPY };
	uint64_t done;

	return shmt_view_send(view, &how, ends[1], &done);
}

static int
from_file(void)
{
	uint64_t done;

	rewind(file);
	return shmt_view_receive(view, &all, fileno(file), &done);
}

static int
from_pipe(void)
{
	struct shmt_transfer how = { .length = 3, .flags = SHMT_LEAVE_REST };
	uint64_t done;

	return dprintf(ends[1], "abc") == 3 ?
	    shmt_view_receive(view, &how, ends[0], &done) : -1;
}

static void
empty(void)
{
	assert_int_equal(madvise(view->at, SIZE, MADV_REMOVE), 0);
	assert_int_equal(pages_there(), 0);
}

/* Where this call cannot tell holes from data all is data, which a child has
 * to touch; without a child nothing is done. */
static void
without_a_child(const char *call)
{
	static int (*const ways[])(void) = { get, put, fill, to_file, to_pipe,
	    lend_to_pipe, from_file, from_pipe };
	size_t i;

	file = tmpfile();
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), (off_t)SIZE), 0);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		/* A file's pages are lent as they are. */
		if (view->fd != -1 && ways[i] == lend_to_pipe)
			continue;
		assert_int_equal(pipe(ends), 0);
		empty();
		fault(call, 1, EAGAIN);
		fault_also("fork");
		assert_int_equal(ways[i](), -1);
		assert_int_equal(errno, EAGAIN);
		fault_end();
		assert_int_equal(pages_there(), 0);
		rewind(file);
		fault(call, 1, EAGAIN);
		assert_int_equal(ways[i](), 0);
		fault_end();
		assert_true(pages_there() > 0);
		close(ends[0]);
		close(ends[1]);
	}
	fclose(file);
}

static void
by_pages(void **state)
{
	(void)state;
	make(false);
	without_a_child("mincore");
}

static void
as_a_file(void **state)
{
	(void)state;
	make(true);
	if (view->fd == -1)
		skip();
	without_a_child("lseek64");
}

static int
setup(void **state)
{
	(void)state;
	cover("/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 0 kB\n");
	return 0;
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_a_child),
		TEST(not_again),
		TEST(by_hand),
		TEST(in_vain),
		TEST(interrupted),
		TEST(by_pages),
		TEST(as_a_file),
	};

	if (emulated() || !own_mounts())
		return 0;
	return cmocka_run_group_tests(tests, setup, NULL);
}
