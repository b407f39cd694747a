/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Use and staleness of POSIX objects: each part of the proof, and that what
 * cannot be known does not hold.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "shm.h"
#include "sysv.h"
#include "users/ids.h"
#include "users/process.h"
#include "users/stale.h"

#define PAGE ((size_t)4096)
#define IDLE ((uint64_t)3600)

/* A user id that nobody here has. */
#define NOBODY_HERE 54321u

static struct shmt_info
info_of(const char *name)
{
	const struct shmt_object x = object(name);
	struct shmt_info info;

	assert_int_equal(shmt_info(&x, 0, &info), 0);
	return info;
}

/*
 * Use
 */

static bool
hold(const void *arg)
{
	int fd = open_object("x", O_RDWR);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	(void)arg;
	/* Two mappings and two descriptors. */
	return p != MAP_FAILED && munmap(p + PAGE, PAGE) == 0 &&
	    dup(fd) != -1;
}

static struct shmt_info
use_of(const char *name)
{
	struct shmt_info info = info_of(name);
	struct shmt_holders holders;

	assert_int_equal(shmt_holders_of_list(&info, 1, &holders), 0);
	shmt_fill_use(&info, &holders);
	shmt_holders_free(&holders);
	return info;
}

static void
used_and_unused(void **state)
{
	const unsigned all = SHMT_HAS_NATTCH | SHMT_HAS_FDS | SHMT_HAS_IN_USE;
	struct shmt_info info;
	pid_t user;

	(void)state;
	put_object("x", 3 * PAGE);
	user = start(hold, NULL);
	info = use_of("x");
	assert_int_equal(info.known & all, all);
	assert_true(info.in_use);
	assert_int_equal(info.nattch, 2);
	assert_int_equal(info.fds, 2);
	kill_child(user);
	info = use_of("x");
	assert_int_equal(info.known & all, all);
	assert_false(info.in_use);
	assert_int_equal(info.nattch + info.fds, 0);
}

static bool
send_to_myself(const void *arg)
{
	(void)arg;
	return send_to_nobody(open_object("x", O_RDONLY));
}

static void
used_by_nobody_visible(void **state)
{
	struct shmt_info info;
	pid_t user;

	(void)state;
	put_object("x", PAGE);
	user = start(send_to_myself, NULL);
	info = use_of("x");
	kill_child(user);
	assert_true(info.known & SHMT_HAS_IN_USE);
	assert_true(info.in_use);
	assert_int_equal(info.nattch + info.fds, 0);
}

static int
use_as_other(void)
{
	struct shmt_info info;

	if (!become_other_user())
		return 2;
	info = use_of("x");
	return (info.known & SHMT_HAS_IN_USE) == 0 && !info.in_use ? 0 : 1;
}

static void
use_that_may_not_be_asked_for(void **state)
{
	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	put_object("x", PAGE);
	assert_int_equal(in_child(use_as_other), 0);
}

static void
segments_have_a_count_of_their_own(void **state)
{
	struct shmt_request request = { .size = 1, .mode = 0600 };
	struct shmt_object object = { .kind = SHMT_SYSV };
	struct shmt_holders holders = { 0 };
	struct shmt_info info;
	bool created;
	void *at;

	(void)state;
	assert_int_equal(shmt__sysv_create(&request, &object.id, &created), 0);
	assert_int_equal(shmt__sysv_attach(object.id, NULL, 0, &at), 0);
	assert_int_equal(shmt_info(&object, 0, &info), 0);
	shmt_fill_use(&info, &holders);
	assert_true(info.in_use);
	assert_int_equal(info.nattch, 1);
	assert_false(info.known & SHMT_HAS_FDS);
	assert_int_equal(shmt_detach(at), 0);
	assert_int_equal(shmt__sysv_rmid(object.id), 0);
}

/*
 * The parts of the proof
 */

/* An object of an hour and more ago, unused, of a user who is not here. */
static struct shmt_info
stale_info(int64_t now)
{
	return (struct shmt_info){
		.object = { .kind = SHMT_POSIX, .name = "x" },
		.known = SHMT_HAS_IN_USE | SHMT_HAS_BTIME, .uid = NOBODY_HERE,
		.links = 1, .size = PAGE, .atime = now - 3700,
		.mtime = now - 3650, .ctime = now - 3600, .btime = now - 3800
	};
}

