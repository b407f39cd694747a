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

/* Not an exit status: another process created the object first, so it has to
 * be opened. */
#define LOST_RACE (-2)

static int
refused(const struct creation *c, int error)
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

/* Gives the object its name, last.  The reaper is informed before, so that it
 * can remove the name at any time. */
static int
commit(const struct creation *c, int fd)
{
	if (c->has_reaper && !inform_reaper(&c->reaper, &c->info))
		return no_reaper(c->text);
	if (shmt_posix_commit(&c->info.object, &c->request, fd) == 0)
		return ST_OK;
	if (errno == EEXIST && (c->request.flags & SHMT_OPEN) != 0)
		return LOST_RACE;
	return refused(c, errno);
}

static int
complete(struct creation *c, int fd)
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
	if (status != ST_OK) {
		shmt_posix_discard(&c->info.object, fd);
		return status;
	}
	close(fd);
	c->created = true;
	return ST_OK;
}

static int
find_existing(struct creation *c)
{
	int fd;

	/* Any object that has the name now. */
	c->info.object.dev = c->info.object.inode = 0;
	if (shmt_info(&c->info.object, 0, &c->info) == -1)
		return refused(c, EEXIST);
	if (c->info.size < c->request.size)
		return refused(c, EINVAL);
	if (shmt_open(&c->info.object, c->request.mode & 0222u ? SHMT_WRITE :
	    0, &fd) == -1)
		return refused(c, errno);
	close(fd);
	return ST_OK;
}

int
make_object(struct creation *c)
{
	int fd, result, status = LOST_RACE;

	c->request.mode = c->mode;
	/* Reserves the memory, again after SIGSTOP and SIGCONT, which interrupt
	 * it. */
	do {
		result = shmt_posix_draft(&c->info.object, &c->request, &fd);
	} while (result == -1 && errno == EINTR && caught_signal() == 0);
	if (result == 0)
		status = complete(c, fd);
	else if (errno != EEXIST || (c->request.flags & SHMT_OPEN) == 0)
		status = refused(c, errno);
	return status == LOST_RACE ? find_existing(c) : status;
}
