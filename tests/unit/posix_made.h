/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the tests of POSIX objects share.
 */

#ifndef POSIX_MADE_H
#define POSIX_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm.h"

#define PAGE ((size_t)4096)

static inline void
plant_others(void)
{
	int fd;

	assert_int_equal(mkdir(SHM "/directory", 0700), 0);
	assert_int_equal(mkdir(SHM "/directory/below", 0700), 0);
	put_object("directory/file", 3 * PAGE);
	put_object("directory/below/file", PAGE);
	assert_int_equal(symlink("small", SHM "/link"), 0);
	assert_int_equal(symlink("nowhere", SHM "/dangling"), 0);
	assert_int_equal(mkfifo(SHM "/fifo", 0600), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
	    bind(fd,
		&(struct sockaddr){.sa_family = AF_UNIX, .sa_data = SHM "/so"},
		sizeof(struct sockaddr)),
	    0);
	close(fd);
}

#define TEST(function) cmocka_unit_test_teardown(function, shm_empty)

#endif
