/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Finds the cause of a refusal among those that share an errno, by the kernel's
 * own computation.  If the figures do not show a cause, they have changed since
 * or are not all visible: then the most likely cause is reported as not
 * certain.
 */

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/meminfo.h"
#include "sysv.h"

#define OVERCOMMIT "/proc/sys/vm/overcommit_memory"
#define HUGE_GROUP "/proc/sys/vm/hugetlb_shm_group"
#define HUGE_PAGES "/sys/kernel/mm/hugepages"
#define PROTECTED "/proc/sys/fs/protected_regular"
#define DEV_SHM "/dev/shm"

enum { OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER };

static uint64_t
page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The number of units that hold bytes. */
static uint64_t
units(uint64_t bytes, uint64_t unit)
{
	return bytes / unit + (bytes % unit != 0);
}

static void
set_cause(struct shmt_cause *c, enum shmt_cause_kind kind, uint64_t requested,
    uint64_t used, uint64_t limit)
{
	c->kind = kind;
	c->requested = requested;
	c->used = used;
	c->limit = limit;
}

static bool
exceeds(const struct shmt_cause *c)
{
	return c->used > c->limit || c->requested > c->limit - c->used;
}

static bool
find_existing(const struct shmt_request *request, struct shmt_cause *c)
{
	int id;

	c->has_segment = request->key != 0 &&
	    shmt_find(request->key, &id) == 0 &&
	    shmt__sysv_stat(id, &c->segment) == 0;
	return c->has_segment;
}

/* The page size of a huge segment: as requested, or the default. */
static uint64_t
huge_size(const struct shmt_request *request)
{
	uint64_t size = request->huge_size;
	char *text;

	if ((request->flags & SHMT_HUGETLB) == 0 || size != 0)
		return size;
	text = shmt__read_meminfo(AT_FDCWD);
	if (text != NULL)
		size = shmt__meminfo(text, "Hugepagesize");
	free(text);
	return size;
}

/* A figure about huge pages of one size; false if this size does not exist. */
static bool
huge_figure(uint64_t size, const char *name, uint64_t *value)
{
	char path[128];

	snprintf(path, sizeof(path), HUGE_PAGES "/hugepages-%jukB/%s",
	    (uintmax_t)(size / 1024), name);
	return shmt__read_numbers(path, false, value, 1) == 0;
}

static void
diagnose_huge_size(struct shmt_cause *c)
{
	uint64_t ignored;

	set_cause(c, SHMT_CAUSE_HUGE_SIZE, c->huge_size, 0, 0);
	c->certain = c->huge_size != 0 && access(HUGE_PAGES, F_OK) == 0 &&
	    !huge_figure(c->huge_size, "nr_hugepages", &ignored);
}

static void
diagnose_size(const struct shmt_request *request, struct shmt_cause *c)
{
	uint64_t largest = SIZE_MAX < INT64_MAX ? SIZE_MAX : INT64_MAX;
	struct shmt_limits limits;

	if (request->size == 0) {
		set_cause(c, SHMT_CAUSE_ZERO_SIZE, 0, 0, 1);
		c->certain = true;
	} else if (request->size > largest - page_size()) {
		/* It may exceed shmmax too, but a larger one would not help. */
		set_cause(c, SHMT_CAUSE_LARGEST, request->size, 0, largest);
		c->certain = true;
	} else if (shmt_limits(SHMT_LIMITS_SHM, &limits, NULL) == 0 &&
	    request->size > limits.shmmax) {
		set_cause(c, SHMT_CAUSE_SHMMAX, request->size, 0,
		    limits.shmmax);
		c->certain = true;
	} else if (request->flags & SHMT_HUGETLB)
		diagnose_huge_size(c);
}

/* EINVAL: like the kernel, compares with an existing segment first. */
static void
diagnose_einval(const struct shmt_request *request, struct shmt_cause *c)
{
	if (find_existing(request, c) && request->size > c->segment.size) {
		set_cause(c, SHMT_CAUSE_EXISTING, request->size, 0,
		    c->segment.size);
		c->certain = true;
	} else if (!c->has_segment)
		diagnose_size(request, c);
}

