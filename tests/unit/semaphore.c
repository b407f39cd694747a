/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Semaphores around a copy: the grammar, taking and giving, time-outs, and
 * holders that die.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"

#define KEY 0x5e3a

static int
set_up(void **state)
{
	static int semid;

	semid = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600);
	if (semid == -1 || semctl(semid, 0, SETVAL, 1) == -1 ||
	    semctl(semid, 2, SETVAL, 1) == -1)
		return -1;
	*state = &semid;
	return 0;
}

static int
tear_down(void **state)
{
	return semctl(*(int *)*state, 0, IPC_RMID);
}

static int
value(int semid, int index)
{
	return semctl(semid, index, GETVAL);
}

static void
grammar(void **state)
{
	static const struct {
		const char *text;
		int error;
	} wrong[] = {
		{ "", EINVAL }, { ":", EINVAL }, { ":1", EINVAL },
		{ "1:", EINVAL }, { "1:2:3", EINVAL }, { "1:-1", EINVAL },
		{ "1:0x1", EINVAL }, { "1: 1", EINVAL }, { "x", EINVAL },
		{ "-1", EINVAL }, { " 1", EINVAL }, { "1 ", EINVAL },
		{ "key:1", EINVAL }, { "ftok:/", EINVAL },
		{ "/x", EINVAL }, { "/dev/shm/x", EINVAL },
		{ "/proc/1/fd/2", EINVAL }, { "/x:1", EINVAL },
		{ "11111111111111111111111111111111111:0", EINVAL },
		{ "1:65536", ERANGE }, { "2147483648", ERANGE },
		{ "0x0", ERANGE }, { "0x100000000", ERANGE },
		{ "0x7777", ENOENT }, { "0x7777:1", ENOENT }
	};
	struct shmt_semaphore semaphore = { 42, 42 };
	int semid = *(int *)*state;
	char text[32];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		errno = 0;
		if (shmt_parse_semaphore(wrong[i].text, &semaphore) != -1 ||
		    errno != wrong[i].error || semaphore.semid != 42)
			fail_msg("\"%s\": errno %d", wrong[i].text, errno);
	}
	assert_int_equal(shmt_parse_semaphore("7:65535", &semaphore), 0);
	assert_int_equal(semaphore.semid, 7);
	assert_int_equal(semaphore.index, 65535);
	assert_int_equal(shmt_parse_semaphore("0", &semaphore), 0);
	assert_int_equal(semaphore.semid, 0);
	assert_int_equal(semaphore.index, 0);
	snprintf(text, sizeof(text), "0x%x:2", KEY);
	assert_int_equal(shmt_parse_semaphore(text, &semaphore), 0);
	assert_int_equal(semaphore.semid, semid);
	assert_int_equal(semaphore.index, 2);
}

static void
taken_and_given(void **state)
{
	int semid = *(int *)*state;
	struct shmt_semaphore semaphore = { semid, 2 };
	pid_t pid = 0;

	assert_int_equal(shmt_semaphore_acquire(&semaphore, UINT64_MAX), 0);
	assert_int_equal(value(semid, 2), 0);
	assert_int_equal(value(semid, 0), 1);
	assert_int_equal(shmt_semaphore_holder(&semaphore, &pid), 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(shmt_semaphore_acquire(&semaphore, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(shmt_semaphore_acquire(&semaphore, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(shmt_semaphore_release(&semaphore), 0);
	assert_int_equal(value(semid, 2), 1);
}

static void
absent(void **state)
{
	struct shmt_semaphore semaphore = { *(int *)*state, 3 };
	pid_t pid;

	assert_int_equal(shmt_semaphore_acquire(&semaphore, 0), -1);
	assert_int_equal(errno, ERANGE);
	semaphore.semid = 0x7fffffff;
	assert_int_equal(shmt_semaphore_acquire(&semaphore, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_semaphore_release(&semaphore), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_semaphore_holder(&semaphore, &pid), -1);
	assert_int_equal(errno, ENOENT);
}

static void
as_high_as_it_goes(void **state)
{
	int semid = *(int *)*state;
	struct shmt_semaphore semaphore = { semid, 0 };

	assert_int_equal(semctl(semid, 0, SETVAL, 32767), 0);
	assert_int_equal(shmt_semaphore_release(&semaphore), -1);
	assert_int_equal(errno, EOVERFLOW);
	assert_int_equal(semctl(semid, 0, SETVAL, 1), 0);
}

/* A child that holds it, until it is killed. */
static void
killed_holder(void **state)
{
	int semid = *(int *)*state, pipefd[2];
	struct shmt_semaphore semaphore = { semid, 0 };
	pid_t child, last = 0;
	char byte;

	assert_int_equal(pipe(pipefd), 0);
	child = fork();
	if (child == 0) {
		byte = shmt_semaphore_acquire(&semaphore, 0) == 0 ? 'y' : 'n';
		if (write(pipefd[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(pipefd[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(shmt_semaphore_acquire(&semaphore, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(shmt_semaphore_holder(&semaphore, &last), 0);
	assert_int_equal(last, child);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(shmt_semaphore_acquire(&semaphore, 10000), 0);
	assert_int_equal(shmt_semaphore_release(&semaphore), 0);
	close(pipefd[0]);
	close(pipefd[1]);
}

/* The set goes while somebody waits for it. */
static void *
remove_soon(void *arg)
{
	usleep(50000);
	semctl(*(int *)arg, 0, IPC_RMID);
	return NULL;
}

static void
removed_while_waiting(void **state)
{
	struct shmt_semaphore semaphore = { 0, 0 };
	pthread_t thread;
	int semid;

	(void)state;
	semid = semget(IPC_PRIVATE, 1, 0600);
	assert_int_not_equal(semid, -1);
	semaphore.semid = semid;
	assert_int_equal(pthread_create(&thread, NULL, remove_soon, &semid),
	    0);
	assert_int_equal(shmt_semaphore_acquire(&semaphore, UINT64_MAX), -1);
	assert_int_equal(errno, ENOENT);
	pthread_join(thread, NULL);
}

static void
note(int sig)
{
	(void)sig;
}

static void
interrupted(void **state)
{
	/* Again and again: the first may come before the wait begins. */
	const struct itimerval every = { { 0, 20000 }, { 0, 20000 } };
	const struct itimerval never = { 0 };
	struct shmt_semaphore semaphore = { *(int *)*state, 1 };
	struct sigaction act = { .sa_handler = note, .sa_flags = SA_RESTART };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	assert_int_equal(shmt_semaphore_acquire(&semaphore, UINT64_MAX), -1);
	assert_int_equal(errno, EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),
		cmocka_unit_test(taken_and_given),
		cmocka_unit_test(absent),
		cmocka_unit_test(as_high_as_it_goes),
		cmocka_unit_test(killed_holder),
		cmocka_unit_test(removed_while_waiting),
		cmocka_unit_test(interrupted)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
