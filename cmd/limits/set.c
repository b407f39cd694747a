/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --set and --persist: changes limits, all or none, and keeps them for
 * the next boot.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "limits/actions.h"
#include "namespace.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"

/* What is done in one call of change_limits(). */
struct change {
	const struct settings *settings;
	uint64_t old[SETTINGS_MAX];	/* the values before it */
	const char *file;
	struct shmt_atomic_file *new_file;	/* to replace it, or NULL */
	struct shmt_list all;	/* segments before the change */
	struct shmt_usage usage;	/* of that list */
};

static bool
is_named(const struct shmt_setting *setting, const char *name)
{
	return strcmp(setting->name, name) == 0;
}

/*
 * Effects on existing segments
 */

/* Warns where more is in use than the new limit allows, all of which stays. */
static void
warn_if_above(const struct shmt_setting *s, uint64_t used, const char *one,
    const char *several)
{
	if (used > s->value)
		warn_about(s->name, "%" PRIu64 " %s, more than %" PRIu64
		    ": %s", used, used == 1 ? one : several, s->value,
		    used == 1 ? "it stays" : "they stay");
}

/* Segments that the kernel removes when shm_rmid_forced is set. */
static uint64_t
count_orphans(const struct change *c)
{
	struct shmt_process creator;
	uint64_t orphans = 0;
	size_t i;

	for (i = 0; i < c->all.count; i++) {
		if (c->all.list[i].nattch != 0)
			continue;
		shmt_creator(&c->all.list[i], &creator);
		orphans += creator.state == SHMT_GONE ||
		    creator.state == SHMT_REUSED;
	}
	return orphans;
}

/* Counts unattached segments that existed before and were removed. */
static uint64_t
count_removed(const struct change *c)
{
	struct shmt_info now;
	uint64_t removed = 0;
	size_t i;

	for (i = 0; i < c->all.count; i++)
		removed += c->all.list[i].nattch == 0 &&
		    (shmt_info(&c->all.list[i].object, 0, &now) == -1 ||
		    !shmt_same(&c->all.list[i], &now));
	return removed;
}

static void
warn_of_removal(const struct change *c, bool dry)
{
	uint64_t n = dry ? count_orphans(c) : count_removed(c);

	if (n > 0)
		warn_about(SHM_RMID_FORCED, "%s %" PRIu64 " orphaned segment%s",
		    dry ? "would remove" : "removed", n, plural(n, "s"));
}

/* The kernel would refuse it, but --dry-run does not ask. */
static void
warn_if_refused(const struct shmt_setting *s)
{
	struct shmt_dev_shm dev_shm;

	if (is_named(s, "shmmni") && s->value > SHMMNI_MOST)
		warn_about(s->name, "more than %d needs the boot "
		    "option ipcmni_extend", SHMMNI_MOST);
	if (!is_named(s, SHMT_DEV_SHM_SIZE) || shmt_dev_shm(&dev_shm) == -1)
		return;
	if (dev_shm.size == 0)
		warn_about(s->name, "/dev/shm was mounted without a limit: the "
		    "kernel would refuse one");
	else if (dev_shm.used > s->value)
		warn_about(s->name, "%" PRIu64 " bytes are in use, more than %"
		    PRIu64 ": the kernel would refuse it", dev_shm.used,
		    s->value);
}

static void
warn_of_effects(const struct change *c, bool dry)
{
	const struct shmt_setting *s = c->settings->list;
	size_t i;

	for (i = 0; i < c->settings->count; i++, s++) {
		if (dry)
			warn_if_refused(s);
		if (is_named(s, "shmmni"))
			warn_if_above(s, c->usage.segments, "segment exists",
			    "segments exist");
		else if (is_named(s, "shmall"))
			warn_if_above(s, c->usage.pages, "page is in use",
			    "pages are in use");
		else if (is_named(s, "shmmax") && c->usage.largest > s->value)
			warn_about(s->name, "a segment has more, %" PRIu64
			    " byte%s: it stays", c->usage.largest,
			    plural(c->usage.largest, "s"));
		else if (is_named(s, SHM_RMID_FORCED) && s->value == 1 &&
		    c->old[i] == 0)
			warn_of_removal(c, dry);
	}
}

