/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What bounds our memory, by trees of /proc and of cgroups of both versions
 * in a directory of our own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bytes/memcg.h"
#include "shmtool.h"
#include "root.h"

#define MIB ((uint64_t)1 << 20)

/* The figures of one cgroup, as its files have them. */
static void
group(const char *folder, bool second, const char *limit, const char *used)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.%s", folder,
	    second ? "max" : "limit_in_bytes");
	put(path, limit);
	snprintf(path, sizeof(path), "%s/memory.%s", folder,
	    second ? "current" : "usage_in_bytes");
	put(path, used);
}

static void
expect_left(const char *where, uint64_t limit, uint64_t used, uint64_t left)
{
	struct shmt_headroom room;

	assert_true(shmt__headroom(root, false, &room));
	assert_string_equal(room.where, where);
	assert_int_equal(room.limit, limit);
	assert_int_equal(room.used, used);
	assert_int_equal(room.left, left);
}

/* Nothing can be given up or swapped out. */
static void
expect(const char *where, uint64_t limit, uint64_t used)
{
	expect_left(where, limit, used, used < limit ? limit - used : 0);
}

#define MACHINE() \
	put("proc/meminfo", "MemTotal:        1024 kB\nMemFree:   1 kB\n" \
	    "MemAvailable:     768 kB\n")

static void
nothing(void **state)
{
	struct shmt_headroom room;

	(void)state;
	assert_false(shmt__headroom(root, false, &room));
	put("proc/meminfo", "MemTotal: 1024 kB\n");
	assert_false(shmt__headroom(root, false, &room));
}

static void
the_machine(void **state)
{
	(void)state;
	MACHINE();
	expect("this machine", MIB, MIB / 4);
	put("proc/self/cgroup", "4:memory:/a\n0::/a\n");
	expect("this machine", MIB, MIB / 4);
	put("proc/self/mountinfo", "");
	expect("this machine", MIB, MIB / 4);
}

static void
first_kind(void **state)
{
	(void)state;
	MACHINE();
	put("proc/self/cgroup", "9:name=memory:/no\n5:memoryx:/no\n"
	    "4:cpu,memory:/a/b\n0::/no\n");
	put("proc/self/mountinfo",
	    "32 31 0:29 / /mnt/other rw - cgroup cgroup rw,cpuset\n"
	    "35 31 0:32 / /mnt/memory rw shared:1 - cgroup cgroup "
	    "rw,cpu,memory\n");
	group("mnt/other/a/b", false, "1\n", "1\n");
	group("mnt/memory/a/b", false, "2097152\n", "1048576\n");
	/* The machine has less left than that. */
	expect("this machine", MIB, MIB / 4);
	group("mnt/memory/a/b", false, "1048576\n", "524288\n");
	expect("memory cgroup /a/b", MIB, MIB / 2);
	/* One above may be the tighter one, or without a limit. */
	group("mnt/memory/a", false, "1000000\n", "999999\n");
	expect("memory cgroup /a", 1000000, 999999);
	group("mnt/memory/a", false, "9223372036854771712\n", "999999\n");
	expect("memory cgroup /a/b", MIB, MIB / 2);
	/* Over its limit: nothing is left, not much. */
	group("mnt/memory", false, "1000\n", "2000\n");
	expect("memory cgroup /", 1000, 2000);
}

static void
second_kind(void **state)
{
	(void)state;
	MACHINE();
	put("proc/self/cgroup", "0::/user.slice/x.scope\n");
	put("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,relatime "
	    "- cgroup2 cgroup2 rw,nsdelegate\n");
	group("sys/fs/cgroup/user.slice/x.scope", true, "max\n", "5\n");
	group("sys/fs/cgroup/user.slice", true, "max\n", "5\n");
	expect("this machine", MIB, MIB / 4);
	group("sys/fs/cgroup/user.slice", true, "262144\n", "131072\n");
	expect("memory cgroup /user.slice", MIB / 4, MIB / 8);
	group("sys/fs/cgroup/user.slice/x.scope", true, "10\n", "10\n");
	expect("memory cgroup /user.slice/x.scope", 10, 10);
}

/* Processes are in groups of the second kind, memory is bounded by the first.
 */
static void
both_kinds(void **state)
{
	(void)state;
	MACHINE();
	put("proc/self/cgroup", "4:memory:/old\n0::/new\n");
	put("proc/self/mountinfo",
	    "35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n"
	    "41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n");
	put("cg/unified/new/cgroup.procs", "");
	group("cg/memory/old", false, "100\n", "60\n");
	expect("memory cgroup /old", 100, 60);
}

