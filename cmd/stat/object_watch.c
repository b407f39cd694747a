/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Changes of POSIX objects, by inotify(7) on /dev/shm.  An event has only the
 * name of an object, so the last facts about each are kept here.  No object is
 * opened, since that would be an event too.  A store into a mapping causes no
 * event.
 */

#include <sys/inotify.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "operand.h"
#include "shmtool.h"
#include "stat/event.h"
#include "stat/object_watch.h"
#include "ui/message.h"

#define DEV_SHM "/dev/shm"

/* Without events of files that have lost their names. */
#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | \
	IN_OPEN | IN_CLOSE | IN_MODIFY | IN_ATTRIB | IN_ONLYDIR | \
	IN_EXCL_UNLINK)

/* A renaming is two events, and the second follows within this time. */
#define RENAMING_MS 20

/* An object as it was last seen. */
struct known {
	struct shmt_info info;
	char path[];		/* "/NAME" */
};

struct object_watch {
	int fd;
	struct known **list;	/* by path */
	size_t count, room;
	struct known *moved;	/* of a renaming: the new name is to come */
	uint32_t cookie;
};

/* The index of path in the list, or where to insert it. */
static size_t
find(const struct object_watch *w, const char *path, bool *found)
{
	size_t low = 0, high = w->count, middle;
	int order;

	*found = false;
	while (low < high && !*found) {
		middle = (low + high) / 2;
		order = strcmp(path, w->list[middle]->path);
		*found = order == 0;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}

static struct known *
take_known(struct object_watch *w, const char *path)
{
	struct known *k;
	bool found;
	size_t i;

	i = find(w, path, &found);
	if (!found)
		return NULL;
	k = w->list[i];
	w->count--;
	memmove(&w->list[i], &w->list[i + 1],
	    (w->count - i) * sizeof(*w->list));
	return k;
}

/* Adds an object whose path is not in the list; NULL: memory is exhausted. */
static struct known *
add_known(struct object_watch *w, const char *path,
    const struct shmt_info *info)
{
	struct known **more, *k;
	bool found;
	size_t i;

	if (w->count == w->room) {
		more = reallocarray(w->list, w->room * 2 + 16, sizeof(*more));
		if (more == NULL)
			return NULL;
		w->list = more;
		w->room = w->room * 2 + 16;
	}
	k = malloc(sizeof(*k) + strlen(path) + 1);
	if (k == NULL)
		return NULL;
	strcpy(k->path, path);
	k->info = *info;
	k->info.object.name = k->path + 1;
	k->info.object.dir = 0;
	i = find(w, path, &found);
	memmove(&w->list[i + 1], &w->list[i],
	    (w->count - i) * sizeof(*w->list));
	w->list[i] = k;
	w->count++;
	return k;
}

static struct row
row_of(const struct known *k)
{
	return (struct row){ .segment = k->info, .path = k->path,
		.facts = k->info.known };
}

static bool
passes(const struct event_output *o, const struct known *k)
{
	const struct row row = row_of(k);

	return is_wanted(o->how, &row, o->time, NULL);
}

static int
report(const struct event_output *o, const struct known *k, const char *word)
{
	struct event event = { .row = row_of(k) };

	return passes(o, k) ? print_event(o, &event, word) : ST_OK;
}

/* The object that has a name now; false with errno. */
static bool
get_info(const char *path, struct shmt_info *info)
{
	const struct shmt_object object = { .kind = SHMT_POSIX,
	    .name = path + 1 };

	return shmt_info(&object, 0, info) == 0;
}

/* Of an object that was removed before its look-up only the name is known. */
static int
on_created(struct object_watch *w, const struct event_output *o,
    const char *path)
{
	struct shmt_info info = { .object.kind = SHMT_POSIX };
	struct known *k;

	free(take_known(w, path));
	if (!get_info(path, &info) && errno != ENOENT)
		return ST_OK;
	k = add_known(w, path, &info);
	return k == NULL ? fail(NULL, ENOMEM) : report(o, k, "created");
}

static int
report_gone(const struct event_output *o, struct known *k)
{
	int status = k != NULL ? report(o, k, "removed") : ST_OK;

	free(k);
	return status;
}

static int
on_removed(struct object_watch *w, const struct event_output *o,
    const char *path)
{
	return report_gone(o, take_known(w, path));
}

static int
on_used(struct object_watch *w, const struct event_output *o,
    const char *path, const char *word)
{
	bool found;
	size_t i = find(w, path, &found);

	return found ? report(o, w->list[i], word) : ST_OK;
}

/* unseen: the text for a change that shows no difference, because it came
 * before the last look-up or was undone; NULL: print nothing then. */
static int
on_changed(const struct object_watch *w, const struct event_output *o,
    const char *path, const char *unseen)
{
	struct shmt_info before, now;
	struct event event;
	struct known *k;
	bool found, passed;
	size_t i = find(w, path, &found);

	if (!found)
		return ST_OK;
	k = w->list[i];
	before = now = k->info;
	passed = passes(o, k);
	(void)get_info(path, &now);
	now.object.name = before.object.name;
	k->info = now;
	event = (struct event){ .row = row_of(k) };
	add_ownership(&event, &before, &now);
	if (now.size != before.size)
		add_what(&event, "size %ju -> %ju", (uintmax_t)before.size,
		    (uintmax_t)now.size);
	if (event.what[0] == '\0' && unseen != NULL)
		add_what(&event, "%s", unseen);
	if (event.what[0] == '\0' || (!passed && !passes(o, k)))
		return ST_OK;
	return print_event(o, &event, "changed");
}

/* Without a second event of the renaming the new name is in another
 * directory. */
static int
report_moved_out(struct object_watch *w, const struct event_output *o)
{
	struct known *k = w->moved;

	w->moved = NULL;
	return report_gone(o, k);
}

/* The renaming removes the object that had the new name, if any. */
static int
on_renamed(struct object_watch *w, const struct event_output *o,
    const char *path)
{
	struct known *old = w->moved, *k;
	struct event event;
	int status;

	w->moved = NULL;
	status = on_removed(w, o, path);
	k = add_known(w, path, &old->info);
	if (k == NULL)
		status = fail(NULL, ENOMEM);
	if (status == ST_OK && (passes(o, old) || passes(o, k))) {
		event = (struct event){ .row = row_of(k) };
		add_what(&event, "from %s", old->path);
		status = print_event(o, &event, "renamed");
	}
	free(old);
	return status;
}

/* Events were lost: reports the differences from the facts kept here. */
static int
on_overflow(struct object_watch *w, const struct event_output *o)
{
	struct event event = { .row.segment.object.kind = SHMT_POSIX };
	struct shmt_info info;
	struct shmt_list now;
	struct known *k;
	char path[300];
	int status;
	bool found;
	size_t i;

	status = print_event(o, &event, "overflow");
	if (shmt_list(SHMT_KIND(SHMT_POSIX), 0, &now) == -1)
		return fail(DEV_SHM, errno);
	for (i = w->count; i-- > 0 && status == ST_OK;) {
		k = w->list[i];
		if (!get_info(k->path, &info) || !shmt_same(&info, &k->info))
			status = on_removed(w, o, k->path);
		else
			status = on_changed(w, o, k->path, NULL);
	}
	for (i = 0; i < now.count && status == ST_OK; i++) {
		snprintf(path, sizeof(path), "/%s", now.list[i].object.name);
		(void)find(w, path, &found);
		if (!found)
			status = on_created(w, o, path);
	}
	shmt_list_free(&now);
	return status;
}

static int
on_event(struct object_watch *w, struct event_output *o,
    const struct inotify_event *e)
{
	char path[300];
	int status;

	if (w->moved != NULL && (!(e->mask & IN_MOVED_TO) ||
	    e->cookie != w->cookie)) {
		status = report_moved_out(w, o);
		if (status != ST_OK)
			return status;
	}
	if (e->mask & IN_Q_OVERFLOW)
		return on_overflow(w, o);
	if (e->mask & (IN_UNMOUNT | IN_IGNORED)) {
		warn_about(DEV_SHM, "was unmounted or removed");
		return ST_FAILED;
	}
	if (e->len == 0)
		return ST_OK;
	snprintf(path, sizeof(path), "/%s", e->name);
	if (e->mask & IN_MOVED_FROM) {
		w->moved = take_known(w, path);
		w->cookie = e->cookie;
		return ST_OK;
	}
	if (e->mask & IN_MOVED_TO && w->moved != NULL)
		return on_renamed(w, o, path);
	if (e->mask & (IN_CREATE | IN_MOVED_TO)) {
		status = on_removed(w, o, path);
		return status != ST_OK ? status : on_created(w, o, path);
	}
	if (e->mask & IN_DELETE)
		return on_removed(w, o, path);
	if (e->mask & (IN_MODIFY | IN_ATTRIB))
		return on_changed(w, o, path, e->mask & IN_MODIFY ?
		    "written" : "set as it was");
	return on_used(w, o, path, e->mask & IN_OPEN ? "opened" : "closed");
}

static int
read_events(struct object_watch *w, struct event_output *o)
{
	char buffer[65536]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *e;
	ssize_t n = read(w->fd, buffer, sizeof(buffer)), at;
	int status = ST_OK;

	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? ST_OK :
		    fail(DEV_SHM, errno);
	o->time = time(NULL);
	for (at = 0; at < n && status == ST_OK;
	    at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const void *)(buffer + at);
		status = on_event(w, o, e);
	}
	return status;
}

