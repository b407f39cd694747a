/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Removal of POSIX objects, raced for RACE_SECONDS (2) against processes that
 * create, open, map and close them, pass descriptors through sockets, fork
 * and exec.  A process that has an object open or mapped never finds its name
 * gone.  A process whose open(2) met the removal itself has memory without a
 * name from the start: the removal reports it.
 *
 * One that had found the name and was then interrupted, before the kernel
 * counted it as a user, cannot be noticed: about one of these in a hundred.
 *
 * A name that is unlinked and created again in the same microseconds may be
 * lost by the new object: that rate is measured apart.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "shm.h"

#define NAMES 40
#define USERS 6
#define REMOVERS 2
#define INODES (1u << 24)	/* numbers are not used twice */
#define PAGE ((size_t)4096)

struct counts {
	atomic_uint stop;
	atomic_uint opened;	/* with a name at first */
	atomic_uint lost;	/* of these, the name was gone later */
	atomic_uint late;	/* without a name from the start */
	atomic_uint removed, reported, in_use;
	atomic_uint errors;	/* what must not happen at all */
	/* By inode number: what happened to each object. */
	atomic_uchar fate[INODES];
};

enum { LATE = 1, REPORTED = 2 };

static struct counts *counts;

static const char *
random_name(unsigned *seed)
{
	static char name[32];

	snprintf(name, sizeof(name), "x%d", rand_r(seed) % NAMES);
	return name;
}

static void
note(ino_t inode, unsigned char fate)
{
	if (inode < INODES)
		atomic_fetch_or(&counts->fate[inode], fate);
	else
		atomic_fetch_add(&counts->errors, 1);
}

/* Whether the name is still that of this object. */
static bool
is_named(const char *name, ino_t inode)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), SHM "/%s", name);
	return lstat(path, &st) == 0 && st.st_ino == inode;
}

/* Now and then for longer than a removal retries. */
static void
wait_a_little(unsigned *seed)
{
	const struct timespec little = { 0, rand_r(seed) % 30 *
	    (rand_r(seed) % 40 == 0 ? 3000L : 1L) * 1000 };

	nanosleep(&little, NULL);
}

static void
hold_open(int fd, const char *name, unsigned *seed)
{
	(void)name;
	wait_a_little(seed);
	close(fd);
}

static void
hold_mapped(int fd, const char *name, unsigned *seed)
{
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	struct stat st;

	if (p == MAP_FAILED || fstat(fd, &st) == -1)
		atomic_fetch_add(&counts->errors, 1);
	close(fd);
	wait_a_little(seed);
	if (!is_named(name, st.st_ino))
		atomic_fetch_add(&counts->lost, 1);
	munmap(p, PAGE);
}

static int
receive_fd(int from)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec byte = { (char[]){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1 ||
	    CMSG_FIRSTHDR(&message) == NULL)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* For a while nobody has it open: it is in the socket. */
static void
hold_in_flight(int fd, const char *name, unsigned *seed)
{
	struct stat st;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == -1 ||
	    fstat(fd, &st) == -1 || send_fd(ends[0], fd) == -1) {
		atomic_fetch_add(&counts->errors, 1);
		return;
	}
	close(fd);
	wait_a_little(seed);
	fd = receive_fd(ends[1]);
	if (!is_named(name, st.st_ino))
		atomic_fetch_add(&counts->lost, 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

/* In a child: what it inherited keeps its name. */
static void
check_inherited(int fd, const char *name, unsigned *seed)
{
	struct stat st;

	wait_a_little(seed);
	if (fstat(fd, &st) == -1)
		atomic_fetch_add(&counts->errors, 1);
	else if (st.st_nlink == 0 || !is_named(name, st.st_ino))
		atomic_fetch_add(&counts->lost, 1);
}

static void
hold_in_child(int fd, const char *name, unsigned *seed)
{
	pid_t child = fork();

	if (child == 0) {
		check_inherited(fd, name, seed);
		_exit(0);
	}
	close(fd);
	waitpid(child, NULL, 0);
}

/* The program that is run has it as its standard input. */
static void
hold_by_exec(int fd, const char *name, unsigned *seed)
{
	pid_t child = fork();
	int status;

	(void)seed;
	if (child == 0) {
		dup2(fd, STDIN_FILENO);
		execl("/proc/self/exe", "race", name, NULL);
		_exit(2);
	}
	close(fd);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1)
		atomic_fetch_add(&counts->errors, 1);
	else
		atomic_fetch_add(&counts->lost,
		    (unsigned)WEXITSTATUS(status));
}

/* The program that is run. */
static int
hold_stdin(const char *name)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 && st.st_nlink == 1 &&
	    is_named(name, st.st_ino) ? 0 : 1;
}

static int
open_or_create(const char *name)
{
	char path[PATH_MAX];
	int fd = open_object(name, O_RDWR);

	if (fd != -1 || errno != ENOENT)
		return fd;
	snprintf(path, sizeof(path), SHM "/%s", name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1 && ftruncate(fd, (off_t)PAGE) == -1)
		atomic_fetch_add(&counts->errors, 1);
	return fd;
}

