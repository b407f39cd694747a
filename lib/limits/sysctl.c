/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Setting limits: at once in /proc/sys/kernel, and for the next boot in a file
 * of sysctl.d.
 */

#include <sys/stat.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits/dev_shm.h"
#include "shmtool.h"
#include "sys/atomic_file.h"
#include "sys/file.h"

#define SYSCTL_MODE 0644	/* of a new file: everyone may read it */

/* The kernel's default since Linux 3.16: ULONG_MAX less 16 MiB. */
#define UNLIMITED ((uint64_t)ULONG_MAX - (UINT64_C(1) << 24))

static const struct {
	const char *path;
	uint64_t initial;
} sysctls[] = {
	{ "/proc/sys/kernel/shmmax", UNLIMITED },
	{ "/proc/sys/kernel/shmall", UNLIMITED },
	{ "/proc/sys/kernel/shmmni", 4096 },
	{ "/proc/sys/kernel/shm_rmid_forced", 0 }
};

/* The index of a sysctl in the array above, or -1 with EINVAL. */
static int
find_sysctl(const char *name)
{
	int i;

	for (i = 0; i < (int)(sizeof(sysctls) / sizeof(sysctls[0])); i++)
		if (strcmp(strrchr(sysctls[i].path, '/') + 1, name) == 0)
			return i;
	return shmt__fail(EINVAL);
}

static bool
is_dev_shm(const char *name)
{
	return strcmp(name, SHMT_DEV_SHM_SIZE) == 0;
}

int
shmt_limit_get(const char *name, uint64_t *value)
{
	struct shmt_dev_shm dev_shm;
	int i;

	if (is_dev_shm(name)) {
		if (shmt_dev_shm(&dev_shm) == -1)
			return -1;
		*value = dev_shm.size;
		return 0;
	}
	i = find_sysctl(name);
	return i == -1 ? -1 :
	    shmt__read_numbers(sysctls[i].path, false, value, 1);
}

int
shmt_limit_default(const char *name, uint64_t *value)
{
	int i;

	if (is_dev_shm(name)) {
		if (shmt_memory(value) == -1)
			return -1;
		*value = shmt__dev_shm_round(*value / 2);
		return 0;
	}
	i = find_sysctl(name);
	if (i == -1)
		return -1;
	*value = sysctls[i].initial;
	return 0;
}

int
shmt_limit_check(const char *name, char reason[SHMT_REASON])
{
	int i, fd;

	reason[0] = '\0';
	if (is_dev_shm(name))
		return shmt__dev_shm_check(reason);
	i = find_sysctl(name);
	if (i == -1)
		return -1;
	fd = open(sysctls[i].path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	shmt__close(fd);
	return fd == -1 ? -1 : 0;
}

int
shmt_limit_set(const char *name, uint64_t value, uint64_t *now,
    char reason[SHMT_REASON])
{
	int i;

	reason[0] = '\0';
	if (is_dev_shm(name)) {
		if (shmt__dev_shm_resize(value, reason) == -1)
			return -1;
		value = shmt__dev_shm_round(value);
	} else {
		i = find_sysctl(name);
		if (i == -1 || shmt__write_number(sysctls[i].path, value) == -1)
			return -1;
	}
	if (shmt_limit_get(name, now) == -1)
		return -1;
	if (*now != value)
		return shmt__fail(EIO);
	return 0;
}

/* Whether a line of length bytes sets kernel.NAME, as sysctl(8) reads it. */
static bool
sets_name(const char *line, size_t length, const char *name)
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

static void
put_line(FILE *file, const struct shmt_setting *setting)
{
	static const char prefix[] = "kernel.";
	char value[32];
	int length;

	length = snprintf(value, sizeof(value), " = %" PRIu64 "\n",
	    setting->value);
	fwrite(prefix, 1, sizeof(prefix) - 1, file);
	fwrite(setting->name, 1, strlen(setting->name), file);
	fwrite(value, 1, (size_t)length, file);
}

/* Writes old with each setting in place of the first line that sets the same
 * name, or at the end. */
static void
compose(FILE *file, const char *old, size_t length,
    const struct shmt_setting *settings, size_t count)
{
	const char *end = old + length, *line, *next;
	unsigned long long done = 0;
	size_t i;

	for (line = old; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next != NULL ? next + 1 : end;
		for (i = 0; i < count; i++)
			if (sets_name(line, (size_t)(next - line),
			    settings[i].name))
				break;
		if (i == count) {
			fwrite(line, 1, (size_t)(next - line), file);
			if (next[-1] != '\n')
				putc('\n', file);
		} else if ((done & 1ULL << i) == 0) {
			put_line(file, &settings[i]);
			done |= 1ULL << i;
		}
	}
	for (i = 0; i < count; i++)
		if ((done & 1ULL << i) == 0)
			put_line(file, &settings[i]);
}

/* Copies the access control list of the old file.  Its other extended
 * attributes are not copied: a security module labels the new file, and what
 * security.ima has is a digest of the old contents. */
static int
copy_acl(int from, int to)
{
	static const char acl[] = "system.posix_acl_access";
	char value[4096];
	ssize_t length;

	length = fgetxattr(from, acl, value, sizeof(value));
	if (length == -1)
		return errno == ENODATA || errno == ENOTSUP ? 0 : -1;
	return fsetxattr(to, acl, value, (size_t)length, 0);
}

/* The present file; if there is none, fd is -1 and the text is empty. */
struct old {
	int fd;
	char *text;
	size_t length;
	struct stat st;
};

static int
load_old(struct old *old)
{
	if (fstat(old->fd, &old->st) == -1)
		return -1;
	if (!S_ISREG(old->st.st_mode))
		return shmt__fail(S_ISDIR(old->st.st_mode) ? EISDIR : EINVAL);
	if (lseek(old->fd, 0, SEEK_SET) == -1)
		return -1;
	old->text = shmt__read_fd(old->fd, &old->length);
	return old->text == NULL ? -1 : 0;
}

static int
read_old(const char *path, struct old *old)
{
	memset(old, 0, sizeof(*old));
	old->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK);
	if (old->fd == -1 && errno != ENOENT)
		return -1;
	if (old->fd == -1) {
		old->text = strdup("");
		return old->text == NULL ? -1 : 0;
	}
	if (load_old(old) == 0)
		return 0;
	shmt__close(old->fd);
	return -1;
}

