/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Reading through those that have a segment attached, by their memory: all
 * here runs without the capability that opens map_files, until one test wants
 * it back.
 */

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sysv.h"
#include "world.h"
#include "segment.h"

#define PAGES 4
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define SIZE (PAGES * PAGE)

/* A process that has the segment, and does what it is told by a letter. */
struct holder {
	pid_t pid;
	int orders, answers;
};

static struct holder one, two;
static int id;
static struct shmt_view *view;

/* Its mapping as it is, in two by other rights, without its end, no more. */
static void
obey(char *at, char order)
{
	int done = -1;

	if (order == 's')
		done = mprotect(at + PAGE, PAGE, PROT_READ);
	else if (order == 'c')
		done = munmap(at + 2 * PAGE, 2 * PAGE);
	else if (order == 'd')
		done = shmdt(at);
	if (done == -1)
		_exit(1);
}

static void
start(struct holder *holder)
{
	int orders[2], answers[2];
	char order = 'a';
	void *at;

	assert_int_equal(pipe(orders), 0);
	assert_int_equal(pipe(answers), 0);
	holder->pid = fork();
	assert_int_not_equal(holder->pid, -1);
	if (holder->pid == 0) {
		close(orders[1]);
		if (shmt__sysv_attach(id, NULL, 0, &at) == -1)
			_exit(1);
		while (write(answers[1], &order, 1) == 1 &&
		    read(orders[0], &order, 1) == 1)
			obey(at, order);
		_exit(0);
	}
	close(orders[0]);
	close(answers[1]);
	holder->orders = orders[1];
	holder->answers = answers[0];
	assert_int_equal(read(holder->answers, &order, 1), 1);
}

static void
tell(const struct holder *holder, char order)
{
	assert_int_equal(write(holder->orders, &order, 1), 1);
	assert_int_equal(read(holder->answers, &order, 1), 1);
}

static void
kill_holder(struct holder *holder)
{
	if (holder->pid == 0)
		return;
	close(holder->orders);
	close(holder->answers);
	kill(holder->pid, SIGKILL);
	waitpid(holder->pid, NULL, 0);
	holder->pid = 0;
}

static unsigned char
byte_at(size_t offset)
{
	return (unsigned char)(offset * 7 + offset / PAGE + 1);
}

/* A segment of which the first pages are written. */
static void
make(size_t pages)
{
	struct shmt_request request = { .size = SIZE, .mode = 0600 };
	unsigned char *at;
	bool created;
	void *p;
	size_t i;

	assert_int_equal(shmt__sysv_create(&request, &id, &created), 0);
	assert_int_equal(shmt__sysv_attach(id, NULL, 0, &p), 0);
	at = p;
	for (i = 0; i < pages * PAGE; i++)
		at[i] = byte_at(i);
	assert_int_equal(shmt_detach(p), 0);
}

static int
teardown(void **state)
{
	(void)state;
	fault_end();
	shmt_view_close(view);
	view = NULL;
	kill_holder(&one);
	kill_holder(&two);
	return shmt__sysv_rmid(id);
}

static void
assert_bytes(size_t offset, size_t length)
{
	unsigned char *bytes = malloc(length);
	size_t i;

	assert_non_null(bytes);
	assert_int_equal(shmt_view_get(view, offset, bytes, length), 0);
	for (i = 0; i < length; i++)
		assert_int_equal(bytes[i], byte_at(offset + i));
	free(bytes);
}

static void
assert_lost(size_t offset, size_t length)
{
	char bytes[64];

	assert_true(length <= sizeof(bytes));
	assert_int_equal(shmt_view_get(view, offset, bytes, length), -1);
	assert_int_equal(errno, ESRCH);
}

static void
by_memory(void **state)
{
	struct shmt_info before, after;

	(void)state;
	make(PAGES);
	start(&one);
	assert_int_equal(shmt__sysv_stat(id, &before), 0);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_int_equal(view->fd, -1);
	assert_bytes(0, SIZE);
	assert_bytes(PAGE - 1, 2);
	assert_int_equal(shmt__sysv_stat(id, &after), 0);
	assert_int_equal(after.nattch, 1);
	assert_int_equal(after.lpid, before.lpid);
	assert_int_equal(after.atime, before.atime);
	assert_int_equal(after.dtime, before.dtime);
}

