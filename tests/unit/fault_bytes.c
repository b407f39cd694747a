/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Each call of the functions that copy contents failed in turn: see
 * failed_calls.h.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "bytes/view_ops.h"
#include "sys/file.h"
#include "shm.h"
#include "segment.h"
#include "failed_calls.h"

static const struct shmt_transfer all = { .length = UINT64_MAX };

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
splice_pages(void)
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

/* The same without the capability to open the segment as a file. */
#define TORMENT_POOR(function) \
	static void function##_poor_fails(void **state) \
	{ \
		(void)state; \
		use_capabilities(false); \
		torment(function, ""); \
		use_capabilities(true); \
	}

TORMENT(headroom)
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
TORMENT(splice_pages)
TORMENT_POOR(splice_pages)
TORMENT(receive_from_pipe)
TORMENT_POOR(receive_from_pipe)
TORMENT(fill)
TORMENT_POOR(fill)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(headroom),
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
		TEST(splice_pages),
		TEST(splice_pages_poor),
		TEST(receive_from_pipe),
		TEST(receive_from_pipe_poor),
		TEST(fill),
		TEST(fill_poor),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
