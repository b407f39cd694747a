/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Views: every offset around a page's edge, what lies beside the range, and
 * what is refused.
 */

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
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
#include "shmtool.h"
#include "sysv.h"
#include "segment.h"
#include "copy_view.h"

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

static void
stopped(void **state)
{
	uint64_t told = 0, done;
	struct shmt_transfer how = { .length = UINT64_MAX, .progress = cancel,
	    .arg = &told };
	struct shmt_request request = { .size = 16 << 20, .mode = 0600 };
	struct shmt_view *view;
	bool created;
	int id;

	(void)state;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_WRITE, &view), 0);
	assert_int_equal(shmt_view_fill(view, &how, 'A', &done), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(told, done);
	assert_true(done > 0 && done < request.size);
	shmt_view_close(view);
	assert_int_equal(shmt__sysv_rmid(id), 0);
}

static void
refused(void **state)
{
	struct fixture *f = *state;
	struct shmt_view *view;

	assert_int_equal(
	    shmt_view_open(OF_ID(f->id), SHMT_WRITE | SHMT_NO_TRACE, &view),
	    -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(shmt_view_open(OF_ID(INT32_MAX), 0, &view), -1);
	assert_int_equal(errno, ENOENT);
}

/* Holes cannot be left in a pipe. */
static void
no_holes(void **state)
{
	struct shmt_transfer how = { .length = UINT64_MAX,
	    .flags = SHMT_SPARSE };
	struct fixture *f = *state;
	uint64_t done = 7;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(shmt_view_send(f->view, &how, ends[1], &done), -1);
	assert_int_equal(errno, ESPIPE);
	assert_int_equal(done, 0);
	close(ends[0]);
	close(ends[1]);
}

/* A file system that gives no room beforehand, or a file without a size. */
static void
odd_files(void **state)
{
	struct shmt_request request = { .size = 4 << 20, .mode = 0600 };
	struct shmt_transfer how = { .length = UINT64_MAX };
	struct shmt_view *view;
	FILE *file = tmpfile();
	uint64_t done;
	bool created;
	char text[16];
	int id, fd;

	(void)state;
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	view = view_by_mapping(id);
	assert_int_equal(shmt_view_fill(view, &how, 'A', &done), 0);
	/* Not as if it were on a tmpfs, if it is. */
	fault("fallocate64", 0, EOPNOTSUPP);
	fault_also("fstatfs64");
	assert_int_equal(shmt_view_send(view, &how, fileno(file), &done), 0);
	assert_true(fault_end());
	assert_int_equal(done, request.size);
	fclose(file);
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(shmt_view_receive(view, &how, fd, &done), 0);
	close(fd);
	assert_true(done > 100);
	assert_int_equal(shmt_view_get(view, 0, text, 5), 0);
	assert_memory_equal(text, "Name:", 5);
	shmt_view_close(view);
	assert_int_equal(shmt__sysv_rmid(id), 0);
}

/* A file of which a view is made, as it will be of an object. */
static void
make_file_view(struct shmt_view *view, uint64_t size)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	*view = (struct shmt_view){ .flags = SHMT_WRITE, .segment.size = size,
	    .page = (size_t)sysconf(_SC_PAGESIZE) };
	assert_int_equal(shmt__view_file(view, fd), 0);
}

static void
end_file_view(struct shmt_view *view)
{
	view->ops->close(view);
	free(view->buffer);
}

/* It becomes shorter while it is read: an error, and no signal. */
static void
shrinks(void **state)
{
	struct shmt_transfer how = { .length = 100000 };
	char bytes[100] = "as it was";
	struct shmt_view view;
	FILE *file = tmpfile();
	uint64_t done = 7;
	int ends[2];

	(void)state;
	assert_non_null(file);
	assert_int_equal(pipe(ends), 0);
	make_file_view(&view, 100000);
	assert_int_equal(ftruncate(view.fd, 100000), 0);
	assert_int_equal(shmt_view_put(&view, 100, bytes, 100), 0);
	assert_int_equal(ftruncate(view.fd, 150), 0);
	assert_int_equal(shmt_view_get(&view, 100, bytes, 100), -1);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(shmt_view_send(&view, &how, fileno(file), &done), -1);
	assert_int_equal(errno, ENODATA);
	assert_true(done <= 4096);
	assert_int_equal(shmt_view_send(&view, &how, ends[1], &done), -1);
	assert_int_equal(errno, ENODATA);
	end_file_view(&view);
	fclose(file);
	close(ends[0]);
	close(ends[1]);
}

