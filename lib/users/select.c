/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which segments pass a filter.  Facts have three values: an unknown one never
 * lets a segment pass.  Whether one is stale is decided in stale.c.
 */

#include <fnmatch.h>

#include "shmtool.h"
#include "users/holders.h"
#include "users/process.h"
#include "users/stale.h"

static enum shmt_answer
yes_or_no(bool value)
{
	return value ? SHMT_YES : SHMT_NO;
}

/* The sources of the facts of one segment. */
struct subject {
	const struct shmt_info *segment;
	struct shmt_info *copy;	/* the same, to be filled */
	const struct shmt_holders *holders;	/* or NULL */
	int64_t now;
	uint64_t stale_idle;
};

/* Whether no process uses an object.  Of all criteria only this one may ask for
 * a lease. */
static enum shmt_answer
is_unused(const struct subject *subject)
{
	if ((subject->segment->known & SHMT_HAS_IN_USE) == 0 &&
	    subject->holders != NULL)
		shmt_fill_use(subject->copy, subject->holders);
	return shmt__is_unused(subject->segment);
}

static enum shmt_answer
is_unattached(const struct subject *subject)
{
	const struct shmt_info *s = subject->segment;

	if (s->object.kind != SHMT_SYSV)
		return is_unused(subject);
	return (s->known & SHMT_HAS_NATTCH) == 0 ? SHMT_CANNOT_TELL :
	    yes_or_no(s->nattch == 0);
}

/* In order of cost: the lease, and then all processes, are checked only where
 * all other clauses hold. */
static enum shmt_answer
is_object_stale(const struct subject *subject)
{
	const struct shmt_info *s = subject->segment;
	struct shmt_object_proof proof;
	enum shmt_answer unused;

	if ((s->known & SHMT_HAS_CTIME) == 0)
		return SHMT_CANNOT_TELL;
	if (s->object.kind != SHMT_POSIX || s->links != 1 ||
	    (s->state & SHMT_SEM) != 0 ||
	    shmt_idle(s, subject->now) < subject->stale_idle)
		return SHMT_NO;
	unused = is_unused(subject);
	if (unused != SHMT_YES)
		return unused;
	shmt_check_object_stale(s, subject->now, subject->stale_idle,
	    subject->holders, &proof);
	if (proof.creator_gone == SHMT_NO)
		return SHMT_NO;
	return proof.stale ? SHMT_YES : SHMT_CANNOT_TELL;
}

static enum shmt_answer
is_stale(const struct subject *subject)
{
	const unsigned stale_facts = SHMT_HAS_CPID | SHMT_HAS_LPID |
	    SHMT_HAS_NATTCH;
	const struct shmt_info *s = subject->segment;
	struct shmt_proof proof;

	if (s->object.kind != SHMT_SYSV)
		return is_object_stale(subject);
	if ((s->known & stale_facts) != stale_facts)
		return SHMT_CANNOT_TELL;
	/* Processes are read only where all other parts hold. */
	if (s->nattch != 0 || (s->state & SHMT_DEST) != 0 ||
	    shmt_idle(s, subject->now) < subject->stale_idle)
		return SHMT_NO;
	shmt_check_stale(s, subject->now, subject->stale_idle, &proof);
	if (proof.creator.state == SHMT_ALIVE ||
	    proof.last_user.state == SHMT_ALIVE)
		return SHMT_NO;
	return proof.stale ? SHMT_YES : SHMT_CANNOT_TELL;
}

/*
 * Finds the key that a segment was created with, 0 for a private one.  The
 * kernel takes it away when the segment is marked; the maps of its holders
 * still show it.
 */
static bool
find_key(const struct subject *subject, uint32_t *key)
{
	const struct shmt_info *s = subject->segment;
	const struct shmt_holder *holder;
	size_t count = 0;

	*key = s->key;
	if ((s->known & SHMT_HAS_KEY) != 0)
		return true;
	if (subject->holders == NULL || s->object.kind != SHMT_SYSV)
		return false;
	holder = shmt_holders_of(subject->holders, &s->object, &count);
	if (count == 0)
		return false;
	*key = holder->key;
	return true;
}

