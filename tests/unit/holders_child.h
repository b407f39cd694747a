/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Processes that attach segments, for unit tests.
 */

#ifndef HOLDERS_CHILD_H
#define HOLDERS_CHILD_H

#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "child.h"
#include "segment.h"
#include "shmtool.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/maps.h"
#include "users/process.h"

#define KEY 0x4d2
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

struct seen {
	uint64_t inode[8];
	size_t count, stop_at;
};

static inline enum shmt__choice
choose_all(void *arg, const struct shmt__mapping *mapping)
{
	(void)arg;
	(void)mapping;
	return SHMT__TAKE_WITH_NAME;
}

/* Notes the mappings of segments. */
static inline int
see(void *arg, const struct shmt__mapping *mapping, const char *name)
{
	struct seen *seen = arg;
	uint32_t key;

	if (!shmt__parse_segment_name(name, &key))
		return 0;
	assert_true(seen->count < 8);
	seen->inode[seen->count++] = mapping->inode;
	if (seen->count == seen->stop_at) {
		errno = EXFULL;
		return -1;
	}
	return 0;
}

static inline int
read_maps(int fd, struct seen *seen)
{
	const struct shmt__maps_reader reader = { true, choose_all, see,
	    seen };

	return shmt__read_maps(fd, &reader);
}

static inline int
make(key_t key, size_t size, int flags)
{
	int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0700 | flags);

	assert_int_not_equal(id, -1);
	return id;
}

static inline void
drop(int id)
{
	shmctl(id, IPC_RMID, NULL);
}

static inline uint64_t
nattch(int id)
{
	struct shmid_ds ds;

	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	return ds.shm_nattch;
}

static inline void
assert_same(const struct shmt_holders *a, const struct shmt_holders *b)
{
	const struct shmt_holder *x, *y;
	size_t i;

	assert_int_equal(a->count, b->count);
	for (i = 0; i < a->count; i++) {
		x = &a->list[i];
		y = &b->list[i];
		assert_int_equal(x->object.id, y->object.id);
		assert_int_equal(x->key, y->key);
		assert_int_equal(x->pid, y->pid);
		assert_int_equal(x->uid, y->uid);
		assert_int_equal(x->access, y->access);
		assert_int_equal(x->huge, y->huge);
		assert_true(x->address == y->address);
		assert_true(x->size == y->size);
		assert_int_equal(x->maps, y->maps);
		assert_string_equal(x->command, y->command);
	}
}

/* The holders of one id, by every way there is: all the same.  Without the
 * ioctl of Linux 6.11 it is the text that is read. */
static inline struct shmt_holders
holders_of(int id)
{
	struct shmt_holders text, query, all;
	const struct shmt_holder *run;
	size_t count;

	fault("ioctl", 0, ENOTTY);
	assert_int_equal(shmt_holders(OF_ID(id), &text), 0);
	fault_end();
	assert_int_equal(shmt_holders(OF_ID(id), &query), 0);
	assert_same(&text, &query);
	shmt_holders_free(&query);
	assert_int_equal(shmt_holders(NULL, &all), 0);
	run = shmt_holders_of(&all, OF_ID(id), &count);
	assert_int_equal(count, text.count);
	if (count > 0)
		assert_int_equal(run->pid, text.list[0].pid);
	shmt_holders_free(&all);
	return text;
}

static inline bool
is_complete(const struct shmt_holders *holders, int id)
{
	struct shmt_info s;

	assert_int_equal(shmt__sysv_stat(id, &s), 0);
	return shmt_holders_complete(holders, &s);
}

static inline bool
attach(const void *arg)
{
	const int *id = arg;

	return shmat(*id, NULL, 0) != (void *)-1;
}

/* In a child: dies with its parent, also with one that is dead by now. */
static inline void
die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

#endif
