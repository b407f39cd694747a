/* SPDX-License-Identifier: BSD-2-Clause */

/* Segments by id, for unit tests. */

#ifndef TEST_SEGMENT_H
#define TEST_SEGMENT_H

#include "shmtool.h"

#define OF_ID(number) \
	(&(const struct shmt_object){ .kind = SHMT_SYSV, .id = (number) })

static inline int
restore_to(const char *file, const struct shmt_restoring *how, int *id,
    struct shmt_saved *saved, struct shmt_failure *failure)
{
	struct shmt_object object = { .id = -1 };
	int result;

	result = shmt_restore(file, how, &object, saved, failure);
	if (result == 0)
		*id = object.id;
	return result;
}

#endif
