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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

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
		    "%s and root may remove it", user_name(r->row.segment.uid),
		    user_name(r->row.segment.cuid));
	else
		settle(r, FAILED, status_of(error), "%s", strerror(error));
}

void
removal_forget_holders(struct removal_run *run)
{
	run->has_holders = false;
}

/* Who is attached to it; one pass over all processes serves a whole run. */
static void
look_at_holders(struct removal_run *run, struct removal *r)
{
	(void)run;
	free(r->holders);
	r->holders = NULL;
	r->holder_count = 0;
	r->complete = false;
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

/* settle() with who is attached at the end of the reason. */
static void
settle_attached(struct removal_run *run, struct removal *r,
    enum removal_result result, int status, const char *reason)
{
	char *names;

	look_at_holders(run, r);
	names = holder_names(r);
	settle(r, result, status, "%s; nattch %ju, attached by %s", reason,
	    (uintmax_t)r->row.segment.nattch, names != NULL ? names : "others");
	free(names);
}

void
removal_find(struct removal_run *run, struct removal *r)
{
	const struct shmt_ref *ref = &r->target->ref;
	int id;

	if (shmt_resolve(ref, &id) == 0 && shmt_info(id, &r->row.segment) == 0) {
		removal_plan(run, r);
		return;
	}
	if (errno == ENOENT)
		settle(r, ABSENT, run->force ? ST_OK : ST_ABSENT,
		    "no such segment");
	else
		fail_removal(r, errno);
	memset(&r->row.segment, 0, sizeof(r->row.segment));
	r->row.segment.id = ref->by_key ? -1 : ref->id;
	r->row.segment.key = ref->by_key ? ref->key : 0;
}

/* As the kernel decides, but for capabilities without user id 0. */
static bool
may_remove(const struct shmt_segment *segment)
{
	uid_t uid = geteuid();

	return uid == 0 || uid == segment->uid || uid == segment->cuid;
}

void
removal_plan(struct removal_run *run, struct removal *r)
{
	if (r->row.segment.state & SHMT_DEST)
		settle_attached(run, r, KEPT, run->force ? ST_OK : ST_BUSY,
		    "already marked for removal at its last detach");
	else if (r->row.segment.nattch > 0 && !run->force)
		settle_attached(run, r, KEPT, ST_BUSY,
		    "in use (--force marks it for removal)");
	else if (run->dry && !may_remove(&r->row.segment))
		fail_removal(r, EPERM);
	else if (r->row.segment.nattch > 0)
		settle_attached(run, r, WOULD_MARK, ST_OK,
		    "would go at its last detach");
	else
		r->result = WOULD_REMOVE;
}

/* How it is no longer the segment that was looked at, or NULL. */
static const char *
what_changed(const struct shmt_segment *was, const struct shmt_segment *now)
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
	struct shmt_segment now;
	const char *why;

	if (shmt_info(r->row.segment.id, &now) == -1) {
		if (errno == ENOENT)
			return already_gone(run, r);
		fail_removal(r, errno);
		return false;
	}
	why = what_changed(&r->row.segment, &now);
	if (why == NULL && now.nattch > 0 && !run->force) {
		r->row.segment.nattch = now.nattch;
		removal_forget_holders(run);
		settle_attached(run, r, KEPT, status, "came into use "
		    "meanwhile");
		return false;
	}
	if (why != NULL)
		settle(r, KEPT, status, "%s", why);
	else
		r->row.segment = now;
	return why == NULL;
}

/* Gone, or only marked: by our will, or as somebody was quicker. */
static void
look_after(struct removal_run *run, struct removal *r)
{
	struct shmt_segment now;

	r->result = REMOVED;
	r->status = ST_OK;
	if (shmt_info(r->row.segment.id, &now) == -1) {
		if (errno == ENOENT)
			return;
		now = r->row.segment;
		now.state |= SHMT_DEST;
	}
	if (!shmt_same(&r->row.segment, &now) || (now.state & SHMT_DEST) == 0)
		return;
	removal_forget_holders(run);
	r->row.segment.nattch = now.nattch;
	if (run->force)
		settle_attached(run, r, MARKED, ST_OK,
		    "marked for removal, goes at its last detach");
	else
		settle_attached(run, r, MARKED, ST_BUSY, "came into use as it "
		    "was removed: only marked, goes at its last detach, and "
		    "is found by its key no more");
}

void
removal_do(struct removal_run *run, struct removal *r)
{
	if (!look_again(run, r))
		return;
	if (shmt_remove(r->row.segment.id) == 0)
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

void
removal_tell(const struct removal_run *run, const struct removal *r)
{
	char id[SHORT_TEXT], size[SHORT_TEXT];
	const char *object = id, *reason = r->reason;

	snprintf(id, sizeof(id), "%d", r->row.segment.id);
	if (r->target != NULL)
		object = r->target->text;
	if (reason == NULL)
		reason = strerror(ENOMEM);
	switch (r->result) {
	case KEPT:
		complain(object, "kept: %s", reason);
		break;
	case MARKED:
	case FAILED:
		complain(object, "%s", reason);
		break;
	case ABSENT:
		if (!run->force || r->target == NULL)
			complain(object, "%s", reason);
		else if (run->verbose)
			printf("absent %s\n", r->target->text);
		break;
	case REMOVED:
		if (!run->verbose)
			break;
		short_size(size, r->row.segment.size);
		printf("removed %d (0x%08" PRIx32 ", %s, owner %s)\n",
		    r->row.segment.id, r->row.segment.key, size,
		    user_name(r->row.segment.uid));
		break;
	case WOULD_REMOVE:
	case WOULD_MARK:
		break;
	}
}

void
removal_json(struct json *json, const struct removal *r)
{
	static const char *const words[] = {
		"would-remove", "would-mark", "removed", "marked", "kept",
		"absent", "failed"
	};
	bool seen = r->row.segment.ctime != 0;

	json_open(json, NULL, '{');
	if (r->row.segment.id == -1)
		json_null(json, "id");
	else
		json_number(json, "id", (uint64_t)r->row.segment.id);
	if (seen || r->row.segment.key != 0) {
		json_key(json, r->row.segment.key);
	} else {
		json_null(json, "key");
		json_null(json, "key_hex");
	}
	if (seen)
		json_number(json, "size", r->row.segment.size);
	else
		json_null(json, "size");
	json_text(json, "result", words[r->result]);
	if (r->reason != NULL)
		json_text(json, "reason", r->reason);
	else
		json_null(json, "reason");
	json_close(json, '}');
}

void
removal_free(struct removal *r)
{
	free(r->reason);
	free(r->holders);
}
