/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Changes of POSIX objects, by inotify(7) on /dev/shm.  An event has only the
 * name of an object, so the last facts about each are kept here.  No object is
 * opened, since that would be an event too.  A store into a mapping causes no
 * event.
 */

#include <sys/inotify.h>
#include <sys/queue.h>

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
#include "ui/message.h"

#define DEV_SHM "/dev/shm"

/* IN_EXCL_UNLINK: no events of files without a name. */
#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | \
	IN_OPEN | IN_CLOSE | IN_MODIFY | IN_ATTRIB | IN_ONLYDIR | \
	IN_EXCL_UNLINK)

/* A rename(2) is two events, and the second follows within this time. */
#define RENAME_MS 20

/* An object as it was last seen. */
struct object {
	LIST_ENTRY(object) link;
	struct shmt_info info;
	char path[];		/* "/NAME" */
};

struct object_watch {
	int fd;
	LIST_HEAD(objects, object) list;
	struct object *moved;	/* renamed, its new name is to come */
	uint32_t cookie;
};

static struct object *
find_object(const struct object_watch *w, const char *path)
{
	struct object *object;

	LIST_FOREACH(object, &w->list, link)
		if (strcmp(object->path, path) == 0)
			break;
	return object;
}

static struct object *
take_object(struct object_watch *w, const char *path)
{
	struct object *object = find_object(w, path);

	if (object != NULL)
		LIST_REMOVE(object, link);
	return object;
}

/* Adds an object whose path is not in the list. */
static struct object *
add_object(struct object_watch *w, const char *path,
    const struct shmt_info *info)
{
	struct object *object;

	object = check_memory(malloc(sizeof(*object) + strlen(path) + 1));
	strcpy(object->path, path);
	object->info = *info;
	object->info.object.name = object->path + 1;
	object->info.object.dir = 0;
	LIST_INSERT_HEAD(&w->list, object, link);
	return object;
}

static struct row
row_of(const struct object *object)
{
	return (struct row){ .segment = object->info, .path = object->path,
		.facts = object->info.known };
}

static bool
passes(const struct event_output *o, const struct object *object)
{
	const struct row row = row_of(object);

	return is_wanted(o->opts, &row, o->time, NULL);
}

static void
report(const struct event_output *o, const struct object *object,
    const char *word)
{
	struct event event = { .row = row_of(object) };

	if (passes(o, object))
		print_event(o, &event, word);
}

/* The object that has a name now; false with errno. */
static bool
get_info(const char *path, struct shmt_info *info)
{
	const struct shmt_object object = { .kind = SHMT_POSIX,
	    .name = path + 1 };

	return shmt_info(&object, 0, info) == 0;
}

static void
report_removed(const struct event_output *o, struct object *object)
{
	if (object != NULL)
		report(o, object, "removed");
	free(object);
}

/*
 * Reports a new object, which may replace another one; only its name is known
 * if it was removed before its look-up.  One that was created between the begin
 * of the watch and the first list is in that list.
 */
static void
on_created(struct object_watch *w, const struct event_output *o,
    const char *path)
{
	struct shmt_info info = { .object.kind = SHMT_POSIX };
	const struct object *known = find_object(w, path);
	const bool exists = get_info(path, &info);
	const int error = errno;

	if (exists && known != NULL && shmt_same(&info, &known->info))
		return;
	report_removed(o, take_object(w, path));
	if (exists || error == ENOENT)
		report(o, add_object(w, path, &info), "created");
}

/* unseen: the text for a change that shows no difference, because it came
 * before the last look-up or was undone; NULL: print nothing then. */
static void
on_changed(struct object *object, const struct event_output *o,
    const char *unseen)
{
	struct shmt_info before = object->info, now = object->info;
	const bool passed = passes(o, object);
	struct event event;

	(void)get_info(object->path, &now);
	now.object.name = before.object.name;
	object->info = now;
	event = (struct event){ .row = row_of(object) };
	add_ownership(&event, &before, &now);
	if (now.size != before.size)
		add_what(&event, "size %ju -> %ju", (uintmax_t)before.size,
		    (uintmax_t)now.size);
	if (event.what[0] == '\0' && unseen != NULL)
		add_what(&event, "%s", unseen);
	if (event.what[0] != '\0' && (passed || passes(o, object)))
		print_event(o, &event, "changed");
}

/* Reports an object as removed: without a second event its new name is in
 * another directory. */
static void
report_moved_out(struct object_watch *w, const struct event_output *o)
{
	report_removed(o, w->moved);
	w->moved = NULL;
}

