/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the tests of views share.
 */

#ifndef COPY_VIEW_H
#define COPY_VIEW_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../fault/fault.h"
#include "bytes/view_ops.h"
#include "shmtool.h"
#include "sysv.h"
#include "world.h"
#include "segment.h"

#define SIZE ((size_t)3 * 65536 + 1)

struct fixture {
	int id;
	struct shmt_view *view;
};

static inline int
setup(void **state)
{
	struct shmt_request request = { .size = SIZE, .mode = 0600 };
	static struct fixture f;
	bool created;

	if (shmt__sysv_create(&request, &f.id, &created) == -1 ||
	    shmt_view_open(OF_ID(f.id), SHMT_WRITE, &f.view) == -1)
		return -1;
	*state = &f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	shmt_view_close(f->view);
	return shmt__sysv_rmid(f->id);
}

static inline bool
cancel(void *arg, uint64_t done)
{
	*(uint64_t *)arg = done;
	return true;
}

/* A view by a mapping. */
static inline struct shmt_view *
view_by_mapping(int id)
{
	struct shmt_view *view;

	use_capabilities(false);
	assert_int_equal(shmt_view_open(OF_ID(id), SHMT_WRITE, &view), 0);
	use_capabilities(true);
	assert_non_null(view->mapped);
	return view;
}

static inline unsigned
calls_of(const char *name)
{
	unsigned i;

	for (i = 0; strcmp(fault_name(i), name) != 0; i++)
		continue;
	return fault_calls(i);
}

static inline uint64_t
pages_of(int id)
{
	struct shmt_info segment;

	assert_int_equal(shmt__sysv_stat_rss(id, &segment), 0);
	return segment.rss + segment.swap;
}

#endif
