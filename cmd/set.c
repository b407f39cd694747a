/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool set: mode, owner and group, lock and unlock, and the size of POSIX
 * objects.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"
#include "diagnose.h"
#include "holders.h"
#include "operand.h"
#include "option_values.h"
#include "shmtool.h"
#include "ui/text.h"

struct opts {
	struct arguments args;
	const char *mode;	/* relative to that of each segment */
	struct owner owner;
	bool lock, unlock, force;
	const char *size_text;
	uint64_t size;
	struct operand *operands;
};

static const struct option_row options[] = {
	{ 'm', "mode", "MODE", "set permissions, octal or relative",
	    store_mode_text, TO(mode) },
	{ 'u', "owner", "OWNER[:GROUP]", "set owner and group; or :GROUP",
	    store_owner, TO(owner) },
	{ 's', "size", "SIZE", "set the size of a POSIX object",
	    store_size, TO(size), TEXT(size_text) },
	{ 'f', "force", NULL, "with -s, shrink it though it is in use",
	    store_flag, TO(force) },
	{ 0, "lock", NULL, "keep its pages in memory", store_flag,
	    TO(lock), .group = 1 },
	{ 0, "unlock", NULL, "let its pages be swapped out again", store_flag,
	    TO(unlock), .group = 1 },
	{ 0 }
};

static bool
sets_owner(const struct opts *o)
{
	return o->owner.uid != OWNER_KEPT || o->owner.gid != OWNER_KEPT;
}

/* A mapping that is reached only through the processes that have it. */
static bool
is_anonymous(const struct operand *operand)
{
	struct shmt_object object;

	return operand->ref.path != NULL &&
	    shmt_resolve(&operand->ref, &object) == 0 &&
	    object.kind == SHMT_ANON;
}

/* Options that a kind of memory does not have. */
static int
check_kinds(const struct opts *o)
{
	const struct operand *operand;
	int i;

	for (i = 0; i < o->args.count; i++) {
		operand = &o->operands[i];
		if (operand->ref.kind != SHMT_SYSV && (o->lock || o->unlock))
			return usage_error(o->lock ? "--lock" : "--unlock",
			    "is for System V segments, which %s is not",
			    operand->text);
		if (is_anonymous(operand))
			return usage_error(operand->text, "a shared anonymous "
			    "mapping has no mode, owner or size to set");
		if (operand->ref.kind == SHMT_SYSV && o->size_text != NULL)
			return usage_error("--size", "is for POSIX objects: "
			    "the System V segment %s keeps its size",
			    operand->text);
	}
	return ST_OK;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_set, argc, argv, o);
	if (status != ST_OK)
		return status;
	if (o->mode == NULL && !sets_owner(o) && !o->lock && !o->unlock &&
	    o->size_text == NULL)
		return usage_error(NULL, "nothing to set: give --mode, "
		    "--owner, --size, --lock or --unlock");
	if (o->force && o->size_text == NULL)
		return usage_error("--force", "only together with --size");
	status = parse_operands(o->args.count, o->args.operands,
	    &o->operands);
	return status == ST_OK ? check_kinds(o) : status;
}

static int
set_failed(const struct operand *operand, const struct shmt_info *segment,
    int error)
{
	if (error == EINVAL) {
		warn_about(operand->text, "this user namespace does not have "
		    "that owner or group");
		return ST_FAILED;
	}
	if (error != EPERM)
		return operand_failed(operand, error);
	if (segment->known & SHMT_HAS_CREATOR)
		warn_about(operand->text, "only its owner %s, its creator %s "
		    "and root may change it", user_name(segment->uid),
		    user_name(segment->cuid));
	else if (segment->uid == geteuid())
		warn_about(operand->text, "only root may give it to another "
		    "user, or to a group that you are not in");
	else
		warn_about(operand->text, "only its owner %s and root may "
		    "change it", user_name(segment->uid));
	return ST_DENIED;
}

