/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Memory without a name.  Only the processes that hold it lead to it: by
 * /proc/PID/fd/N, or by /proc/PID/map_files/RANGE where the caller may open
 * that.  A pid or a descriptor may be reused between two system calls, so that
 * device and inode are compared whenever such a path is followed.
 */

#include <sys/stat.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"
#include "shmtool.h"
#include "sys/array.h"
#include "sys/file.h"
#include "sys/resident.h"
#include "unnamed.h"
#include "users/scan.h"

/* Bytes of "/proc/PID/map_files/START-END". */
#define PATH_SIZE 64

#define DELETED " (deleted)"
#define MEMFD "/memfd:"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Fills the facts of an object, which a path in /proc leads to. */
static void
fill(const struct shmt_object *object, const struct statx *st,
    bool nothing_swapped, struct shmt_info *info)
{
	shmt__posix_fill(st, "", nothing_swapped, info);
	info->object = *object;
	info->known |= SHMT_HAS_IN_USE;
	info->in_use = true;
	shmt__posix_fill_by_opening(info);
}

int
shmt__unnamed_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info)
{
	struct statx st;

	(void)want;
	if (shmt__statx(AT_FDCWD, object->path, 0, &st) == -1 ||
	    shmt__posix_check(object, &st) == -1)
		return -1;
	fill(object, &st, shmt__nothing_swapped(), info);
	return 0;
}

/*
 * Paths in /proc
 */

static const char *
skip_digits(const char *text, const char *digits)
{
	const size_t n = strspn(text, digits);

	return n > 0 ? text + n : "?";
}

bool
shmt__unnamed_is_path(const char *text)
{
	static const char decimal[] = "0123456789",
	    hex[] = "0123456789abcdef", fd[] = "/fd/", map[] = "/map_files/";

	if (strncmp(text, "/proc/", 6) != 0)
		return false;
	text = skip_digits(text + 6, decimal);
	if (strncmp(text, fd, sizeof(fd) - 1) == 0)
		return *skip_digits(text + sizeof(fd) - 1, decimal) == '\0';
	if (strncmp(text, map, sizeof(map) - 1) != 0)
		return false;
	text = skip_digits(text + sizeof(map) - 1, hex);
	return *text == '-' && *skip_digits(text + 1, hex) == '\0';
}

/* Reads the name that /proc shows of an open file, cut to the buffer. */
static int
read_link(int path_fd, char text[static SHMT_FORMER_NAME])
{
	char path[SHMT__FD_PATH];
	ssize_t n;

	n = readlink(shmt__fd_path(path, path_fd), text, SHMT_FORMER_NAME - 1);
	if (n == -1)
		return -1;
	text[n] = '\0';
	return 0;
}

/* Finds the kind of an open file.  On the kernel's own file systems its name
 * tells the kind, since no program can choose that. */
static int
find_kind(int path_fd, const struct statx *st, enum shmt_kind *kind)
{
	struct shmt__devices devices = { 0 };
	char text[SHMT_FORMER_NAME];
	struct statfs fs;
	uint32_t key;
	bool huge;

	if (fstatfs(path_fd, &fs) == -1)
		return -1;
	*kind = SHMT_DELETED;
	if (shmt__is_internal(&devices, shmt__device_of(st), &huge)) {
		if (read_link(path_fd, text) == -1)
			return -1;
		*kind = shmt__kind_by_name(text, &key);
	}
	if ((fs.f_type != TMPFS_MAGIC &&
	    (uint32_t)fs.f_type != HUGETLBFS_MAGIC) ||
	    *kind == SHMT_KINDS)
		errno = ENODEV;
	else if (*kind == SHMT_SYSV)
		errno = ENOTSUP;
	else if (st->stx_nlink > 0 && *kind == SHMT_DELETED)
		errno = EEXIST;
	else
		return 0;
	return -1;
}

int
shmt__unnamed_resolve(const char *path, struct shmt_object *object)
{
	struct shmt_object o = { .path = path };
	struct statx st;
	int path_fd, result;

	path_fd = shmt__posix_open_path(&o, &st);
	if (path_fd == -1)
		return -1;
	o.dev = shmt__device_of(&st);
	o.inode = st.stx_ino;
	result = find_kind(path_fd, &st, &o.kind);
	shmt__close(path_fd);
	if (result == 0)
		*object = o;
	return result;
}

