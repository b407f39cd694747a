/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A second process that removes a segment when shmtool ends.
 *
 * The kernel removes a segment that is marked for removal when shmtool ends,
 * but the mark takes the key away and cannot be undone.  So a second process
 * waits until shmtool ends, which it learns from a pipe even after SIGKILL,
 * and removes the segment: that of create's COMMAND, and one that restore has
 * not completed.  A POSIX object stays until it is removed, so it always needs
 * the second process.
 *
 * The second process runs until COMMAND has ended, for a private segment too:
 * if it is the first process of a pid namespace, its exit would kill COMMAND.
 */

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reaper.h"
#include "shmtool.h"
#include "ui/message.h"

/* The segments to remove when shmtool is killed before it has sent an id:
 * those that it has created since, but for the ids in kept. */
struct unsent {
	pid_t creator;
	time_t since;		/* when shmtool had this pid already */
	const int *kept;
	size_t count;
};

static void
remove_unsent(const struct unsent *unsent)
{
	struct shmt_list all;
	const struct shmt_info *s;
	size_t i, k;

	if (shmt_list(SHMT_KIND(SHMT_SYSV), 0, &all) == -1)
		return;
	for (i = 0; i < all.count; i++) {
		s = &all.list[i];
		if (s->cpid != unsent->creator || s->ctime < unsent->since)
			continue;
		for (k = 0; k < unsent->count; k++)
			if (unsent->kept[k] == s->object.id)
				break;
		if (k == unsent->count)
			shmt_remove(&s->object, 0, NULL);
	}
	shmt_list_free(&all);
}

static ssize_t
read_pipe(int fd, void *buffer, size_t length)
{
	ssize_t n;

	do
		n = read(fd, buffer, length);
	while (n == -1 && errno == EINTR);
	return n;
}

/* The message to the second process. */
struct message {
	struct shmt_info segment;
	char name[NAME_MAX + 1];
};

/* write(2) to a pipe is atomic up to PIPE_BUF. */
_Static_assert(sizeof(struct message) <= PIPE_BUF, "more than one piece");

/* Removes an object even if it is in use: its users keep the memory. */
static void
remove_sent(struct message *message)
{
	struct shmt_object *object = &message->segment.object;
	struct shmt_info now;

	object->name = object->kind == SHMT_POSIX ? message->name : NULL;
	if (shmt_info(object, 0, &now) == 0 &&
	    shmt_same(&message->segment, &now))
		shmt_remove(object, SHMT_FORCE, NULL);
}

/* The second process: all signals are blocked, only SIGKILL ends it early. */
static void
reap(int fd, const struct unsent *unsent)
{
	struct message message;
	ssize_t n;
	char byte;

	/* Signals from the terminal, and to the group of shmtool, do not reach
	 * it. */
	setsid();
	n = read_pipe(fd, &message, sizeof(message));
	if (n == 0)
		remove_unsent(unsent);
	if (n == (ssize_t)sizeof(message) && read_pipe(fd, &byte, 1) == 0)
		remove_sent(&message);
	_exit(ST_OK);
}

bool
start_reaper(struct reaper *reaper, const int *kept, size_t count)
{
	const struct unsent unsent = { getpid(), time(NULL), kept, count };
	sigset_t all, old;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	reaper->pid = fork();
	if (reaper->pid == 0) {
		close(ends[1]);
		reap(ends[0], &unsent);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[0]);
	reaper->pipe = ends[1];
	if (reaper->pid != -1)
		return true;
	close(ends[1]);
	return false;
}

bool
inform_reaper(const struct reaper *reaper, const struct shmt_info *segment)
{
	struct message message = { .segment = *segment };

	if (segment->object.name != NULL)
		strlcpy(message.name, segment->object.name,
		    sizeof(message.name));
	return write(reaper->pipe, &message, sizeof(message)) ==
	    (ssize_t)sizeof(message);
}

int
reaper_failed(const char *object)
{
	warn_about(object, "cannot set up the process that removes it: %s",
	    strerror(errno));
	return status_of(errno);
}

void
end_reaper(const struct reaper *reaper)
{
	close(reaper->pipe);
	while (waitpid(reaper->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

void
dismiss_reaper(const struct reaper *reaper)
{
	if (write(reaper->pipe, "", 1) != 1)
		kill(reaper->pid, SIGKILL);
	end_reaper(reaper);
}
