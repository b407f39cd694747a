/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A new System V segment: it is attached, locked and filled, and mode and owner
 * are set last.
 */

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "create/creation.h"
#include "create/input.h"
#include "diagnose.h"
#include "operand.h"
#include "reaper.h"
#include "shmtool.h"
#include "ui/message.h"

/* The mode while it is filled and attached: no access for other users yet. */
#define WORKING_MODE 0600u

static unsigned
first_mode(const struct creation *c)
{
	return c->input != NULL || c->command != NULL ? WORKING_MODE : c->mode;
}

/*
 * Looks up the segment that was created.  Root of the IPC namespace may have
 * removed it and created another one with this id, but no other process can
 * create one with this cpid.  Once the segment is attached its id is not given
 * to another one.
 */
static int
check_created(struct creation *c)
{
	struct shmt_info now;

	if (shmt_info(&c->info.object, 0, &now) == -1)
		return fail(c->text, errno);
	if (now.cpid != getpid())
		return report_replaced(c->text, c->info.object.id);
	c->info = now;
	return ST_OK;
}

/* From now on the reaper removes this segment, unless it is dismissed. */
static int
inform(struct creation *c)
{
	int status = check_created(c);

	if (status != ST_OK)
		return status;
	return inform_reaper(&c->reaper, &c->info) ? ST_OK :
	    reaper_failed(c->text);
}

/*
 * Attaches the segment.  A private one is marked for removal at once: the
 * kernel removes it at the last detach, however shmtool ends.
 */
static int
attach_created(struct creation *c)
{
	int status;

	if (shmt_attach(&c->info.object, NULL, SHMT_RDONLY, &c->at) == -1)
		return diagnose_refusal(
		    c->text, &c->request, SHMT_STEP_ATTACH, errno);
	status = check_created(c);
	if (status != ST_OK)
		return status;
	if (c->request.key == 0 &&
	    shmt_remove(&c->info.object, 0, NULL) == -1)
		return fail(c->text, errno);
	return inform_reaper(&c->reaper, &c->info) ? ST_OK :
	    reaper_failed(c->text);
}

static int
lock(struct creation *c)
{
	int status = check_created(c);

	if (status == ST_OK && shmt_lock(&c->info.object, true) == -1)
		status = diagnose_refusal(
		    c->text, &c->request, SHMT_STEP_LOCK, errno);
	return status;
}

/* Opens the segment before it compares it: an open one keeps its id. */
static int
fill(struct creation *c)
{
	struct shmt_view *view;
	int status;

	if (shmt_view_open(&c->info.object, SHMT_WRITE, &view) == -1)
		return diagnose_refusal(
		    c->text, &c->request, SHMT_STEP_ATTACH, errno);
	status = check_created(c);
	if (status == ST_OK)
		status = copy_input(view, c->input, c->in);
	shmt_view_close(view);
	return status;
}

/* Sets mode and owner last: until then other users have no access. */
static int
set(struct creation *c)
{
	struct shmt_info wanted;
	int status;

	status = check_created(c);
	if (status != ST_OK)
		return status;
	wanted = c->info;
	wanted.mode = c->mode;
	if (c->owner.uid != OWNER_KEPT)
		wanted.uid = c->owner.uid;
	if (c->owner.gid != OWNER_KEPT)
		wanted.gid = c->owner.gid;
	return shmt_set(&wanted) == 0 ? ST_OK :
	    owner_refused(c->text, c->owner_text, errno);
}

/* Attaches, locks and fills the new segment, and sets its mode and owner. */
static int
finish_segment(struct creation *c)
{
	int status = ST_OK;

	if (c->command != NULL)
		status = attach_created(c);
	else if (c->has_reaper)
		status = inform(c);
	if (status == ST_OK && c->lock)
		status = lock(c);
	if (status == ST_OK && c->in != -1)
		status = fill(c);
	if (status == ST_OK && (c->owner_text != NULL ||
	    first_mode(c) != c->mode))
		status = set(c);
	return status;
}

/* Creates the segment; or, with SHMT_OPEN, opens the one that has its key, if
 * that permits what c->mode requests. */
static int
create_or_open(struct creation *c)
{
	struct shmt_request request = c->request;
	int result;

	request.mode = first_mode(c);
	if (request.mode != c->mode)
		request.flags &= ~SHMT_OPEN;
	result = shmt_create(&request, &c->info.object, &c->created);
	if (result == 0 || errno != EEXIST || request.flags == c->request.flags)
		return result;
	/* The access is the same to the kernel whether it is requested for the
	 * owner, the group or others.  If that segment was removed meanwhile,
	 * a new one is the owner's alone until it is filled. */
	request.flags = c->request.flags;
	request.mode = (c->mode | c->mode << 3 | c->mode << 6) & 0700u;
	return shmt_create(&request, &c->info.object, &c->created);
}

int
make_segment(struct creation *c)
{
	if (create_or_open(c) == -1) {
		c->request.mode = c->mode;
		return diagnose_refusal(c->text, &c->request, SHMT_STEP_CREATE,
		    errno);
	}
	return c->created ? finish_segment(c) : ST_OK;
}