/* ENOSPC: the kernel counts pages first, then segments. */
static void
diagnose_enospc(const struct shmt_request *request, struct shmt_cause *c)
{
	struct shmt_limits limits;
	struct shmt_usage usage;
	uint64_t pages = units(request->size, page_size());

	if (shmt_limits(SHMT_LIMITS_SHM, &limits, NULL) == -1 ||
	    shmt_usage(&usage) == -1)
		return;
	set_cause(c, SHMT_CAUSE_SHMALL, pages, usage.pages, limits.shmall);
	c->certain = exceeds(c);
	if (c->certain)
		return;
	if (usage.segments >= limits.shmmni) {
		set_cause(c, SHMT_CAUSE_SHMMNI, 1, usage.segments,
		    limits.shmmni);
		c->certain = true;
	} else if (shmt_permille(usage.segments + 1, limits.shmmni) >
	    shmt_permille(usage.pages + pages, limits.shmall))
		set_cause(c, SHMT_CAUSE_SHMMNI, 1, usage.segments,
		    limits.shmmni);
}

/* Huge pages reserved or in use, and the most that there can be. */
static void
diagnose_huge_pages(const struct shmt_request *request, struct shmt_cause *c)
{
	uint64_t total, available, reserved, surplus, more;

	set_cause(c, SHMT_CAUSE_HUGE_FREE, c->huge_size == 0 ? 0 :
	    units(request->size, c->huge_size), 0, 0);
	if (!huge_figure(c->huge_size, "nr_hugepages", &total) ||
	    !huge_figure(c->huge_size, "free_hugepages", &available) ||
	    !huge_figure(c->huge_size, "resv_hugepages", &reserved) ||
	    !huge_figure(c->huge_size, "surplus_hugepages", &surplus) ||
	    !huge_figure(c->huge_size, "nr_overcommit_hugepages", &more))
		return;
	c->used = total - available + reserved;
	c->limit = total - surplus + more;
	c->certain = exceeds(c);
}

/* In mode 2 all committed memory counts, in mode 0 this request alone. */
static void
diagnose_overcommit(const struct shmt_request *request, struct shmt_cause *c)
{
	uint64_t mode = OVERCOMMIT_ALWAYS, memory;
	char *text;

	(void)shmt__read_numbers(OVERCOMMIT, false, &mode, 1);
	c->overcommit = (unsigned)mode;
	set_cause(c, SHMT_CAUSE_OVERCOMMIT, request->size, 0, 0);
	text = shmt__read_meminfo(AT_FDCWD);
	if (text == NULL)
		return;
	memory = shmt__meminfo(text, "MemTotal") +
	    shmt__meminfo(text, "SwapTotal");
	c->limit = memory;
	if (mode == OVERCOMMIT_NEVER) {
		c->used = shmt__meminfo(text, "Committed_AS");
		c->limit = shmt__meminfo(text, "CommitLimit");
	}
	c->certain = mode == OVERCOMMIT_NEVER ? exceeds(c) :
	    mode == OVERCOMMIT_GUESS && exceeds(c) &&
	    (request->flags & SHMT_NORESERVE) == 0;
	if (!c->certain && mode != OVERCOMMIT_NEVER)
		c->used = memory - shmt__meminfo(text, "MemAvailable") -
		    shmt__meminfo(text, "SwapFree");
	free(text);
}

static uint64_t
soft_limit(int resource)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

static void
diagnose_address_space(const struct shmt_request *request, struct shmt_cause *c)
{
	uint64_t pages = 0, limit = soft_limit(RLIMIT_AS);
	char *text = shmt__read_file(AT_FDCWD, "/proc/self/statm");

	if (text != NULL)
		pages = strtoull(text, NULL, 10);
	free(text);
	set_cause(c, SHMT_CAUSE_AS, request->size, pages * page_size(),
	    limit);
	c->certain = limit != UINT64_MAX && exceeds(c);
	if (limit == UINT64_MAX)
		c->kind = SHMT_CAUSE_OTHER;
}