static void
each_part(void **state)
{
	const int64_t now = 1000000;
	/* No process at all, at a time when that was known. */
	struct shmt__ids nobody = { .taken = now, .boot = 0, .now = now,
	    .complete = true };
	struct shmt_object_proof proof;
	struct shmt_info info = stale_info(now);

	(void)state;
	shmt__check_object_stale(&info, &nobody, now, IDLE, &proof);
	assert_true(proof.stale && proof.one_name && proof.no_semaphore &&
	    proof.idle_enough);
	assert_int_equal(proof.unused, SHMT_YES);
	assert_int_equal(proof.creator_gone, SHMT_YES);
	assert_int_equal(proof.idle, 3600);
	shmt__check_object_stale(&info, &nobody, now, IDLE + 1, &proof);
	assert_false(proof.stale || proof.idle_enough);
	info.links = 2;
	shmt__check_object_stale(&info, &nobody, now, IDLE, &proof);
	assert_false(proof.stale || proof.one_name);
	info = stale_info(now);
	info.state = SHMT_SEM;
	shmt__check_object_stale(&info, &nobody, now, IDLE, &proof);
	assert_false(proof.stale || proof.no_semaphore);
	info = stale_info(now);
	info.in_use = true;
	shmt__check_object_stale(&info, &nobody, now, IDLE, &proof);
	assert_false(proof.stale);
	assert_int_equal(proof.unused, SHMT_NO);
	info = stale_info(now);
	info.known = 0;
	shmt__check_object_stale(&info, &nobody, now, IDLE, &proof);
	assert_false(proof.stale);
	assert_int_equal(proof.unused, SHMT_CANNOT_TELL);
	info = stale_info(now);
	shmt__check_object_stale(&info, NULL, now, IDLE, &proof);
	assert_false(proof.stale);
	assert_int_equal(proof.creator_gone, SHMT_CANNOT_TELL);
	nobody.complete = false;
	shmt__check_object_stale(&info, &nobody, now, IDLE, &proof);
	assert_false(proof.stale || proof.complete);
	assert_int_equal(proof.creator_gone, SHMT_CANNOT_TELL);
	/* The list of processes is older than the object. */
	nobody.complete = true;
	nobody.taken = info.ctime;
	shmt__check_object_stale(&info, &nobody, now, 0, &proof);
	assert_int_equal(proof.creator_gone, SHMT_CANNOT_TELL);
	/* A time in the future. */
	info.mtime = now + 1;
	shmt__check_object_stale(&info, &nobody, now, 0, &proof);
	assert_int_equal(proof.idle, 0);
}

/* One process that started so many seconds after the boot. */
static enum shmt_answer
creator_gone(const struct shmt_info *info, const uint32_t uids[4],
    uint64_t started, int64_t boot, int64_t now)
{
	struct shmt__process process = { .pid = 77, .command = "python" };
	struct shmt__ids ids = { .taken = now, .boot = boot, .now = now,
	    .complete = true };
	struct shmt_object_proof proof;

	memcpy(process.uids, uids, sizeof(process.uids));
	process.started = started * (uint64_t)sysconf(_SC_CLK_TCK);
	SLIST_INSERT_HEAD(&ids.scan.processes, &process, link);
	shmt__check_object_stale(info, &ids, now, IDLE, &proof);
	if (proof.creator_gone != SHMT_YES) {
		assert_int_equal(proof.pid, 77);
		assert_string_equal(proof.command, "python");
	} else
		assert_int_equal(proof.pid, 0);
	return proof.creator_gone;
}

static void
processes_of_the_owner(void **state)
{
	const int64_t now = 1000000, boot = 1000;
	const struct shmt_info info = stale_info(now);
	/* When the object was last used, in seconds after the boot. */
	const uint64_t last = (uint64_t)(info.ctime - boot);
	uint32_t uids[4] = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(creator_gone(&info, uids, 1, boot, now), SHMT_YES);
	for (i = 0; i < 4; i++) {
		memset(uids, 0, sizeof(uids));
		uids[i] = NOBODY_HERE;
		assert_int_equal(creator_gone(&info, uids, 1, boot, now),
		    SHMT_NO);
		assert_int_equal(creator_gone(&info, uids, last, boot, now),
		    SHMT_NO);
		assert_int_equal(creator_gone(&info, uids, last + 100, boot,
		    now), SHMT_YES);
		/* The clock was set: the object is older than the boot. */
		assert_int_equal(creator_gone(&info, uids, 1, now - 100,
		    now), SHMT_CANNOT_TELL);
	}
}

