/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How much memory is left for pages, and pages touched without risking our
 * life for them.  In a full memory cgroup, or on a full machine, whoever
 * touches a new page is killed, and no errno comes first.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* The two kinds of memory cgroups and their files. */
struct kind {
	const char *type;	/* of the file system */
	const char *option;	/* that its mount has, or NULL */
	const char *limit, *used;
};

static const struct kind kinds[] = {
	{ "cgroup2", NULL, "memory.max", "memory.current" },
	{ "cgroup", "memory", "memory.limit_in_bytes",
	    "memory.usage_in_bytes" }
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

/* Our path in the hierarchy of this kind: the rest of a line of
 * /proc/self/cgroup, "0::/PATH" or "4:memory:/PATH". */
static char *
own_path(char *text, const struct kind *kind)
{
	char *line, *names, *path;

	while ((line = strsep(&text, "\n")) != NULL) {
		strsep(&line, ":");
		names = strsep(&line, ":");
		path = line;
		if (names != NULL && path != NULL && (kind->option == NULL ?
		    *names == '\0' : has_word(names, kind->option)))
			return path;
	}
	return NULL;
}

/*
 * Where the hierarchy is mounted, and from which folder of it on: of a line
 * of /proc/self/mountinfo the fifth and the fourth word, behind " - " type,
 * source and options.
 */
static bool
find_mount(char *text, const struct kind *kind, char **root, char **point)
{
	char *line, *tail, *type;
	int i;

	while ((line = strsep(&text, "\n")) != NULL) {
		tail = strstr(line, " - ");
		if (tail == NULL)
			continue;
		tail += strlen(" - ");
		type = strsep(&tail, " ");
		strsep(&tail, " ");
		if (tail == NULL || strcmp(type, kind->type) != 0 ||
		    (kind->option != NULL && !has_word(tail, kind->option)))
			continue;
		for (i = 0; i < 3; i++)
			strsep(&line, " ");
		*root = strsep(&line, " ");
		*point = strsep(&line, " ");
		return *point != NULL;
	}
	return false;
}

/* The number in a file of a cgroup; "max" is none. */
static bool
figure(int dir, const char *name, uint64_t *number)
{
	size_t length;
	char *text;
	bool found;

	if (shmt__read_file(dir, name, &text, &length) == -1)
		return false;
	text[strcspn(text, "\n")] = '\0';
	found = shmt_parse_number(text, UINT64_MAX, number) == 0;
	free(text);
	return found;
}

static void
tighten(struct shmt_headroom *memory, uint64_t limit, uint64_t used,
    const char *where)
{
	uint64_t left = used < limit ? limit - used : 0;

	if (memory->where[0] != '\0' && left >= (memory->used < memory->limit ?
	    memory->limit - memory->used : 0))
		return;
	memory->limit = limit;
	memory->used = used;
	strlcpy(memory->where, where, sizeof(memory->where));
}

/* Our cgroup and all above it, as far as they are to be seen from here. */
static void
climb(const struct kind *kind, const char *point, char *path,
    struct shmt_headroom *memory)
{
	char folder[4096], where[sizeof(memory->where)], *slash;
	uint64_t limit, used;
	int dir;

	for (;;) {
		snprintf(folder, sizeof(folder), "%s%s", point, path);
		snprintf(where, sizeof(where), "memory cgroup %s",
		    *path != '\0' ? path : "/");
		dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir != -1 && figure(dir, kind->limit, &limit) &&
		    figure(dir, kind->used, &used))
			tighten(memory, limit, used, where);
		shmt__close(dir);
		slash = strrchr(path, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
	}
}

static void
look_at_cgroups(const struct kind *kind, struct shmt_headroom *memory)
{
	char *groups, *mounts, *path, *root, *point;
	size_t length;

	if (shmt__read_file(AT_FDCWD, "/proc/self/cgroup", &groups,
	    &length) == -1)
		return;
	if (shmt__read_file(AT_FDCWD, "/proc/self/mountinfo", &mounts,
	    &length) == -1) {
		free(groups);
		return;
	}
	path = own_path(groups, kind);
	if (path != NULL && find_mount(mounts, kind, &root, &point)) {
		length = strcmp(root, "/") == 0 ? 0 : strlen(root);
		if (strncmp(path, root, length) == 0)
			path += length;
		climb(kind, point, path, memory);
	}
	free(mounts);
	free(groups);
}

/* A line of /proc/meminfo, in bytes. */
static bool
meminfo(const char *text, const char *name, uint64_t *bytes)
{
	const char *line = strstr(text, name);

	if (line == NULL)
		return false;
	*bytes = strtoull(line + strlen(name), NULL, 10) * 1024;
	return true;
}

bool
shmt_headroom(struct shmt_headroom *headroom)
{
	struct shmt_headroom m = { 0 };
	uint64_t total, available;
	size_t i, length;
	char *text;

	if (shmt__read_file(AT_FDCWD, "/proc/meminfo", &text, &length) == 0) {
		if (meminfo(text, "MemTotal:", &total) &&
		    meminfo(text, "MemAvailable:", &available))
			tighten(&m, total, total - available, "this machine:");
		free(text);
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		look_at_cgroups(&kinds[i], &m);
	if (m.where[0] == '\0')
		return false;
	*headroom = m;
	return true;
}

/* Pages for so many bytes were counted on; look again after as many. */
#define CREDIT ((uint64_t)1 << 30)

/* Whether there is memory in plenty for so many bytes more. */
static bool
can_afford(struct shmt_view *view, uint64_t length)
{
	struct shmt_headroom room;

	if (length > view->credit) {
		view->credit = CREDIT;
		if (shmt_headroom(&room))
			view->credit = room.used < room.limit ?
			    (room.limit - room.used) / 2 : 0;
		if (view->credit > CREDIT)
			view->credit = CREDIT;
	}
	if (length > view->credit)
		return false;
	view->credit -= length;
	return true;
}

/* What the child holds beside the pages, and leaves to us in the end: page
 * tables and buffers of ours cost memory too. */
#define CUSHION ((size_t)512 * 1024)

static int
touch_pages(char *at, size_t length, size_t page, bool writing)
{
	size_t i;

	if (madvise(at, length, writing ? MADV_POPULATE_WRITE :
	    MADV_POPULATE_READ) == 0)
		return 0;
	if (errno != EINVAL)
		return errno;
	/* A store that changes nothing, whoever else stores there. */
	for (i = 0; i < length; i += page)
		if (writing)
			__atomic_fetch_or(at + i, 0, __ATOMIC_RELAXED);
		else
			__atomic_load_n(at + i, __ATOMIC_RELAXED);
	return 0;
}

/* The child: offers itself to the OOM killer, touches, says how it went. */
static void
touch_and_tell(const struct shmt_view *view, char *at, size_t length,
    bool writing, int out)
{
	unsigned char answer = 0;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd != -1 && shmt__write_all(fd, "1000", 4) == 0 &&
	    mmap(NULL, CUSHION, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED)
		answer = (unsigned char)touch_pages(at, length, view->page,
		    writing);
	shmt__write_all(out, &answer, 1);
	_exit(0);
}

static int
touch_in_child(const struct shmt_view *view, char *at, size_t length,
    bool writing)
{
	unsigned char answer = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		touch_and_tell(view, at, length, writing, ends[1]);
	shmt__close(ends[1]);
	do
		n = pid == -1 ? -1 : read(ends[0], &answer, 1);
	while (n == -1 && errno == EINTR && pid != -1);
	shmt__close(ends[0]);
	if (pid == -1)
		return -1;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	/* It was killed before it could say anything. */
	errno = n == 1 ? answer : ENOMEM;
	return errno == 0 ? 0 : -1;
}

/* Whether every page of a range is there. */
static bool
is_resident(const struct shmt_view *view, const char *at, size_t length)
{
	unsigned char resident[1024];
	size_t i, n;

	for (; length > 0; at += n, length -= n) {
		n = sizeof(resident) * view->page;
		n = length < n ? length : n;
		if (mincore((void *)(uintptr_t)at, n, resident) == -1)
			return false;
		for (i = 0; i < (n + view->page - 1) / view->page; i++)
			if ((resident[i] & 1) == 0)
				return false;
	}
	return true;
}

int
shmt__view_touch(struct shmt_view *view, uint64_t offset, uint64_t length,
    bool writing)
{
	uint64_t start = offset & ~(uint64_t)(view->page - 1);
	size_t n = (size_t)(offset + length - start);
	char *at;

	/* Huge pages come from a pool of their own, and with an errno. */
	if (view->at == NULL || view->huge || can_afford(view, length))
		return 0;
	at = view->at + start;
	if (is_resident(view, at, n))
		return 0;
	return touch_in_child(view, at, n, writing);
}
