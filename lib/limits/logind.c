/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether systemd-logind removes a user's segments when the user's last
 * session ends: RemoveIPC= of logind.conf(5), which is on by default and
 * spares system users.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "limits/logind.h"
#include "shmtool.h"
#include "sys/file.h"

#define SYSTEM_UID_MAX 999	/* as logind is built */
#define NOBODY 65534
#define PATH_SIZE 4096

/* The directories that logind reads, in order of precedence. */
static const char *const directories[] = {
	"etc/systemd", "run/systemd", "usr/local/lib/systemd",
	"usr/lib/systemd"
};

#define DIRECTORIES 4

/* Reads RemoveIPC= from a file, ignoring values that are not boolean. Returns 1
 * where the file sets it, 0 where not, or -1. */
static int
read_conf(const char *path, bool *on)
{
	static const char *const words[] = { "0", "1", "no", "yes", "n", "y",
		"false", "true", "f", "t", "off", "on" };
	char *text, *rest, *line, word[8], section[16] = "", more;
	int found = 0;
	size_t i;

	text = shmt__read_file(AT_FDCWD, path);
	if (text == NULL)
		return -1;
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		sscanf(line, " [%15[^]]", section);
		if (strcmp(section, "Login") != 0 ||
		    sscanf(line, " RemoveIPC = %7s %c", word, &more) != 1)
			continue;
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcasecmp(word, words[i]) == 0) {
				*on = i % 2 == 1;
				found = 1;
			}
	}
	free(text);
	return found;
}

/* The setting found so far; one in a file whose name sorts after this replaces
 * it. */
struct setting {
	char name[NAME_MAX + 16];
	bool on;
};

/* Reads one file, unless an earlier directory has one of its name: the main
 * file "logind.conf" or a drop-in, "logind.conf.d/NAME", which sorts after. */
static int
apply_file(const char *root, int directory, const char *name,
    struct setting *setting)
{
	char path[PATH_SIZE];
	struct stat st;
	bool on;
	int i, found;

	for (i = 0; i <= directory; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", root, directories[i],
		    name);
		if (i < directory && lstat(path, &st) == 0)
			return 0;
	}
	found = read_conf(path, &on);
	if (found == -1)
		return shmt__is_absent(errno) ? 0 : -1;
	if (found == 1 && strcmp(name, setting->name) > 0) {
		strlcpy(setting->name, name, sizeof(setting->name));
		setting->on = on;
	}
	return 0;
}

static int
is_drop_in(const struct dirent *entry)
{
	return fnmatch("*.conf", entry->d_name, FNM_PERIOD) == 0;
}

static int
apply_drop_ins(const char *root, int directory, struct setting *setting)
{
	char path[PATH_SIZE], name[NAME_MAX + 16];
	struct dirent **entries;
	int i, n, result = 0;

	snprintf(path, sizeof(path), "%s/%s/logind.conf.d", root,
	    directories[directory]);
	n = scandir(path, &entries, is_drop_in, NULL);
	if (n == -1)
		return shmt__is_absent(errno) ? 0 : -1;
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "logind.conf.d/%s",
		    entries[i]->d_name);
		if (result == 0)
			result = apply_file(root, directory, name, setting);
		free(entries[i]);
	}
	free(entries);
	return result;
}

int
shmt__logout_removes(const char *root, uint32_t uid, bool *removes)
{
	struct setting setting = { .on = true };
	char path[PATH_SIZE];
	int i;

	/* logind creates this directory when it starts. */
	snprintf(path, sizeof(path), "%s/run/systemd/users", root);
	if (access(path, F_OK) == -1) {
		if (!shmt__is_absent(errno))
			return -1;
		*removes = false;
		return 0;
	}
	for (i = 0; i < DIRECTORIES; i++)
		if (apply_file(root, i, "logind.conf", &setting) == -1 ||
		    apply_drop_ins(root, i, &setting) == -1)
			return -1;
	*removes = setting.on && uid > SYSTEM_UID_MAX && uid != NOBODY;
	return 0;
}

int
shmt_logout_removes(uint32_t uid, bool *removes)
{
	return shmt__logout_removes("", uid, removes);
}
