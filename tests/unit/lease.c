/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The write lease as a proof that nobody uses a POSIX object: each kind of
 * use, and who may ask.
 */

#include <sys/inotify.h>
#include <sys/syscall.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "shm.h"
#include "users/holders.h"
#include "users/lease.h"
#include "lease_use.h"

/* How many processes /proc shows that use the object. */
static size_t
visible_users(void)
{
	const struct shmt_object x = object(NAME);
	struct shmt_holders holders;
	struct shmt_info info;
	size_t count;

	assert_int_equal(shmt_info(&x, 0, &info), 0);
	assert_int_equal(shmt_holders(&info.object, &holders), 0);
	count = holders.count;
	shmt_holders_free(&holders);
	return count;
}

/*
 * What somebody else may have
 */

static bool
nothing(const void *arg)
{
	(void)arg;
	return true;
}

static bool
read_only(const void *arg)
{
	(void)arg;
	return open_object(NAME, O_RDONLY) != -1;
}

static bool
read_write(const void *arg)
{
	(void)arg;
	return open_object(NAME, O_RDWR) != -1;
}

static bool
map(int flags)
{
	int fd = open_object(NAME, O_RDWR);
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	return p != MAP_FAILED && close(fd) == 0;
}

static bool
shared_mapping(const void *arg)
{
	(void)arg;
	return map(MAP_SHARED);
}

static bool
private_mapping(const void *arg)
{
	(void)arg;
	return map(MAP_PRIVATE);
}

/* A descriptor that was sent and not yet received. */
static bool
in_flight(const void *arg)
{
	(void)arg;
	return send_to_nobody(open_object(NAME, O_RDONLY));
}

static bool
path_descriptor(const void *arg)
{
	(void)arg;
	return open_object(NAME, O_PATH) != -1;
}

static bool
watch(const void *arg)
{
	int fd = inotify_init1(IN_CLOEXEC);

	(void)arg;
	return inotify_add_watch(fd, SHM "/" NAME, IN_ALL_EVENTS) != -1;
}

static bool
bind_mount(const void *arg)
{
	(void)arg;
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(SHM "/" NAME, "/proc/uptime", NULL, MS_BIND, NULL) == 0;
}

static bool
second_link(const void *arg)
{
	(void)arg;
	return link(SHM "/" NAME, SHM "/other") == 0;
}

static const struct use {
	const char *name;
	bool (*begin)(const void *arg);
	enum shmt_answer answer;
	size_t visible;
} uses[] = {{"a descriptor for reading", read_only, SHMT_NO, 1},
    {"a descriptor for writing", read_write, SHMT_NO, 1},
    {"a shared mapping", shared_mapping, SHMT_NO, 1},
    {"a private mapping", private_mapping, SHMT_NO, 1},
    {"a descriptor in flight", in_flight, SHMT_NO, 0},
    {"an O_PATH descriptor", path_descriptor, SHMT_YES, 0},
    {"a watch", watch, SHMT_YES, 0},
    {"a bind mount", bind_mount, SHMT_YES, 0},
    {"a second link", second_link, SHMT_YES, 0},
    {"nothing", nothing, SHMT_YES, 0}};

static void
each_use(void **state)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;
	const struct use *use;
	pid_t user;
	int result;

	(void)state;
	for (use = uses; use < uses + sizeof(uses) / sizeof(uses[0]); use++) {
		put_object(NAME, PAGE);
		user = start(use->begin, NULL);
		if (answer() != use->answer)
			fail_msg("%s: not answer %d", use->name, use->answer);
		if (visible_users() != use->visible)
			fail_msg("%s: %zu visible, not %zu", use->name,
			    visible_users(), use->visible);
		result = shmt_remove(&x, 0, &removal);
		if (use->answer == SHMT_YES) {
			assert_int_equal(result, 0);
			assert_true(removal.by_lease);
			assert_false(removal.opened);
			assert_false(has_name(NAME));
		} else {
			assert_int_equal(result, -1);
			assert_int_equal(errno, EBUSY);
			assert_true(has_name(NAME));
		}
		kill_child(user);
		shm_empty(NULL);
	}
}

/* Removed by force, the memory stays with those who use it. */
static void
force(void **state)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;
	pid_t user;

	(void)state;
	put_object(NAME, PAGE);
	user = start(shared_mapping, NULL);
	assert_int_equal(shmt_remove(&x, SHMT_FORCE, &removal), 0);
	assert_false(removal.by_lease);
	assert_false(has_name(NAME));
	kill_child(user);
	assert_int_equal(shmt_remove(&x, SHMT_FORCE, NULL), -1);
	assert_int_equal(errno, ENOENT);
}

