/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Removal under the write lease: the signal that announces an opener, another
 * process that asks, and objects that were replaced.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "shm.h"
#include "users/lease.h"
#include "lease_use.h"

/* The owner may not read it, so that no lease can be asked for. */
static int
remove_unreadable(void)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;
	int fd, result;

	drop_capability(CAP_DAC_OVERRIDE);
	drop_capability(CAP_DAC_READ_SEARCH);
	fd = open_object(NAME, O_WRONLY);
	if (answer() != SHMT_CANNOT_TELL || fd == -1)
		return 2;
	result = shmt_remove(&x, 0, &removal);
	if (result != -1 || errno != EBUSY || !has_name(NAME))
		return 3;
	close(fd);
	/* Each process that could not be looked into may use it. */
	result = shmt_remove(&x, 0, &removal);
	if (removal.hidden > 0)
		return result == -1 && errno == EBUSY ? 0 : 4;
	return result == 0 && !removal.by_lease && !has_name(NAME) ? 0 : 5;
}

static void
without_a_lease_proc_decides(void **state)
{
	(void)state;
	put_object(NAME, PAGE);
	assert_int_equal(chmod(SHM "/" NAME, 0200), 0);
	assert_int_equal(in_child(remove_unreadable), 0);
}

/*
 * Other programs that open it meanwhile
 */

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
	(void)number;
	signals++;
}

static int
leased(struct shmt__lease *lease)
{
	int fd = open_object(NAME, O_RDONLY | O_NONBLOCK);

	assert_int_not_equal(fd, -1);
	assert_int_equal(shmt__lease_take(lease, fd, geteuid()), 0);
	return fd;
}

/* Nobody is killed by SIGIO, nor is a handler called that the program has for
 * it: of openers SIGURG tells. */
