/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A System V semaphore that is held around a copy, with undo: the kernel
 * releases it when its holder exits.
 */

#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "shmtool.h"
#include "sys/file.h"

static int
find_set(const struct shmt_ref *ref, int *semid)
{
	int found;

	if (!ref->by_key) {
		*semid = ref->id;
		return 0;
	}
	/* Flags 0 and no semaphores ask for no permission and no number. */
	found = semget((key_t)ref->key, 0, 0);
	if (found == -1)
		return -1;
	*semid = found;
	return 0;
}

int
shmt_parse_semaphore(const char *text, struct shmt_semaphore *semaphore)
{
	struct shmt_ref ref;
	uint64_t sem = 0;
	char set[32];
	size_t length;
	int semid;

	length = strcspn(text, ":");
	if (length >= sizeof(set))
		return shmt__fail(EINVAL);
	memcpy(set, text, length);
	set[length] = '\0';
	if (shmt_parse_ref(set, &ref) == -1 || (text[length] == ':' &&
	    shmt_parse_number(text + length + 1, USHRT_MAX, &sem) == -1))
		return -1;
	/* "/NAME" and a path in /proc name other things. */
	if (ref.kind != SHMT_SYSV)
		return shmt__fail(EINVAL);
	if (find_set(&ref, &semid) == -1)
		return -1;
	semaphore->semid = semid;
	semaphore->index = (unsigned short)sem;
	return 0;
}

/* semop(2) and semctl(2) say so of a set or a semaphore that is not there. */
static int
map_errno(int result)
{
	if (result == -1 && (errno == EINVAL || errno == EIDRM))
		errno = ENOENT;
	else if (result == -1 && errno == EFBIG)
		errno = ERANGE;
	else if (result == -1 && errno == ERANGE)
		errno = EOVERFLOW;
	return result == -1 ? -1 : 0;
}

static int
change_semaphore(const struct shmt_semaphore *semaphore, short by,
    const struct timespec *limit)
{
	struct sembuf op = {
		.sem_num = semaphore->index,
		.sem_op = by,
		.sem_flg = SEM_UNDO
	};

	return map_errno(semtimedop(semaphore->semid, &op, 1, limit));
}

int
shmt_semaphore_acquire(const struct shmt_semaphore *semaphore, uint64_t timeout)
{
	struct timespec limit = { 0 };

	/* 68 years count as forever, and fit every time_t. */
	if (timeout / 1000 >= INT32_MAX)
		return change_semaphore(semaphore, -1, NULL);
	limit.tv_sec = (time_t)(timeout / 1000);
	limit.tv_nsec = (long)(timeout % 1000) * 1000000;
	return change_semaphore(semaphore, -1, &limit);
}

int
shmt_semaphore_release(const struct shmt_semaphore *semaphore)
{
	return change_semaphore(semaphore, 1, NULL);
}

int
shmt_semaphore_holder(const struct shmt_semaphore *semaphore, pid_t *pid)
{
	int last;

	last = semctl(semaphore->semid, semaphore->index, GETPID);
	if (map_errno(last) == -1)
		return -1;
	*pid = last;
	return 0;
}