static void
pids_in_names(void **state)
{
	static const struct {
		const char *name;
		pid_t pid;
	} rows[] = {
		{ "torch_8123_1804289383_0", 8123 }, { "torch_1_2", 1 },
		{ "sgl_shm_mm_5678_abcd1234", 5678 }, { "x", 0 },
		{ "torch_8123", 0 }, { "torch__1", 0 }, { "torch_x_1", 0 },
		{ "torch_0_1", 0 }, { "torch_-1_1", 0 },
		{ "torch_99999999999999999999_1", 0 },
		{ "torch_2147483648_1", 0 }, { "torch_1x_1", 0 },
		{ "sgl_shm_5678", 0 }, { "sgl_shm_mm_x_1", 0 },
		{ "sgl_shm_", 0 }, { "psm_8123_1", 0 }, { "nccl-8123_1", 0 },
		{ "PostgreSQL.8123", 0 }, { "Torch_8123_1", 0 }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (shmt__pid_in_name(rows[i].name) != rows[i].pid)
			fail_msg("%s", rows[i].name);
}

/* What a name says replaces the look at the owner's processes, unless one of
 * them is in another pid namespace. */
static void
the_process_that_a_name_names(void **state)
{
	struct shmt__process process = { .pid = 77, .uids = { NOBODY_HERE } };
	const int64_t now = time(NULL);
	struct shmt__ids ids = { .taken = now, .boot = 0, .now = now,
	    .complete = true };
	struct shmt_object_proof proof;
	struct shmt_info info = stale_info(now);
	char name[64];
	pid_t gone;

	(void)state;
	SLIST_INSERT_HEAD(&ids.scan.processes, &process, link);
	info.object.name = name;
	snprintf(name, sizeof(name), "torch_%d_1", (int)getppid());
	info.ctime = now;
	shmt__check_object_stale(&info, &ids, now, 0, &proof);
	assert_int_equal(proof.creator_gone, SHMT_NO);
	assert_true(proof.by_name);
	assert_int_equal(proof.pid, getppid());
	gone = fork();
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	snprintf(name, sizeof(name), "torch_%d_1", (int)gone);
	shmt__check_object_stale(&info, &ids, now, 0, &proof);
	assert_int_equal(proof.creator_gone, SHMT_YES);
	assert_true(proof.stale);
	assert_int_equal(proof.pid, gone);
	info = stale_info(now);
	info.object.name = name;
	process.nested = true;
	shmt__check_object_stale(&info, &ids, now, IDLE, &proof);
	assert_false(proof.stale || proof.by_name);
	assert_int_equal(proof.pid, 77);
	process.nested = false;
	ids.complete = false;
	shmt__check_object_stale(&info, &ids, now, IDLE, &proof);
	assert_false(proof.stale || proof.by_name);
}

/*
 * The look at all processes
 */

static const struct shmt__process *
process_of(const struct shmt__ids *ids, pid_t pid)
{
	const struct shmt__process *process;

	SLIST_FOREACH(process, &ids->scan.processes, link)
		if (process->pid == pid)
			return process;
	return NULL;
}

static bool
in_pid_namespace(void)
{
	char link[64] = "";

	return readlink("/proc/self/ns/pid", link, sizeof(link) - 1) == -1 ||
	    strcmp(link, "pid:[4026531836]") != 0;
}

static void
all_processes(void **state)
{
	const struct shmt__process *process;
	struct shmt__ids ids;
	siginfo_t ended;
	pid_t zombie;

	(void)state;
	zombie = fork();
	if (zombie == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)zombie, &ended,
	    WEXITED | WNOWAIT), 0);
	assert_int_equal(shmt__ids_read(&ids), 0);
	assert_int_equal(waitpid(zombie, NULL, 0), zombie);
	process = process_of(&ids, getpid());
	assert_non_null(process);
	assert_true(shmt__has_uid(process, getuid()));
	assert_false(shmt__has_uid(process, NOBODY_HERE));
	assert_false(process->nested);
	assert_true(process->started > 0);
	assert_string_equal(process->command, "stale");
	/* Neither what has exited, nor a thread of the kernel. */
	assert_null(process_of(&ids, zombie));
	assert_null(process_of(&ids, 2));
	if (in_pid_namespace())
		assert_false(ids.complete);
	shmt__ids_free(&ids);
	shmt__ids_free(&ids);
}

static bool
take_uids(const void *arg)
{
	const uint32_t *uid = arg;

	return setresuid(0, 0, *uid) == 0;
}