/* Compares the inode with that of each object, since the name that /proc shows
 * may be one of another mount namespace. */
int
shmt_path_name(const char *path, struct shmt_ref *ref, char name[256])
{
	const struct shmt_object object = { .path = path };
	const struct shmt_info *info;
	struct shmt_list list = { 0 };
	struct statx st;
	bool found = false;
	size_t i;
	int path_fd;

	path_fd = shmt__posix_open_path(&object, &st);
	if (path_fd == -1)
		return -1;
	shmt__close(path_fd);
	if (shmt__posix_list(0, &list) == -1) {
		shmt_list_free(&list);
		return -1;
	}
	for (i = 0; i < list.count && !found; i++) {
		info = &list.list[i];
		found = info->object.inode == st.stx_ino &&
		    info->object.dev == shmt__device_of(&st);
		if (!found)
			continue;
		strlcpy(name, info->object.name, 256);
		*ref = (struct shmt_ref){ .kind = SHMT_POSIX, .name = name,
		    .dev = info->object.dev, .inode = info->object.inode };
	}
	shmt_list_free(&list);
	errno = ENOENT;
	return found ? 0 : -1;
}

int
shmt_former_name(const struct shmt_object *object,
    char name[SHMT_FORMER_NAME])
{
	const size_t deleted = strlen(DELETED), memfd = strlen(MEMFD);
	struct statx st;
	size_t length;
	int path_fd, result;

	path_fd = shmt__posix_open_path(object, &st);
	if (path_fd == -1)
		return -1;
	result = read_link(path_fd, name);
	shmt__close(path_fd);
	if (result == -1)
		return -1;
	length = strlen(name);
	if (length >= deleted && strcmp(name + length - deleted, DELETED) == 0)
		name[length - deleted] = '\0';
	if (object->kind == SHMT_ANON)
		*name = '\0';
	else if (object->kind == SHMT_MEMFD && length >= memfd)
		memmove(name, name + memfd, strlen(name + memfd) + 1);
	return 0;
}

/*
 * The list: one row for each piece of memory that the scan found
 */

/* Sorts by memory, and the best path to it first: a descriptor before a
 * mapping, and another process before this one, which exits soon. */
static int
compare_found(const void *a, const void *b)
{
	const struct shmt__found *x = a, *y = b;
	const pid_t self = getpid(), p = x->process->pid, q = y->process->pid;

	if (x->kind != y->kind)
		return COMPARE(x->kind, y->kind);
	if (x->mapping.device != y->mapping.device)
		return COMPARE(x->mapping.device, y->mapping.device);
	if (x->mapping.inode != y->mapping.inode)
		return COMPARE(x->mapping.inode, y->mapping.inode);
	if ((p == self) != (q == self))
		return p == self ? 1 : -1;
	if (x->path_only != y->path_only)
		return x->path_only ? 1 : -1;
	if ((x->fd == -1) != (y->fd == -1))
		return x->fd == -1 ? 1 : -1;
	if (p != q)
		return COMPARE(p, q);
	return x->fd != y->fd ? COMPARE(x->fd, y->fd) :
	    COMPARE(x->mapping.start, y->mapping.start);
}

static size_t
run_length(const struct shmt__found *found, size_t left)
{
	size_t n = 1;

	while (n < left && found[n].kind == found->kind &&
	    found[n].mapping.device == found->mapping.device &&
	    found[n].mapping.inode == found->mapping.inode)
		n++;
	return n;
}

static void
make_path(const struct shmt__found *found, char path[static PATH_SIZE])
{
	const int pid = (int)found->process->pid;

	if (found->fd != -1)
		snprintf(path, PATH_SIZE, "/proc/%d/fd/%d", pid, found->fd);
	else
		snprintf(path, PATH_SIZE, "/proc/%d/map_files/%" PRIx64 "-%"
		    PRIx64, pid, found->mapping.start, found->mapping.end);
}

/* Fills the facts of memory that only mappings show and that the caller may not
 * open: its size is the end of the last mapping. */
