/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A new POSIX object: its memory is reserved, and contents, owner and mode are
 * set before its name appears.
 */

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "create/creation.h"
#include "create/input.h"
#include "diagnose.h"
#include "reaper.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"

/* Not an exit status: the object that had the name was removed since, so that
 * another attempt can create it. */
#define TRY_AGAIN (-2)

static int
report_refusal(const struct creation *c, int error)
{
	/* After a signal, main() ends the program by it. */
	if (error == EINTR && caught_signal() != 0)
		return ST_FAILED;
	return diagnose_object(c->text, &c->info.object, &c->request, error);
}

/* Looks up the object that has no name yet, and copies its contents. */
static int
fill(struct creation *c, int fd)
{
	const char *name = c->info.object.name;
	struct shmt_view *view;
	int status = ST_OK;

	if (shmt_view_of_fd(fd, SHMT_WRITE, &view) == -1)
		return fail(c->text, errno);
	c->info = *shmt_view_info(view);
	c->info.object.name = name;
	if (c->in != -1)
		status = copy_input(view, c->input, c->in);
	shmt_view_close(view);
	return status;
}

/* Opens any object that has the name now. */
static int
open_existing(struct creation *c)
{
	struct shmt_object object = c->info.object;
	int fd;

	object.dev = object.inode = 0;
	if (shmt_info(&object, 0, &c->info) == -1)
		return errno == ENOENT ? TRY_AGAIN : report_refusal(c, EEXIST);
	if (c->info.size < c->request.size)
		return report_refusal(c, EINVAL);
	if (shmt_open(&c->info.object, c->request.mode & 0222u ? SHMT_WRITE :
	    0, &fd) == 0) {
		close(fd);
		return ST_OK;
	}
	return errno == ENOENT ? TRY_AGAIN : report_refusal(c, errno);
}

/* Gives the object its name, last.  The reaper is informed before, so that it
 * can remove the name at any time. */
static int
commit(struct creation *c, int fd)
{
	int status;

	if (c->has_reaper && !inform_reaper(&c->reaper, &c->info))
		return reaper_failed(c->text);
	do {
		if (shmt_posix_commit(&c->info.object, &c->request, fd) == 0) {
			c->created = true;
			return ST_OK;
		}
		if (errno != EEXIST || (c->request.flags & SHMT_OPEN) == 0)
			return report_refusal(c, errno);
		/* Another process has created it meanwhile. */
		status = open_existing(c);
	} while (status == TRY_AGAIN && caught_signal() == 0);
	return status == TRY_AGAIN ? ST_FAILED : status;
}

static int
finish_object(struct creation *c, int fd)
{
	int status;

	status = fill(c, fd);
	if (status == ST_OK && c->owner_text != NULL &&
	    fchown(fd, c->owner.uid, c->owner.gid) == -1)
		status = owner_refused(c->text, c->owner_text, errno);
	if (status == ST_OK && caught_signal() != 0)
		status = ST_FAILED;
	if (status == ST_OK)
		status = commit(c, fd);
	if (c->created)
		close(fd);
	else
		shmt_posix_discard(&c->info.object, fd);
	return status;
}

int
make_object(struct creation *c)
{
	int fd, status;

	c->request.mode = c->mode;
	do {
		if (shmt_posix_prepare(&c->info.object, &c->request, &fd) == 0)
			return finish_object(c, fd);
		if (errno == EEXIST && (c->request.flags & SHMT_OPEN) != 0)
			status = open_existing(c);
		else
			/* SIGSTOP and SIGCONT interrupt the reservation. */
			status = errno == EINTR && caught_signal() == 0 ?
			    TRY_AGAIN : report_refusal(c, errno);
	} while (status == TRY_AGAIN && caught_signal() == 0);
	return status == TRY_AGAIN ? ST_FAILED : status;
}