static void
a_saved_user_id(void **state)
{
	const uint32_t uid = NOBODY_HERE;
	const struct shmt__process *process;
	struct shmt__ids ids;
	pid_t other;

	(void)state;
	SKIP_WITHOUT_OTHER_USER;
	other = start(take_uids, &uid);
	assert_int_equal(shmt__ids_read(&ids), 0);
	process = process_of(&ids, other);
	assert_non_null(process);
	assert_true(shmt__has_uid(process, uid));
	assert_int_not_equal(process->uid, uid);
	shmt__ids_free(&ids);
	kill_child(other);
}

/* Its processes have another number in there, and from there others are not
 * seen at all. */
static int
read_inside(int go)
{
	struct shmt__ids ids;
	char c;

	/* Still the /proc of another namespace. */
	if (shmt__ids_read(&ids) != -1 || errno != ENOTSUP)
		return 3;
	if (read(go, &c, 1) != 1 || unshare(CLONE_NEWNS) == -1 ||
	    mount("proc", "/proc", "proc", 0, NULL) == -1)
		return 77;
	if (shmt__ids_read(&ids) == -1)
		return 4;
	return ids.complete ? 5 : 0;
}

static int
read_in_pid_namespace(void)
{
	struct shmt__ids ids;
	bool nested;
	int status, ends[2];
	pid_t pid;

	if (unshare(CLONE_NEWPID) == -1 || pipe(ends) == -1)
		return 77;
	pid = fork();
	if (pid == 0)
		_exit(read_inside(ends[0]));
	if (shmt__ids_read(&ids) == -1 || process_of(&ids, pid) == NULL)
		return 6;
	nested = process_of(&ids, pid)->nested;
	shmt__ids_free(&ids);
	if (!nested || write(ends[1], "", 1) != 1)
		return 7;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
	    WEXITSTATUS(status) : 1;
}

static void
another_pid_namespace(void **state)
{
	int status = in_child(read_in_pid_namespace);

	(void)state;
	if (status == 77) {
		print_message("# no PID namespace can be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void
hidden_processes(void **state)
{
	static const struct {
		const char *mounts;
		bool hides;
	} rows[] = {
		{ "", false },
		{ "21 1 0:20 / /proc rw,nosuid - proc proc rw\n", false },
		{ "21 1 0:20 / /proc rw - proc proc rw,hidepid=2\n", true },
		{ "21 1 0:20 / /proc rw - proc proc rw,hidepid=invisible\n",
		    true },
		{ "21 1 0:20 / /proc rw - proc proc rw,hidepid=0\n", false },
		{ "21 1 0:20 / /proc rw - proc proc rw,hidepid=off\n", false },
		{ "21 1 0:20 / /proc rw - proc proc rw,gid=4,hidepid=1\n",
		    true },
		{ "21 1 0:20 / /proc/x rw - proc proc rw,hidepid=2\n", false },
		{ "21 1 0:20 / /proc rw - proc proc rw\n"
		    "22 1 0:21 / /mnt/proc rw - proc proc rw,hidepid=2\n",
		    false },
		{ "21 1 0:20 / /proc rw - proc proc rw,hidepid=2\n"
		    "22 21 0:21 / /proc rw - proc proc rw\n", false },
		{ "21 1 0:20 / /proc rw - proc proc rw\n"
		    "22 21 0:21 / /proc rw - proc proc rw,hidepid=2\n", true }
	};
	char mounts[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strlcpy(mounts, rows[i].mounts, sizeof(mounts));
		if (shmt__parse_hidepid(mounts) != rows[i].hides)
			fail_msg("%s", rows[i].mounts);
	}
}

/* In a /proc that hides others nothing is known of them. */
static int
read_with_hidepid(void)
{
	struct shmt__ids ids;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") == -1)
		return 77;
	if (geteuid() == 0 && !become_other_user())
		return 77;
	return shmt__ids_read(&ids) == 0 && !ids.complete ? 0 : 1;
}

static void
a_proc_that_hides(void **state)
{
	int status = in_child(read_with_hidepid);

	(void)state;
	if (status == 77) {
		print_message("# no /proc can be mounted here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

#define TEST(function) cmocka_unit_test_teardown(function, shm_empty)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(used_and_unused),
		TEST(used_by_nobody_visible),
		TEST(use_that_may_not_be_asked_for),
		TEST(segments_have_a_count_of_their_own),
		TEST(each_part),
		TEST(processes_of_the_owner),
		TEST(pids_in_names),
		TEST(the_process_that_a_name_names),
		TEST(all_processes),
		TEST(a_saved_user_id),
		TEST(another_pid_namespace),
		TEST(hidden_processes),
		TEST(a_proc_that_hides),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