static void
fill_by_mappings(const struct shmt_object *object,
    const struct shmt__found *found, size_t count, struct shmt_info *info)
{
	const struct shmt__mapping *m;
	size_t i;

	*info = (struct shmt_info){ .object = *object, .in_use = true,
	    .known = SHMT_HAS_SIZE | SHMT_HAS_IN_USE };
	for (i = 0; i < count; i++) {
		m = &found[i].mapping;
		if (m->offset + (m->end - m->start) > info->size)
			info->size = m->offset + (m->end - m->start);
	}
}

/* Whether the name that maps shows with " (deleted)" exists: a file may have
 * been given such a name. */
static bool
has_this_name(const struct shmt__found *found)
{
	struct statx st;

	return found->name != NULL && shmt__statx(AT_FDCWD, found->name,
	    AT_SYMLINK_NOFOLLOW, &st) == 0 &&
	    st.stx_ino == found->mapping.inode &&
	    shmt__device_of(&st) == found->mapping.device;
}

/* Reads the facts of memory by one of its paths; 1: it is of no such kind, or
 * the path leads elsewhere now. */
static int
read_facts(const struct shmt_object *object, const struct shmt__found *found,
    size_t count, bool nothing_swapped, struct shmt_info *info)
{
	struct statx st;

	if (shmt__statx(AT_FDCWD, object->path, 0, &st) == 0) {
		if (shmt__posix_check(object, &st) == -1 ||
		    (object->kind == SHMT_DELETED && st.stx_nlink > 0))
			return 1;
		fill(object, &st, nothing_swapped, info);
		return 0;
	}
	if ((errno != EACCES && errno != EPERM) ||
	    (object->kind == SHMT_DELETED && has_this_name(found)))
		return 1;
	fill_by_mappings(object, found, count, info);
	return 0;
}

/* Counts the users.  A descriptor opened with O_PATH does not count. */
static void
count_users(const struct shmt__found *found, size_t count,
    struct shmt_info *info)
{
	size_t i;

	info->known |= SHMT_HAS_NATTCH | SHMT_HAS_FDS;
	for (i = 0; i < count; i++)
		if (found[i].fd == -1)
			info->nattch++;
		else if (!found[i].path_only)
			info->fds++;
	if (found->huge)
		info->state |= SHMT_HUGE;
}

static int
add_memory(struct shmt_list *list, const struct shmt__found *found,
    size_t count, bool nothing_swapped)
{
	struct shmt_object object = { .kind = found->kind,
	    .dev = found->mapping.device, .inode = found->mapping.inode };
	struct shmt_info *info = &list->list[list->count];
	char path[PATH_SIZE];
	int result = 1;
	size_t i;

	for (i = 0; i < count && result == 1; i++) {
		make_path(&found[i], path);
		object.path = path;
		result = read_facts(&object, &found[i], count - i,
		    nothing_swapped, info);
	}
	if (result == 1)
		return 0;
	count_users(found, count, info);
	info->object.path = shmt__strings_add(&list->names, path);
	list->count++;
	return info->object.path == NULL ? -1 : 0;
}

static int
add_all(struct shmt__scan *scan, struct shmt_list *list)
{
	const bool nothing_swapped = shmt__nothing_swapped();
	struct shmt_info *more;
	size_t i, n;

	more = reallocarray(list->list, list->count + scan->count + 1,
	    sizeof(*more));
	if (more == NULL)
		return -1;
	list->list = more;
	if (scan->count > 0)
		qsort(scan->found, scan->count, sizeof(*scan->found),
		    compare_found);
	for (i = 0; i < scan->count; i += n) {
		n = run_length(&scan->found[i], scan->count - i);
		if (add_memory(list, &scan->found[i], n, nothing_swapped) == -1)
			return -1;
	}
	return 0;
}

int
shmt__unnamed_list(unsigned kinds, struct shmt_list *list)
{
	const struct shmt__query query = { .kinds = kinds & SHMT_UNNAMED,
	    .unlinked = (kinds & SHMT_KIND(SHMT_DELETED)) != 0, .fds = true };
	struct shmt__scan scan;
	int result;

	if (shmt__scan(&query, &scan) == -1) {
		if (errno == ENOENT)
			errno = ENOTSUP;
		return -1;
	}
	result = add_all(&scan, list);
	list->hidden += scan.hidden;
	shmt__scan_free(&scan);
	return result;
}
