/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A segment that lives for a command's run.  A private one is marked for
 * removal as soon as it is attached, and the kernel sees to the rest; one
 * with a key would lose that.  So a small process of its own waits for our
 * end, which a socket tells it whatever the end was, and removes the segment;
 * for a private one until it is marked.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "create/reaper.h"
#include "shmtool.h"
#include "ui/message.h"

/* What the process that we are for made, and died of before it could tell;
 * before since, its number was another's. */
static void
remove_untold(uint32_t key, pid_t maker, time_t since)
{
	struct shmt_segment *list;
	size_t count, i;

	if (shmt_list(false, &list, &count) == -1)
		return;
	for (i = 0; i < count; i++)
		if (list[i].key == key && list[i].cpid == maker &&
		    list[i].ctime >= since)
			shmt_remove(list[i].id);
	free(list);
}

/* The keeper: all signals are blocked, only SIGKILL ends it early. */
static void
keep(int socket, uint32_t key, pid_t maker)
{
	struct shmt_segment wanted, there;
	time_t since = time(NULL);
	char none;

	/* Out of reach of the terminal, and of what is sent to our group. */
	setsid();
	if (recv(socket, &wanted, sizeof(wanted), MSG_WAITALL) !=
	    (ssize_t)sizeof(wanted)) {
		remove_untold(key, maker, since);
		_exit(ST_OK);
	}
	recv(socket, &none, 1, 0);
	if (shmt_info(wanted.id, &there) == 0 && shmt_same(&wanted, &there))
		shmt_remove(wanted.id);
	_exit(ST_OK);
}

bool
start_reaper(struct reaper *reaper, uint32_t key)
{
	pid_t maker = getpid();
	sigset_t all, old;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	reaper->pid = fork();
	if (reaper->pid == 0) {
		close(pair[0]);
		keep(pair[1], key, maker);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	reaper->socket = pair[0];
	if (reaper->pid != -1)
		return true;
	close(pair[0]);
	return false;
}

bool
inform_reaper(const struct reaper *reaper, const struct shmt_segment *segment)
{
	return send(reaper->socket, segment, sizeof(*segment),
	    MSG_NOSIGNAL) == (ssize_t)sizeof(*segment);
}

void
end_reaper(const struct reaper *reaper)
{
	close(reaper->socket);
	while (waitpid(reaper->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}