/* In a container only a part of the hierarchy is mounted. */
static void
a_part(void **state)
{
	(void)state;
	MACHINE();
	put("proc/self/cgroup", "4:memory:/docker/abc/in\n");
	put("proc/self/mountinfo", "35 31 0:32 /docker/abc /cg/memory rw - "
	    "cgroup cgroup rw,memory\n");
	group("cg/memory", false, "100\n", "60\n");
	expect("memory cgroup /", 100, 60);
	group("cg/memory/in", false, "50\n", "20\n");
	expect("memory cgroup /in", 50, 20);
	/* Another mount of the hierarchy, before it, shows another part. */
	put("proc/self/mountinfo",
	    "34 31 0:32 /docker/def /cg/def rw - cgroup cgroup rw,memory\n"
	    "35 31 0:32 /docker/abc /cg/memory rw - cgroup cgroup rw,memory\n");
	expect("memory cgroup /in", 50, 20);
	/* Ours is not among those: they tell nothing of us. */
	group("cg/memoryd", false, "50\n", "20\n");
	put("proc/self/cgroup", "4:memory:/docker/abcd\n");
	expect("this machine", MIB, MIB / 4);
	put("proc/self/cgroup", "4:memory:/\n");
	expect("this machine", MIB, MIB / 4);
}

static void
no_numbers(void **state)
{
	(void)state;
	MACHINE();
	put("proc/self/mountinfo", "31 23 0:28 / /cg rw - cgroup2 none rw\n"
	    "\n1 2 3\n - \n32 - cgroup\n - cgroup x memory\n");
	put("proc/self/cgroup", "\n0\n0:\n0::\n4:memory\n");
	group("cg", true, "", "10\n");
	expect("this machine", MIB, MIB / 4);
	group("cg", true, "10 \n", "10\n");
	expect("this machine", MIB, MIB / 4);
	group("cg", true, "11\n", "10\n");
	expect("memory cgroup /", 11, 10);
}

/* Page cache and slab are given up for new pages. */
static void
reclaimable(void **state)
{
	(void)state;
	MACHINE();
	put("proc/self/cgroup", "0::/a\n");
	put("proc/self/mountinfo", "31 23 0:28 / /cg rw - cgroup2 none rw\n");
	group("cg/a", true, "1000\n", "990\n");
	put("cg/a/memory.stat", "anon 500\ninactive_file 100\n"
	    "active_file 20\nslab_reclaimable 3\nslab_unreclaimable 50\n"
	    "workingset_inactive_file 7\n");
	expect_left("memory cgroup /a", 1000, 990, 10 + 123);
	put("proc/self/cgroup", "4:memory:/a\n");
	put("proc/self/mountinfo",
	    "35 31 0:32 / /old rw - cgroup cgroup rw,memory\n");
	group("old/a", false, "1000\n", "990\n");
	/* Of the groups below, too. */
	put("old/a/memory.stat", "inactive_file 1\nactive_file 2\n"
	    "total_inactive_file 30\ntotal_active_file 4\n");
	expect_left("memory cgroup /a", 1000, 990, 10 + 34);
}

/* What can be swapped out makes room, as far as the group and the machine
 * have swap. */
static void
swap(void **state)
{
	(void)state;
	put("proc/meminfo", "MemTotal:        1024 kB\n"
	    "MemAvailable:     768 kB\nSwapTotal: 90 kB\nSwapFree: 2 kB\n");
	put("proc/self/mountinfo", "31 23 0:28 / /cg rw - cgroup2 none rw\n");
	put("proc/self/cgroup", "0::/\n");
	expect_left("this machine", MIB, MIB / 4, MIB / 4 * 3 + 2048);
	group("cg", true, "1000\n", "990\n");
	expect_left("memory cgroup /", 1000, 990, 10 + 2048);
	put("cg/memory.swap.max", "max\n");
	put("cg/memory.swap.current", "7\n");
	expect_left("memory cgroup /", 1000, 990, 10 + 2048);
	put("cg/memory.swap.max", "107\n");
	expect_left("memory cgroup /", 1000, 990, 10 + 100);
	put("proc/self/cgroup", "4:memory:/\n");
	put("proc/self/mountinfo",
	    "35 31 0:32 / /old rw - cgroup cgroup rw,memory\n");
	group("old", false, "1000\n", "990\n");
	expect_left("memory cgroup /", 1000, 990, 10 + 2048);
	/* A limit of memory and swap together. */
	put("old/memory.memsw.limit_in_bytes", "1200\n");
	put("old/memory.memsw.usage_in_bytes", "1150\n");
	put("old/memory.stat", "total_inactive_file 30\n");
	expect_left("memory cgroup /", 1000, 990, 50 + 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing, empty_root),
		cmocka_unit_test_teardown(the_machine, empty_root),
		cmocka_unit_test_teardown(first_kind, empty_root),
		cmocka_unit_test_teardown(second_kind, empty_root),
		cmocka_unit_test_teardown(both_kinds, empty_root),
		cmocka_unit_test_teardown(a_part, empty_root),
		cmocka_unit_test_teardown(no_numbers, empty_root),
		cmocka_unit_test_teardown(reclaimable, empty_root),
		cmocka_unit_test_teardown(swap, empty_root),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