static void
use_objects(unsigned seed)
{
	void (*const holds[])(int fd, const char *name, unsigned *seed) = {
		hold_open, hold_mapped, hold_in_flight, hold_open,
		hold_mapped, hold_in_flight, hold_in_child, hold_by_exec };
	struct stat st;
	const char *name;
	int fd;

	while (!atomic_load(&counts->stop)) {
		name = random_name(&seed);
		fd = open_or_create(name);
		if (fd == -1) {
			if (errno != EEXIST)
				atomic_fetch_add(&counts->errors, 1);
			continue;
		}
		if (fstat(fd, &st) == -1 || st.st_nlink == 0) {
			atomic_fetch_add(&counts->late, 1);
			note(st.st_ino, LATE);
			close(fd);
			continue;
		}
		atomic_fetch_add(&counts->opened, 1);
		if (rand_r(&seed) % 2 == 0) {
			wait_a_little(&seed);
			if (!is_named(name, st.st_ino))
				atomic_fetch_add(&counts->lost, 1);
		}
		holds[rand_r(&seed) % 8](fd, name, &seed);
	}
}

static void
remove_one(const char *name)
{
	const struct shmt_object x = object(name);
	struct shmt_removal removal;
	struct shmt_info info;

	if (shmt_info(&x, 0, &info) == 0 &&
	    shmt_remove(&info.object, 0, &removal) == 0) {
		atomic_fetch_add(&counts->removed, 1);
		atomic_fetch_add(&counts->reported, removal.opened);
		if (removal.opened)
			note(info.object.inode, REPORTED);
		if (!removal.by_lease)
			atomic_fetch_add(&counts->errors, 1);
	} else if (errno == EBUSY)
		atomic_fetch_add(&counts->in_use, 1);
	else if (errno != ENOENT)
		atomic_fetch_add(&counts->errors, 1);
}

static void
remove_objects(unsigned seed)
{
	while (!atomic_load(&counts->stop))
		remove_one(random_name(&seed));
}

/* Objects that a process opened as they were removed, unreported. */
static unsigned
unreported(void)
{
	unsigned i, n = 0;

	for (i = 0; i < INODES; i++)
		n += atomic_load(&counts->fate[i]) == LATE;
	return n;
}

/* Runs children for RACE_SECONDS: each with its number, from 1 on. */
static void
run_children(unsigned n, void (*child)(unsigned number))
{
	const char *text = getenv("RACE_SECONDS");
	pid_t pids[USERS + REMOVERS];
	unsigned i;
	int status;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(counts, MAP_FAILED);
	for (i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			child(i + 1);
			_exit(0);
		}
		assert_int_not_equal(pids[i], -1);
	}
	sleep(text == NULL ? 2 : (unsigned)strtoul(text, NULL, 10));
	atomic_store(&counts->stop, 1);
	for (i = 0; i < n; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void
use_or_remove(unsigned number)
{
	if (number <= USERS)
		use_objects(number);
	else
		remove_objects(number);
}

static void
race(void **state)
{
	(void)state;
	run_children(USERS + REMOVERS, use_or_remove);
	print_message("# %u opened, %u removed, %u in use; %u opened as they "
	    "were removed, %u reported, %u not; %u lost their name\n",
	    counts->opened, counts->removed, counts->in_use, counts->late,
	    counts->reported, unreported(), counts->lost);
	assert_int_equal(counts->errors, 0);
	assert_int_equal(counts->lost, 0);
	assert_true(unreported() <= 1 + counts->late / 10);
	assert_true(counts->opened > 100 && counts->removed > 100 &&
	    counts->in_use > 10);
	munmap(counts, sizeof(*counts));
}

/* Links of an open object, after it was looked at some times. */
static nlink_t
links_after(int fd, unsigned looks)
{
	struct stat st = { .st_nlink = 1 };

	while (looks-- > 0)
		fstat(fd, &st);
	return st.st_nlink;
}

static void
recreate(void)
{
	int fd;

	unlink("/dev/shm/again");
	fd = open("/dev/shm/again", O_CREAT | O_EXCL | O_RDWR, 0600);
	if (fd == -1)
		return;
	atomic_fetch_add(&counts->opened, 1);
	if (links_after(fd, 20) == 0)
		atomic_fetch_add(&counts->lost, 1);
	close(fd);
}

static void
recreate_or_remove(unsigned number)
{
	const struct shmt_object object = { .kind = SHMT_POSIX,
	    .name = "again" };

	while (!atomic_load(&counts->stop))
		if (number == 1)
			recreate();
		else if (shmt_remove(&object, 0, NULL) == 0)
			atomic_fetch_add(&counts->removed, 1);
}

static void
race_again(void **state)
{
	(void)state;
	run_children(2, recreate_or_remove);
	print_message("# %u created again, %u removed, %u lost their name\n",
	    counts->opened, counts->removed, counts->lost);
	assert_true(counts->opened > 100 && counts->removed > 0);
	assert_true(counts->lost <= 1 + counts->opened / 50);
	munmap(counts, sizeof(*counts));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race, shm_empty),
		cmocka_unit_test_teardown(race_again, shm_empty),
	};

	if (argc > 1)
		return hold_stdin(argv[1]);
	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