/* One who has another segment, too. */
static void
beside_another(void **state)
{
	struct shmt_request request = { .size = SIZE, .mode = 0600 };
	bool created;
	void *at;
	int other;

	(void)state;
	make(PAGES);
	assert_int_equal(shmt__sysv_create(&request, &other, &created), 0);
	assert_int_equal(shmt__sysv_attach(other, NULL, 0, &at), 0);
	start(&one);
	assert_int_equal(shmt_detach(at), 0);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_bytes(0, SIZE);
	assert_int_equal(shmt__sysv_rmid(other), 0);
}

/* Its memory would be allocated by reading it. */
static void
holes(void **state)
{
	struct shmt_info s;

	(void)state;
	make(1);
	start(&one);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), -1);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(shmt__sysv_stat_rss(id, &s), 0);
	assert_true((s.known & SHMT_HAS_RSS) == 0 || s.rss == PAGE);
}

static void
in_parts(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	tell(&one, 's');
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_bytes(0, SIZE);
	assert_bytes(PAGE + 5, 2 * PAGE);
}

static void
without_an_end(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	tell(&one, 'c');
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), -1);
	assert_int_equal(errno, ESRCH);
	/* Another has all of it. */
	start(&two);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_bytes(0, SIZE);
}

/* What it still has can be read, what it has no more cannot. */
static void
loses_its_end(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	tell(&one, 'c');
	assert_bytes(0, 64);
	assert_lost(2 * PAGE - 8, 16);
	assert_lost(3 * PAGE, 16);
}

static void
detaches(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	start(&two);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	tell(&one, 'd');
	assert_bytes(0, SIZE);
	tell(&two, 'd');
	assert_lost(0, 16);
}

static void
ends(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	start(&two);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	kill_holder(&one);
	assert_bytes(0, SIZE);
	kill_holder(&two);
	assert_lost(0, 16);
}

/* It has the segment, and its memory is refused each time all the same. */
static void
never_to_be_read(void **state)
{
	char bytes[16];

	(void)state;
	make(PAGES);
	start(&one);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	fault("process_vm_readv", 0, EFAULT);
	assert_int_equal(shmt_view_get(view, 0, bytes, 16), -1);
	assert_int_equal(errno, ESRCH);
	assert_true(fault_end());
}

static void
may_not_be_read(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	fault("process_vm_readv", 0, EPERM);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), -1);
	assert_int_equal(errno, ESRCH);
	assert_true(fault_end());
}

/* Before Linux 6.11 the text of maps tells all there is. */
static void
without_query(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	fault("ioctl", 0, ENOTTY);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_bytes(0, SIZE);
	assert_true(fault_end());
}

/* Pages cannot be spliced out of another process: they are copied. */
static void
no_splicing(void **state)
{
	unsigned char first;

	struct shmt_transfer how = { .length = UINT64_MAX,
	    .flags = SHMT_ZERO_COPY };
	int fds[2];
	uint64_t done;

	(void)state;
	make(PAGES);
	start(&one);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(shmt_view_send(view, &how, fds[1], &done), 0);
	assert_int_equal(done, SIZE);
	assert_int_equal(read(fds[0], &first, 1), 1);
	assert_int_equal(first, byte_at(0));
	close(fds[0]);
	close(fds[1]);
}

/* The first of two only by its memory, the second as a file. */
static void
then_as_a_file(void **state)
{
	(void)state;
	make(PAGES);
	start(&one);
	start(&two);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_NO_TRACE, &view), 0);
	assert_int_equal(view->fd, -1);
	use_capabilities(true);
	kill_holder(&one);
	assert_bytes(0, SIZE);
	if (view->fd == -1)
		skip();
}

static int
setup(void **state)
{
	(void)state;
	use_capabilities(false);
	return 0;
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_memory),
		TEST(beside_another),
		TEST(holes),
		TEST(in_parts),
		TEST(without_an_end),
		TEST(loses_its_end),
		TEST(detaches),
		TEST(ends),
		TEST(never_to_be_read),
		TEST(may_not_be_read),
		TEST(without_query),
		TEST(no_splicing),
		TEST(then_as_a_file),
	};

	if (emulated())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