/*
 * The change: steps that may fail first, those that cannot be undone last
 */

static void
undo_one(const struct shmt_setting *setting, uint64_t old)
{
	char reason[SHMT_REASON];
	uint64_t now;

	if (setting->value == old)
		return;
	if (shmt_limit_set(setting->name, old, &now, reason) == 0)
		warn_about(setting->name, "is %" PRIu64 " again", now);
	else
		warn_about(setting->name, "could not be set back to %" PRIu64
		    ": %s", old, reason[0] != '\0' ? reason :
		    strerror(errno));
}

static void
undo(const struct change *c, size_t count)
{
	while (count-- > 0)
		if (!is_named(&c->settings->list[count], SHM_RMID_FORCED))
			undo_one(&c->settings->list[count], c->old[count]);
}

static int
set_one(const struct change *c, size_t i)
{
	const struct shmt_setting *s = &c->settings->list[i];
	char reason[SHMT_REASON];
	uint64_t now = s->value;
	int error, status;

	if (shmt_limit_set(s->name, s->value, &now, reason) == 0)
		return ST_OK;
	error = errno;
	status = setting_failed(s, now, reason, error);
	/* Another value was kept. */
	if (error == EIO && now != s->value)
		undo_one(s, c->old[i]);
	return status;
}

static int
set_revocable(const struct change *c)
{
	int status = ST_OK;
	size_t i;

	for (i = 0; i < c->settings->count && status == ST_OK; i++) {
		if (is_named(&c->settings->list[i], SHM_RMID_FORCED))
			continue;
		status = set_one(c, i);
		if (status != ST_OK)
			undo(c, i);
	}
	return status;
}

static int
persist_failed(const char *file, int error)
{
	warn_about(file, "%s",
	    error == ELOOP ? "a symbolic link: name the file itself" :
	    error == EINVAL ? "not a regular file" :
	    error == EBUSY ? "another process has its directory locked" :
	    strerror(error));
	return file_status(error);
}

/* The sysctls among some settings, the only ones that a file keeps. */
static size_t
select_sysctls(const struct settings *settings,
    struct shmt_setting list[static SETTINGS_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < settings->count; i++)
		if (!is_named(&settings->list[i], SHMT_DEV_SHM_SIZE))
			list[n++] = settings->list[i];
	return n;
}

static int
prepare_file(struct change *c)
{
	struct shmt_setting list[SETTINGS_MAX];
	size_t count = select_sysctls(c->settings, list);

	if (c->file == NULL || count == 0)
		return ST_OK;
	if (shmt_persist_prepare(c->file, list, count, &c->new_file) == 0)
		return ST_OK;
	/* After a signal, main() ends the program by it. */
	return errno == EINTR && caught_signal() != 0 ? ST_FAILED :
	    persist_failed(c->file, errno);
}

/* Sets all limits; if one fails, sets those before it back.  shm_rmid_forced
 * comes last, since the segments that it removes cannot be restored. */
static int
set_all(const struct change *c)
{
	int status;
	size_t i;

	status = set_revocable(c);
	if (status != ST_OK)
		return status;
	if (c->new_file != NULL && shmt_persist_commit(c->new_file) == -1) {
		status = persist_failed(c->file, errno);
		undo(c, c->settings->count);
		return status;
	}
	for (i = 0; i < c->settings->count && status == ST_OK; i++)
		if (is_named(&c->settings->list[i], SHM_RMID_FORCED))
			status = set_one(c, i);
	if (status == ST_OK)
		return ST_OK;
	if (c->new_file != NULL && shmt_persist_revert(c->new_file) == -1)
		warn_about(c->file, "could not be put back: %s",
		    strerror(errno));
	undo(c, c->settings->count);
	return status;
}

/* Checks everything that can be checked before anything is changed. */
static int
check_all(struct change *c, bool dry)
{
	const struct shmt_setting *s = c->settings->list;
	char reason[SHMT_REASON];
	size_t i;

	for (i = 0; i < c->settings->count; i++, s++) {
		if (shmt_limit_get(s->name, &c->old[i]) == -1)
			return setting_failed(s, s->value, "", errno);
		/* --dry-run needs no permission. */
		if ((!dry || is_named(s, SHMT_DEV_SHM_SIZE)) &&
		    shmt_limit_check(s->name, reason) == -1)
			return setting_failed(s, s->value, reason, errno);
	}
	if (shmt_list(SHMT_KIND(SHMT_SYSV), 0, &c->all) == -1)
		return fail("list of segments", errno);
	shmt_usage_of(c->all.list, c->all.count, &c->usage);
	return dry ? ST_OK : prepare_file(c);
}