/* Reports a rename, which removes the object that had the new name, if any. */
static void
on_renamed(struct object_watch *w, const struct event_output *o,
    const char *path)
{
	struct object *old = w->moved, *object;
	struct event event;

	w->moved = NULL;
	report_removed(o, take_object(w, path));
	object = add_object(w, path, &old->info);
	if (passes(o, old) || passes(o, object)) {
		event = (struct event){ .row = row_of(object) };
		add_what(&event, "from %s", old->path);
		print_event(o, &event, "renamed");
	}
	free(old);
}

/* Events were lost: reports the differences from the facts kept here. */
static int
on_overflow(struct object_watch *w, const struct event_output *o)
{
	struct event event = { .row.segment.object.kind = SHMT_POSIX };
	struct shmt_info info;
	struct shmt_list now;
	struct object *object, *next;
	char path[300];
	size_t i;

	print_event(o, &event, "overflow");
	if (shmt_list(SHMT_KIND(SHMT_POSIX), 0, &now) == -1)
		return fail(DEV_SHM, errno);
	for (object = LIST_FIRST(&w->list); object != NULL; object = next) {
		next = LIST_NEXT(object, link);
		if (get_info(object->path, &info) &&
		    shmt_same(&info, &object->info))
			on_changed(object, o, NULL);
		else
			report_removed(o, take_object(w, object->path));
	}
	for (i = 0; i < now.count; i++) {
		snprintf(path, sizeof(path), "/%s", now.list[i].object.name);
		if (find_object(w, path) == NULL)
			on_created(w, o, path);
	}
	shmt_list_free(&now);
	return ST_OK;
}

/* Handles an event about one name. */
static void
on_named(struct object_watch *w, const struct event_output *o,
    const struct inotify_event *e)
{
	struct object *object;
	char path[300];

	snprintf(path, sizeof(path), "/%s", e->name);
	if (e->mask & IN_MOVED_FROM) {
		w->moved = take_object(w, path);
		w->cookie = e->cookie;
	} else if (e->mask & IN_MOVED_TO && w->moved != NULL)
		on_renamed(w, o, path);
	else if (e->mask & (IN_CREATE | IN_MOVED_TO))
		on_created(w, o, path);
	else if (e->mask & IN_DELETE)
		report_removed(o, take_object(w, path));
	else if ((object = find_object(w, path)) == NULL)
		return;
	else if (e->mask & (IN_MODIFY | IN_ATTRIB))
		on_changed(object, o, e->mask & IN_MODIFY ? "written" :
		    "set as it was");
	else
		report(o, object, e->mask & IN_OPEN ? "opened" : "closed");
}

static int
on_event(struct object_watch *w, const struct event_output *o,
    const struct inotify_event *e)
{
	if (w->moved != NULL && (!(e->mask & IN_MOVED_TO) ||
	    e->cookie != w->cookie))
		report_moved_out(w, o);
	if (e->mask & IN_Q_OVERFLOW)
		return on_overflow(w, o);
	if (e->mask & (IN_UNMOUNT | IN_IGNORED)) {
		warn_about(DEV_SHM, "was unmounted or removed");
		return ST_FAILED;
	}
	if (e->len > 0)
		on_named(w, o, e);
	return ST_OK;
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
	    poll(&more, 1, RENAME_MS) > 0);
	if (status == ST_OK)
		report_moved_out(w, o);
	return status;
}

int
object_watch_fd(const struct object_watch *w)
{
	return w == NULL ? -1 : w->fd;
}

static int
watch_failed(int error)
{
	const char *no_shm = why_no_object(ENODEV);

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

/* Lists the objects that exist at the start, which are not changes. */
static int
list_first(struct object_watch *w, size_t *width)
{
	struct shmt_list now;
	char path[300];
	size_t i;

	if (shmt_list(SHMT_KIND(SHMT_POSIX), 0, &now) == -1)
		return watch_failed(errno);
	for (i = 0; i < now.count; i++) {
		snprintf(path, sizeof(path), "/%s", now.list[i].object.name);
		if (strlen(path) > *width)
			*width = strlen(path);
		add_object(w, path, &now.list[i]);
	}
	shmt_list_free(&now);
	return ST_OK;
}

int
open_object_watch(struct object_watch **watch, size_t *width)
{
	struct object_watch *w = check_memory(calloc(1, sizeof(*w)));

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
	struct object *object;

	if (w == NULL)
		return;
	while ((object = LIST_FIRST(&w->list)) != NULL) {
		LIST_REMOVE(object, link);
		free(object);
	}
	free(w->moved);
	if (w->fd != -1)
		close(w->fd);
	free(w);
}
