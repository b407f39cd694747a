/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --set: limits changed, all or none, and kept over a boot.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits/set.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"

/* More segments than this only a kernel with ipcmni_extend can count. */
#define SHMMNI_PLAIN 32768

static int
bad_setting(const char *text, const char *reason)
{
	return usage_error("--set", "%s: %s", text, reason);
}

/* Pages, or a size with its suffix, which is rounded up to pages. */
static bool
parse_pages(const char *text, uint64_t *pages)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size;

	if (shmt_parse_number(text, UINT64_MAX, pages) == 0)
		return true;
	if (errno == ERANGE || shmt_parse_size(text, &size) == -1)
		return false;
	*pages = size / page + (size % page != 0);
	return true;
}

static bool
parse_value(const char *name, const char *text, uint64_t *value)
{
	if (strcmp(name, "shmmax") == 0)
		return shmt_parse_size(text, value) == 0;
	if (strcmp(name, "shmall") == 0)
		return parse_pages(text, value);
	if (strcmp(name, "shmmni") == 0)
		return shmt_parse_number(text, INT32_MAX, value) == 0;
	return shmt_parse_number(text, 1, value) == 0;
}

int
parse_setting(const char *text, struct settings *settings)
{
	static const char *const names[SETTINGS_MAX] = {
		"shmmax", "shmall", "shmmni", "shm_rmid_forced"
	};
	const char *equals = strchr(text, '='), *name = NULL;
	const char *whole = text;
	size_t i, length;

	/* As sysctl(8) writes it. */
	if (strncmp(text, "kernel.", 7) == 0)
		text += 7;
	length = equals != NULL ? (size_t)(equals - text) : 0;
	for (i = 0; i < SETTINGS_MAX; i++)
		if (strlen(names[i]) == length &&
		    memcmp(names[i], text, length) == 0)
			name = names[i];
	if (name == NULL)
		return bad_setting(whole, "not NAME=VALUE with shmmax, shmall, "
		    "shmmni or shm_rmid_forced");
	for (i = 0; i < settings->count; i++)
		if (settings->list[i].name == name)
			return bad_setting(whole, "given twice");
	if (!parse_value(name, equals + 1, &settings->list[i].value))
		return bad_setting(whole, errno == ERANGE ? "out of range" :
		    strcmp(name, "shm_rmid_forced") == 0 ? "not 0 or 1" :
		    strcmp(name, "shmmni") == 0 ? "not a number" :
		    "not a size (4096, 64K, 1.5G)");
	settings->list[i].name = name;
	settings->count++;
	return ST_OK;
}

/* Unattached segments whose creator is dead: shm_rmid_forced removes them. */
static uint64_t
count_orphans(void)
{
	struct shmt_process creator;
	struct shmt_info *list;
	uint64_t orphans = 0;
	size_t i, count;

	if (shmt_list(false, &list, &count) == -1) {
		warn_about("shm_rmid_forced", "removes unattached segments "
		    "whose creators are dead; how many cannot be known: %s",
		    strerror(errno));
		return 0;
	}
	for (i = 0; i < count; i++) {
		if (list[i].nattch != 0)
			continue;
		shmt_creator(&list[i], &creator);
		orphans += creator.life == SHMT_GONE ||
		    creator.life == SHMT_REUSED;
	}
	free(list);
	return orphans;
}

/* What exists already beyond a new limit stays, but nobody gets more. */
static void
warn_of(const struct shmt_setting *setting, uint64_t old,
    const struct shmt_usage *usage, bool dry)
{
	uint64_t value = setting->value, orphans;

	if (strcmp(setting->name, "shmmni") == 0 && usage->segments > value)
		warn_about(setting->name, "%" PRIu64 " segments exist, more "
		    "than %" PRIu64 ": they stay, no other can be made",
		    usage->segments, value);
	else if (strcmp(setting->name, "shmall") == 0 && usage->pages > value)
		warn_about(setting->name, "%" PRIu64 " pages are in use, more "
		    "than %" PRIu64 ": they stay, no other can be had",
		    usage->pages, value);
	else if (strcmp(setting->name, "shmmax") == 0 &&
	    usage->largest > value)
		warn_about(setting->name, "a segment of %" PRIu64 " bytes "
		    "exists, more than %" PRIu64 ": it stays, but could not "
		    "be made again", usage->largest, value);
	else if (strcmp(setting->name, "shm_rmid_forced") == 0 &&
	    value == 1 && old == 0 && (orphans = count_orphans()) > 0)
		warn_about(setting->name, "removes %" PRIu64 " unattached "
		    "segments at once: their creators are dead", orphans);
	/* Without --dry-run the kernel answers this. */
	if (dry && strcmp(setting->name, "shmmni") == 0 &&
	    value > SHMMNI_PLAIN)
		warn_about(setting->name, "more than %d: only a kernel booted "
		    "with ipcmni_extend takes it", SHMMNI_PLAIN);
}

