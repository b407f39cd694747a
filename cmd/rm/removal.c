/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment on its way out.  The kernel cannot remove a segment on the
 * condition that nobody is attached: IPC_RMID marks it then.  So it is looked
 * at again just before, and once more after, and whoever came in between is
 * told; that program keeps its memory, and only the key is lost.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "attachments.h"
#include "filter.h"
#include "operand.h"
#include "rm/removal.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

/* More names than these help nobody in a message. */
#define NAMED_HOLDERS 8

static void
settle(struct removal *r, enum removal_result result, int status,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The reason of before goes; without memory there is none. */
static void
settle(struct removal *r, enum removal_result result, int status,
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

static void
fail_removal(struct removal *r, int error)
{
	if (error == EPERM || error == EACCES)
		settle(r, FAILED, ST_DENIED, "only its owner %s, its creator "
		    "%s and root may remove it", user_name(r->segment.uid),
		    user_name(r->segment.cuid));
	else
		settle(r, FAILED, status_of(error), "%s", strerror(error));
}

void
removal_forget_holders(struct removal_run *run)
{
	if (run->has_holders)
		shmt_holders_free(&run->holders);
	run->has_holders = false;
}

/* Somebody came since: a new look, unless the last one saw them all. */
static void
renew_holders(struct removal_run *run, const struct shmt_info *now)
{
	if (!shmt_holders_complete(&run->holders, now))
		removal_forget_holders(run);
}

/* Who is attached to it; one pass over all processes serves a whole run. */
static void
look_at_holders(struct removal_run *run, struct removal *r)
{
	const struct shmt_holder *held;
	size_t count;

	free(r->holders);
	r->holders = NULL;
	r->holder_count = 0;
	r->complete = false;
	if (!run->has_holders && shmt_holders(-1, &run->holders) == -1)
		return;
	run->has_holders = true;
	held = shmt_holders_of(&run->holders, r->segment.object.id, &count);
	r->holders = calloc(count + 1, sizeof(*held));
	if (r->holders == NULL)
		return;
	if (count > 0)
		memcpy(r->holders, held, count * sizeof(*held));
	r->holder_count = count;
	r->complete = shmt_holders_complete(&run->holders, &r->segment);
}

/* "4242 (postgres), 4250 (postgres)", to be freed. */
static char *
holder_names(const struct removal *r)
{
	static const char unseen[] = "processes that cannot be seen from here";
	char *text = NULL;
	size_t length, i;
	FILE *out;

	out = open_memstream(&text, &length);
	if (out == NULL)
		return NULL;
	for (i = 0; i < r->holder_count && i < NAMED_HOLDERS; i++)
		fprintf(out, "%s%jd (%s)", i > 0 ? ", " : "",
		    (intmax_t)r->holders[i].pid, r->holders[i].command);
	if (i < r->holder_count)
		fprintf(out, " and %zu more", r->holder_count - i);
	if (!r->complete)
		fprintf(out, "%s%s", i > 0 ? ", and by " : "", unseen);
	return fclose(out) == 0 ? text : NULL;
}

/* settle() with who is attached between the two halves of the reason. */
static void
settle_attached(struct removal_run *run, struct removal *r,
    enum removal_result result, int status, const char *before,
    const char *after)
{
	char *names;

	look_at_holders(run, r);
	names = holder_names(r);
	settle(r, result, status, "%s by %s, nattch %ju%s", before,
	    names != NULL ? names : "others",
	    (uintmax_t)r->segment.nattch, after);
	free(names);
}

void
removal_find(struct removal_run *run, struct removal *r)
{
	const struct shmt_ref *ref = &r->operand->ref;
	char reason[ABSENT_REASON];
	int id;

	if (shmt_resolve(ref, &id) == 0 &&
	    shmt_info(id, &r->segment) == 0) {
		removal_plan(run, r);
		return;
	}
	if (errno == ENOENT) {
		absent_reason(r->operand, reason);
		settle(r, ABSENT, run->force ? ST_OK : ST_ABSENT, "%s",
		    reason);
	} else
		fail_removal(r, errno);
	memset(&r->segment, 0, sizeof(r->segment));
	r->segment.object.id = ref->by_key ? -1 : ref->id;
	r->segment.key = ref->by_key ? ref->key : 0;
}

/* As the kernel decides, but for capabilities without user id 0. */
static bool
may_remove(const struct shmt_info *segment)
{
	uid_t uid = geteuid();

	return uid == 0 || uid == segment->uid || uid == segment->cuid;
}

void
removal_plan(struct removal_run *run, struct removal *r)
{
	if (r->segment.state & SHMT_DEST)
		settle_attached(run, r, KEPT, run->force ? ST_OK : ST_BUSY,
		    "already marked for removal, goes at the last detach", "");
	else if (r->segment.nattch > 0 && !run->force)
		settle_attached(run, r, KEPT, ST_BUSY, "attached",
		    "; --force marks it for removal at the last detach");
	else if (run->dry && !may_remove(&r->segment))
		fail_removal(r, EPERM);
	else if (r->segment.nattch > 0)
		settle_attached(run, r, WOULD_MARK, ST_OK,
		    "goes at the last detach", "");
	else
		r->result = WOULD_REMOVE;
}

/* How the filter's wish no longer holds, or NULL; processes may have come. */
static const char *
what_fails(struct removal_run *run, const struct shmt_info *now)
{
	const struct shmt_filter *filter = run->filter;

	if (filter_has(filter, SHMT_BY_PID) && now->nattch > 0) {
		removal_forget_holders(run);
		if (shmt_holders(-1, &run->holders) == -1)
			return "who has it attached can no longer be told";
		run->has_holders = true;
	}
	return shmt_match(filter, now, (int64_t)time(NULL), &run->holders) ?
	    NULL : "it no longer is what was asked for";
}

/* How it is no longer the segment that was looked at, or NULL. */
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

/*
 * How it is no longer what the filter selected, or NULL.  What was not used
 * since still passes: its size and users are as they were, its rest is longer,
 * and the dead do not come back.  Forced, its use does not matter in itself;
 * named by an operand, not at all.
 */
static const char *
what_mismatches(struct removal_run *run, const struct shmt_info *was,
    const struct shmt_info *now)
{
	if (run->filter == NULL || (now->atime == was->atime &&
	    now->dtime == was->dtime && now->lpid == was->lpid &&
	    now->nattch == was->nattch))
		return NULL;
	return run->force ? what_fails(run, now) : "it was used meanwhile";
}

static bool
already_gone(const struct removal_run *run, struct removal *r)
{
	settle(r, ABSENT, run->filter != NULL || run->force ? ST_OK :
	    ST_ABSENT, "somebody else removed it");
	return false;
}

/* True: still the one that is to go. */
static bool
look_again(struct removal_run *run, struct removal *r)
{
	int status = run->filter != NULL ? ST_OK : ST_BUSY;
	struct shmt_info now;
	const char *why;

	if (shmt_info(r->segment.object.id, &now) == -1) {
		if (errno == ENOENT)
			return already_gone(run, r);
		fail_removal(r, errno);
		return false;
	}
	why = what_changed(&r->segment, &now);
	if (why == NULL && now.nattch > 0 && !run->force) {
		r->segment.nattch = now.nattch;
		renew_holders(run, &now);
		settle_attached(run, r, KEPT, status, "attached meanwhile",
		    "");
		return false;
	}
	if (why == NULL)
		why = what_mismatches(run, &r->segment, &now);
	if (why != NULL)
		settle(r, KEPT, status, "%s", why);
	else
		r->segment = now;
	return why == NULL;
}

/* Gone, or only marked: by our will, or as somebody was quicker. */
static void
look_after(struct removal_run *run, struct removal *r)
{
	struct shmt_info now;

	r->result = REMOVED;
	r->status = ST_OK;
	if (shmt_info(r->segment.object.id, &now) == -1) {
		if (errno == ENOENT)
			return;
		now = r->segment;
		now.state |= SHMT_DEST;
	}
	if (!shmt_same(&r->segment, &now) || (now.state & SHMT_DEST) == 0)
		return;
	renew_holders(run, &now);
	r->segment.nattch = now.nattch;
	if (run->force)
		settle_attached(run, r, MARKED, ST_OK,
		    "marked for removal, goes at the last detach", "");
	else
		settle_attached(run, r, MARKED, ST_BUSY, "attached in the "
		    "moment of its removal", "; marked, so they keep it to "
		    "the last detach, but its key no longer finds it");
}

/* A removal of which the segment is being saved. */
struct save_first {
	struct removal_run *run;
	struct removal *removal;
	bool kept;		/* it must not go, and settle() has the reason */
};

/*
 * Looks once more, before the saved files get their names.  Where the segment
 * had to be attached to be saved, its times and last process must be ours now,
 * or the file may be out of date already.
 */
static bool
still_to_go(struct removal_run *run, struct removal *r,
    const struct shmt_saved *saved)
{
	struct shmt_info now;

	if (shmt_info(r->segment.object.id, &now) == -1)
		return look_again(run, r);
	if (!run->force && shmt_same(&r->segment, &saved->segment) &&
	    now.nattch == 0 && (saved->disturbed ||
	    (saved->attached && now.lpid != getpid()))) {
		settle(r, KEPT, run->filter != NULL ? ST_OK : ST_BUSY,
		    "it was used while it was saved");
		return false;
	}
	if (saved->attached) {
		r->segment.atime = now.atime;
		r->segment.dtime = now.dtime;
		r->segment.lpid = now.lpid;
	}
	return look_again(run, r);
}

static bool
confirm_save(void *arg, const struct shmt_saved *saved)
{
	struct save_first *first = arg;

	first->kept = !still_to_go(first->run, first->removal, saved);
	return !first->kept;
}

/* The files belong to this one segment, so older ones are replaced. */
static bool
save_first(struct removal_run *run, struct removal *r)
{
	struct save_first first = { run, r, false };
	const struct saving saving = {
		.dir = run->save, .replace = true, .confirm = confirm_save,
		.arg = &first
	};
	struct shmt_saved saved;
	char *reason;
	int status;

	status = save_segment(&saving, &r->segment, &saved, &reason);
	if (status != ST_OK && !first.kept)
		settle(r, FAILED, status, "not saved, so not removed: %s",
		    reason != NULL ? reason : strerror(ENOMEM));
	free(reason);
	if (status != ST_OK)
		return false;
	if (asprintf(&r->saved, "%s/%s", run->save, saved.name) == -1)
		r->saved = NULL;
	return look_again(run, r);
}

void
removal_do(struct removal_run *run, struct removal *r)
{
	if (!look_again(run, r))
		return;
	if (run->save != NULL && !save_first(run, r))
		return;
	if (shmt_remove(r->segment.object.id) == 0)
		look_after(run, r);
	else if (errno == ENOENT)
		already_gone(run, r);
	else
		fail_removal(r, errno);
}

void
removal_keep(struct removal *r, int status, const char *reason)
{
	settle(r, KEPT, status, "%s", reason);
}

/* A verbose line. */
static void
report_removed(const struct removal *r)
{
	char size[SHORT_TEXT];

	short_size(size, r->segment.size);
	printf("removed %d (0x%08" PRIx32 ", %s, owner ", r->segment.object.id,
	    r->segment.key, size);
	print_safe(user_name(r->segment.uid));
	putchar(')');
	if (r->saved != NULL) {
		printf(", saved as ");
		print_safe(r->saved);
	}
	putchar('\n');
}

static void
report_absent(const struct removal *r)
{
	printf("absent ");
	print_safe(r->operand->text);
	putchar('\n');
}

void
report_removal(const struct removal_run *run, const struct removal *r)
{
	char id[SHORT_TEXT];
	const char *object = id, *reason = r->reason;

	snprintf(id, sizeof(id), "%d", r->segment.object.id);
	if (r->operand != NULL)
		object = r->operand->text;
	if (reason == NULL)
		reason = strerror(ENOMEM);
	switch (r->result) {
	case KEPT:
		warn_about(object, "kept: %s", reason);
		break;
	case MARKED:
	case FAILED:
		warn_about(object, "%s", reason);
		break;
	case ABSENT:
		if (!run->force || r->operand == NULL)
			warn_about(object, "%s", reason);
		else if (run->verbose)
			report_absent(r);
		break;
	case REMOVED:
		if (run->verbose)
			report_removed(r);
		break;
	case WOULD_MARK:
		warn_about(object, "would be marked for removal, %s", reason);
		break;
	case WOULD_REMOVE:
		break;
	}
}

/* What marking has taken away who has it attached still knows. */
static void
json_key_of(struct json *json, const struct removal *r)
{
	bool known = r->segment.ctime != 0 || r->segment.key != 0;
	uint32_t key = r->segment.key;

	if ((r->segment.state & SHMT_DEST) != 0) {
		known = r->holder_count > 0;
		key = known ? r->holders[0].key : 0;
	}
	if (known)
		json_key(json, key);
	else {
		json_null(json, "key");
		json_null(json, "key_hex");
	}
}

void
removal_json(struct json *json, const struct removal *r)
{
	static const char *const words[] = {
		"would-remove", "would-mark", "removed", "marked", "kept",
		"absent", "failed"
	};
	bool seen = r->segment.ctime != 0;

	json_open(json, NULL, '{');
	if (r->segment.object.id == -1)
		json_null(json, "id");
	else
		json_number(json, "id", (uint64_t)r->segment.object.id);
	json_key_of(json, r);
	if (seen)
		json_number(json, "size", r->segment.size);
	else
		json_null(json, "size");
	json_text(json, "result", words[r->result]);
	if (r->reason != NULL)
		json_text(json, "reason", r->reason);
	else
		json_null(json, "reason");
	if (r->saved != NULL)
		json_text(json, "saved", r->saved);
	if (r->holders != NULL) {
		json_bool(json, "complete", r->complete);
		json_holders(json, r->holders, r->holder_count);
	}
	json_close(json, '}');
}

void
removal_free(struct removal *r)
{
	free(r->reason);
	free(r->saved);
	free(r->holders);
}
