/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What segment.c and object.c share to remove one segment or object: its result
 * and reason, the processes that hold it, and the copy that is saved first.
 * Those two decide whether it is removed.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "filter.h"
#include "holders.h"
#include "operand.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

void
removal_set(struct removal *r, enum removal_result result, int status,
    const char *format, ...)
{
	char *reason;
	va_list args;

	va_start(args, format);
	if (vasprintf(&reason, format, args) == -1)
		reason = NULL;
	va_end(args);
	free(r->reason);
	r->reason = check_memory(reason);
	r->result = result;
	r->status = status;
}

void
removal_done(struct removal *r)
{
	r->result = REMOVED;
	r->status = ST_OK;
	free(r->reason);
	r->reason = NULL;
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
is_planned(const struct removal *r)
{
	return (1u << r->result & PLANNED) != 0;
}

size_t
count_removals(const struct removal *list, size_t count, unsigned results,
    char size[static SHORT_TEXT])
{
	uint64_t bytes = 0;
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if ((1u << list[i].result & results) != 0) {
			bytes = add_sizes(bytes, list[i].segment.size);
			n++;
		}
	short_size(size, bytes);
	return n;
}

/*
 * Holders.  One scan of all processes serves a whole run.
 */

void
removal_discard_holders(struct removal_run *run)
{
	if (run->has_holders)
		shmt_holders_free(&run->holders);
	run->has_holders = false;
}

/* The segments and objects that the operands name now, and one of them, which
 * its key no longer leads to once it is marked. */
static size_t
list_operands(const struct removal_run *run, const struct shmt_info *one,
    struct shmt_info *list)
{
	size_t i, n = 1;

	list[0] = *one;
	for (i = 0; i < run->operand_count; i++)
		n += look_up_operand(&run->operands[i], &list[n]) == 0 &&
		    !shmt_same(&list[n], one);
	return n;
}

static int
scan_processes(struct removal_run *run, const struct shmt_info *one)
{
	const struct shmt_info *list = run->list;
	struct shmt_info *named = NULL;
	size_t count = run->count;
	int result;

	if (run->operand_count > 0) {
		named = calloc(run->operand_count + 1, sizeof(*named));
		if (named == NULL)
			return -1;
		list = named;
		count = list_operands(run, one, named);
	}
	result = shmt_holders_of_list(list, count, &run->holders);
	free(named);
	return result;
}

bool
removal_scan_holders(struct removal_run *run, const struct shmt_info *one)
{
	if (!run->has_holders)
		run->has_holders = scan_processes(run, one) == 0;
	return run->has_holders;
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
	if (!removal_scan_holders(run, &r->segment))
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

bool
removal_passes(struct removal_run *run, const struct shmt_info *now)
{
	return (!filter_needs_holders(run->filter, now, 1) ||
	    removal_scan_holders(run, now)) &&
	    shmt_match(run->filter, now, (int64_t)time(NULL),
	    run->has_holders ? &run->holders : NULL);
}

void
removal_set_unsaved(struct removal *r, int status, const char *reason)
{
	removal_set(r, FAILED, status, "not saved, so not removed: %s", reason);
}

int
removal_kept_status(const struct removal *r)
{
	return r->operand == NULL ? ST_OK : ST_BUSY;
}

/* The files belong to this one segment, so older ones are replaced. */
bool
removal_save(struct copy_check *check,
    bool (*confirm)(void *arg, const struct shmt_saved *saved))
{
	struct removal *r = check->removal;
	const char *dir = check->run->save;
	struct shmt_saving how = {
		.flags = SHMT_REPLACE, .confirm = confirm, .arg = check
	};
	struct shmt_saved saved;
	char *reason;
	int status;

	status = save_segment(dir, &r->segment, &how, &saved, &reason);
	if (status != ST_OK && !check->kept)
		removal_set_unsaved(r, status, reason);
	free(reason);
	if (status == ST_OK && asprintf(&r->saved, "%s/%s", dir,
	    saved.name) == -1)
		r->saved = NULL;
	return status == ST_OK;
}

void
removal_free(struct removal *r)
{
	free(r->reason);
	free(r->saved);
	free(r->holders);
}
