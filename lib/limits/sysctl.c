/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Limits set: now, in /proc/sys/kernel, and from the next boot on, in a file
 * of sysctl.d.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits/sysctl.h"
#include "shmtool.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

#define SYSCTL_MODE 0644	/* of a new file: everyone may know */

/* The path of a name that we set, or NULL. */
static const char *
path_of(const char *name)
{
	static const char *const paths[] = {
		"/proc/sys/kernel/shmmax", "/proc/sys/kernel/shmall",
		"/proc/sys/kernel/shmmni", "/proc/sys/kernel/shm_rmid_forced"
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(strrchr(paths[i], '/') + 1, name) == 0)
			return paths[i];
	errno = EINVAL;
	return NULL;
}

int
shmt_limit_get(const char *name, uint64_t *value)
{
	const char *path = path_of(name);

	return path == NULL ? -1 : shmt__read_sysctl(path, false, value, 1);
}

int
shmt_limit_set(const char *name, uint64_t value, uint64_t *now)
{
	const char *path = path_of(name);
	char text[32];
	int fd, length, result;

	if (path == NULL)
		return -1;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return -1;
	/* In one write: the kernel takes each for a whole number. */
	length = snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	result = shmt__write_all(fd, text, (size_t)length);
	shmt__close(fd);
	if (result == -1 || shmt__read_sysctl(path, false, now, 1) == -1)
		return -1;
	if (*now != value) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* Whether a line of length bytes sets kernel.NAME, as sysctl(8) reads it. */
static bool
sets(const char *line, size_t length, const char *name)
{
	static const char prefix[] = "kernel";
	const char *end = line + length;
	size_t n = strlen(name), p = sizeof(prefix) - 1;

	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	if (line < end && *line == '-')
		line++;
	if ((size_t)(end - line) < p + 1 + n || memcmp(line, prefix, p) != 0 ||
	    (line[p] != '.' && line[p] != '/') ||
	    memcmp(line + p + 1, name, n) != 0)
		return false;
	for (line += p + 1 + n; line < end && (*line == ' ' || *line == '\t');)
		line++;
	return line < end && *line == '=';
}

/* One setting as a line at *at, which is moved behind it. */
#define LINE_MAX_LENGTH 64

static void
put_line(char **at, const struct shmt_setting *setting)
{
	*at += snprintf(*at, LINE_MAX_LENGTH, "kernel.%s = %" PRIu64 "\n",
	    setting->name, setting->value);
}

/*
 * old with our lines in the place of the first that set the same, and behind
 * all others where there is none; into a buffer that the caller frees.
 */
static char *
compose(const char *old, size_t length, const struct shmt_setting *settings,
    size_t count, size_t *new_length)
{
	const char *end = old + length, *line, *next;
	unsigned long long done = 0;
	char *text, *at;
	size_t i;

	text = at = malloc(length + 1 + count * LINE_MAX_LENGTH);
	if (text == NULL)
		return NULL;
	for (line = old; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next != NULL ? next + 1 : end;
		for (i = 0; i < count; i++)
			if (sets(line, (size_t)(next - line),
			    settings[i].name))
				break;
		if (i == count) {
			memcpy(at, line, (size_t)(next - line));
			at += next - line;
			if (next[-1] != '\n')
				*at++ = '\n';
		} else if ((done & 1ULL << i) == 0) {
			put_line(&at, &settings[i]);
			done |= 1ULL << i;
		}
	}
	for (i = 0; i < count; i++)
		if ((done & 1ULL << i) == 0)
			put_line(&at, &settings[i]);
	*new_length = (size_t)(at - text);
	return text;
}

/* The file as it is, and what it is; an absent one is empty and ours. */
static int
read_old(const char *path, char **text, size_t *length, struct stat *st)
{
	int fd, result = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1 && errno == ENOENT) {
		st->st_mode = 0;
		*length = 0;
		*text = strdup("");
		return *text == NULL ? -1 : 0;
	}
	if (fd == -1)
		return -1;
	if (fstat(fd, st) == -1)
		;
	else if (!S_ISREG(st->st_mode))
		errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	else
		result = shmt__read_fd(fd, text, length);
	shmt__close(fd);
	return result;
}

/* Writes what is to become the file, with the rights of the old one. */
static int
fill(int fd, const char *text, size_t length, const struct stat *st)
{
	mode_t mode = st->st_mode == 0 ? SYSCTL_MODE : st->st_mode & 0777u;

	if (st->st_mode != 0 && fchown(fd, st->st_uid, st->st_gid) == -1)
		return -1;
	if (fchmod(fd, mode) == -1 || shmt__write_all(fd, text, length) == -1)
		return -1;
	return fsync(fd);
}

static int
replace(const char *path, const char *text, size_t length,
    const struct stat *st)
{
	struct shmt_atomic_file *draft;
	int folder, result;

	if (shmt_atomic_file_open(path, &draft) == -1)
		return -1;
	result = fill(draft->fd, text, length, st);
	if (result == 0)
		result = shmt_atomic_file_publish(draft);
	/* A name lasts when its folder is written. */
	if (result == 0) {
		folder = openat(draft->dir, ".", O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
		result = folder == -1 ? -1 : shmt__sync_dir(folder);
		shmt__close(folder);
	}
	shmt_atomic_file_close(draft);
	return result;
}

int
shmt_limits_persist(const char *path, const struct shmt_setting *settings,
    size_t count)
{
	size_t old_length, length;
	char *old, *text;
	struct stat st;
	int result;

	if (read_old(path, &old, &old_length, &st) == -1)
		return -1;
	text = compose(old, old_length, settings, count, &length);
	free(old);
	if (text == NULL)
		return -1;
	result = replace(path, text, length, &st);
	free(text);
	return result;
}
