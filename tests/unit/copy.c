/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Views: every offset around a page's edge, what lies beside the range, and
 * what is refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmtool.h"

#define SIZE ((size_t)3 * 65536 + 1)

struct fixture {
	int id;
	struct shmt_view *view;
};

static int
setup(void **state)
{
	struct shmt_request request = { .size = SIZE, .mode = 0600 };
	static struct fixture f;
	bool created;

	if (shmt_create(&request, &f.id, &created) == -1 ||
	    shmt_view_open(f.id, SHMT_WRITE, &f.view) == -1)
		return -1;
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	shmt_view_close(f->view);
	return shmt_remove(f->id);
}

/* A buffer whose end is the end of what may be touched. */
static char *
guarded(size_t length, char **map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (length + page - 1) / page * page;

	*map = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(*map, MAP_FAILED);
	assert_int_equal(mprotect(*map + whole, page, PROT_NONE), 0);
	return *map + whole - length;
}

static void
edges(void **state)
{
	static const size_t at[] = { 0, 1, 4095, 4096, 4097, 65535, 65536,
	    SIZE - 4097 };
	static const size_t lengths[] = { 0, 1, 2, 4095, 4096, 4097 };
	struct fixture *f = *state;
	char *map, *p, all[SIZE], seen[SIZE];
	size_t i, j;

	memset(all, 0, sizeof(all));
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		for (j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			p = guarded(lengths[j], &map);
			memset(p, (int)(i * 7 + j + 1), lengths[j]);
			memcpy(all + at[i], p, lengths[j]);
			assert_int_equal(shmt_view_put(f->view, at[i], p,
			    lengths[j]), 0);
			memset(p, 0, lengths[j]);
			assert_int_equal(shmt_view_get(f->view, at[i], p,
			    lengths[j]), 0);
			assert_memory_equal(p, all + at[i], lengths[j]);
		}
	assert_int_equal(shmt_view_get(f->view, 0, seen, SIZE), 0);
	assert_memory_equal(seen, all, SIZE);
}

static void
beyond(void **state)
{
	struct shmt_transfer how = { .offset = SIZE, .length = 1 };
	struct fixture *f = *state;
	uint64_t done = 7;
	char c = 'x';

	assert_int_equal(shmt_view_get(f->view, SIZE, &c, 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(c, 'x');
	assert_int_equal(shmt_view_put(f->view, UINT64_MAX, &c, 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(shmt_view_get(f->view, SIZE, &c, 0), 0);
	assert_int_equal(shmt_view_send(f->view, &how, -1, &done), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(done, 0);
}

static bool
stop(void *arg, uint64_t done)
{
	*(uint64_t *)arg = done;
	return true;
}

static void
stopped(void **state)
{
	uint64_t told = 0, done;
	struct shmt_transfer how = { .length = UINT64_MAX, .progress = stop,
	    .arg = &told };
	struct shmt_request request = { .size = 16 << 20, .mode = 0600 };
	struct shmt_view *view;
	bool created;
	int id;

	(void)state;
	assert_int_equal(shmt_create(&request, &id, &created), 0);
	assert_int_equal(shmt_view_open(id, SHMT_WRITE, &view), 0);
	assert_int_equal(shmt_view_fill(view, &how, 'A', &done), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(told, done);
	assert_true(done > 0 && done < request.size);
	shmt_view_close(view);
	assert_int_equal(shmt_remove(id), 0);
}

/* Room that a file was given beforehand does not outlive a failure. */
static void
stopped_out(void **state)
{
	uint64_t told = 0, done;
	struct shmt_transfer how = { .length = UINT64_MAX };
	struct shmt_request request = { .size = 32 << 20, .mode = 0600 };
	FILE *file = tmpfile();
	struct shmt_view *view;
	struct stat st;
	bool created;
	int id;

	(void)state;
	assert_non_null(file);
	assert_int_equal(shmt_create(&request, &id, &created), 0);
	assert_int_equal(shmt_view_open(id, SHMT_WRITE, &view), 0);
	assert_int_equal(shmt_view_fill(view, &how, 'A', &done), 0);
	how.progress = stop;
	how.arg = &told;
	assert_int_equal(shmt_view_send(view, &how, fileno(file), &done), -1);
	assert_int_equal(errno, ECANCELED);
	assert_true(done > 0 && done < request.size);
	assert_int_equal(fstat(fileno(file), &st), 0);
	assert_int_equal(st.st_size, done);
	assert_true((uint64_t)st.st_blocks * 512 < done + (1 << 20));
	fclose(file);
	shmt_view_close(view);
	assert_int_equal(shmt_remove(id), 0);
}

static void
refused(void **state)
{
	struct fixture *f = *state;
	struct shmt_view *view;

	assert_int_equal(shmt_view_open(f->id, SHMT_WRITE | SHMT_NO_TRACE,
	    &view), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(shmt_view_open(INT32_MAX, 0, &view), -1);
	assert_int_equal(errno, ENOENT);
}

static void
headroom(void **state)
{
	struct shmt_headroom room;

	(void)state;
	assert_true(shmt_headroom(&room));
	assert_true(room.limit > 0 && room.where[0] != '\0');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(edges, setup, teardown),
		cmocka_unit_test_setup_teardown(beyond, setup, teardown),
		cmocka_unit_test(stopped),
		cmocka_unit_test(stopped_out),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test(headroom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
