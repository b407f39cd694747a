/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Saving and restoring: contents, suffixes, and what was damaged.
 */

#include <sys/ipc.h>
#include <sys/shm.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/digest.h"
#include "archive/meta.h"
#include "shmtool.h"
#include "sysv.h"
#include "segment.h"
#include "archive_made.h"

static void
restored_as_it_was(void **state)
{
	struct shmt_info before, after;
	struct shmt_failure failure;
	struct shmt_saved saved, again;
	int id, other = -1;
	char *p;

	(void)state;
	id = make_segment(KEY, SIZE, 0440);
	assert_int_equal(shmt__sysv_stat(id, &before), 0);
	save_ok(id, &saved);
	assert_true(shmt_same(&before, &saved.segment));
	assert_int_equal(saved.segment.lpid, before.lpid);
	assert_int_equal(saved.segment.nattch, 0);
	assert_int_equal(files(), 2);
	assert_int_equal(check_saved(saved.name, &again, &failure), 0);
	assert_memory_equal(again.digest, saved.digest, SHMT__DIGEST);
	shmt__sysv_rmid(id);
	assert_int_equal(
	    restore_to(saved.name, &plain, &other, &again, &failure), 0);
	assert_int_equal(again.lost, 0);
	assert_int_equal(shmt__sysv_stat(other, &after), 0);
	assert_int_equal(after.key, KEY);
	assert_int_equal(after.size, SIZE);
	assert_int_equal(after.mode, 0440);
	assert_int_equal(after.uid, before.uid);
	assert_int_equal(after.nattch, 0);
	p = shmat(other, NULL, SHM_RDONLY);
	assert_string_equal(p, "first");
	assert_int_equal(p[SIZE - 1], 'z');
	assert_int_equal(p[SIZE / 2], 0);
	shmdt(p);
}

static void
every_suffix(void **state)
{
	static const char *const suffixes[] = { "", ".meta", ".shm", ".7.shm" };
	struct shmt_failure failure;
	struct shmt_saved saved;
	char path[300], name[256];
	size_t i;
	int id;

	(void)state;
	id = make_segment(IPC_PRIVATE, 1, 0600);
	save_ok(id, &saved);
	strlcpy(name, saved.name, sizeof(name));
	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", name, suffixes[i]);
		assert_int_equal(shmt_saved_stem(path), strlen(name));
		assert_int_equal(check_saved(path, &saved, &failure), 0);
	}
	assert_int_equal(shmt_saved_stem("a.0.shm"), 3);
	assert_int_equal(shmt_saved_stem("a.b.shm"), 3);
	assert_int_equal(shmt_saved_stem(".1.shm"), 2);
	assert_int_equal(shmt_saved_stem(".meta"), 5);
	assert_int_equal(check_saved(".meta", &saved, &failure), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(failure.place, SHMT_AT_META);
}

static void
expect_damage(const char *name, enum shmt_place place,
    enum shmt_damage damage)
{
	struct shmt_failure failure;
	struct shmt_saved saved;
	unsigned before = segments();
	int id = -1;

	assert_int_equal(restore_to(name, &plain, &id, &saved, &failure), -1);
	assert_int_equal(errno, damage == SHMT_INTACT ? ENOENT : EBADMSG);
	assert_int_equal(failure.place, place);
	assert_int_equal(failure.damage, damage);
	assert_int_equal(id, -1);
	assert_int_equal(segments(), before);
}

static void
damaged_contents(void **state)
{
	struct shmt_saved saved;
	char path[300], gone[300];
	int id, fd;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &saved);
	shmt__sysv_rmid(id);
	snprintf(path, sizeof(path), "%s.shm", saved.name);
	fd = open(path, O_RDWR);
	assert_int_not_equal(fd, -1);
	/* One bit, in data, in a hole, at the end. */
	assert_int_equal(pwrite(fd, "g", 1, 0), 1);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	assert_int_equal(pwrite(fd, "f", 1, 0), 1);
	assert_int_equal(pwrite(fd, "\1", 1, 5000), 1);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	assert_int_equal(pwrite(fd, "\0", 1, 5000), 1);
	assert_int_equal(pwrite(fd, "{", 1, SIZE - 1), 1);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
	assert_int_equal(pwrite(fd, "z", 1, SIZE - 1), 1);
	assert_int_equal(ftruncate(fd, SIZE - 1), 0);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	assert_int_equal(ftruncate(fd, SIZE + 1), 0);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	assert_int_equal(ftruncate(fd, 0), 0);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_BAD_SIZE);
	close(fd);
	unlink(path);
	expect_damage(saved.name, SHMT_AT_CONTENTS, SHMT_INTACT);
	snprintf(gone, sizeof(gone), "%s.meta", saved.name);
	unlink(gone);
	expect_damage(saved.name, SHMT_AT_META, SHMT_INTACT);
}

static void
swapped_files(void **state)
{
	struct shmt_saved a, b;
	char from[300], to[300], *p;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	save_ok(id, &a);
	shmt__sysv_rmid(id);
	id = make_segment(KEY + 1, SIZE, 0600);
	p = shmat(id, NULL, 0);
	p[0] = 'F';
	shmdt(p);
	save_ok(id, &b);
	shmt__sysv_rmid(id);
	snprintf(from, sizeof(from), "%s.shm", b.name);
	snprintf(to, sizeof(to), "%s.shm", a.name);
	assert_int_equal(rename(from, to), 0);
	expect_damage(a.name, SHMT_AT_CONTENTS, SHMT_BAD_DIGEST);
}

/* A .meta or a .shm that is a link, a FIFO, a device. */
static void
not_a_file(void **state)
{
	static const struct {
		const char *suffix;
		enum shmt_place place;
	} rows[] = {
		{ "meta", SHMT_AT_META }, { "shm", SHMT_AT_CONTENTS }
	};
	struct shmt_failure failure;
	struct shmt_saved saved, damaged;
	char path[300];
	size_t i;
	int id;

	(void)state;
	id = make_segment(KEY, SIZE, 0600);
	for (i = 0; i < 2; i++) {
		save_ok(id, &saved);
		snprintf(path, sizeof(path), "%s.%s", saved.name,
		    rows[i].suffix);
		assert_int_equal(rename(path, "other"), 0);
		assert_int_equal(symlink("other", path), 0);
		assert_int_equal(check_saved(path, &damaged, &failure), -1);
		assert_int_equal(errno, ELOOP);
		assert_int_equal(failure.place, rows[i].place);
		unlink(path);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_int_equal(check_saved(path, &damaged, &failure), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(failure.place, rows[i].place);
		snprintf(path, sizeof(path), "%s.shm", saved.name);
		unlink(path);
		snprintf(path, sizeof(path), "%s.meta", saved.name);
		unlink(path);
	}
}

static void
absent_things(void **state)
{
	struct shmt_failure failure;
	struct shmt_saved saved;
	int id;

	(void)state;
	assert_int_equal(shmt_save(".", OF_ID(0x7fffffff), &quiet, &saved,
	    &failure), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(failure.place, SHMT_AT_SEGMENT);
	id = make_segment(KEY, SIZE, 0600);
	assert_int_equal(shmt_save("nowhere", OF_ID(id), &quiet, &saved,
	    &failure), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(failure.place, SHMT_AT_DIR);
	assert_int_equal(shmt_save("/dev/null", OF_ID(id), &quiet, &saved,
	    &failure), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(files(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TIDILY(restored_as_it_was),
		TIDILY(every_suffix),
		TIDILY(damaged_contents),
		TIDILY(swapped_files),
		TIDILY(not_a_file),
		TIDILY(absent_things),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
