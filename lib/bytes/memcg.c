/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How much memory is left for new pages of this process: what its memory
 * cgroups, of either version, and the machine can still hold, whichever is
 * the least.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/memcg.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sys/meminfo.h"
#include "sys/mounts.h"

/* Kept free for this process's buffers and page tables and for a full pipe. */
#define RESERVED ((uint64_t)2 << 20)

/* Page tables of the copied pages take at most this part of their bytes: 32 of
 * 4096. */
#define PAGE_TABLE_SHARE 128

/* The two versions of memory cgroups and their files. */
struct version {
	const char *type;	/* of the file system */
	const char *option;	/* that its mount has, or NULL */
	const char *limit, *used;
	/* Limit and use of swap, or (swap_has_memory) of memory and swap. */
	const char *swap_limit, *swap_used;
	bool swap_has_memory;
	/* Keys of memory.stat: pages that the kernel can reclaim. */
	const char *reclaimable[4];
};

static const struct version versions[] = {
	{ "cgroup2", NULL, "memory.max", "memory.current", "memory.swap.max",
	    "memory.swap.current", false,
	    { "inactive_file", "active_file", "slab_reclaimable" } },
	{ "cgroup", "memory", "memory.limit_in_bytes",
	    "memory.usage_in_bytes", "memory.memsw.limit_in_bytes",
	    "memory.memsw.usage_in_bytes", true,
	    { "total_inactive_file", "total_active_file" } }
};

/* The least headroom found so far. */
struct least {
	struct shmt_headroom headroom;
	uint64_t swap_free;	/* on the machine */
};

/* Whether a list of words between commas has this one. */
static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word), length;

	for (; *list != '\0'; list += length + (list[length] == ',')) {
		length = strcspn(list, ",");
		if (length == n && strncmp(list, word, n) == 0)
			return true;
	}
	return false;
}

/* Our path in the hierarchy: the rest of a line of /proc/self/cgroup,
 * "0::/PATH" or "4:memory:/PATH". */
static char *
find_own_cgroup(char *text, const struct version *version)
{
	char *line, *names, *path;

	while ((line = strsep(&text, "\n")) != NULL) {
		strsep(&line, ":");
		names = strsep(&line, ":");
		path = line;
		if (names != NULL && path != NULL && (version->option == NULL ?
		    *names == '\0' : has_word(names, version->option)))
			return path;
	}
	return NULL;
}

/* The number in a file of a cgroup; "max" is none. */
static bool
read_number(int dir, const char *name, uint64_t *number)
{
	char *text = shmt__read_file(dir, name);
	bool found;

	if (text == NULL)
		return false;
	text[strcspn(text, "\n")] = '\0';
	found = shmt_parse_number(text, UINT64_MAX, number) == 0;
	free(text);
	return found;
}

static uint64_t
sum_reclaimable(int dir, const struct version *version)
{
	char *text = shmt__read_file(dir, "memory.stat");
	uint64_t sum = 0;
	int i;

	if (text == NULL)
		return 0;
	for (i = 0; version->reclaimable[i] != NULL; i++)
		sum += shmt__find_number(text, version->reclaimable[i]);
	free(text);
	return sum;
}

static uint64_t
subtract_to_zero(uint64_t limit, uint64_t used)
{
	return used < limit ? limit - used : 0;
}

/* What a cgroup with this limit can still hold. */
static uint64_t
count_left(int dir, const struct version *version, uint64_t swap_free,
    uint64_t limit, uint64_t used)
{
	uint64_t sum = sum_reclaimable(dir, version);
	uint64_t swap = swap_free, both = UINT64_MAX, swap_limit, swap_used;
	uint64_t left;

	if (read_number(dir, version->swap_limit, &swap_limit) &&
	    read_number(dir, version->swap_used, &swap_used)) {
		left = subtract_to_zero(swap_limit, swap_used);
		if (version->swap_has_memory)
			both = left + sum;
		else if (left < swap)
			swap = left;
	}
	left = subtract_to_zero(limit, used) + sum + swap;
	return both < left ? both : left;
}

static void
keep_least(struct least *least, const struct shmt_headroom *found)
{
	if (least->headroom.where[0] == '\0' ||
	    found->left < least->headroom.left)
		least->headroom = *found;
}

