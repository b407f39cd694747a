/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which segments are meant, and which are stale.  A part that cannot be
 * known does not hold.
 */

#include <string.h>

#include "shmtool.h"
#include "users/scan.h"

uint64_t
shmt_idle(const struct shmt_segment *segment, int64_t now)
{
	int64_t last = segment->ctime;

	if (segment->atime > last)
		last = segment->atime;
	if (segment->dtime > last)
		last = segment->dtime;
	return last < now ? (uint64_t)now - (uint64_t)last : 0;
}

static bool
is_gone(const struct shmt_process *process)
{
	return process->life == SHMT_GONE || process->life == SHMT_REUSED;
}

void
shmt_check_stale(const struct shmt_segment *segment, int64_t now, uint64_t idle,
    struct shmt_proof *proof)
{
	memset(proof, 0, sizeof(*proof));
	proof->unattached = segment->nattch == 0;
	proof->not_dest = (segment->state & SHMT_DEST) == 0;
	proof->idle = shmt_idle(segment, now);
	proof->idle_enough = proof->idle >= idle;
	shmt_creator(segment, &proof->creator);
	shmt_last_user(segment, &proof->last_user);
	proof->stale = proof->unattached && proof->not_dest &&
	    proof->idle_enough && is_gone(&proof->creator) &&
	    (is_gone(&proof->last_user) ||
	    proof->last_user.life == SHMT_NONE);
}

/* The same, asking about processes only where all else holds. */
static bool
is_stale(const struct shmt_segment *segment, int64_t now, uint64_t idle)
{
	struct shmt_proof proof;

	if (segment->nattch != 0 || (segment->state & SHMT_DEST) != 0 ||
	    shmt_idle(segment, now) < idle)
		return false;
	shmt_check_stale(segment, now, idle, &proof);
	return proof.stale;
}

/*
 * The key that a segment was made with, 0 for a private one.  Marking takes
 * it away; who has it attached still knows.
 */
static bool
first_key(const struct shmt_segment *segment,
    const struct shmt_holders *holders, uint32_t *key)
{
	const struct shmt_holder *holder;
	size_t count = 0;

	*key = segment->key;
	if ((segment->state & SHMT_DEST) == 0)
		return true;
	if (holders == NULL)
		return false;
	holder = shmt_holders_of(holders, segment->id, &count);
	if (count == 0)
		return false;
	*key = holder->key;
	return true;
}

/* Where more mappings were seen than the kernel counts, some are forged. */
static bool
is_held_by(const struct shmt_segment *segment, pid_t pid,
    const struct shmt_holders *holders)
{
	const struct shmt_holder *holder, *found = NULL;
	uint64_t maps = 0;
	size_t count;

	holder = shmt_holders_of(holders, segment->id, &count);
	for (; count > 0; count--, holder++) {
		maps += holder->maps;
		if (holder->pid == pid)
			found = holder;
	}
	return found != NULL && (maps <= segment->nattch ||
	    shmt__is_trusted(found, segment));
}

static bool
is_used_by(const struct shmt_segment *segment, pid_t pid,
    const struct shmt_holders *holders)
{
	struct shmt_process creator;

	if (holders != NULL && is_held_by(segment, pid, holders))
		return true;
	if (segment->cpid != pid)
		return false;
	/* Not one that only came to have the same number. */
	shmt_creator(segment, &creator);
	return creator.life != SHMT_REUSED;
}

static bool
key_matches(const struct shmt_filter *filter,
    const struct shmt_segment *segment, const struct shmt_holders *holders)
{
	uint32_t key;

	if ((filter->by & (SHMT_BY_KEY | SHMT_BY_PRIVATE)) == 0)
		return true;
	if (!first_key(segment, holders, &key))
		return false;
	return ((filter->by & SHMT_BY_KEY) == 0 || key == filter->key) &&
	    ((filter->by & SHMT_BY_PRIVATE) == 0 || key == 0);
}

/* What the segment itself tells, without asking about any process. */
static bool
facts_match(const struct shmt_filter *filter,
    const struct shmt_segment *segment, int64_t now)
{
	const struct {
		unsigned by;
		bool holds;
	} parts[] = {
		{ SHMT_BY_OWNER, segment->uid == filter->owner },
		{ SHMT_BY_CREATOR, segment->cuid == filter->creator },
		{ SHMT_BY_UNATTACHED, segment->nattch == 0 },
		{ SHMT_BY_IDLE, shmt_idle(segment, now) >= filter->idle },
		{ SHMT_BY_MIN_SIZE, segment->size >= filter->min_size },
		{ SHMT_BY_MAX_SIZE, segment->size <= filter->max_size },
		{ SHMT_BY_DEST, (segment->state & SHMT_DEST) != 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((filter->by & parts[i].by) != 0 && !parts[i].holds)
			return false;
	return true;
}

bool
shmt_match(const struct shmt_filter *filter,
    const struct shmt_segment *segment, int64_t now,
    const struct shmt_holders *holders)
{
	struct shmt_process creator;

	if (!facts_match(filter, segment, now) ||
	    !key_matches(filter, segment, holders))
		return false;
	if ((filter->by & SHMT_BY_PID) != 0 &&
	    !is_used_by(segment, filter->pid, holders))
		return false;
	if ((filter->by & SHMT_BY_CREATOR_DEAD) != 0) {
		shmt_creator(segment, &creator);
		if (!is_gone(&creator))
			return false;
	}
	return (filter->by & SHMT_BY_STALE) == 0 || is_stale(segment, now,
	    filter->by & SHMT_BY_IDLE ? filter->idle : SHMT_STALE_IDLE);
}