/*
 * The report
 */

static void
print_changes(const struct change *c)
{
	const struct shmt_setting *s = c->settings->list;
	size_t i;

	for (i = 0; i < c->settings->count; i++, s++)
		if (c->old[i] == 0 && is_named(s, SHMT_DEV_SHM_SIZE))
			printf("%s: no limit -> %" PRIu64 "\n", s->name,
			    s->value);
		else
			printf("%s: %" PRIu64 " -> %" PRIu64 "\n", s->name,
			    c->old[i], s->value);
}

/* mount(8) knows neither 1.5G nor 64MiB, and takes 010% for an octal number. */
static void
put_mount_size(char text[static SHORT_TEXT], const struct settings *settings)
{
	const char *given = settings->dev_shm_size;
	size_t i = 0;

	while (!is_named(&settings->list[i], SHMT_DEV_SHM_SIZE))
		i++;
	if (strchr(given, '%') != NULL)
		strlcpy(text, given + strspn(given, "0"), SHORT_TEXT);
	else
		snprintf(text, SHORT_TEXT, "%" PRIu64,
		    settings->list[i].value);
}

static int
print_fstab(const struct settings *settings)
{
	const char *option = container_size_option();
	char size[SHORT_TEXT], *line;

	if (option != NULL) {
		printf("dev_shm_size: this container keeps it by %s\n", option);
		return ST_OK;
	}
	put_mount_size(size, settings);
	if (shmt_dev_shm_line(size, &line) == -1)
		return file_failed(SHMT_DEV_SHM_SIZE, errno);
	printf("dev_shm_size: to keep it, put this line into /etc/fstab:\n"
	    "%s\n", line);
	free(line);
	return ST_OK;
}

static int
print_persisted(const struct change *c)
{
	struct shmt_setting list[SETTINGS_MAX];
	size_t i, count = select_sysctls(c->settings, list);

	for (i = 0; i < count; i++) {
		print_safe(stdout, c->file);
		printf(": kernel.%s = %" PRIu64 "\n", list[i].name,
		    list[i].value);
	}
	return c->settings->dev_shm_size == NULL ? ST_OK :
	    print_fstab(c->settings);
}

static void
print_how_to_persist(const struct settings *settings)
{
	const struct shmt_setting *s = settings->list;
	size_t i;

	printf("until the next boot; to keep it: shmtool limits --persist "
	    "--set");
	for (i = 0; i < settings->count; i++)
		if (is_named(&s[i], SHMT_DEV_SHM_SIZE))
			printf(" %s=%s", s[i].name, settings->dev_shm_size);
		else
			printf(" %s=%" PRIu64, s[i].name, s[i].value);
	putchar('\n');
}

static int
report(const struct change *c, bool dry)
{
	int status = ST_OK;

	print_changes(c);
	if (c->file != NULL)
		status = print_persisted(c);
	if (dry)
		printf("nothing was changed (--dry-run)\n");
	else if (entered_namespace() != NULL)
		printf("as long as this IPC namespace exists\n");
	else if (c->file == NULL)
		print_how_to_persist(c->settings);
	return status;
}

int
change_limits(const struct settings *settings, const char *file, bool dry)
{
	struct change c = { .settings = settings, .file = file };
	int status;

	/* A signal must not leave some of the limits changed. */
	catch_signals();
	ignore_sigpipe();
	status = check_all(&c, dry);
	/* It may have waited for the file's directory. */
	if (status == ST_OK && caught_signal() != 0)
		status = ST_FAILED;
	if (status == ST_OK && !dry)
		status = set_all(&c);
	if (status == ST_OK) {
		warn_of_effects(&c, dry);
		status = report(&c, dry);
	}
	if (c.new_file != NULL)
		shmt_atomic_file_close(c.new_file);
	shmt_list_free(&c.all);
	return status;
}
