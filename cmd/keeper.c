/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A keyed segment that lives for a command's run.  A private one is marked
 * for removal as soon as it is attached, and the kernel sees to the rest; a
 * marked one has lost its key.  So a small process of its own waits for our
 * end, which a socket tells it whatever the end was, and removes the segment.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cmd.h"

/* The keeper: only SIGKILL ends it early. */
static void
keep(int socket)
{
	struct shmt_segment wanted, there;
	char none;

	/* Out of reach of the terminal, and of what is sent to our group. */
	setsid();
	if (recv(socket, &wanted, sizeof(wanted), MSG_WAITALL) !=
	    (ssize_t)sizeof(wanted))
		_exit(ST_OK);
	while (recv(socket, &none, 1, 0) == -1 && errno == EINTR)
		continue;
	if (shmt_info(wanted.id, &there) == 0 && shmt_same(&wanted, &there))
		shmt_remove(wanted.id);
	_exit(ST_OK);
}

bool
start_keeper(struct keeper *keeper)
{
	sigset_t all, old;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	keeper->pid = fork();
	if (keeper->pid == 0) {
		close(pair[0]);
		keep(pair[1]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	keeper->socket = pair[0];
	if (keeper->pid != -1)
		return true;
	close(pair[0]);
	return false;
}

bool
brief_keeper(const struct keeper *keeper, const struct shmt_segment *segment)
{
	return send(keeper->socket, segment, sizeof(*segment),
	    MSG_NOSIGNAL) == (ssize_t)sizeof(*segment);
}

void
end_keeper(const struct keeper *keeper)
{
	close(keeper->socket);
	while (waitpid(keeper->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}