static int
set_up_io_uring(void)
{
#ifdef SYS_io_uring_setup
	/* struct io_uring_params: 120 bytes, of which none must be set. */
	uint32_t params[30] = {0};

	return (int)syscall(SYS_io_uring_setup, 1, params);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static bool
registered_file(const void *arg)
{
#ifdef SYS_io_uring_register
	int fd = open_object(NAME, O_RDONLY), ring = set_up_io_uring();

	(void)arg;
	return syscall(SYS_io_uring_register, ring, 2, &fd, 1) == 0 &&
	       close(fd) == 0;
#else
	(void)arg;
	return false;
#endif
}

static void
io_uring(void **state)
{
	int ring = set_up_io_uring();
	pid_t user;

	(void)state;
	if (ring == -1) {
		print_message("# io_uring_setup: %s\n", strerror(errno));
		skip();
	}
	close(ring);
	put_object(NAME, PAGE);
	user = start(registered_file, NULL);
	assert_int_equal(answer(), SHMT_NO);
	assert_int_equal(visible_users(), 0);
	kill_child(user);
}

/* In a pid namespace that does not show the process that has it open. */
static int
try_in_pid_namespace(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) == -1)
		return 77;
	pid = fork();
	if (pid == 0) {
		if (mount("proc", "/proc", "proc", 0, NULL) == -1)
			_exit(77);
		_exit(answer() == SHMT_NO &&
			      visible_users() == 0
			  ? 0
			  : 1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
		   ? WEXITSTATUS(status)
		   : 1;
}

static void
other_pid_namespace(void **state)
{
	pid_t user;
	int status;

	(void)state;
	put_object(NAME, PAGE);
	user = start(read_only, NULL);
	status = in_child(try_in_pid_namespace);
	kill_child(user);
	if (status == 77) {
		print_message("# no PID namespace can be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* As the owner, who may not look into the process that has it open. */
static int
try_as_owner(void)
{
	const struct shmt_object x = object(NAME);
	struct shmt_holders holders;
	struct shmt_info info;

	return become_other_user() && shmt_info(&x, 0, &info) == 0 &&
		       answer() == SHMT_NO &&
		       shmt_holders(&info.object, &holders) == 0 &&
		       holders.count == 0 && holders.hidden > 0
		   ? 0
		   : 1;
}

static void
process_that_may_not_be_looked_into(void **state)
{
	pid_t user;
	int status;

	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object(NAME, PAGE);
	assert_int_equal(chown(SHM "/" NAME, 65534, 65534), 0);
	user = start(read_write, NULL);
	status = in_child(try_as_owner);
	kill_child(user);
	assert_int_equal(status, 0);
}

/*
 * Who may ask
 */

static int
try_as_other(void)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;

	return become_other_user() && answer() == SHMT_CANNOT_TELL &&
		       shmt_remove(&x, 0, &removal) == -1 && errno == EPERM
		   ? 0
		   : 1;
}

/* Whether it is in use or not, permission is what is missing. */
static void
another_user_may_not_ask(void **state)
{
	pid_t user;

	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object(NAME, PAGE);
	assert_int_equal(chmod(SHM "/" NAME, 0666), 0);
	assert_int_equal(in_child(try_as_other), 0);
	assert_int_equal(chmod(SHM "/" NAME, 0600), 0);
	assert_int_equal(in_child(try_as_other), 0);
	user = start(read_write, NULL);
	assert_int_equal(in_child(try_as_other), 0);
	kill_child(user);
	assert_true(has_name(NAME));
}

/* Root with the capabilities of a container: the owner's id is taken for the
 * question, and nothing of that is left. */
static int
try_without_cap_lease(void)
{
	int death = 0;

	if (prctl(PR_SET_PDEATHSIG, SIGUSR1) == -1 ||
	    prctl(PR_SET_DUMPABLE, 1) == -1)
		return 2;
	drop_capability(CAP_LEASE);
	if (answer() != SHMT_YES)
		return 3;
	return prctl(PR_GET_PDEATHSIG, &death) == 0 && death == SIGUSR1 &&
		       prctl(PR_GET_DUMPABLE) == 1 &&
		       access("/proc/self/mem", W_OK) == 0
		   ? 0
		   : 4;
}

static int
try_without_cap_setuid(void)
{
	drop_capability(CAP_LEASE);
	drop_capability(CAP_SETUID);
	return answer() == SHMT_CANNOT_TELL ? 0 : 1;
}

static void
root_without_cap_lease(void **state)
{
	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object(NAME, PAGE);
	assert_int_equal(chown(SHM "/" NAME, 65534, 65534), 0);
	assert_int_equal(in_child(try_without_cap_lease), 0);
	assert_int_equal(in_child(try_without_cap_setuid), 0);
}

static void
a_file_system_without_leases(void **state)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;
	struct shmt_info info;
	int result;

	(void)state;
	put_object(NAME, PAGE);
	assert_int_equal(shmt_info(&x, 0, &info), 0);
	/* The first fcntl() names the receiver of the signal. */
	fault("fcntl64", 2, EINVAL);
	assert_int_equal(answer(), SHMT_CANNOT_TELL);
	fault("fcntl64", 2, EINVAL);
	result = shmt_remove(&info.object, 0, &removal);
	assert_true(fault_end());
	assert_int_equal(result, removal.hidden > 0 ? -1 : 0);
	assert_false(removal.by_lease);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_use),
		TEST(force),
		TEST(io_uring),
		TEST(other_pid_namespace),
		TEST(process_that_may_not_be_looked_into),
		TEST(another_user_may_not_ask),
		TEST(root_without_cap_lease),
		TEST(a_file_system_without_leases),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