static int
refused(const struct shmt_setting *setting, uint64_t now, int error)
{
	if (error == EACCES || error == EPERM)
		warn_about(setting->name, "%s: only root of this IPC namespace "
		    "may set it: try sudo shmtool limits --set %s=%" PRIu64,
		    strerror(error), setting->name, setting->value);
	else if (error == EROFS)
		warn_about(setting->name,
		    "/proc/sys is mounted read-only here: "
		    "set it where this container is started");
	else if (error == EINVAL && strcmp(setting->name, "shmmni") == 0)
		warn_about(setting->name, "%" PRIu64 ": the kernel counts no "
		    "more than %d segments, or 16777216 when booted with "
		    "ipcmni_extend", setting->value, SHMMNI_PLAIN);
	else if (error == EIO)
		warn_about(setting->name, "the kernel kept %" PRIu64 " and not "
		    "%" PRIu64, now, setting->value);
	else
		warn_about(setting->name, "%" PRIu64 ": %s", setting->value,
		    error == ENOENT ? "/proc/sys/kernel does not have it" :
		    strerror(error));
	return error == ENOENT ? ST_FAILED : status_of(error);
}

/* Back to what the first count of them were, the last one first. */
static void
undo(const struct shmt_setting *settings, const uint64_t *old, size_t count)
{
	uint64_t now;

	while (count-- > 0) {
		if (settings[count].value == old[count])
			continue;
		if (shmt_limit_set(settings[count].name, old[count],
		    &now) == 0)
			warn_about(settings[count].name, "is %" PRIu64 " again",
			    now);
		else
			warn_about(settings[count].name,
			    "could not be set back "
			    "to %" PRIu64 ": %s",
			    old[count], strerror(errno));
	}
}

static int
set_all(const struct shmt_setting *settings, const uint64_t *old,
    size_t count)
{
	uint64_t now = 0;
	int error, status;
	size_t i;

	for (i = 0; i < count; i++)
		if (shmt_limit_set(settings[i].name, settings[i].value,
		    &now) == -1) {
			error = errno;
			status = refused(&settings[i], now, error);
			/* Another value was kept: that one goes back too. */
			undo(settings, old, i + (error == EIO));
			return status;
		}
	return ST_OK;
}

static int
keep(const char *file, const struct shmt_setting *settings, size_t count)
{
	int error;

	if (shmt_limits_persist(file, settings, count) == 0)
		return ST_OK;
	error = errno;
	warn_about(file, "%s",
	    error == ELOOP ? "a symbolic link: name the file itself" :
	    error == EINVAL ? "not a regular file" : strerror(error));
	return error == ENOENT ? ST_FAILED : status_of(error);
}

static void
report(const struct shmt_setting *settings, const uint64_t *old, size_t count,
    const char *file, bool dry)
{
	size_t i;

	for (i = 0; i < count; i++)
		printf("%s: %" PRIu64 " -> %" PRIu64 "\n", settings[i].name,
		    old[i], settings[i].value);
	for (i = 0; file != NULL && i < count; i++) {
		print_safe(file);
		printf(": kernel.%s = %" PRIu64 "\n", settings[i].name,
		    settings[i].value);
	}
	if (dry) {
		printf("nothing was changed (--dry-run)\n");
		return;
	}
	if (file != NULL)
		return;
	printf("until the next boot; to keep it: shmtool limits --persist "
	    "--set");
	for (i = 0; i < count; i++)
		printf(" %s=%" PRIu64, settings[i].name, settings[i].value);
	putchar('\n');
}

int
change_limits(const struct shmt_setting *settings, size_t count,
    const char *file, bool dry)
{
	uint64_t old[SETTINGS_MAX];
	struct shmt_usage usage;
	int status = ST_OK;
	size_t i;

	for (i = 0; i < count; i++)
		if (shmt_limit_get(settings[i].name, &old[i]) == -1) {
			warn_about(settings[i].name, "/proc/sys/kernel/%s: %s",
			    settings[i].name, strerror(errno));
			return errno == ENOENT ? ST_FAILED : status_of(errno);
		}
	if (shmt_usage(&usage) == -1)
		return fail("segments in use", errno);
	for (i = 0; i < count; i++)
		warn_of(&settings[i], old[i], &usage, dry);
	if (!dry) {
		/* Half of it must not stay when a signal comes. */
		catch_signals();
		ignore_sigpipe();
		status = set_all(settings, old, count);
		if (status == ST_OK && file != NULL) {
			status = keep(file, settings, count);
			if (status != ST_OK)
				undo(settings, old, count);
		}
	}
	if (status == ST_OK)
		report(settings, old, count, file, dry);
	return status;
}
