/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Decides whether one POSIX object is removed, words the reason, and removes
 * it.  The library removes its name under a write lease, which the kernel
 * refuses while a process has the object open or mapped.
 *
 * With --save the copy must be of the contents that are removed, so changes are
 * watched from before the copy until the lease is held.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "operand.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"

/* Finds the processes that use the object, and fills in nattch, fds, in_use. */
static void
find_users(struct removal_run *run, struct removal *r)
{
	if (removal_find_holders(run, r))
		shmt_fill_use(&r->segment, &run->holders);
}

static bool
is_used(const struct removal *r)
{
	return (r->segment.known & SHMT_HAS_IN_USE) != 0 && r->segment.in_use;
}

static void
set_in_use(struct removal *r)
{
	char *names = removal_holder_names(r);

	removal_set(r, KEPT, removal_kept_status(r), "in use by %s; they must "
	    "exit first: --force removes its name, and they keep the memory",
	    names != NULL ? names : "other processes");
	free(names);
}

static void
set_failed(struct removal_run *run, struct removal *r, int error)
{
	switch (error) {
	case ENOENT:
		removal_set(r, ABSENT, r->operand != NULL && !run->force ?
		    ST_ABSENT : ST_OK,
		    "it was removed, or another object has its name");
		break;
	case ECANCELED:
		removal_set(r, KEPT, removal_kept_status(r), "it was changed "
		    "while it was saved");
		break;
	case EBUSY:
		find_users(run, r);
		if (r->holder_count == 0) {
			/* The last scan may be older than this use. */
			removal_discard_holders(run);
			find_users(run, r);
		}
		set_in_use(r);
		break;
	default:
		removal_fail(r, error);
	}
}

/* Whether the filter has just taken a lease, which the removal takes again. */
static bool
is_found_unused(const struct removal_run *run, const struct removal *r)
{
	return r->operand == NULL && run->filter != NULL &&
	    (filter_has(run->filter, SHMT_BY_UNATTACHED, false) ||
	    filter_has(run->filter, SHMT_BY_STALE, false));
}

void
decide_object(struct removal_run *run, struct removal *r)
{
	/* The lease of the removal needs no scan of all processes.  A plan that
	 * is shown, and a copy, need to know the users before. */
	const bool scans = run->shows_plan || run->dry || run->force ||
	    run->save != NULL ||
	    (r->operand == NULL && !is_found_unused(run, r));

	if (scans)
		find_users(run, r);
	if ((r->segment.state & SHMT_SEM) && r->operand == NULL)
		removal_set(r, KEPT, ST_OK, "a named semaphore is removed by "
		    "its name only");
	else if (scans && is_used(r) && !run->force)
		set_in_use(r);
	else
		r->result = WOULD_REMOVE;
}

/* Whether the filter still selects it.  Without --force the lease protects an
 * object that is in use by now. */
static bool
still_passes(struct removal_run *run, const struct removal *r,
    const struct shmt_info *now)
{
	static const struct shmt_holders none;
	struct shmt_info used = *now;

	if (!run->force || !filter_needs_holders(run->filter, now, 1))
		return true;
	shmt_fill_use(&used, &none);
	if (used.in_use == is_used(r) &&
	    !filter_has(run->filter, SHMT_BY_PID, false) &&
	    !filter_has(run->filter, SHMT_BY_PID, true))
		return true;
	removal_discard_holders(run);
	return removal_passes(run, now);
}

/* Looks the object up again.  shmt_info() compares device and inode, since
 * another object may have this name by now. */
static bool
check_unchanged(struct removal_run *run, struct removal *r)
{
	const char *why = NULL;
	struct shmt_info now;

	if (shmt_info(&r->segment.object, 0, &now) == -1) {
		set_failed(run, r, errno);
		return false;
	}
	if (run->filter == NULL)
		return true;
	if (shmt_last_time(&now) != shmt_last_time(&r->segment))
		why = "it has changed since it was selected";
	else if (!still_passes(run, r, &now))
		why = "it no longer passes the filters";
	if (why != NULL)
		removal_set(r, KEPT, removal_kept_status(r), "%s", why);
	return why == NULL;
}

/*
 * Saving
 */

/* Called when the contents are copied, before the pair is committed.  A change
 * after that keeps the object too, but then the copy is complete and stays: it
 * may have replaced an older one. */
static bool
check_copied(void *arg, const struct shmt_saved *saved)
{
	static const struct shmt_holders none;
	struct copy_check *check = arg;
	struct removal *r = check->removal;

	(void)saved;
	if (check->run->force)
		return true;
	shmt_fill_use(&r->segment, &none);
	if (is_used(r))
		set_failed(check->run, r, EBUSY);
	else if (shmt_changes_seen(check->changes))
		set_failed(check->run, r, ECANCELED);
	else
		return true;
	check->kept = true;
	return false;
}

/*
 * Removing
 */

static void
set_removed(struct removal *r, const struct shmt_removal *found)
{
	char *names;

	removal_done(r);
	if (found->opened)
		removal_set(r, REMOVED, ST_OK, "removed, but a process opened "
		    "it in the same instant and keeps memory without a name");
	else if (r->holder_count > 0) {
		names = removal_holder_names(r);
		removal_set(r, REMOVED, ST_OK, "removed, still used by %s",
		    names != NULL ? names : "?");
		free(names);
	}
}

/* changes: as of shmt_changes_begin(), or -1. */
static void
remove_name(struct removal_run *run, struct removal *r, int changes)
{
	const struct shmt_object *object = &r->segment.object;
	struct shmt_removal found;
	int result;

	if (run->force)
		result = shmt_remove(object, SHMT_FORCE, &found);
	else if (changes != -1)
		result = shmt_remove_unchanged(object, changes, &found);
	else
		result = shmt_remove(object, 0, &found);
	if (result == 0)
		set_removed(r, &found);
	else
		set_failed(run, r, errno);
}

static void
save_and_remove(struct removal_run *run, struct removal *r)
{
	struct copy_check check = { .run = run, .removal = r };

	if (shmt_changes_begin(&r->segment.object, &check.changes) == -1) {
		if (errno == ENOENT)
			set_failed(run, r, errno);
		else
			removal_set_unsaved(r, status_of(errno),
			    strerror(errno));
		return;
	}
	if (check_unchanged(run, r) &&
	    removal_save(&check, check_copied))
		remove_name(run, r, check.changes);
	close(check.changes);
}

void
remove_object(struct removal_run *run, struct removal *r)
{
	if (run->save != NULL)
		save_and_remove(run, r);
	else if (check_unchanged(run, r))
		remove_name(run, r, -1);
}
