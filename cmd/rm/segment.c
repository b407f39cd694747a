/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Decides whether one System V segment is kept, marked or removed, words the
 * reason, such as that processes have it attached, and removes it.
 *
 * In an IPC namespace of another user namespace the id may be given to another
 * segment between a comparison and the removal.  So the segment stays attached
 * from before the comparison until after the removal.
 *
 * IPC_RMID does not fail for an attached segment, but marks it.  So the last
 * comparison comes immediately before it, and the look-up after it finds a
 * process that attached in between.  That process keeps its memory, and only
 * the key is lost.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "filter.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"

/* Discards the last scan if it does not account for all of nattch. */
static void
discard_old_holders(struct removal_run *run, const struct shmt_info *now)
{
	if (!shmt_holders_complete(&run->holders, now))
		removal_discard_holders(run);
}

/* removal_set() with the holders between the two halves of the reason. */
static void
set_attached(struct removal_run *run, struct removal *r,
    enum removal_result result, int status, const char *before,
    const char *after)
{
	char *names;

	removal_find_holders(run, r);
	names = removal_holder_names(r);
	removal_set(r, result, status, "%s by %s, nattch %ju%s", before,
	    names != NULL ? names : "others",
	    (uintmax_t)r->segment.nattch, after);
	free(names);
}

/*
 * The decision
 */

void
decide_segment(struct removal_run *run, struct removal *r)
{
	const struct shmt_info *s = &r->segment;

	if (s->state & SHMT_DEST)
		set_attached(run, r, KEPT, run->force ? ST_OK : ST_BUSY,
		    "already marked for removal, goes at the last detach", "");
	else if (s->nattch > 0 && !run->force)
		set_attached(run, r, KEPT, ST_BUSY, "attached", s->key != 0 ?
		    "; they must detach first: --force lets them keep it, but "
		    "frees its key" :
		    "; they must detach first: --force only marks it for "
		    "removal at the last detach");
	else if (s->nattch > 0)
		set_attached(run, r, WOULD_MARK, ST_OK,
		    "goes at the last detach", "");
	else
		r->result = WOULD_REMOVE;
}

/*
 * The comparisons before and after saving
 */

static const char used_while_saved[] = "it was used while it was saved";

/* How the segment differs from the one that the plan was made for, or NULL. */
static const char *
what_changed(const struct shmt_info *was, const struct shmt_info *now)
{
	if (!shmt_same(was, now))
		return "it was removed, and another segment has its id";
	if ((now->state & SHMT_DEST) != 0)
		return "another process has marked it for removal";
	if (now->ctime != was->ctime || now->uid != was->uid ||
	    now->gid != was->gid || now->mode != was->mode)
		return "its owner or mode has changed";
	return NULL;
}

/* Why it no longer passes the filter, or NULL. */
static const char *
why_filter_keeps(struct removal_run *run, const struct shmt_info *now)
{
	removal_discard_holders(run);
	if (filter_needs_holders(run->filter, now, 1) &&
	    !removal_scan_holders(run, now))
		return "the processes that have it attached cannot be found";
	return removal_passes(run, now) ? NULL :
	    "it no longer passes the filters";
}

/*
 * Why a use since the last look-up keeps it, or NULL.  Without a use most
 * filters still hold: size and users are the same, it is idle for longer, and
 * exited processes do not come back.  With force, use alone does not matter;
 * nor does it for an operand, unless the saved contents may be older.
 */
static const char *
why_use_keeps(struct removal_run *run, const struct removal *r,
    const struct shmt_info *now)
{
	const struct shmt_info *was = &r->segment;
	bool is_used = now->atime != was->atime || now->dtime != was->dtime ||
	    now->lpid != was->lpid || now->nattch != was->nattch;

	if (is_used && !run->force && r->is_saved)
		return used_while_saved;
	if (run->filter == NULL ||
	    (!is_used && !filter_may_fail_later(run->filter)))
		return NULL;
	if (is_used && !run->force)
		return "it has been used since it was selected";
	return why_filter_keeps(run, now);
}

static void
set_already_gone(const struct removal_run *run, struct removal *r)
{
	removal_set(r, ABSENT, r->operand == NULL || run->force ? ST_OK :
	    ST_ABSENT, "another process removed it");
}

