/* SPDX-License-Identifier: BSD-2-Clause */

/* Segments by id, for unit tests. */

#ifndef TEST_SEGMENT_H
#define TEST_SEGMENT_H

#include "shmtool.h"

#define OF_ID(number) \
	(&(const struct shmt_object){ .kind = SHMT_SYSV, .id = (number) })

#endif
