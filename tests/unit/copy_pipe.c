/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Views and pipes: slow and vanished readers, lent pages, and calls that are
 * refused on the way.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "sys/thread.h"
#include "sysv.h"
#include "segment.h"
#include "copy_view.h"

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
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_WRITE, &view), 0);
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
	assert_int_equal(shmt__sysv_rmid(id), 0);
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

/* Long runs with holes between them, each page with its number. */
static struct shmt_view *
view_of_runs(int id)
{
	static const struct { size_t from, to; } runs[] = {
		{ 0, 20 }, { 24, 25 }, { 31, 48 }
	};
	struct shmt_view *view = view_by_mapping(id);
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

	for (at = offset; at < view->segment.size; at += n) {
		n = view->segment.size - at < sizeof(bytes) ?
		    (size_t)(view->segment.size - at) : sizeof(bytes);
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
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
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
	assert_int_equal(shmt__sysv_rmid(id), 0);
}

/*
 * Calls that are refused
 */

/* The only attachment of this process. */
static char *
address_of_mapping(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t start = 0;
	char line[256];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (strstr(line, "/SYSV") != NULL)
			start = strtoul(line, NULL, 16);
	fclose(maps);
	assert_true(start != 0);
	return (char *)start;
}

/* Where process_vm_readv(2) is refused, through a pipe. */
static void
through_a_pipe(void **state)
{
	struct fixture *f = *state;
	static char bytes[SIZE], seen[SIZE];
	struct shmt_view *view;
	size_t page;

	shmt_view_close(f->view);
	f->view = NULL;
	view = view_by_mapping(f->id);
	page = view->page;
	fill_with_pattern(view, bytes);
	/* A page that cannot be allocated. */
	assert_int_equal(mprotect(address_of_mapping() + page, page,
	    PROT_NONE), 0);
	assert_int_equal(shmt_view_get(view, page, seen, 1), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(shmt_view_put(view, page - 100, bytes, 200), -1);
	assert_int_equal(errno, EFAULT);
	fault("process_vm_readv", 0, EPERM);
	fault_also("pipe2");
	assert_int_equal(shmt_view_get(view, 0, seen, 1), -1);
	assert_int_equal(errno, EPERM);
	/* It is not asked again. */
	assert_true(fault_end());
	fault("process_vm_readv", 0, EFAULT);
	assert_int_equal(shmt_view_get(view, 1, seen, page - 1), 0);
	assert_memory_equal(seen, bytes + 1, page - 101);
	assert_int_equal(shmt_view_get(view, page, seen, 1), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(shmt_view_get(view, page - 1, seen, 2), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(shmt_view_put(view, 3, bytes, page - 3), 0);
	assert_int_equal(shmt_view_put(view, page, bytes, 1), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(shmt_view_put(view, page - 100, bytes, 200), -1);
	assert_int_equal(errno, EFAULT);
	assert_false(fault_end());
	assert_int_equal(mprotect(address_of_mapping() + page, page,
	    PROT_READ), 0);
	assert_int_equal(shmt_view_get(view, 3, seen, page - 3), 0);
	assert_memory_equal(seen, bytes, page - 103);
	shmt_view_close(view);
}

/* Out to a file or a pipe, and a file in again, with a call refused. */
static void
expect_copies(int id, bool mapped, const char *name, int error)
{
	struct shmt_transfer how = { .length = 150000 };
	static char bytes[150000], seen[150000];
	struct shmt_view *view = NULL;
	FILE *file = tmpfile();
	unsigned calls;
	uint64_t done;
	int ends[2];

	assert_non_null(file);
	assert_int_equal(pipe(ends), 0);
	if (mapped)
		view = view_by_mapping(id);
	else
		assert_int_equal(
		    shmt_view_open(OF_ID(id), SHMT_WRITE, &view), 0);
	memset(bytes, error, sizeof(bytes));
	assert_int_equal(shmt_view_put(view, 0, bytes, sizeof(bytes)), 0);
	fault(name, 0, error);
	assert_int_equal(shmt_view_send(view, &how, fileno(file), &done), 0);
	calls = calls_of(name);
	how.flags = SHMT_ZERO_COPY;
	assert_int_equal(shmt_view_send(view, &how, ends[1], &done), 0);
	rewind(file);
	how.flags = 0;
	assert_int_equal(shmt_view_receive(view, &how, fileno(file), &done),
	    0);
	fault_end();
	/* Not for each piece. */
	if (strstr(name, "splice") != NULL || strstr(name, "send") != NULL)
		assert_true(calls <= 1);
	assert_int_equal(done, sizeof(bytes));
	assert_int_equal(read(ends[0], seen, sizeof(seen)), sizeof(seen));
	assert_memory_equal(seen, bytes, sizeof(bytes));
	assert_int_equal(pread(fileno(file), seen, sizeof(seen), 0),
	    sizeof(seen));
	assert_memory_equal(seen, bytes, sizeof(bytes));
	assert_int_equal(shmt_view_get(view, 0, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, bytes, sizeof(bytes));
	shmt_view_close(view);
	close(ends[0]);
	close(ends[1]);
	fclose(file);
}

static void
refused_calls(void **state)
{
	static const char *const names[] = { "sendfile64", "splice",
	    "vmsplice", "process_vm_readv", "process_vm_writev",
	    "fallocate64", "madvise", "fstatfs64", "ioctl" };
	static const int errors[] = { ENOSYS, EPERM, EINVAL };
	struct fixture *f = *state;
	size_t i, j;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			expect_copies(f->id, false, names[i], errors[j]);
			expect_copies(f->id, true, names[i], errors[j]);
		}
}

/* A pipe that is larger than ours is left as it is. */
static void
large_pipe(void **state)
{
	struct shmt_transfer how = { .length = 10 };
	struct fixture *f = *state;
	uint64_t done;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	if (fcntl(ends[1], F_SETPIPE_SZ, 4 << 20) != 4 << 20)
		skip();
	assert_int_equal(shmt_view_send(f->view, &how, ends[1], &done), 0);
	assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), 4 << 20);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(shmt_view_send(f->view, &how, ends[1], &done), 0);
	assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), 1 << 20);
	close(ends[0]);
	close(ends[1]);
}

/* What is no pipe gets a copy. */
static void
zero_copy_into_file(void **state)
{
	struct shmt_transfer how = { .flags = SHMT_ZERO_COPY, .length = 10 };
	struct fixture *f = *state;
	struct shmt_view *views[] = { f->view, view_by_mapping(f->id) };
	FILE *file = tmpfile();
	uint64_t done;
	size_t i;

	assert_non_null(file);
	assert_int_equal(shmt_view_put(views[1], 0, "0123456789", 10), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(shmt_view_send(views[i], &how, fileno(file),
		    &done), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 20);
	shmt_view_close(views[1]);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stopped_out),
		cmocka_unit_test_setup_teardown(not_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_reader, setup, teardown),
		cmocka_unit_test(pages_ahead),
		cmocka_unit_test_setup_teardown(through_a_pipe,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(refused_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(large_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(zero_copy_into_file,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
