/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool set: mode, owner and group, lock and unlock.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"
#include "kinds.h"
#include "operand.h"
#include "shmtool.h"
#include "ui/text.h"

struct opts {
	struct arguments args;
	const char *mode;	/* relative to that of each segment */
	struct owner owner;
	bool lock, unlock;
	struct operand *operands;
};

static const struct option_row options[] = {
	{ 'm', "mode", "MODE", "set permissions, octal or relative",
	    kind_mode_text, TO(mode) },
	{ 'u', "owner", "OWNER[:GROUP]", "set owner and group; or :GROUP",
	    kind_owner, TO(owner) },
	{ 0, "lock", NULL, "keep its pages in memory", kind_flag,
	    TO(lock), .group = 1 },
	{ 0, "unlock", NULL, "let its pages be swapped out again", kind_flag,
	    TO(unlock), .group = 1 },
	{ 0 }
};

static bool
sets_owner(const struct opts *o)
{
	return o->owner.uid != OWNER_KEPT || o->owner.gid != OWNER_KEPT;
}

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_set, argc, argv, o);
	if (status != ST_OK)
		return status;
	if (o->mode == NULL && !sets_owner(o) && !o->lock && !o->unlock)
		return usage_error(NULL, "nothing to set: give --mode, "
		    "--owner, --lock or --unlock");
	return parse_operands(o->args.count, o->args.operands, &o->operands);
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
		return fail(operand->text, error);
	warn_about(operand->text, "only its owner %s, its creator %s and root "
	    "may change it", user_name(segment->uid),
	    user_name(segment->cuid));
	return ST_DENIED;
}

static int
lock_failed(const struct operand *operand, const struct shmt_info *segment,
    int error)
{
	char size[SHORT_TEXT];

	if (error != ENOMEM)
		return set_failed(operand, segment, error);
	short_size(size, segment->size);
	warn_about(operand->text, "cannot lock %s: more than RLIMIT_MEMLOCK "
	    "leaves (ulimit -l)", size);
	return ST_LIMIT;
}

/* Whether the id still names this segment, and not one made since. */
static int
check_same(const struct operand *operand, const struct shmt_info *segment)
{
	struct shmt_info there;

	if (shmt_info(&segment->object, 0, &there) == -1)
		return operand_failed(operand, errno);
	if (shmt_same(segment, &there))
		return ST_OK;
	warn_about(operand->text, "was removed meanwhile, and another segment "
	    "has id %d now", segment->object.id);
	return ST_ABSENT;
}

static int
set_one(const struct opts *o, const struct operand *operand)
{
	struct shmt_info segment, wanted;
	int status;

	status = find_operand(operand, &segment);
	if (status != ST_OK)
		return status;
	wanted = segment;
	if (o->mode != NULL &&
	    shmt_parse_mode(o->mode, segment.mode, &wanted.mode) == -1)
		return fail(operand->text, errno);
	if (o->owner.uid != OWNER_KEPT)
		wanted.uid = o->owner.uid;
	if (o->owner.gid != OWNER_KEPT)
		wanted.gid = o->owner.gid;
	if (o->mode != NULL || sets_owner(o)) {
		if (shmt_set(&wanted) == -1)
			return set_failed(operand, &segment, errno);
		status = check_same(operand, &segment);
		if (status != ST_OK)
			return status;
	}
	if ((o->lock || o->unlock) &&
	    shmt_lock(&segment.object, o->lock) == -1)
		return lock_failed(operand, &segment, errno);
	return ST_OK;
}

static int
run(int argc, char **argv)
{
	struct opts o = { .owner = { OWNER_KEPT, OWNER_KEPT } };
	int status, i;

	status = parse(argc, argv, &o);
	for (i = 0; o.operands != NULL && i < o.args.count; i++)
		add_status(&status, set_one(&o, &o.operands[i]));
	free(o.operands);
	return status;
}

const struct cmd cmd_set = {
	.name = "set",
	.summary = "Changes mode, owner, or locking of segments",
	.synopsis = "[-m MODE] [-u OWNER[:GROUP]] [--lock | --unlock] "
	    "SEGMENT...",
	.options = options,
	.run = run
};
