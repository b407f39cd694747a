/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether systemd-logind would remove a user's segments when the user's last
 * session ends: RemoveIPC= of logind.conf(5), which is on unless switched off
 * and spares system users.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "limits/logind.h"
#include "shmtool.h"
#include "sys/file.h"

#define SYSTEM_UID_MAX 999	/* where login.defs does not say */
#define NOBODY 65534

/* Where logind looks, the first before the others. */
static const char *const folders[] = {
	"etc/systemd/", "run/systemd/", "usr/local/lib/systemd/",
	"usr/lib/systemd/"
};

#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* 1, 0, or -1 for a word that logind ignores too. */
static int
truth(const char *word)
{
	static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
	static const char *const no[] = { "0", "no", "n", "false", "f", "off" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(word, yes[i]) == 0)
			return 1;
		if (strcasecmp(word, no[i]) == 0)
			return 0;
	}
	return -1;
}

static char *
trim(char *text)
{
	static const char blanks[] = " \t\r";
	char *end;

	text += strspn(text, blanks);
	end = text + strlen(text);
	while (end > text && strchr(blanks, end[-1]) != NULL)
		end--;
	*end = '\0';
	return text;
}

/* What one file says, the last line winning; *on stays where it is silent. */
static void
parse_conf(char *text, bool *on)
{
	char *line, *value;
	bool ours = false;

	while ((line = strsep(&text, "\n")) != NULL) {
		line = trim(line);
		if (*line == '[')
			ours = strcmp(line, "[Login]") == 0;
		value = strchr(line, '=');
		if (!ours || value == NULL || *line == '#' || *line == ';')
			continue;
		*value++ = '\0';
		value = trim(value);
		if (strcmp(trim(line), "RemoveIPC") == 0 && truth(value) != -1)
			*on = truth(value) == 1;
	}
}

static int
read_conf(int root, const char *folder, const char *name, bool *on)
{
	char *path, *text;
	size_t length;
	int result;

	if (asprintf(&path, "%s%s", folder, name) == -1)
		return -1;
	result = shmt__read_file(root, path, &text, &length);
	free(path);
	if (result == -1)
		return -1;
	parse_conf(text, on);
	free(text);
	return 0;
}

static int
read_main(int root, bool *on)
{
	size_t i;

	for (i = 0; i < FOLDERS; i++) {
		if (read_conf(root, folders[i], "logind.conf", on) == 0)
			return 0;
		if (errno != ENOENT && errno != ENOTDIR)
			return -1;
	}
	return 0;
}

/* One drop-in; a name in an earlier folder hides the same in later ones. */
struct drop_in {
	char *name;
	size_t folder;
};

struct drop_ins {
	struct drop_in *list;
	size_t count;
};

static int
add_drop_in(struct drop_ins *all, const char *name, size_t folder)
{
	struct drop_in *more;
	size_t i, length = strlen(name);

	if (name[0] == '.' || length < 5 ||
	    strcmp(name + length - 5, ".conf") != 0)
		return 0;
	for (i = 0; i < all->count; i++)
		if (strcmp(all->list[i].name, name) == 0)
			return 0;
	more = reallocarray(all->list, all->count + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	all->list = more;
	more[all->count].folder = folder;
	more[all->count].name = strdup(name);
	if (more[all->count].name == NULL)
		return -1;
	all->count++;
	return 0;
}

static int
find_drop_ins(int root, struct drop_ins *all)
{
	char path[64];
	struct dirent *entry;
	int fd, result = 0;
	size_t i;
	DIR *dir;

	for (i = 0; result == 0 && i < FOLDERS; i++) {
		strlcpy(path, folders[i], sizeof(path));
		strlcat(path, "logind.conf.d", sizeof(path));
		fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
			continue;
		dir = fd == -1 ? NULL : fdopendir(fd);
		if (dir == NULL) {
			shmt__close(fd);
			return -1;
		}
		while (result == 0 && (entry = readdir(dir)) != NULL)
			result = add_drop_in(all, entry->d_name, i);
		closedir(dir);
	}
	return result;
}

static int
by_name(const void *a, const void *b)
{
	const struct drop_in *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
read_drop_ins(int root, bool *on)
{
	struct drop_ins all = { 0 };
	char path[64];
	size_t i;
	int result;

	result = find_drop_ins(root, &all);
	if (all.count > 0)
		qsort(all.list, all.count, sizeof(*all.list), by_name);
	for (i = 0; result == 0 && i < all.count; i++) {
		strlcpy(path, folders[all.list[i].folder], sizeof(path));
		strlcat(path, "logind.conf.d/", sizeof(path));
		result = read_conf(root, path, all.list[i].name, on);
	}
	for (i = 0; i < all.count; i++)
		free(all.list[i].name);
	free(all.list);
	return result;
}

/* The last uid of system users. */
static int
system_uid_max(int root, uint64_t *max)
{
	static const char word[] = "SYS_UID_MAX";
	char *text, *rest, *line;
	size_t length;

	*max = SYSTEM_UID_MAX;
	if (shmt__read_file(root, "etc/login.defs", &text, &length) == -1)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line = trim(line);
		length = sizeof(word) - 1;
		if (strncmp(line, word, length) == 0 &&
		    (line[length] == ' ' || line[length] == '\t'))
			shmt_parse_number(trim(line + length), UINT32_MAX,
			    max);
	}
	free(text);
	return 0;
}

int
shmt__logout_removes(int root, uint32_t uid, bool *removes)
{
	bool on = true;
	uint64_t max;

	/* logind's own, made when it starts. */
	if (faccessat(root, "run/systemd/users", F_OK, 0) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			return -1;
		*removes = false;
		return 0;
	}
	if (read_main(root, &on) == -1 || read_drop_ins(root, &on) == -1 ||
	    system_uid_max(root, &max) == -1)
		return -1;
	*removes = on && uid > max && uid != NOBODY;
	return 0;
}

int
shmt_logout_removes(uint32_t uid, bool *removes)
{
	int root, result;

	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return -1;
	result = shmt__logout_removes(root, uid, removes);
	shmt__close(root);
	return result;
}
