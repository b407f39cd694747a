/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The removal of one segment; rm/object.c has that of a POSIX object:
 *
 *	removal_find()	look up the segment that an operand names
 *	removal_plan()	decide by these facts, and word the reason; then the
 *			user may be asked
 *	removal_do()	compare, save, compare, remove, look up the result
 *
 * In an IPC namespace of another user namespace the id may be given to another
 * segment between a comparison and the removal, so the segment is attached
 * from before the one until after the other.
 *
 * IPC_RMID does not fail for an attached segment, but marks it.  So the last
 * comparison comes immediately before it, and the look-up after it finds a
 * process that attached in between.  That process keeps its memory, and only
 * the key is lost.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "filter.h"
#include "holders.h"
#include "operand.h"
#include "rm/object.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

void
removal_set(struct removal *r, enum removal_result result, int status,
    const char *format, ...)
{
	va_list args;

	r->result = result;
	r->status = status;
	free(r->reason);
	va_start(args, format);
	if (vasprintf(&r->reason, format, args) == -1)
		r->reason = NULL;
	va_end(args);
}

void
removal_skip(struct removal *r, enum removal_result result, int status,
    const char *reason)
{
	removal_set(r, result, status, "%s", reason);
}

void
removal_fail(struct removal *r, int error)
{
	if ((error == EPERM || error == EACCES) &&
	    r->segment.object.kind == SHMT_POSIX)
		removal_set(r, FAILED, ST_DENIED, "only its owner %s and root "
		    "may remove it", user_name(r->segment.uid));
	else if (error == EPERM || error == EACCES)
		removal_set(r, FAILED, ST_DENIED, "only its owner %s, its "
		    "creator %s and root may remove it",
		    user_name(r->segment.uid), user_name(r->segment.cuid));
	else
		removal_set(r, FAILED, status_of(error), "%s", strerror(error));
}

bool
would_go(const struct removal *r)
{
	return r->result == WOULD_REMOVE || r->result == WOULD_MARK;
}

/*
 * Holders.  One scan of all processes serves a whole run.
 */

void
removal_forget_holders(struct removal_run *run)
{
	if (run->has_holders)
		shmt_holders_free(&run->holders);
	run->has_holders = false;
}

/* The segments and objects that the operands name now. */
static size_t
list_operands(const struct removal_run *run, struct shmt_info *list)
{
	struct shmt_object object;
	size_t i, n = 0;

	for (i = 0; i < run->operand_count; i++)
		n += shmt_resolve(&run->operands[i].ref, &object) == 0 &&
		    shmt_info(&object, 0, &list[n]) == 0;
	return n;
}

static bool
has_objects(const struct shmt_info *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].object.kind != SHMT_SYSV)
			return true;
	return false;
}

static int
scan_holders(struct removal_run *run)
{
	const struct shmt_info *list = run->list;
	struct shmt_info *named = NULL;
	size_t count = run->count;
	int result;

	if (run->operand_count > 0) {
		named = calloc(run->operand_count, sizeof(*named));
		if (named == NULL)
			return -1;
		list = named;
		count = list_operands(run, named);
	}
	result = has_objects(list, count) ?
	    shmt_holders_of_list(list, count, &run->holders) :
	    shmt_holders(NULL, &run->holders);
	free(named);
	return result;
}

static bool
have_holders(struct removal_run *run)
{
	if (!run->has_holders)
		run->has_holders = scan_holders(run) == 0;
	return run->has_holders;
}

/* Discards the last scan if a process has attached the segment since. */
static void
refresh_holders(struct removal_run *run, const struct shmt_info *now)
{
	if (!shmt_holders_complete(&run->holders, now))
		removal_forget_holders(run);
}

bool
removal_find_holders(struct removal_run *run, struct removal *r)
{
	const struct shmt_holder *held;
	size_t count;

	free(r->holders);
	r->holders = NULL;
	r->holder_count = 0;
	r->complete = false;
	if (!have_holders(run))
		return false;
	held = shmt_holders_of(&run->holders, &r->segment.object, &count);
	r->holders = calloc(count + 1, sizeof(*held));
	if (r->holders == NULL)
		return false;
	if (count > 0)
		memcpy(r->holders, held, count * sizeof(*held));
	r->holder_count = count;
	r->complete = r->segment.object.kind == SHMT_SYSV ?
	    shmt_holders_complete(&run->holders, &r->segment) :
	    count > 0 && run->holders.hidden == 0;
	return true;
}

