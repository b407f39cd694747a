/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The removal of one POSIX object.  The library removes its name under a
 * write lease, so that a process that has the object open or mapped keeps the
 * name; this file decides what to do about such processes, and says so.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "operand.h"
#include "rm/object.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

/* What a filter says is to go is kept without a failure. */
static int
kept_status(const struct removal *r)
{
	return r->operand != NULL ? ST_BUSY : ST_OK;
}

/* Finds the processes that use the object now, and what follows from them. */
static void
find_users(struct removal *r)
{
	struct shmt_holders all = { 0 };
	const struct shmt_holder *held;
	size_t count;

	free(r->holders);
	r->holders = NULL;
	r->holder_count = 0;
	r->complete = false;
	if (shmt_holders(&r->segment.object, &all) == -1)
		return;
	shmt_fill_use(&r->segment, &all);
	held = shmt_holders_of(&all, &r->segment.object, &count);
	r->holders = calloc(count + 1, sizeof(*held));
	if (r->holders != NULL && count > 0)
		memcpy(r->holders, held, count * sizeof(*held));
	r->holder_count = r->holders != NULL ? count : 0;
	r->complete = r->holder_count > 0 && all.hidden == 0;
	shmt_holders_free(&all);
}

static void
set_in_use(struct removal *r)
{
	char *names = removal_holder_names(r);

	removal_set(r, KEPT, kept_status(r), "in use by %s; they must end "
	    "first: --force takes its name away and they keep the memory",
	    names != NULL ? names : "other processes");
	free(names);
}

static void
set_failed(struct removal *r, int error)
{
	switch (error) {
	case ENOENT:
		removal_set(r, ABSENT, r->operand != NULL ? ST_ABSENT : ST_OK,
		    "it went, or another object has its name");
		break;
	case EPERM:
	case EACCES:
		removal_set(r, FAILED, ST_DENIED, "only its owner %s and root "
		    "may remove it", user_name(r->segment.uid));
		break;
	case EBUSY:
		find_users(r);
		set_in_use(r);
		break;
	default:
		removal_set(r, FAILED, status_of(error), "%s",
		    strerror(error));
	}
}

void
object_plan(const struct removal_run *run, struct removal *r)
{
	const struct shmt_info *s = &r->segment;

	find_users(r);
	if ((s->state & SHMT_SEM) && r->operand == NULL)
		removal_set(r, KEPT, ST_OK, "a named semaphore is removed by "
		    "its name only");
	else if ((s->known & SHMT_HAS_IN_USE) && s->in_use && !run->force)
		set_in_use(r);
	else
		r->result = WOULD_REMOVE;
}

void
object_do(const struct removal_run *run, struct removal *r)
{
	struct shmt_removal found;
	struct shmt_info now;

	if (run->save != NULL) {
		removal_set(r, FAILED, ST_FAILED, "not saved, so not removed: "
		    "POSIX objects cannot be saved yet");
		return;
	}
	/* By device and inode: the name cannot mean another object. */
	if (shmt_info(&r->segment.object, 0, &now) == -1) {
		set_failed(r, errno);
		return;
	}
	if (run->filter != NULL && shmt_last_time(&now) !=
	    shmt_last_time(&r->segment)) {
		removal_set(r, KEPT, kept_status(r), "it changed meanwhile");
		return;
	}
	if (shmt_remove(&r->segment.object, SHMT_RETRY |
	    (run->force ? SHMT_FORCE : 0), &found) == -1) {
		set_failed(r, errno);
		return;
	}
	r->result = REMOVED;
	r->status = ST_OK;
	if (found.opened)
		removal_set(r, REMOVED, ST_OK, "removed, but a process opened "
		    "it in the same instant and keeps memory without a name");
	else if (r->holder_count > 0) {
		char *names = removal_holder_names(r);

		removal_set(r, REMOVED, ST_OK, "removed; the memory stays "
		    "until its users end: %s", names != NULL ? names : "?");
		free(names);
	}
}