/* Looks the segment up again; false: the result is set, it is not removed. */
static bool
check_unchanged(struct removal_run *run, struct removal *r)
{
	struct shmt_info now;
	const char *why;

	if (shmt_info(&r->segment.object, 0, &now) == -1) {
		if (errno == ENOENT)
			set_already_gone(run, r);
		else
			removal_fail(r, errno);
		return false;
	}
	why = what_changed(&r->segment, &now);
	if (why == NULL && now.nattch > 0 && !run->force) {
		r->segment.nattch = now.nattch;
		discard_old_holders(run, &now);
		set_attached(run, r, KEPT, removal_kept_status(r),
		    "attached", "; it was not when it was selected");
		return false;
	}
	if (why == NULL)
		why = why_use_keeps(run, r, &now);
	if (why != NULL)
		removal_set(r, KEPT, removal_kept_status(r), "%s", why);
	else
		r->segment = now;
	return why == NULL;
}

/*
 * Called when the contents are copied, before the files get their names.  If
 * the segment was attached to be saved, its times and last process must be
 * those of this process now, or the copy may be out of date already.
 */
static bool
check_copied(void *arg, const struct shmt_saved *saved)
{
	struct copy_check *check = arg;
	struct removal_run *run = check->run;
	struct removal *r = check->removal;
	const char *why = what_changed(&r->segment, &saved->segment);
	bool is_used = saved->disturbed;
	struct shmt_info now;

	r->is_saved = true;
	if (saved->attached && shmt_info(&r->segment.object, 0, &now) == 0) {
		is_used = is_used || now.lpid != getpid();
		if (run->force || !is_used) {
			r->segment.atime = now.atime;
			r->segment.dtime = now.dtime;
			r->segment.lpid = now.lpid;
		}
	}
	if (why == NULL && check_unchanged(run, r)) {
		if (!is_used || run->force)
			return true;
		why = used_while_saved;
	}
	if (why != NULL)
		removal_set(r, KEPT, removal_kept_status(r), "%s", why);
	check->kept = true;
	return false;
}

/*
 * The removal
 */

/* Sets the result: removed, or marked by force or because a process attached it
 * just before. */
static void
set_outcome(struct removal_run *run, struct removal *r)
{
	struct shmt_info now;

	removal_done(r);
	if (shmt_info(&r->segment.object, 0, &now) == -1) {
		if (errno == ENOENT)
			return;
		now = r->segment;
		now.state |= SHMT_DEST;
	}
	if (!shmt_same(&r->segment, &now) || (now.state & SHMT_DEST) == 0)
		return;
	discard_old_holders(run, &now);
	r->segment.nattch = now.nattch;
	if (run->force)
		set_attached(run, r, MARKED, ST_OK,
		    "marked for removal, goes at the last detach", "");
	else
		set_attached(run, r, MARKED, ST_BUSY, "attached in the "
		    "moment of its removal", "; marked, so they keep it to "
		    "the last detach, but its key no longer finds it");
}

/*
 * Attaches the segment, so that its id cannot be reused, and compares it with
 * the one to be removed; false: it is another one.  *at is NULL if it cannot be
 * attached.
 */
static bool
hold_id(struct removal_run *run, struct removal *r, void **at)
{
	struct shmt_info now;
	const char *why;

	*at = NULL;
	if (!run->holds_ids ||
	    shmt_attach(&r->segment.object, NULL, SHMT_RDONLY, at) == -1)
		return true;
	if (shmt_info(&r->segment.object, 0, &now) == -1)
		return true;
	why = what_changed(&r->segment, &now);
	if (why == NULL && now.nattch > r->segment.nattch + 1 && !run->force)
		why = "a process has attached it";
	if (why == NULL)
		return true;
	removal_set(r, KEPT, removal_kept_status(r), "%s", why);
	shmt_detach(*at);
	return false;
}

void
remove_segment(struct removal_run *run, struct removal *r)
{
	struct copy_check check = { .run = run, .removal = r };
	int error = 0;
	void *at;

	if (!check_unchanged(run, r))
		return;
	if (run->save != NULL && (!removal_save(&check, check_copied) ||
	    !check_unchanged(run, r)))
		return;
	if (!hold_id(run, r, &at))
		return;
	if (shmt_remove(&r->segment.object, 0, NULL) == -1)
		error = errno;
	if (at != NULL)
		shmt_detach(at);
	if (error == 0)
		set_outcome(run, r);
	else if (error == ENOENT)
		set_already_gone(run, r);
	else
		removal_fail(r, error);
}