/* A file system that is full. */
static void
full(void **state)
{
	struct shmt_transfer how = { .length = 100000 };
	FILE *file = tmpfile();
	struct shmt_view view;
	uint64_t done;
	char c = 'x';

	(void)state;
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 100000), 0);
	make_file_view(&view, 100000);
	assert_int_equal(ftruncate(view.fd, 100000), 0);
	fault("pwrite64", 0, ENOSPC);
	assert_int_equal(shmt_view_put(&view, 0, &c, 1), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(shmt_view_fill(&view, &how, 0, &done), -1);
	assert_int_equal(errno, ENOMEM);
	fault("sendfile64", 0, ENOSPC);
	assert_int_equal(shmt_view_receive(&view, &how, fileno(file), &done),
	    -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(done, 0);
	fault_end();
	end_file_view(&view);
	fclose(file);
}

/*
 * Holes
 */

struct visited {
	uint64_t data, holes;
	unsigned pieces;
};

static int
count_piece(void *arg, const void *bytes, uint64_t length)
{
	struct visited *v = arg;

	v->pieces++;
	*(bytes != NULL ? &v->data : &v->holes) += length;
	return 0;
}

/* What is resident is looked for, not each page that could be. */
static void
far_apart(void **state)
{
	struct shmt_request request = { .size = (uint64_t)8 << 30,
	    .mode = 0600, .flags = SHMT_NORESERVE };
	struct visited v = { 0 };
	struct shmt_view *view;
	uint64_t page;
	bool created;
	int id = -1;

	(void)state;
	if (sizeof(size_t) < sizeof(uint64_t) ||
	    shmt__sysv_create(&request, &id, &created) == -1)
		skip();
	view = view_by_mapping(id);
	page = view->page;
	fault(NULL, 0, 0);
	assert_int_equal(shmt_view_visit(view, 0, view->segment.size,
	    count_piece, &v), 0);
	assert_int_equal(v.data, 0);
	assert_int_equal(v.holes, view->segment.size);
	assert_int_equal(v.pieces, 1);
	assert_true(calls_of("mincore") <= 1);
	assert_int_equal(shmt_view_put(view, 5, "x", 1), 0);
	assert_int_equal(shmt_view_put(view, 200 << 20, "x", 1), 0);
	v = (struct visited){ 0 };
	assert_int_equal(shmt_view_visit(view, 0, view->segment.size,
	    count_piece, &v), 0);
	assert_int_equal(v.data, 2 * page);
	assert_int_equal(v.holes, view->segment.size - 2 * page);
	assert_true(calls_of("mincore") <= 6);
	assert_int_equal(pages_of(id), 2 * page);
	fault_end();
	shmt_view_close(view);
	assert_int_equal(shmt__sysv_rmid(id), 0);
}

/* Kernels without an advice, or without madvise(2), know holes all the same. */
static void
without_advice(void **state)
{
	struct fixture *f = *state;
	struct visited v = { 0 };
	struct shmt_view *view;

	fault("madvise", 0, EINVAL);
	view = view_by_mapping(f->id);
	assert_false(view->huge);
	assert_int_equal(shmt_view_visit(view, 0, SIZE, count_piece, &v), 0);
	assert_true(fault_end());
	assert_int_equal(v.data, 0);
	assert_int_equal(v.holes, SIZE);
	assert_int_equal(pages_of(f->id), 0);
	shmt_view_close(view);
}

static int
stop_at_data(void *arg, const void *bytes, uint64_t length)
{
	(void)arg;
	(void)length;
	if (bytes == NULL)
		return 0;
	errno = ECANCELED;
	return -1;
}

/* A function ends a visit, and tells why. */
static void
visited(void **state)
{
	struct fixture *f = *state;
	struct visited v = { 0 };
	size_t page = f->view->page;

	assert_int_equal(shmt_view_put(f->view, 3 * page, "x", 1), 0);
	assert_int_equal(shmt_view_visit(f->view, page + 1, SIZE - page - 1,
	    count_piece, &v), 0);
	assert_int_equal(v.data, page);
	assert_int_equal(v.data + v.holes, SIZE - page - 1);
	assert_int_equal(shmt_view_visit(f->view, 0, SIZE, stop_at_data,
	    NULL), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(shmt_view_visit(f->view, 1, SIZE, count_piece, &v),
	    -1);
	assert_int_equal(errno, ERANGE);
}

/* A view that is for reading does not write. */
static void
read_only(void **state)
{
	struct shmt_transfer how = { .length = 1 };
	struct fixture *f = *state;
	struct shmt_view *view;
	uint64_t done;

	assert_int_equal(shmt_view_open(OF_ID(f->id), 0, &view), 0);
	assert_int_equal(shmt_view_put(view, 0, "x", 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(shmt_view_fill(view, &how, 0, &done), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(shmt_view_receive(view, &how, STDIN_FILENO, &done),
	    -1);
	assert_int_equal(errno, EBADF);
	shmt_view_close(view);
}

/* With a descriptor the segment is not attached for longer than it takes. */
static void
not_attached(void **state)
{
	struct fixture *f = *state;
	struct shmt_info now;
	struct shmt_view *view;

	if (f->view->fd == -1)
		skip();
	assert_int_equal(shmt__sysv_stat(f->id, &now), 0);
	assert_int_equal(now.nattch, 0);
	view = view_by_mapping(f->id);
	assert_int_equal(shmt__sysv_stat(f->id, &now), 0);
	assert_int_equal(now.nattch, 1);
	shmt_view_close(view);
	assert_int_equal(shmt__sysv_stat(f->id, &now), 0);
	assert_int_equal(now.nattch, 0);
}

static void
headroom(void **state)
{
	struct shmt_headroom room;

	(void)state;
	assert_true(shmt_headroom(&room));
	assert_true(room.limit > 0 && room.where[0] != '\0');
	assert_true(room.left > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(edges, setup, teardown),
		cmocka_unit_test_setup_teardown(beyond, setup, teardown),
		cmocka_unit_test(stopped),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(no_holes, setup, teardown),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(shrinks),
		cmocka_unit_test(full),
		cmocka_unit_test(far_apart),
		cmocka_unit_test_setup_teardown(without_advice,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(visited, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(not_attached, setup, teardown),
		cmocka_unit_test(headroom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