static enum shmt_answer
has_key(const struct subject *subject, uint32_t wanted)
{
	uint32_t key;

	return find_key(subject, &key) ? yes_or_no(key == wanted) :
	    SHMT_CANNOT_TELL;
}

/* Where more mappings are seen than the kernel counts, some are forged. */
static enum shmt_answer
is_held_by(const struct subject *subject, pid_t pid)
{
	const struct shmt_info *s = subject->segment;
	const struct shmt_holder *holder, *found = NULL;
	uint64_t maps = 0;
	size_t count;

	if (s->nattch == 0)
		return SHMT_NO;
	if (subject->holders == NULL)
		return SHMT_CANNOT_TELL;
	holder = shmt_holders_of(subject->holders, &s->object, &count);
	for (; count > 0; count--, holder++) {
		maps += holder->maps;
		if (holder->pid == pid)
			found = holder;
	}
	if (found != NULL && (maps <= s->nattch ||
	    shmt__is_trusted(found, s)))
		return SHMT_YES;
	return maps == s->nattch ? SHMT_NO : SHMT_CANNOT_TELL;
}

static enum shmt_answer
is_created_by(const struct shmt_info *segment, pid_t pid)
{
	struct shmt_process creator;

	/* A creator outside our PID namespace. */
	if (segment->cpid == 0)
		return SHMT_CANNOT_TELL;
	if (segment->cpid != pid)
		return SHMT_NO;
	/* Not a later process with the same pid. */
	shmt_creator(segment, &creator);
	return yes_or_no(creator.state != SHMT_REUSED);
}

/* The creator of an object is recorded nowhere. */
static enum shmt_answer
is_object_of(const struct subject *subject, pid_t pid)
{
	const struct shmt_holder *holder;
	size_t count;

	if (subject->holders == NULL)
		return SHMT_CANNOT_TELL;
	holder = shmt_holders_of(subject->holders, &subject->segment->object,
	    &count);
	for (; count > 0; count--, holder++)
		if (holder->pid == pid)
			return SHMT_YES;
	return subject->holders->hidden == 0 ? SHMT_NO : SHMT_CANNOT_TELL;
}

static enum shmt_answer
is_used_by(const struct subject *subject, pid_t pid)
{
	enum shmt_answer held, created;

	if (subject->segment->object.kind != SHMT_SYSV)
		return is_object_of(subject, pid);
	if ((subject->segment->known & SHMT_HAS_NATTCH) == 0)
		return SHMT_CANNOT_TELL;
	held = is_held_by(subject, pid);
	if (held == SHMT_YES)
		return SHMT_YES;
	created = is_created_by(subject->segment, pid);
	return created == SHMT_NO ? held : created;
}

static enum shmt_answer
is_creator_gone(const struct shmt_info *segment)
{
	struct shmt_process creator;

	shmt_creator(segment, &creator);
	return shmt__has_exited(creator.state);
}

/* The facts without which a criterion is unknown. */
static const unsigned needed[SHMT_CRITERIA] = {
	[SHMT_BY_OWNER] = SHMT_HAS_OWNER,
	[SHMT_BY_CREATOR] = SHMT_HAS_CREATOR,
	[SHMT_BY_MIN_SIZE] = SHMT_HAS_SIZE,
	[SHMT_BY_MAX_SIZE] = SHMT_HAS_SIZE,
	[SHMT_BY_IDLE] = SHMT_HAS_CTIME,
	[SHMT_BY_CREATOR_DEAD] = SHMT_HAS_CPID
};

static enum shmt_answer
has_name(const struct shmt_info *segment, const char *pattern)
{
	return segment->object.kind != SHMT_POSIX ? SHMT_CANNOT_TELL :
	    yes_or_no(fnmatch(pattern, segment->object.name, 0) == 0);
}