static void
an_opener_is_noticed(void **state)
{
	struct sigaction count = {.sa_handler = count_signal}, old;
	struct shmt__lease lease;
	int fd;

	(void)state;
	put_object(NAME, PAGE);
	/* By default it would end this program. */
	fd = leased(&lease);
	assert_true(shmt__lease_is_held(&lease));
	assert_int_equal(open_object(NAME, O_RDONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, EAGAIN);
	assert_false(shmt__lease_is_held(&lease));
	shmt__lease_drop(&lease);
	close(fd);
	assert_int_equal(sigaction(SIGIO, &count, &old), 0);
	fd = leased(&lease);
	assert_int_equal(open_object(NAME, O_RDONLY | O_NONBLOCK), -1);
	shmt__lease_drop(&lease);
	close(fd);
	assert_int_equal(signals, 0);
	assert_int_equal(sigaction(SIGIO, &old, NULL), 0);
}

/* Another looker has it for some milliseconds. */
static bool
look_for_a_while(const void *arg)
{
	const struct timespec while_ = {0, 6L * 1000 * 1000};
	int fd = open_object(NAME, O_RDONLY);

	(void)arg;
	if (fd == -1)
		return false;
	if (fork() == 0) {
		nanosleep(&while_, NULL);
		_exit(0);
	}
	return close(fd) == 0;
}

static void
another_looker(void **state)
{
	bool busy = false, granted = false;
	struct shmt__lease lease;
	pid_t looker;
	int tries, fd;

	(void)state;
	put_object(NAME, PAGE);
	/* The looker may have gone before we look, or stay longer than asked
	 * for, where a processor is waited for. */
	for (tries = 0; tries < 100 && !(busy && granted); tries++) {
		looker = start(look_for_a_while, NULL);
		fd = open_object(NAME, O_RDONLY);
		busy = shmt__lease_take(&lease, fd, getuid()) == -1;
		close(fd);
		granted = answer() == SHMT_YES;
		kill_child(looker);
	}
	assert_true(busy && granted);
}

/*
 * What has the name by now
 */

static void
a_replaced_object_stays(void **state)
{
	const struct shmt_object x = object(NAME);
	struct shmt_info info;

	(void)state;
	put_object(NAME, PAGE);
	assert_int_equal(shmt_info(&x, 0, &info), 0);
	/* The old one stays there, lest the new one gets its number. */
	assert_int_equal(rename(SHM "/" NAME, SHM "/old"), 0);
	put_object(NAME, PAGE);
	assert_int_equal(shmt__try_lease(&info.object), SHMT_CANNOT_TELL);
	assert_int_equal(shmt_remove(&info.object, 0, NULL), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(shmt_remove(&info.object, SHMT_FORCE, NULL), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(has_name(NAME));
}

static void
what_is_no_object_stays(void **state)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {{"directory", EISDIR}, {"link", ELOOP}, {"fifo", ENXIO},
	    {"absent", ENOENT}, {"", EINVAL}, {"..", EINVAL}, {"a/b", EINVAL}};
	struct shmt_object x;
	unsigned flags;
	size_t i;

	(void)state;
	put_object(NAME, PAGE);
	assert_int_equal(mkdir(SHM "/directory", 0700), 0);
	assert_int_equal(symlink(NAME, SHM "/link"), 0);
	assert_int_equal(mkfifo(SHM "/fifo", 0600), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (flags = 0; flags <= SHMT_FORCE; flags += SHMT_FORCE) {
			x = object(rows[i].name);
			assert_int_equal(shmt_remove(&x, flags, NULL), -1);
			assert_int_equal(errno, rows[i].error);
		}
	assert_true(has_name("directory") && has_name("link") &&
		    has_name("fifo") && has_name(NAME));
}

/*
 * An object that must not have changed
 */

static char *
map_object(int flags, int protection)
{
	int fd = open_object(NAME, flags);
	char *p;

	assert_int_not_equal(fd, -1);
	p = mmap(NULL, PAGE, protection, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	close(fd);
	return p;
}

static void
a_changed_object_stays(void **state)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;
	struct stat before, after;
	int changes;
	char *p;

	(void)state;
	put_object(NAME, PAGE);
	p = map_object(O_RDWR, PROT_READ | PROT_WRITE);
	p[0] = 'x';
	assert_int_equal(stat(SHM "/" NAME, &before), 0);
	assert_int_equal(shmt_changes_begin(&x, &changes), 0);
	p[0] = 'y';
	assert_false(shmt_changes_seen(changes));
	assert_int_equal(munmap(p, PAGE), 0);
	/* No time stamp tells of it. */
	assert_int_equal(stat(SHM "/" NAME, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	assert_true(shmt_changes_seen(changes));
	assert_int_equal(shmt_remove_unchanged(&x, changes, &removal), -1);
	assert_int_equal(errno, ECANCELED);
	assert_true(has_name(NAME));
	close(changes);
}

static void
an_unchanged_object_goes(void **state)
{
	const struct shmt_object x = object(NAME);
	struct shmt_removal removal;
	int changes;

	(void)state;
	put_object(NAME, PAGE);
	assert_int_equal(shmt_changes_begin(&x, &changes), 0);
	assert_int_equal(munmap(map_object(O_RDONLY, PROT_READ), PAGE), 0);
	assert_false(shmt_changes_seen(changes));
	assert_int_equal(shmt_remove_unchanged(&x, changes, &removal), 0);
	assert_true(removal.by_lease);
	assert_false(has_name(NAME));
	close(changes);
	assert_int_equal(shmt_changes_begin(&x, &changes), -1);
	assert_int_equal(errno, ENOENT);
}

static void
a_segment_has_no_changes(void **state)
{
	const struct shmt_object segment = { .kind = SHMT_SYSV, .id = 0 };
	struct shmt_removal removal;
	int changes;

	(void)state;
	assert_int_equal(shmt_changes_begin(&segment, &changes), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(shmt_remove_unchanged(&segment, 0, &removal), -1);
	assert_int_equal(errno, EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_lease_proc_decides),
		TEST(an_opener_is_noticed),
		TEST(another_looker),
		TEST(a_replaced_object_stays),
		TEST(what_is_no_object_stays),
		TEST(a_changed_object_stays),
		TEST(an_unchanged_object_goes),
		TEST(a_segment_has_no_changes),
	};

	if (emulated() || !own_shm())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