char *
removal_holder_names(const struct removal *r)
{
	return name_holders(r->holders, r->holder_count, r->complete);
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
 * The plan
 */

static void
set_absent(const struct removal_run *run, struct removal *r)
{
	char reason[ABSENT_REASON];

	absent_reason(r->operand, reason);
	removal_set(r, ABSENT, run->force ? ST_OK : ST_ABSENT, "%s", reason);
}

/* Why an operand names nothing that can be removed. */
static void
set_not_found(const struct removal_run *run, struct removal *r, int error)
{
	const char *what = r->operand->ref.kind == SHMT_POSIX ?
	    not_object(error) : NULL;

	if (error == ENOENT)
		set_absent(run, r);
	else if (what != NULL)
		removal_set(r, ABSENT, ST_ABSENT, "no object: %s", what);
	else
		removal_fail(r, error);
}

void
removal_find(struct removal_run *run, struct removal *r)
{
	const struct shmt_ref *ref = &r->operand->ref;
	struct shmt_object object;
	struct shmt_info segment;

	if (shmt_resolve(ref, &object) == -1 ||
	    shmt_info(&object, 0, &segment) == -1) {
		set_not_found(run, r, errno);
		return;
	}
	/* The id may be given to another segment between the two calls. */
	if (ref->by_key && segment.key != ref->key) {
		set_absent(run, r);
		return;
	}
	r->segment = segment;
	removal_plan(run, r);
}

static bool
passes(struct removal_run *run, const struct shmt_info *now)
{
	return (!filter_needs_holders(run->filter, now, 1) ||
	    have_holders(run)) &&
	    shmt_match(run->filter, now, (int64_t)time(NULL),
	    run->has_holders ? &run->holders : NULL);
}

/* An operand that the filter keeps: names the options that it fails. */
static void
set_filtered(const struct removal_run *run, struct removal *r)
{
	char names[SHMT_CRITERIA * FILTER_LABEL] = "", label[FILTER_LABEL];
	unsigned failed, by;

	failed = shmt_mismatch(run->filter, &r->segment, (int64_t)time(NULL),
	    run->has_holders ? &run->holders : NULL);
	for (by = 0; by < SHMT_CRITERIA; by++) {
		if ((failed & 1u << by) == 0)
			continue;
		filter_label(run->filter, (enum shmt_criterion)by, label);
		if (names[0] != '\0')
			strlcat(names, ", ", sizeof(names));
		strlcat(names, label, sizeof(names));
	}
	removal_set(r, KEPT, ST_OK, "it does not pass %s", names);
}

/* What --force would do to the processes that have a segment attached. */
static const char *
advice(const struct shmt_info *segment)
{
	return segment->key != 0 ?
	    "; they must detach first: --force lets them keep it, but frees "
	    "its key" :
	    "; they must detach first: --force only marks it, to go with the "
	    "last of them";
}

/* Without a plan to show, the removal itself finds out whether it is
 * permitted.  The users of an object are not known yet. */
static bool
is_forbidden(const struct removal_run *run, const struct shmt_info *segment)
{
	if (segment->object.kind == SHMT_SYSV && segment->nattch == 0 &&
	    !run->shows_plan && !run->dry)
		return false;
	return shmt_may_remove(&segment->object) == -1 && errno != ENOENT;
}

void
removal_plan(struct removal_run *run, struct removal *r)
{
	const struct shmt_info *s = &r->segment;

	/* The filter has chosen all segments but those of operands. */
	if (r->operand != NULL && run->filter != NULL && !passes(run, s))
		set_filtered(run, r);
	else if (is_forbidden(run, s))
		removal_fail(r, errno);
	else if (s->object.kind == SHMT_POSIX)
		object_plan(run, r);
	else if (s->state & SHMT_DEST)
		set_attached(run, r, KEPT, run->force ? ST_OK : ST_BUSY,
		    "already marked for removal, goes at the last detach", "");
	else if (s->nattch > 0 && !run->force)
		set_attached(run, r, KEPT, ST_BUSY, "attached", advice(s));
	else if (s->nattch > 0)
		set_attached(run, r, WOULD_MARK, ST_OK,
		    "goes at the last detach", "");
	else
		r->result = WOULD_REMOVE;
}

/*
 * The comparisons before and after saving
 */

static const char used_meanwhile[] = "it was used while it was saved";

/* How the segment differs from the one that the plan was made for, or NULL. */
static const char *
what_changed(const struct shmt_info *was, const struct shmt_info *now)
{
	if (!shmt_same(was, now))
		return "it went, and another segment has its id";
	if ((now->state & SHMT_DEST) != 0)
		return "somebody else marked it for removal meanwhile";
	if (now->ctime != was->ctime || now->uid != was->uid ||
	    now->gid != was->gid || now->mode != was->mode)
		return "its owner or mode was changed meanwhile";
	return NULL;
}

/* Why it no longer passes the filter, or NULL. */
static const char *
why_filter_keeps(struct removal_run *run, const struct shmt_info *now)
{
	removal_forget_holders(run);
	if (filter_needs_holders(run->filter, now, 1) && !have_holders(run))
		return "the processes that have it attached cannot be found";
	return passes(run, now) ? NULL : "it no longer is what was asked for";
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
		return used_meanwhile;
	if (run->filter == NULL || (!is_used && !filter_ages(run->filter)))
		return NULL;
	if (is_used && !run->force)
		return "it was used meanwhile";
	return why_filter_keeps(run, now);
}

static void
set_already_gone(const struct removal_run *run, struct removal *r)
{
	removal_set(r, ABSENT, r->operand == NULL || run->force ? ST_OK :
	    ST_ABSENT, "somebody else removed it");
}

int
removal_kept_status(const struct removal *r)
{
	return r->operand == NULL ? ST_OK : ST_BUSY;
}

/* Looks the segment up again; false: it is kept, gone or failed. */
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
		refresh_holders(run, &now);
		set_attached(run, r, KEPT, removal_kept_status(r),
		    "attached meanwhile", "");
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
		why = used_meanwhile;
	}
	if (why != NULL)
		removal_set(r, KEPT, removal_kept_status(r), "%s", why);
	check->kept = true;
	return false;
}