/* Counts the bytes that this user has locked; some may be invisible, in other
 * IPC namespaces.  The kernel counts pages. */
static void
diagnose_memlock(const struct shmt_request *request, struct shmt_cause *c)
{
	struct shmt_info *list;
	const uint64_t page = page_size(), limit = soft_limit(RLIMIT_MEMLOCK);
	uint64_t used = 0;
	size_t i, count;

	if (shmt__sysv_all(false, &list, &count) == 0) {
		for (i = 0; i < count; i++)
			if ((list[i].state & SHMT_LOCKED) != 0 &&
			    list[i].cuid == geteuid())
				used += units(list[i].size, page) * page;
		free(list);
	}
	set_cause(c, SHMT_CAUSE_MEMLOCK, request->size, used, limit);
	c->certain = used / page + units(request->size, page) > limit / page;
	if (limit == UINT64_MAX)
		c->kind = SHMT_CAUSE_OTHER;
}

static void
diagnose_eperm(const struct shmt_request *request, struct shmt_cause *c)
{
	uint64_t group = 0;

	if (request->flags & SHMT_HUGETLB) {
		(void)shmt__read_numbers(HUGE_GROUP, false, &group, 1);
		set_cause(c, SHMT_CAUSE_HUGE_GROUP, 0, 0, group);
		c->certain = true;
	}
}

static void
diagnose_eexist(const struct shmt_request *request, struct shmt_cause *c)
{
	c->kind = SHMT_CAUSE_EXISTS;
	c->certain = true;
	if (!find_existing(request, c) && request->flags & SHMT_WITH_ID)
		c->has_segment = shmt__sysv_stat(request->id, &c->segment) == 0;
}

static void
diagnose_create(const struct shmt_request *request, int error,
    struct shmt_cause *c)
{
	if (error == EINVAL)
		diagnose_einval(request, c);
	else if (error == ENOSPC)
		diagnose_enospc(request, c);
	else if (error == ENOMEM && request->flags & SHMT_HUGETLB)
		diagnose_huge_pages(request, c);
	else if (error == ENOMEM)
		diagnose_overcommit(request, c);
	else if (error == EEXIST)
		diagnose_eexist(request, c);
	else if (error == EACCES && find_existing(request, c)) {
		c->kind = SHMT_CAUSE_MODE;
		c->certain = true;
	} else if (request->flags & SHMT_WITH_ID && (error == EACCES ||
	    error == EPERM || error == EROFS || error == ENOENT)) {
		c->kind = SHMT_CAUSE_NEXT_ID;
		c->certain = true;
	} else if (error == ENOENT && request->flags & SHMT_HUGETLB)
		diagnose_huge_size(c);
	else if (error == EPERM)
		diagnose_eperm(request, c);
}

void
shmt_diagnose(const struct shmt_request *request, enum shmt_step step,
    int error, struct shmt_cause *cause)
{
	int saved = errno;

	memset(cause, 0, sizeof(*cause));
	cause->requested = request->size;
	cause->huge_size = huge_size(request);
	if (step == SHMT_STEP_CREATE)
		diagnose_create(request, error, cause);
	else if (step == SHMT_STEP_ATTACH && error == ENOMEM)
		diagnose_address_space(request, cause);
	else if (step == SHMT_STEP_LOCK &&
	    (error == ENOMEM || error == EPERM))
		diagnose_memlock(request, cause);
	errno = saved;
}

/*
 * POSIX objects
 */