static int
resize_failed(const struct operand *operand, struct shmt_info *object,
    uint64_t size, int error)
{
	/* RLIMIT_FSIZE is for the whole size, the other limits for what is
	 * added. */
	const struct shmt_request request = { .size = error == EFBIG ||
	    size < object->size ? size : size - object->size };
	const bool grows = size > object->size;
	char *names;

	if (error == ENOENT)
		return operand_failed(operand, error);
	if (error == EBUSY) {
		names = find_and_name_holders(object);
		warn_about(operand->text, "in use by %s, which would be "
		    "killed by SIGBUS if they access the bytes cut off: "
		    "--force shrinks it anyway", names != NULL ? names :
		    "a hidden process");
		free(names);
		return ST_BUSY;
	}
	if (error == EPERM && (object->seals &
	    (grows ? F_SEAL_GROW : F_SEAL_SHRINK)) != 0) {
		warn_about(operand->text, "the seal %s forbids it",
		    grows ? "F_SEAL_GROW" : "F_SEAL_SHRINK");
		return ST_DENIED;
	}
	return diagnose_object(operand->text, &object->object, &request,
	    error);
}

static int
resize(const struct opts *o, const struct operand *operand,
    struct shmt_info *object)
{
	int result;

	/* SIGSTOP and SIGCONT interrupt the reservation. */
	do {
		result = shmt_resize(&object->object, o->size,
		    o->force ? SHMT_FORCE : 0);
	} while (result == -1 && errno == EINTR);
	return result == 0 ? ST_OK :
	    resize_failed(operand, object, o->size, errno);
}

static int
lock_failed(const struct operand *operand, const struct shmt_info *segment,
    int error)
{
	const struct shmt_request request = { .size = segment->size };

	/* A limit of 0 is EPERM, to the owner too. */
	if (error == ENOMEM || (error == EPERM &&
	    shmt_may_remove(&segment->object) == 0))
		return diagnose_refusal(operand->text, &request,
		    SHMT_STEP_LOCK, error);
	return set_failed(operand, segment, error);
}

/* Whether the id still names this segment, and not a newer one. */
static int
check_same(const struct operand *operand, const struct shmt_info *segment)
{
	struct shmt_info now;

	if (shmt_info(&segment->object, 0, &now) == -1)
		return operand_failed(operand, errno);
	return shmt_same(segment, &now) ? ST_OK :
	    report_replaced(operand->text, segment->object.id);
}

static int
set_owner_and_mode(const struct opts *o, const struct operand *operand,
    struct shmt_info *segment)
{
	struct shmt_info wanted;

	/* To enlarge it may have taken long, and others may have set them. */
	if (o->size_text != NULL &&
	    shmt_info(&segment->object, 0, segment) == -1)
		return operand_failed(operand, errno);
	wanted = *segment;
	if (o->mode != NULL &&
	    shmt_parse_mode(o->mode, segment->mode, &wanted.mode) == -1)
		return fail(operand->text, errno);
	if (o->owner.uid != OWNER_KEPT)
		wanted.uid = o->owner.uid;
	if (o->owner.gid != OWNER_KEPT)
		wanted.gid = o->owner.gid;
	return shmt_set(&wanted) == 0 ? check_same(operand, segment) :
	    set_failed(operand, segment, errno);
}

static int
set_one(const struct opts *o, const struct operand *operand)
{
	struct shmt_info segment;
	int status;

	status = find_operand(operand, &segment);
	/* First what is refused most often, before anything was changed. */
	if (status == ST_OK && o->size_text != NULL)
		status = resize(o, operand, &segment);
	if (status == ST_OK && (o->mode != NULL || sets_owner(o)))
		status = set_owner_and_mode(o, operand, &segment);
	if (status == ST_OK && (o->lock || o->unlock) &&
	    shmt_lock(&segment.object, o->lock) == -1)
		status = lock_failed(operand, &segment, errno);
	return status;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .owner = { OWNER_KEPT, OWNER_KEPT } };
	int status, i;

	status = parse(argc, argv, &o);
	if (status == ST_OK)
		for (i = 0; i < o.args.count; i++)
			add_status(&status, set_one(&o, &o.operands[i]));
	free(o.operands);
	return status;
}

const struct cmd cmd_set = {
	.name = "set",
	.summary = "Changes mode, owner, size or locking of segments",
	.synopsis = "[-m MODE] [-u OWNER[:GROUP]] [-s SIZE [-f]] "
	    "[--lock | --unlock] SEGMENT...",
	.options = options,
	.run = run
};
