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
#include "sysv.h"
#include "world.h"
#include "segment.h"

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

	if (shmt__sysv_create(&request, &f.id, &created) == -1 ||
	    shmt_view_open(OF_ID(f.id), SHMT_WRITE, &f.view) == -1)
		return -1;
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	shmt_view_close(f->view);
	return shmt__sysv_rmid(f->id);
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
	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_WRITE, &view), 0);
	assert_int_equal(shmt_view_fill(view, &how, 'A', &done), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(told, done);
	assert_true(done > 0 && done < request.size);
	shmt_view_close(view);
	assert_int_equal(shmt__sysv_rmid(id), 0);
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

/*
 * Descriptors that are not as others
 */

/* A view by a mapping. */
static struct shmt_view *
view_by_mapping(int id)
{
	struct shmt_view *view;

	use_capabilities(false);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_WRITE, &view), 0);
	use_capabilities(true);
	assert_non_null(view->mapped);
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

	assert_int_equal(shmt__sysv_look_rss(id, &segment), 0);
	return segment.rss + segment.swap;
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

/* A file of which a view is made, as it will be of an object. */
static void
make_file_view(struct shmt_view *view, uint64_t size)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	*view = (struct shmt_view){ .flags = SHMT_WRITE, .size = size,
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
	assert_int_equal(shmt_view_visit(view, 0, view->size, count_piece,
	    &v), 0);
	assert_int_equal(v.data, 0);
	assert_int_equal(v.holes, view->size);
	assert_int_equal(v.pieces, 1);
	assert_true(calls_of("mincore") <= 1);
	assert_int_equal(shmt_view_put(view, 5, "x", 1), 0);
	assert_int_equal(shmt_view_put(view, 200 << 20, "x", 1), 0);
	v = (struct visited){ 0 };
	assert_int_equal(shmt_view_visit(view, 0, view->size, count_piece,
	    &v), 0);
	assert_int_equal(v.data, 2 * page);
	assert_int_equal(v.holes, view->size - 2 * page);
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
	assert_int_equal(shmt__sysv_look(f->id, &now), 0);
	assert_int_equal(now.nattch, 0);
	view = view_by_mapping(f->id);
	assert_int_equal(shmt__sysv_look(f->id, &now), 0);
	assert_int_equal(now.nattch, 1);
	shmt_view_close(view);
	assert_int_equal(shmt__sysv_look(f->id, &now), 0);
	assert_int_equal(now.nattch, 0);
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
		cmocka_unit_test(stopped_out),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(not_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(no_holes, setup, teardown),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(pages_ahead),
		cmocka_unit_test_setup_teardown(through_a_pipe, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(refused_calls, setup,
		    teardown),
		cmocka_unit_test(shrinks),
		cmocka_unit_test(full),
		cmocka_unit_test(far_apart),
		cmocka_unit_test_setup_teardown(without_advice, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(visited, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(not_attached, setup, teardown),
		cmocka_unit_test_setup_teardown(large_pipe, setup, teardown),
		cmocka_unit_test(headroom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