/* The cgroup of this process and those above it, as far as they are visible. */
static void
find_least_above(int root, const struct version *version,
    const char *point, char *path, struct least *least)
{
	struct shmt_headroom found;
	char name[4096], *slash;
	int dir;

	for (;;) {
		snprintf(name, sizeof(name), ".%s%s", point, path);
		snprintf(found.where, sizeof(found.where), "memory cgroup %s",
		    *path != '\0' ? path : "/");
		dir = openat(root, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir != -1 &&
		    read_number(dir, version->limit, &found.limit) &&
		    read_number(dir, version->used, &found.used)) {
			found.left = count_left(dir, version,
			    least->swap_free, found.limit, found.used);
			keep_least(least, &found);
		}
		shmt__close(dir);
		slash = strrchr(path, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
	}
}

/* The rest of a path below the directory that is mounted, or NULL. */
static char *
path_below_mount(char *path, const char *top)
{
	size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

	if (strncmp(path, top, length) != 0 ||
	    (path[length] != '/' && path[length] != '\0'))
		return NULL;
	return path + length;
}

/* Finds a mount of the hierarchy that shows the cgroup at a path, and returns
 * the rest of the path below it, or NULL. */
static char *
find_mount(char *text, const struct version *version, char *path,
    struct shmt__mount *mount)
{
	char *below;

	while (shmt__next_mount(&text, mount)) {
		if (strcmp(mount->type, version->type) != 0 ||
		    (version->option != NULL &&
		    !has_word(mount->super, version->option)))
			continue;
		below = path_below_mount(path, mount->root);
		if (below != NULL)
			return below;
	}
	return NULL;
}

static void
scan_cgroups(int root, const struct version *version, struct least *least)
{
	char *groups = shmt__read_file(root, "proc/self/cgroup");
	char *mounts = shmt__read_file(root, "proc/self/mountinfo");
	struct shmt__mount mount;
	char *path = NULL;

	if (groups != NULL && mounts != NULL)
		path = find_own_cgroup(groups, version);
	if (path != NULL)
		path = find_mount(mounts, version, path, &mount);
	if (path != NULL)
		find_least_above(root, version, mount.point, path, least);
	free(mounts);
	free(groups);
}

static bool
read_machine(int root, struct shmt_headroom *machine, uint64_t *swap_free)
{
	uint64_t available;
	char *text;

	text = shmt__read_meminfo(root);
	if (text == NULL)
		return false;
	strlcpy(machine->where, "this machine", sizeof(machine->where));
	machine->limit = shmt__meminfo(text, "MemTotal");
	available = shmt__meminfo(text, "MemAvailable");
	*swap_free = shmt__meminfo(text, "SwapFree");
	free(text);
	machine->used = subtract_to_zero(machine->limit, available);
	machine->left = available + *swap_free;
	return available != 0;
}

bool
shmt__headroom(const char *root, bool cgroups_only,
    struct shmt_headroom *headroom)
{
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct least least = { .swap_free = 0 };
	struct shmt_headroom machine;
	size_t i;

	if (dir == -1)
		return false;
	if (read_machine(dir, &machine, &least.swap_free) && !cgroups_only)
		keep_least(&least, &machine);
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		scan_cgroups(dir, &versions[i], &least);
	close(dir);
	if (least.headroom.where[0] == '\0')
		return false;
	*headroom = least.headroom;
	return true;
}

bool
shmt_headroom(struct shmt_headroom *headroom)
{
	return shmt__headroom("/", false, headroom);
}

bool
shmt_memory_cgroup(struct shmt_headroom *cgroup)
{
	/* In version 1 no limit reads as INT64_MAX, in whole pages; a kernel of
	 * 32 bits has INT32_MAX pages. */
	return shmt__headroom("/", true, cgroup) &&
	    cgroup->limit < INT64_MAX / 2 &&
	    cgroup->limit != INT32_MAX * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t
shmt__memory_left(void)
{
	struct shmt_headroom headroom;
	uint64_t left;

	if (!shmt_headroom(&headroom))
		return UINT64_MAX;
	left = headroom.left - headroom.left / PAGE_TABLE_SHARE;
	return subtract_to_zero(left, RESERVED);
}
