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
#include "operand.h"
#include "shmtool.h"
#include "ui/text.h"

static const struct option_row options[] = {
	{ 'm', "mode", "MODE", "octal, or symbolic relative to the present" },
	{ 'u', "owner", "OWNER[:GROUP]", "give it away; :GROUP alone as well" },
	{ OPT_LONG, "lock", NULL, "keep its pages in memory" },
	{ OPT_LONG + 1, "unlock", NULL, "let them be swapped out again" },
	{ 0 }
};

struct opts {
	const char *mode, *owner;
	bool lock, unlock;
	struct operand *operands;
	int count;
};

static int
parse(int argc, char **argv, struct opts *o)
{
	uint32_t uid = 0, gid = 0;
	unsigned mode;
	int c;

	while ((c = next_option(&cmd_set, argc, argv)) != -1)
		switch (c) {
		case 'm':
			o->mode = optarg;
			break;
		case 'u':
			o->owner = optarg;
			break;
		case OPT_LONG:
			o->lock = true;
			break;
		case OPT_LONG + 1:
			o->unlock = true;
			break;
		default:
			return option_status(c);
		}
	if (o->lock && o->unlock)
		return usage_error(NULL, "either --lock or --unlock");
	if (o->mode == NULL && o->owner == NULL && !o->lock && !o->unlock)
		return usage_error(NULL, "nothing to set: give --mode, "
		    "--owner, --lock or --unlock");
	/* What is wrong in itself is found before anything is changed. */
	if (o->mode != NULL && !mode_value("--mode", o->mode, 0, &mode))
		return told_status();
	if (o->owner != NULL &&
	    !parse_owner("--owner", o->owner, &uid, &gid))
		return told_status();
	o->count = argc - optind;
	return parse_operands(o->count, argv + optind, &o->operands);
}

static int
set_failed(const struct operand *operand, const struct shmt_segment *segment,
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
lock_failed(const struct operand *operand, const struct shmt_segment *segment,
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
check_same(const struct operand *operand, const struct shmt_segment *segment)
{
	struct shmt_segment there;

	if (shmt_info(segment->id, &there) == -1)
		return operand_failed(operand, errno);
	if (shmt_same(segment, &there))
		return ST_OK;
	warn_about(operand->text, "was removed meanwhile, and another segment "
	    "has id %d now", segment->id);
	return ST_ABSENT;
}

static int
set_one(const struct opts *o, const struct operand *operand)
{
	struct shmt_segment segment, wanted;
	int status;

	status = find_operand(operand, &segment);
	if (status != ST_OK)
		return status;
	wanted = segment;
	if (o->mode != NULL &&
	    !mode_value("--mode", o->mode, segment.mode, &wanted.mode))
		return told_status();
	if (o->owner != NULL && !parse_owner("--owner", o->owner, &wanted.uid,
	    &wanted.gid))
		return told_status();
	if (o->mode != NULL || o->owner != NULL) {
		if (shmt_set(&wanted) == -1)
			return set_failed(operand, &segment, errno);
		status = check_same(operand, &segment);
		if (status != ST_OK)
			return status;
	}
	if ((o->lock || o->unlock) && shmt_lock(segment.id, o->lock) == -1)
		return lock_failed(operand, &segment, errno);
	return ST_OK;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	int status, i;

	status = parse(argc, argv, &o);
	for (i = 0; o.operands != NULL && i < o.count; i++)
		add_status(&status, set_one(&o, &o.operands[i]));
	free(o.operands);
	return status;
}

const struct cmd cmd_set = {
	"set", "Changes mode, owner, or locking of segments",
	"[-m MODE] [-u OWNER[:GROUP]] [--lock | --unlock] SEGMENT...",
	options, NULL, run
};
