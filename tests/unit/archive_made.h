/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the tests of archives share.
 */

#ifndef ARCHIVE_MADE_H
#define ARCHIVE_MADE_H

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "sysv.h"
#include "segment.h"

#define KEY 0x5afe
#define SIZE 10000

static const struct shmt_saving quiet;
static const struct shmt_restoring plain;
static char dir[] = "/tmp/shmtool-archive.XXXXXX";

static inline int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL || chdir(dir) == -1 ? -1 : 0;
}

static inline int
remove_file(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int
remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_file, 8, FTW_DEPTH | FTW_PHYS);
}

/* A segment with a few bytes in it. */
static inline int
make_segment(key_t key, size_t size, unsigned mode)
{
	int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);
	struct shmid_ds ds;
	char *p;

	assert_int_not_equal(id, -1);
	p = shmat(id, NULL, 0);
	assert_ptr_not_equal(p, (void *)-1);
	memcpy(p, "first", sizeof("first"));
	p[size - 1] = 'z';
	shmdt(p);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	ds.shm_perm.mode = (unsigned short)mode;
	assert_int_equal(shmctl(id, IPC_SET, &ds), 0);
	return id;
}

static inline unsigned
files(void)
{
	const struct dirent *entry;
	unsigned count = 0;
	DIR *d = opendir(".");

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	closedir(d);
	return count;
}

static inline unsigned
segments(void)
{
	struct shmt_info *list;
	size_t count;

	assert_int_equal(shmt__sysv_all(false, &list, &count), 0);
	free(list);
	return (unsigned)count;
}

static inline void
clear_files(void)
{
	struct dirent *entry;
	DIR *d = opendir(".");

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		unlink(entry->d_name);
	closedir(d);
}

static inline void
clear(void)
{
	struct shmt_info *list;
	size_t count, i;

	clear_files();
	assert_int_equal(shmt__sysv_all(false, &list, &count), 0);
	for (i = 0; i < count; i++)
		shmt__sysv_rmid(list[i].object.id);
	free(list);
}

static inline int
tidy(void **state)
{
	(void)state;
	clear();
	return 0;
}

static inline void
save_ok(int id, struct shmt_saved *saved)
{
	struct shmt_failure failure;

	if (shmt_save(".", OF_ID(id), &quiet, saved, &failure) == -1)
		fail_msg("place %d: %s", (int)failure.place, strerror(errno));
}

/* Restores a file as a private segment, which is removed again. */
static inline int
check_saved(const char *file, struct shmt_saved *saved,
    struct shmt_failure *failure)
{
	const struct shmt_restoring how = { .flags = SHMT_OTHER_KEY };
	int id = -1;

	if (restore_to(file, &how, &id, saved, failure) == -1)
		return -1;
	return shmt__sysv_rmid(id);
}

#define TIDILY(test) cmocka_unit_test_teardown(test, tidy)

#endif
