/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Messages for refusals of POSIX objects.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "holders.h"
#include "namespace.h"
#include "operand.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/text.h"

#define REASON 512

/* Names the command that makes /dev/shm large enough: limits --set is only for
 * our own. */
static int
report_no_room(const char *text, const struct shmt_cause *c)
{
	uintmax_t requested = c->requested, used = c->used, limit = c->limit;
	const char *option = container_size_option();
	char command[80];

	if (!c->certain) {
		warn_about(text, "likely /dev/shm was full for a moment: %ju "
		    "byte%s requested, %ju are free now", requested,
		    plural(requested, "s"), used < limit ? limit - used : 0);
		return ST_LIMIT;
	}
	if (entered_namespace() == NULL)
		snprintf(command, sizeof(command), "shmtool limits --set "
		    "%s=%ju", SHMT_DEV_SHM_SIZE, used + requested);
	else
		snprintf(command, sizeof(command), "mount -o remount,size=%ju "
		    "/dev/shm in its namespace", used + requested);
	warn_about(text, "%ju byte%s requested, /dev/shm has %ju, %ju used "
	    "and %ju free: %s%s%s", requested, plural(requested, "s"), limit,
	    used, used < limit ? limit - used : 0, command,
	    option != NULL ? ", or " : "", option != NULL ? option : "");
	return ST_LIMIT;
}

static int
report_no_inodes(const char *text, const struct shmt_cause *c)
{
	const uintmax_t limit = c->limit;

	warn_about(text, "/dev/shm has inodes for %ju files, and all are used: "
	    "mount -o remount,nr_inodes=%ju /dev/shm%s", limit, limit * 2,
	    entered_namespace() != NULL ? " in its namespace" : "");
	return ST_LIMIT;
}

static int
report_too_large(const char *text, const struct shmt_cause *c)
{
	if (c->kind == SHMT_CAUSE_LARGEST)
		warn_about(text, "%ju bytes requested, more than any object "
		    "can hold", (uintmax_t)c->requested);
	else
		warn_about(text, "%ju byte%s requested, RLIMIT_FSIZE allows "
		    "%ju: ulimit -f unlimited", (uintmax_t)c->requested,
		    plural(c->requested, "s"), (uintmax_t)c->limit);
	return ST_LIMIT;
}

/* The size, owner and users of an existing object. */
static void
describe_existing(char reason[static REASON], struct shmt_cause *c)
{
	char *names = find_and_name_holders(&c->segment);

	snprintf(reason, REASON, "%ju byte%s of %s, %s%s",
	    (uintmax_t)c->segment.size, plural(c->segment.size, "s"),
	    user_name(c->segment.uid), names != NULL ? "used by " :
	    (c->segment.known & SHMT_HAS_IN_USE) == 0 ? "perhaps in use" :
	    c->segment.in_use ? "in use" : "not in use",
	    names != NULL ? names : "");
	free(names);
	if (c->protected_regular != 0)
		snprintf(reason + strlen(reason), REASON - strlen(reason),
		    ", and O_CREAT of it is refused (fs.protected_regular is "
		    "%u)", c->protected_regular);
}

static int
report_taken(const char *text, const struct shmt_object *object,
    struct shmt_cause *c)
{
	const char *what;
	char reason[REASON];
	struct shmt_info info;

	if (c->has_segment) {
		describe_existing(reason, c);
		warn_about(text, "the name is taken, by an object of %s: "
		    "shmtool %sstat /%s", reason, ns_option(), object->name);
		return ST_BUSY;
	}
	what = shmt_info(object, 0, &info) == -1 ? why_no_object(errno) : NULL;
	warn_about(text, "%s", what != NULL ? what : strerror(EEXIST));
	return ST_BUSY;
}

/* A refusal of which only the errno is known. */
static int
report_other(const char *text, const struct shmt_object *object, int error)
{
	struct shmt_info info;

	if ((error == EACCES || error == EPERM) &&
	    shmt_info(object, 0, &info) == 0)
		warn_about(text, "mode %04o of %s:%s does not permit it",
		    info.mode, user_name(info.uid), group_name(info.gid));
	else if (error == EACCES || error == EPERM)
		warn_about(text, "/dev/shm does not permit new names: %s",
		    strerror(error));
	else
		warn_about(text, "%s", strerror(error));
	return error == ENOSPC || error == EDQUOT ? ST_LIMIT :
	    status_of(error);
}

int
diagnose_object(const char *text, const struct shmt_object *object,
    const struct shmt_request *request, int error)
{
	char memory[MEMORY_TEXT], reason[REASON];
	struct shmt_object named = *object;
	struct shmt_cause c;
	uintmax_t requested;

	/* Any object that has the name. */
	if (named.kind == SHMT_POSIX)
		named.dev = named.inode = 0;
	shmt_diagnose_object(&named, request, error, &c);
	requested = c.requested;
	switch (c.kind) {
	case SHMT_CAUSE_SHM_SIZE:
		return report_no_room(text, &c);
	case SHMT_CAUSE_SHM_INODES:
		return report_no_inodes(text, &c);
	case SHMT_CAUSE_OVERCOMMIT:
		return report_overcommit(text, &c);
	case SHMT_CAUSE_MEMORY:
		describe_memory(memory);
		warn_about(text, "no memory for %ju byte%s%s", requested,
		    plural(requested, "s"), memory);
		return ST_LIMIT;
	case SHMT_CAUSE_FSIZE:
	case SHMT_CAUSE_LARGEST:
		return report_too_large(text, &c);
	case SHMT_CAUSE_EXISTS:
		return report_taken(text, &named, &c);
	case SHMT_CAUSE_EXISTING:
		describe_existing(reason, &c);
		warn_about(text, "%ju byte%s requested, the existing object "
		    "has %s: shmtool %sstat /%s", requested,
		    plural(requested, "s"), reason, ns_option(), named.name);
		return ST_BUSY;
	case SHMT_CAUSE_NO_SHM:
		warn_about(text, "%s: mount -t tmpfs tmpfs /dev/shm",
		    why_no_object(ENODEV));
		return ST_FAILED;
	default:
		return report_other(text, &named, error);
	}
}
