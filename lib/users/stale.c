/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether a segment or an object is stale: no process uses it, and the
 * processes that created it and used it last have exited.  A part of the proof
 * that is unknown does not hold.
 *
 * The kernel tells whether any process has an object open or mapped.  Whether a
 * process will open it again is unknown; the nearest proof is that every
 * process that can have created it has exited.
 */

#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "users/holders.h"
#include "users/ids.h"
#include "users/process.h"
#include "users/stale.h"

uint64_t
shmt_idle(const struct shmt_info *segment, int64_t now)
{
	int64_t last = shmt_last_time(segment);

	return last < now ? (uint64_t)now - (uint64_t)last : 0;
}

void
shmt_check_stale(const struct shmt_info *segment, int64_t now, uint64_t idle,
    struct shmt_proof *proof)
{
	memset(proof, 0, sizeof(*proof));
	proof->unattached = segment->nattch == 0;
	proof->not_dest = (segment->state & SHMT_DEST) == 0;
	proof->idle = shmt_idle(segment, now);
	proof->idle_enough = proof->idle >= idle;
	shmt_creator(segment, &proof->creator);
	shmt_last_user(segment, &proof->last_user);
	proof->creator_gone =
	    shmt__has_exited(proof->creator.state) == SHMT_YES;
	proof->last_user_gone = proof->last_user.state == SHMT_NONE ||
	    shmt__has_exited(proof->last_user.state) == SHMT_YES;
	proof->stale = proof->unattached && proof->not_dest &&
	    proof->idle_enough && proof->creator_gone &&
	    proof->last_user_gone;
}

/* "41_...": digits up to an underscore. */
static pid_t
parse_pid(const char *text)
{
	uint64_t pid;
	char digits[16];
	size_t length = strcspn(text, "_");

	if (length >= sizeof(digits) || text[length] != '_')
		return 0;
	memcpy(digits, text, length);
	digits[length] = '\0';
	return shmt_parse_number(digits, INT32_MAX, &pid) == 0 ?
	    (pid_t)pid : 0;
}

/* "torch_PID_RANDOM..." of PyTorch, "sgl_shm_WORD_PID_RANDOM" of SGLang. */
pid_t
shmt__pid_in_name(const char *name)
{
	if (strncmp(name, "torch_", 6) == 0)
		return parse_pid(name + 6);
	if (strncmp(name, "sgl_shm_", 8) != 0)
		return 0;
	name = strchr(name + 8, '_');
	return name == NULL ? 0 : parse_pid(name + 1);
}

/* Whether a process started after the object was last used. */
static enum shmt_answer
is_later(const struct shmt__process *process, const struct shmt_info *info,
    const struct shmt__ids *ids)
{
	const struct shmt__use use = { shmt_last_time(info),
		shmt__first_time(info) };

	return shmt__has_exited(shmt__state_by_start(&use,
	    shmt__start_time(ids->boot, process->started), ids->boot,
	    ids->now));
}

static void
record_process(struct shmt_object_proof *proof,
    const struct shmt__process *process)
{
	proof->pid = process->pid;
	strlcpy(proof->command, process->command, sizeof(proof->command));
}

/* Whether every process that runs under the owner's user id started after the
 * object was last used. */
static enum shmt_answer
has_owner_exited(const struct shmt_info *info, const struct shmt__ids *ids,
    struct shmt_object_proof *proof)
{
	enum shmt_answer answer = SHMT_YES, later;
	const struct shmt__process *process;

	SLIST_FOREACH(process, &ids->scan.processes, link) {
		/* cppcheck-suppress uninitvar */
		if (!shmt__has_uid(process, info->uid))
			continue;
		later = is_later(process, info, ids);
		if (later == SHMT_YES)
			continue;
		record_process(proof, process);
		if (later == SHMT_NO)
			return SHMT_NO;
		answer = SHMT_CANNOT_TELL;
	}
	return ids->complete ? answer : SHMT_CANNOT_TELL;
}

/* Whether a pid in a name is one of our PID namespace.  If a process of the
 * owner runs in another one, it may have chosen the name by its pid there. */
static bool
pids_are_ours(const struct shmt_info *info, const struct shmt__ids *ids)
{
	const struct shmt__process *process;

	SLIST_FOREACH(process, &ids->scan.processes, link)
		if (process->nested && shmt__has_uid(process, info->uid))
			return false;
	return ids->complete;
}

/* Whether the process whose pid is in the name has exited. */
static enum shmt_answer
has_named_exited(const struct shmt_info *info, pid_t pid,
    struct shmt_object_proof *proof)
{
	struct shmt_process process;

	shmt_process(pid, shmt_last_time(info), &process);
	proof->pid = pid;
	proof->by_name = true;
	strlcpy(proof->command, process.command, sizeof(proof->command));
	return shmt__has_exited(process.state);
}

static enum shmt_answer
has_creator_exited(const struct shmt_info *info, const struct shmt__ids *ids,
    struct shmt_object_proof *proof)
{
	pid_t pid = shmt__pid_in_name(info->object.name);

	if (ids == NULL)
		return SHMT_CANNOT_TELL;
	proof->complete = ids->complete;
	if (pid != 0 && pids_are_ours(info, ids))
		return has_named_exited(info, pid, proof);
	/* A process may have started, created it and exited after the scan. */
	if (shmt_last_time(info) >= ids->taken)
		return SHMT_CANNOT_TELL;
	return has_owner_exited(info, ids, proof);
}

enum shmt_answer
shmt__is_unused(const struct shmt_info *info)
{
	if ((info->known & SHMT_HAS_IN_USE) == 0)
		return SHMT_CANNOT_TELL;
	return info->in_use ? SHMT_NO : SHMT_YES;
}

void
shmt__check_object_stale(const struct shmt_info *info,
    const struct shmt__ids *ids, int64_t now, uint64_t idle,
    struct shmt_object_proof *proof)
{
	*proof = (struct shmt_object_proof){
		.one_name = info->links == 1,
		.no_semaphore = (info->state & SHMT_SEM) == 0,
		.unused = shmt__is_unused(info),
		.idle = shmt_idle(info, now)
	};
	proof->idle_enough = proof->idle >= idle;
	proof->creator_gone = has_creator_exited(info, ids, proof);
	proof->stale = proof->one_name && proof->no_semaphore &&
	    proof->idle_enough && proof->unused == SHMT_YES &&
	    proof->creator_gone == SHMT_YES;
}

void
shmt_check_object_stale(const struct shmt_info *info, int64_t now,
    uint64_t idle, const struct shmt_holders *holders,
    struct shmt_object_proof *proof)
{
	struct shmt__ids *ids = holders->ids;

	if (info->object.kind != SHMT_POSIX) {
		*proof = (struct shmt_object_proof){ .unused = SHMT_NO,
		    .creator_gone = SHMT_CANNOT_TELL, .no_semaphore = true };
		return;
	}
	if (ids != NULL && !ids->tried) {
		shmt__ids_read(ids);
		ids->tried = true;
	}
	shmt__check_object_stale(info, ids != NULL && ids->taken != 0 ? ids :
	    NULL, now, idle, proof);
}
