/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How much memory is left: what bounds the pages of this process, its memory
 * cgroups of either kind or the machine, whichever is the tightest.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/memcg.h"
#include "shmtool.h"
#include "sys/file.h"

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
find_mount(char *text, const struct kind *kind, char **top, char **point)
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
		*top = strsep(&line, " ");
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
climb(int root, const struct kind *kind, const char *point, char *path,
    struct shmt_headroom *memory)
{
	char folder[4096], where[sizeof(memory->where)], *slash;
	uint64_t limit, used;
	int dir;

	for (;;) {
		snprintf(folder, sizeof(folder), ".%s%s", point, path);
		snprintf(where, sizeof(where), "memory cgroup %s",
		    *path != '\0' ? path : "/");
		dir = openat(root, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
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

/* The rest of a path behind the folder that is mounted; NULL: not there. */
static char *
below(char *path, const char *top)
{
	size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

	if (strncmp(path, top, length) != 0 ||
	    (path[length] != '/' && path[length] != '\0'))
		return NULL;
	return path + length;
}

static void
look_at_cgroups(int root, const struct kind *kind,
    struct shmt_headroom *memory)
{
	char *groups, *mounts, *path, *top, *point;
	size_t length;

	if (shmt__read_file(root, "proc/self/cgroup", &groups, &length) == -1)
		return;
	if (shmt__read_file(root, "proc/self/mountinfo", &mounts,
	    &length) == -1) {
		free(groups);
		return;
	}
	path = own_path(groups, kind);
	if (path != NULL && find_mount(mounts, kind, &top, &point)) {
		path = below(path, top);
		if (path != NULL)
			climb(root, kind, point, path, memory);
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
shmt__headroom(int root, struct shmt_headroom *headroom)
{
	struct shmt_headroom m = { 0 };
	uint64_t total, available;
	size_t i, length;
	char *text;

	if (shmt__read_file(root, "proc/meminfo", &text, &length) == 0) {
		if (meminfo(text, "MemTotal:", &total) &&
		    meminfo(text, "MemAvailable:", &available))
			tighten(&m, total, total - available, "this machine:");
		free(text);
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		look_at_cgroups(root, &kinds[i], &m);
	if (m.where[0] == '\0')
		return false;
	*headroom = m;
	return true;
}

bool
shmt_headroom(struct shmt_headroom *headroom)
{
	bool told;
	int root;

	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return false;
	told = shmt__headroom(root, headroom);
	close(root);
	return told;
}