void
removal_set_unsaved(struct removal *r, int status, const char *reason)
{
	removal_set(r, FAILED, status, "not saved, so not removed: %s",
	    reason != NULL ? reason : strerror(ENOMEM));
}

/* The files belong to this one segment, so older ones are replaced. */
bool
removal_save(struct copy_check *check,
    bool (*confirm)(void *arg, const struct shmt_saved *saved),
    struct shmt_saved *saved)
{
	struct removal *r = check->removal;
	const struct saving saving = {
		.dir = check->run->save, .replace = true, .confirm = confirm,
		.arg = check
	};
	char *reason;
	int status;

	status = save_segment(&saving, &r->segment, saved, &reason);
	if (status != ST_OK && !check->kept)
		removal_set_unsaved(r, status, reason);
	free(reason);
	if (status == ST_OK && asprintf(&r->saved, "%s/%s", saving.dir,
	    saved->name) == -1)
		r->saved = NULL;
	return status == ST_OK;
}

static bool
save_first(struct removal_run *run, struct removal *r)
{
	struct copy_check check = { .run = run, .removal = r };
	struct shmt_saved saved;

	return removal_save(&check, check_copied, &saved) &&
	    check_unchanged(run, r);
}

/*
 * The removal
 */

/* Removed, or marked: by force or because a process attached just before. */
static void
set_outcome(struct removal_run *run, struct removal *r)
{
	struct shmt_info now;

	r->result = REMOVED;
	r->status = ST_OK;
	if (shmt_info(&r->segment.object, 0, &now) == -1) {
		if (errno == ENOENT)
			return;
		now = r->segment;
		now.state |= SHMT_DEST;
	}
	if (!shmt_same(&r->segment, &now) || (now.state & SHMT_DEST) == 0)
		return;
	refresh_holders(run, &now);
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
 * Attaches the segment, so that no other can get its id from here on, and
 * compares it with the one to be removed; false: it is another one.  *at is
 * NULL where it cannot be attached.
 */
static bool
pin(struct removal_run *run, struct removal *r, void **at)
{
	struct shmt_info now;
	const char *why;

	*at = NULL;
	if (!run->pins || shmt_attach(&r->segment.object, NULL, SHMT_RDONLY,
	    at) == -1)
		return true;
	if (shmt_info(&r->segment.object, 0, &now) == -1)
		return true;
	why = what_changed(&r->segment, &now);
	if (why == NULL && now.nattch > r->segment.nattch + 1 && !run->force)
		why = "attached meanwhile";
	if (why == NULL)
		return true;
	removal_set(r, KEPT, removal_kept_status(r), "%s", why);
	shmt_detach(*at);
	return false;
}

void
removal_do(struct removal_run *run, struct removal *r)
{
	int error = 0;
	void *at;

	if (r->segment.object.kind == SHMT_POSIX) {
		object_do(run, r);
		return;
	}
	if (!check_unchanged(run, r))
		return;
	if (run->save != NULL && !save_first(run, r))
		return;
	if (!pin(run, r, &at))
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

void
removal_free(struct removal *r)
{
	free(r->reason);
	free(r->saved);
	free(r->holders);
}