/* O_TMPFILE needs an inode first, and fallocate(2) the bytes. */
static void
diagnose_shm_space(struct shmt_cause *c)
{
	/* Pages of an object are committed one by one, when they are reserved:
	 * only vm.overcommit_memory 2 refuses that, as ENOSPC too. */
	const struct shmt_request reserved = { .size = c->requested,
	    .flags = SHMT_NORESERVE };
	struct shmt_cause overcommit = *c;
	struct shmt_dev_shm fs;

	if (shmt_dev_shm(&fs) == -1)
		return;
	if (fs.inodes > 0 && fs.used_inodes >= fs.inodes) {
		set_cause(c, SHMT_CAUSE_SHM_INODES, 1, fs.used_inodes,
		    fs.inodes);
		c->certain = true;
		return;
	}
	if (fs.size > 0) {
		set_cause(c, SHMT_CAUSE_SHM_SIZE, c->requested, fs.used,
		    fs.size);
		c->certain = exceeds(c);
	}
	diagnose_overcommit(&reserved, &overcommit);
	if (!c->certain && overcommit.certain)
		*c = overcommit;
}

static void
diagnose_memory(struct shmt_cause *c)
{
	struct shmt_headroom headroom;

	c->kind = SHMT_CAUSE_MEMORY;
	if (shmt_headroom(&headroom)) {
		c->used = headroom.used;
		c->limit = headroom.limit;
		c->certain = c->requested > headroom.left;
	}
}

static void
diagnose_efbig(struct shmt_cause *c)
{
	c->certain = true;
	c->kind = SHMT_CAUSE_FSIZE;
	c->limit = soft_limit(RLIMIT_FSIZE);
	if (c->limit >= INT64_MAX) {
		c->kind = SHMT_CAUSE_LARGEST;
		c->limit = INT64_MAX;
	}
}

/* The value of fs.protected_regular if the kernel refuses to open this object
 * by O_CREAT for it, else 0: one of another user in a sticky directory, unless
 * that user owns the directory too. */
static unsigned
get_protection(const struct shmt_info *object)
{
	uint64_t protected = 0;
	struct stat dir;

	if (object->uid == geteuid() || stat(DEV_SHM, &dir) == -1 ||
	    (dir.st_mode & S_ISVTX) == 0 || object->uid == dir.st_uid ||
	    shmt__read_numbers(PROTECTED, false, &protected, 1) == -1)
		return 0;
	return (unsigned)protected;
}

/* Whether it shares the memory of /dev/shm. */
static bool
is_in_dev_shm(const struct shmt_object *object)
{
	struct stat st;

	return object->kind == SHMT_POSIX || (object->kind == SHMT_DELETED &&
	    stat(DEV_SHM, &st) == 0 && st.st_dev == object->dev);
}

/* Describes the object that has the name, if it is one. */
static void
diagnose_name(const struct shmt_object *object, int error, struct shmt_cause *c)
{
	c->has_segment = shmt_info(object, 0, &c->segment) == 0;
	if (c->has_segment)
		c->protected_regular = get_protection(&c->segment);
	c->certain = true;
	c->kind = error == EEXIST ? SHMT_CAUSE_EXISTS : SHMT_CAUSE_EXISTING;
	if (error == EINVAL && !c->has_segment)
		c->kind = SHMT_CAUSE_OTHER;
}

void
shmt_diagnose_object(const struct shmt_object *object,
    const struct shmt_request *request, int error, struct shmt_cause *cause)
{
	int saved = errno;

	*cause = (struct shmt_cause){ .requested = request->size };
	if (error == ENOSPC && is_in_dev_shm(object))
		diagnose_shm_space(cause);
	else if (error == ENOMEM ||
	    (error == ENOSPC && object->kind != SHMT_DELETED))
		diagnose_memory(cause);
	else if (error == EFBIG)
		diagnose_efbig(cause);
	else if ((error == EEXIST || error == EINVAL) &&
	    object->kind == SHMT_POSIX)
		diagnose_name(object, error, cause);
	else if (error == ENODEV) {
		cause->kind = SHMT_CAUSE_NO_SHM;
		cause->certain = true;
	}
	errno = saved;
}
