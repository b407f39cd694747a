/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Views: every offset around a page's edge, what lies beside the range, and
 * what is refused.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "shmtool.h"
#include "sys/thread.h"
#include "world.h"

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
cancel(void *arg, uint64_t done)
{
	*(uint64_t *)arg = done;
	return true;
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
	how.progress = cancel;
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

/*
 * Descriptors that are not as others
 */

/* A view that reaches the segment by its pages alone. */
static struct shmt_view *
view_by_pages(int id)
{
	struct shmt_view *view;

	use_capabilities(false);
	assert_int_equal(shmt_view_open(id, SHMT_WRITE, &view), 0);
	use_capabilities(true);
	assert_int_equal(view->fd, -1);
	return view;
}

/* Something that differs from page to page. */
static void
fill_with_pattern(struct shmt_view *view, char bytes[static SIZE])
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		bytes[i] = (char)(i % 251 + 1);
	assert_int_equal(shmt_view_put(view, 0, bytes, SIZE), 0);
}

/* The other end of a pipe that waits for nobody. */
static void
not_waiting(void **state)
{
	struct shmt_transfer how = { .length = SIZE };
	struct fixture *f = *state;
	static char bytes[SIZE], seen[SIZE];
	uint64_t done = 0;
	int ends[2];
	pid_t pid;

	fill_with_pattern(f->view, bytes);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	/* It stays as small as it is. */
	fault("poll", 1, ENOMEM);
	fault_also("fcntl64");
	assert_int_equal(shmt_view_send(f->view, &how, ends[1], &done), -1);
	assert_int_equal(errno, ENOMEM);
	assert_true(done > 0 && done < SIZE);
	fault_end();
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		/* Back again through the same pipe, a little later. */
		usleep(100000);
		if (write(ends[1], bytes, 30000) != 30000)
			_exit(1);
		usleep(100000);
		_exit(write(ends[1], bytes + 30000, 30000) != 30000);
	}
	how.length = 60000;
	how.flags = SHMT_LEAVE_REST;
	assert_int_equal(shmt_view_fill(f->view, &how, 0, &done), 0);
	assert_int_equal(shmt_view_receive(f->view, &how, ends[0], &done), 0);
	assert_int_equal(done, 60000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(shmt_view_get(f->view, 0, seen, 60000), 0);
	assert_memory_equal(seen, bytes, 60000);
	close(ends[0]);
	close(ends[1]);
}

/* To a reader that is slower. */
static void
slow_reader(void **state)
{
	struct shmt_transfer how = { .length = SIZE };
	struct fixture *f = *state;
	static char bytes[SIZE], seen[SIZE];
	uint64_t done = 0;
	size_t got = 0;
	ssize_t n;
	int ends[2];
	pid_t pid;

	fill_with_pattern(f->view, bytes);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		fcntl(ends[1], F_SETFL, O_NONBLOCK);
		fault("fcntl64", 0, EPERM);
		_exit(shmt_view_send(f->view, &how, ends[1], &done) == -1 ||
		    done != SIZE);
	}
	close(ends[1]);
	usleep(100000);
	while ((n = read(ends[0], seen + got, SIZE - got)) > 0)
		got += (size_t)n;
	close(ends[0]);
	assert_int_equal(got, SIZE);
	assert_memory_equal(seen, bytes, SIZE);
	assert_int_equal(waitpid(pid, &ends[0], 0), pid);
	assert_int_equal(ends[0], 0);
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
	assert_int_equal(shmt_create(&request, &id, &created), 0);
	view = view_by_pages(id);
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
	assert_int_equal(shmt_remove(id), 0);
}

static unsigned
calls_of(const char *name)
{
	unsigned i;

	for (i = 0; strcmp(fault_name(i), name) != 0; i++)
		continue;
	return fault_calls(i);
}

static uint64_t
pages_of(int id)
{
	struct shmt_info segment;

	assert_int_equal(shmt_info_rss(id, &segment), 0);
	return segment.rss + segment.swap;
}

/* Long runs with holes between them, each page with its number. */
static struct shmt_view *
view_of_runs(int id)
{
	static const struct { size_t from, to; } runs[] = {
		{ 0, 20 }, { 24, 25 }, { 31, 48 }
	};
	struct shmt_view *view = view_by_pages(id);
	size_t i, j;

	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		for (j = runs[i].from << 20; j < runs[i].to << 20;
		    j += view->page)
			assert_int_equal(shmt_view_put(view, j, &j,
			    sizeof(j)), 0);
	return view;
}

