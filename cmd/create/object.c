/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A new POSIX object: its memory is reserved, and contents, owner and mode are
 * set before its name appears.  It is removed after COMMAND, if there is one.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "create/input.h"
#include "create/object.h"
#include "diagnose.h"
#include "reaper.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"

/* Not an exit status: another process created the object first, so it has to
 * be opened. */
#define LOST_RACE (-2)

/* An object that is being created. */
struct work {
	struct shmt_info info;
	int fd;			/* until it has its name */
	bool created;		/* false: opened */
	struct reaper reaper;
	bool has_reaper;
};

static int
no_reaper(const struct new_object *o)
{
	warn_about(o->text, "cannot start the process that removes it: %s",
	    strerror(errno));
	return ST_FAILED;
}

static int
refused(const struct new_object *o, const struct work *w, int error)
{
	/* After a signal, main() ends the program by it. */
	if (error == EINTR && caught_signal() != 0)
		return ST_FAILED;
	return diagnose_object(o->text, &w->info.object, &o->request, error);
}

/* Reserves the memory, again after SIGSTOP and SIGCONT, which interrupt it. */
static int
draft(const struct new_object *o, struct work *w)
{
	int result;

	do {
		result = shmt_posix_draft(&w->info.object, &o->request,
		    &w->fd);
	} while (result == -1 && errno == EINTR && caught_signal() == 0);
	return result;
}

/* Looks up the object that has no name yet, and copies its contents. */
static int
fill(const struct new_object *o, struct work *w)
{
	struct shmt_view *view;
	int status = ST_OK;

	if (shmt_view_of_fd(w->fd, SHMT_WRITE, &view) == -1)
		return fail(o->text, errno);
	w->info = *shmt_view_info(view);
	w->info.object.name = o->name;
	if (o->in != -1)
		status = copy_input(view, o->input, o->in);
	shmt_view_close(view);
	return status;
}

static int
set_owner(const struct new_object *o, const struct work *w)
{
	if (fchown(w->fd, o->owner.uid, o->owner.gid) == 0)
		return ST_OK;
	if (errno != EINVAL)
		return fail(o->text, errno);
	warn_about(o->owner_text, "not in this user namespace");
	return ST_FAILED;
}

/* Gives the object its name, last.  The reaper is informed before, so that it
 * can remove the name at any time. */
static int
publish(const struct new_object *o, const struct work *w)
{
	if (w->has_reaper && !inform_reaper(&w->reaper, &w->info))
		return no_reaper(o);
	if (shmt_posix_publish(&w->info.object, &o->request, w->fd) == 0)
		return ST_OK;
	if (errno == EEXIST && (o->request.flags & SHMT_OPEN) != 0)
		return LOST_RACE;
	return refused(o, w, errno);
}

static int
complete(const struct new_object *o, struct work *w)
{
	int status;

	status = fill(o, w);
	if (status == ST_OK && o->owner_text != NULL)
		status = set_owner(o, w);
	if (status == ST_OK && caught_signal() != 0)
		status = ST_FAILED;
	if (status == ST_OK)
		status = publish(o, w);
	if (status != ST_OK) {
		shmt_posix_discard(&w->info.object, w->fd);
		return status;
	}
	close(w->fd);
	w->created = true;
	return ST_OK;
}

/* Finds the object that has the name, and opens it as requested. */
static int
find_existing(const struct new_object *o, struct work *w)
{
	int fd;

	/* Any object that has the name now. */
	w->info.object.dev = w->info.object.inode = 0;
	if (shmt_info(&w->info.object, 0, &w->info) == -1)
		return refused(o, w, EEXIST);
	if (w->info.size < o->request.size)
		return refused(o, w, EINVAL);
	if (shmt_open(&w->info.object, o->request.mode & 0222u ? SHMT_WRITE :
	    0, &fd) == -1)
		return refused(o, w, errno);
	close(fd);
	return ST_OK;
}

static int
make(const struct new_object *o, struct work *w)
{
	int status = LOST_RACE;

	if (o->command != NULL) {
		w->has_reaper = start_reaper(&w->reaper, NULL, 0);
		if (!w->has_reaper)
			return no_reaper(o);
	}
	if (draft(o, w) == 0)
		status = complete(o, w);
	else if (errno != EEXIST || (o->request.flags & SHMT_OPEN) == 0)
		status = refused(o, w, errno);
	return status == LOST_RACE ? find_existing(o, w) : status;
}

/* Removes the object, unless another one has the name by now. */
static void
undo(const struct work *w)
{
	struct shmt_info there;

	if (w->created && shmt_info(&w->info.object, 0, &there) == 0 &&
	    shmt_same(&w->info, &there) &&
	    shmt_remove(&w->info.object, SHMT_FORCE, NULL) == -1)
		warn_about(w->info.object.name, "not removed: %s",
		    strerror(errno));
	if (w->has_reaper)
		end_reaper(&w->reaper);
}

void
note_logout(const char *text, uint32_t owner)
{
	const uint32_t uid = owner == OWNER_KEPT ? geteuid() : owner;
	bool removes;

	if (isatty(STDERR_FILENO) &&
	    shmt_logout_removes(uid, &removes) == 0 && removes)
		warn_about(text, "systemd-logind removes it at logout "
		    "(RemoveIPC)");
}

/* Prints the name, or runs COMMAND. */
static int
deliver(const struct new_object *o, const struct work *w)
{
	struct child child = { .command = o->command };

	if (o->verbose)
		warn_about(o->text, "%s object /%s, %ju byte%s", w->created ?
		    "created" : "opened", o->name, (uintmax_t)w->info.size,
		    plural(w->info.size, "s"));
	if (o->command != NULL)
		return export_segments(&w->info, 1) ? run_child(&child) :
		    ST_NOT_RUN;
	note_logout(o->text, o->owner.uid);
	putchar('/');
	if (isatty(STDOUT_FILENO))
		print_safe(o->name);
	else
		fputs(o->name, stdout);
	putchar('\n');
	return flush_output() ? ST_OK : ST_FAILED;
}

int
create_object(const struct new_object *o)
{
	struct work w = { .info.object = { .kind = SHMT_POSIX,
	    .name = o->name } };
	int status;

	status = make(o, &w);
	if (status == ST_OK && caught_signal() == 0)
		status = deliver(o, &w);
	else if (o->command != NULL)
		status = ST_NOT_RUN;
	/* No signal between here and exit: either the name was printed, or the
	 * object is removed. */
	stop_catching();
	if (status != ST_OK || o->command != NULL || caught_signal() != 0)
		undo(&w);
	return status;
}