/* Writes the new contents, with owner, mode and ACL of the old file. */
static int
fill(int fd, const struct old *old, const char *text, size_t length)
{
	if (shmt__write_all(fd, text, length) == -1)
		return -1;
	if (old->fd == -1)
		return fchmod(fd, SYSCTL_MODE) == -1 ? -1 : fsync(fd);
	if (fchown(fd, old->st.st_uid, old->st.st_gid) == -1 ||
	    fchmod(fd, old->st.st_mode & 0777u) == -1 ||
	    copy_acl(old->fd, fd) == -1)
		return -1;
	return fsync(fd);
}

static int
fill_from(int fd, const struct old *old, const struct shmt_setting *settings,
    size_t count)
{
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);
	int result = -1;
	bool whole;

	if (file == NULL)
		return -1;
	compose(file, old->text, old->length, settings, count);
	whole = !ferror(file);
	if (fclose(file) == 0 && whole && text != NULL)
		result = fill(fd, old, text, length);
	free(text);
	return result;
}

int
shmt_persist_prepare(const char *path, const struct shmt_setting *settings,
    size_t count, struct shmt_atomic_file **file)
{
	struct shmt_atomic_file *new;
	struct old old;
	int result;

	if (shmt__atomic_file_locked(path, &new) == -1)
		return -1;
	result = read_old(path, &old);
	if (result == 0) {
		result = fill_from(shmt_atomic_file_fd(new), &old, settings,
		    count);
		free(old.text);
		new->former = old.fd;
	}
	if (result == -1)
		shmt_atomic_file_close(new);
	else
		*file = new;
	return result;
}

/* Writes the directory to the disk, so that the new name survives a crash. */
static int
sync_dir_of(const struct shmt_atomic_file *file)
{
	int dir, result;

	dir = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = dir == -1 ? -1 : shmt__sync_dir(dir);
	shmt__close(dir);
	return result;
}

/* Restores the old file, of which the copy is made only here: a process that is
 * killed before leaves none. */
static int
put_back(struct shmt_atomic_file *file)
{
	struct old old = { .fd = file->former };
	int result;

	if (load_old(&old) == -1)
		return -1;
	result = shmt__atomic_file_begin(file);
	if (result == 0)
		result = fill(shmt_atomic_file_fd(file), &old, old.text,
		    old.length);
	free(old.text);
	return result == -1 ? -1 : shmt_atomic_file_commit(file);
}

int
shmt_persist_commit(struct shmt_atomic_file *file)
{
	int error;

	if (shmt_atomic_file_commit(file) == -1)
		return -1;
	if (sync_dir_of(file) == 0)
		return 0;
	error = errno;
	shmt_persist_revert(file);
	return shmt__fail(error);
}

int
shmt_persist_revert(struct shmt_atomic_file *file)
{
	int result = file->former == -1 ?
	    unlinkat(file->dir, file->final, 0) : put_back(file);

	return result == -1 ? -1 : sync_dir_of(file);
}
