/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A private segment is marked for removal as soon as it is attached, and goes
 * with shmtool; one with a key would lose the key by the mark.  So a second
 * process waits until shmtool ends, which it learns from a pipe even after
 * SIGKILL, and removes the segment.
 *
 * It runs until COMMAND has ended, for a private segment too: in a pid
 * namespace whose first process it is, its end would end COMMAND.
 */

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "create/reaper.h"
#include "shmtool.h"
#include "ui/message.h"

/* Removes what shmtool made before it was killed.  Since before since, no
 * other process has had its pid. */
static void
remove_untold(uint32_t key, pid_t maker, time_t since)
{
	struct shmt_list all;
	const struct shmt_info *s;
	size_t i;

	if (shmt_list(SHMT_KIND(SHMT_SYSV), 0, &all) == -1)
		return;
	for (i = 0; i < all.count; i++) {
		s = &all.list[i];
		if (s->key == key && s->cpid == maker && s->ctime >= since)
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

/* The second process: all signals are blocked, only SIGKILL ends it early. */
static void
reap(int fd, uint32_t key, pid_t maker)
{
	struct shmt_info made, there;
	time_t since = time(NULL);
	char none;

	/* Signals from the terminal, and to our group, do not reach it. */
	setsid();
	/* The kernel passes so few bytes in one piece. */
	if (read_pipe(fd, &made, sizeof(made)) != (ssize_t)sizeof(made)) {
		remove_untold(key, maker, since);
		_exit(ST_OK);
	}
	read_pipe(fd, &none, 1);
	if (shmt_info(&made.object, 0, &there) == 0 && shmt_same(&made, &there))
		shmt_remove(&made.object, 0, NULL);
	_exit(ST_OK);
}

bool
start_reaper(struct reaper *reaper, uint32_t key)
{
	pid_t maker = getpid();
	sigset_t all, old;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	reaper->pid = fork();
	if (reaper->pid == 0) {
		close(ends[1]);
		reap(ends[0], key, maker);
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
	return write(reaper->pipe, segment, sizeof(*segment)) ==
	    (ssize_t)sizeof(*segment);
}

void
end_reaper(const struct reaper *reaper)
{
	close(reaper->pipe);
	while (waitpid(reaper->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}