static enum shmt_answer
find_fact(const struct subject *subject, const struct shmt_clause *clause)
{
	const struct shmt_info *s = subject->segment;

	if ((s->known & needed[clause->by]) != needed[clause->by])
		return SHMT_CANNOT_TELL;
	switch (clause->by) {
	case SHMT_BY_KIND:
		return yes_or_no((SHMT_KIND(s->object.kind) &
		    clause->value) != 0);
	case SHMT_BY_NAME:
		return has_name(s, clause->text);
	case SHMT_BY_OWNER:
		return yes_or_no(s->uid == clause->value);
	case SHMT_BY_CREATOR:
		return yes_or_no(s->cuid == clause->value);
	case SHMT_BY_MIN_SIZE:
		return yes_or_no(s->size >= clause->value);
	case SHMT_BY_MAX_SIZE:
		return yes_or_no(s->size <= clause->value);
	case SHMT_BY_UNATTACHED:
		return is_unattached(subject);
	case SHMT_BY_DEST:
		return s->object.kind != SHMT_SYSV ? SHMT_CANNOT_TELL :
		    yes_or_no((s->state & SHMT_DEST) != 0);
	case SHMT_BY_IDLE:
		return yes_or_no(shmt_idle(s, subject->now) >= clause->value);
	case SHMT_BY_KEY:
		return has_key(subject, (uint32_t)clause->value);
	case SHMT_BY_PRIVATE:
		return has_key(subject, 0);
	case SHMT_BY_PID:
		return is_used_by(subject, (pid_t)clause->value);
	case SHMT_BY_CREATOR_DEAD:
		return is_creator_gone(s);
	case SHMT_BY_STALE:
		return is_stale(subject);
	case SHMT_CRITERIA:
		break;
	}
	return SHMT_CANNOT_TELL;
}

/* Whether the clauses of one criterion hold; without any they do. */
static bool
holds(const struct shmt_filter *filter, enum shmt_criterion by,
    const struct subject *subject)
{
	const struct shmt_clause *clause = filter->clauses;
	bool has_clause = false, found = false;
	size_t i;

	for (i = 0; i < filter->count; i++, clause++) {
		if (clause->by != by)
			continue;
		if (clause->negated) {
			if (find_fact(subject, clause) != SHMT_NO)
				return false;
		} else if (!found) {
			has_clause = true;
			found = find_fact(subject, clause) == SHMT_YES;
		}
	}
	return found || !has_clause;
}

uint64_t
shmt_stale_idle(const struct shmt_filter *filter)
{
	const struct shmt_clause *clause = filter->clauses;
	bool has_clause = false;
	uint64_t idle = 0;
	size_t i;

	for (i = 0; i < filter->count; i++, clause++)
		if (clause->by == SHMT_BY_IDLE && !clause->negated) {
			has_clause = true;
			if (clause->value > idle)
				idle = clause->value;
		}
	return has_clause ? idle : SHMT_STALE_IDLE;
}

unsigned
shmt_filter_kinds(const struct shmt_filter *filter)
{
	const struct shmt_clause *clause = filter->clauses;
	unsigned kinds = 0, excluded = 0, usual = SHMT_KIND(SHMT_SYSV);
	size_t i;

	for (i = 0; i < filter->count; i++, clause++) {
		if (clause->by == SHMT_BY_NAME)
			usual = SHMT_KIND(SHMT_POSIX);
		if (clause->by != SHMT_BY_KIND)
			continue;
		if (clause->negated)
			excluded |= (unsigned)clause->value;
		else
			kinds |= (unsigned)clause->value;
	}
	return (kinds != 0 ? kinds : usual) & ~excluded;
}

/* The criteria that fail: all, or the first one. */
static unsigned
mismatch(const struct shmt_filter *filter, const struct shmt_info *segment,
    int64_t now, const struct shmt_holders *holders, bool all)
{
	struct shmt_info copy = *segment;
	const struct subject subject = { &copy, &copy, holders, now,
	    shmt_stale_idle(filter) };
	unsigned failed = 0, by;

	for (by = 0; by < SHMT_CRITERIA && (all || failed == 0); by++)
		if (!holds(filter, (enum shmt_criterion)by, &subject))
			failed |= 1u << by;
	return failed;
}

bool
shmt_match(const struct shmt_filter *filter,
    const struct shmt_info *segment, int64_t now,
    const struct shmt_holders *holders)
{
	return mismatch(filter, segment, now, holders, false) == 0;
}

unsigned
shmt_mismatch(const struct shmt_filter *filter,
    const struct shmt_info *segment, int64_t now,
    const struct shmt_holders *holders)
{
	return mismatch(filter, segment, now, holders, true);
}
