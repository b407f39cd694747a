/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the tests of the write lease share.
 */

#ifndef LEASE_USE_H
#define LEASE_USE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm.h"
#include "users/lease.h"

#define NAME "x"
#define PAGE ((size_t)4096)

static inline enum shmt_answer
answer(void)
{
	const struct shmt_object x = object(NAME);

	return shmt__try_lease(&x);
}

#define TEST(function) cmocka_unit_test_teardown(function, shm_empty)

#endif