static void
expect_same(struct shmt_view *view, int fd, uint64_t offset)
{
	static char bytes[1 << 20], seen[sizeof(bytes)];
	uint64_t at;
	size_t n;

	for (at = offset; at < view->size; at += n) {
		n = view->size - at < sizeof(bytes) ?
		    (size_t)(view->size - at) : sizeof(bytes);
		assert_int_equal(shmt_view_get(view, at, bytes, n), 0);
		assert_int_equal(pread(fd, seen, n, (off_t)(at - offset)), n);
		assert_memory_equal(seen, bytes, n);
	}
}

/* A thread has pages ahead, never those of a hole; without it all goes the
 * same way. */
static void
pages_ahead(void **state)
{
	static const char *const failing[] = { NULL, "pthread_create",
	    "sched_getaffinity", "calloc" };
	struct shmt_request request = { .size = 48 << 20, .mode = 0600 };
	struct shmt_transfer how = { .offset = 4097, .length = UINT64_MAX,
	    .flags = SHMT_SPARSE };
	bool several = shmt__processors() > 1, created;
	struct shmt_view *view;
	uint64_t done, told, pages;
	FILE *file;
	size_t i;
	int id;

	(void)state;
	assert_int_equal(shmt_create(&request, &id, &created), 0);
	view = view_of_runs(id);
	pages = pages_of(id);
	for (i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		file = tmpfile();
		assert_non_null(file);
		fault(failing[i], 0, EAGAIN);
		assert_int_equal(shmt_view_send(view, &how, fileno(file),
		    &done), 0);
		fault_end();
		if (failing[i] == NULL)
			assert_int_equal(calls_of("pthread_create"), several);
		assert_int_equal(done, request.size - how.offset);
		assert_int_equal(pages_of(id), pages);
		expect_same(view, fileno(file), how.offset);
		fclose(file);
	}
	how.progress = cancel;
	how.arg = &told;
	file = tmpfile();
	assert_non_null(file);
	assert_int_equal(shmt_view_send(view, &how, fileno(file), &done), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(told, done);
	fclose(file);
	shmt_view_close(view);
	assert_int_equal(shmt_remove(id), 0);
}

/*
 * Where process_vm_readv(2) is refused, through a pipe
 */
static void
through_a_pipe(void **state)
{
	struct fixture *f = *state;
	static char bytes[SIZE], seen[SIZE];
	struct shmt_view *view = view_by_pages(f->id);
	size_t page = view->page;

	fill_with_pattern(view, bytes);
	fault("process_vm_readv", 0, EPERM);
	assert_int_equal(shmt_view_get(view, 1, seen, SIZE - 1), 0);
	assert_true(fault_end());
	assert_memory_equal(seen, bytes + 1, SIZE - 1);
	fault("process_vm_writev", 0, ENOSYS);
	assert_int_equal(shmt_view_put(view, 3, bytes, 10000), 0);
	assert_true(fault_end());
	assert_int_equal(shmt_view_get(view, 3, seen, 10000), 0);
	assert_memory_equal(seen, bytes, 10000);
	fault("process_vm_readv", 0, EPERM);
	fault_also("pipe2");
	assert_int_equal(shmt_view_get(view, 0, seen, 1), -1);
	assert_int_equal(errno, EPERM);
	fault_end();
	/* A page that cannot be had, at the beginning and midway. */
	assert_int_equal(mprotect(view->at + page, page, PROT_NONE), 0);
	assert_int_equal(shmt_view_get(view, page, seen, 1), -1);
	assert_int_equal(errno, EFAULT);
	fault("process_vm_readv", 0, EPERM);
	assert_int_equal(shmt_view_get(view, page, seen, 1), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(shmt_view_get(view, page - 1, seen, 2), -1);
	assert_int_equal(errno, EFAULT);
	fault("process_vm_writev", 0, EPERM);
	assert_int_equal(shmt_view_put(view, page, bytes, 1), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(shmt_view_put(view, page - 100, bytes, 200), -1);
	assert_int_equal(errno, EFAULT);
	fault_end();
	shmt_view_close(view);
}

/* A file that turns out to be shorter, or full. */
static void
as_a_bad_file(void **state)
{
	struct fixture *f = *state;
	struct shmt_view *view = view_by_pages(f->id);
	char c = 'x';

	view->fd = memfd_create("short", MFD_CLOEXEC);
	assert_int_not_equal(view->fd, -1);
	fault("lseek64", 0, EINVAL);
	assert_int_equal(shmt_view_get(view, 0, &c, 1), -1);
	assert_int_equal(errno, EIO);
	fault("pwrite64", 1, ENOSPC);
	assert_int_equal(shmt_view_put(view, 0, &c, 1), -1);
	assert_int_equal(errno, ENOMEM);
	fault_end();
	shmt_view_close(view);
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
		cmocka_unit_test_setup_teardown(not_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(no_holes, setup, teardown),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(pages_ahead),
		cmocka_unit_test_setup_teardown(through_a_pipe, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(as_a_bad_file, setup,
		    teardown),
		cmocka_unit_test(headroom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