int
report_objects(struct object_watch *w, struct event_output *o)
{
	struct pollfd more = { w->fd, POLLIN, 0 };
	int status;

	do
		status = read_events(w, o);
	while (status == ST_OK && w->moved != NULL &&
	    poll(&more, 1, RENAMING_MS) > 0);
	return status == ST_OK ? report_moved_out(w, o) : status;
}

int
object_watch_fd(const struct object_watch *w)
{
	return w == NULL ? -1 : w->fd;
}

static int
watch_failed(int error)
{
	const char *no_shm = not_object(ENODEV);

	if (error == EMFILE || error == ENOSPC) {
		warn_about(DEV_SHM, "cannot be watched: this user has too many "
		    "inotify %s (sysctl fs.inotify.max_user_%s)",
		    error == EMFILE ? "instances" : "watches",
		    error == EMFILE ? "instances" : "watches");
		return ST_LIMIT;
	}
	if (error != ENODEV && error != ENOENT && error != ENOTDIR)
		return fail(DEV_SHM, error);
	warn_about(NULL, "%s", no_shm);
	return ST_FAILED;
}

/* Lists the objects that exist at the start, which are no changes. */
static int
list_first(struct object_watch *w, size_t *width)
{
	struct shmt_list now;
	char path[300];
	size_t i;
	int status = ST_OK;

	if (shmt_list(SHMT_KIND(SHMT_POSIX), 0, &now) == -1)
		return watch_failed(errno);
	for (i = 0; i < now.count && status == ST_OK; i++) {
		snprintf(path, sizeof(path), "/%s", now.list[i].object.name);
		if (strlen(path) > *width)
			*width = strlen(path);
		if (add_known(w, path, &now.list[i]) == NULL)
			status = fail(NULL, ENOMEM);
	}
	shmt_list_free(&now);
	return status;
}

int
open_object_watch(struct object_watch **watch, size_t *width)
{
	struct object_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return fail(NULL, ENOMEM);
	*watch = w;
	/* Before the first list, so that no change is missed. */
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd == -1 || inotify_add_watch(w->fd, DEV_SHM, EVENTS) == -1)
		return watch_failed(errno);
	return list_first(w, width);
}

void
close_object_watch(struct object_watch *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < w->count; i++)
		free(w->list[i]);
	free(w->list);
	free(w->moved);
	if (w->fd != -1)
		close(w->fd);
	free(w);
}
