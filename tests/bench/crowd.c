/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A crowd to look into: COUNT processes, of which ATTACHED have one segment
 * attached, and each FDS descriptors; or with -n COUNT processes, each in an
 * IPC namespace of its own with one segment.  Prints a line when all are
 * there, and ends them when its standard input has a line or ends.
 *
 *	crowd [-n] COUNT [ATTACHED [FDS]]
 */

#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
make_segment(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	if (id == -1)
		err(1, "shmget");
	return id;
}

/* id: the segment to attach, or -1.  Ends with its parent. */
static void
join(bool own_ns, int id, int ready)
{
	if (own_ns) {
		if (unshare(CLONE_NEWIPC) == -1)
			err(1, "unshare");
		make_segment();
	} else if (id != -1 && shmat(id, NULL, 0) == (void *)-1)
		err(1, "shmat");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		err(1, "prctl");
	close(STDIN_FILENO);
	if (write(ready, "", 1) != 1)
		err(1, "write");
	close(ready);
	for (;;)
		pause();
}

int
main(int argc, char *argv[])
{
	const bool own_ns = argc > 1 && strcmp(argv[1], "-n") == 0;
	int count, attached, fds, i, id = -1, ready[2];
	char byte;

	argv += own_ns;
	if (argc - own_ns < 2)
		errx(2, "usage: crowd [-n] COUNT [ATTACHED [FDS]]");
	count = (int)strtol(argv[1], NULL, 10);
	attached = argc - own_ns > 2 ?
	    (int)strtol(argv[2], NULL, 10) : 0;
	fds = argc - own_ns > 3 ?
	    (int)strtol(argv[3], NULL, 10) : 0;
	if (attached > 0)
		id = make_segment();
	for (i = 6; i <= fds; i++)
		if (open("/dev/null", O_RDONLY) == -1)
			err(1, "/dev/null");
	if (pipe(ready) == -1)
		err(1, "pipe");
	setpgid(0, 0);
	for (i = 0; i < count; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			join(own_ns, i < attached ? id : -1, ready[1]);
		}
	close(ready[1]);
	for (i = 0; i < count; i++)
		if (read(ready[0], &byte, 1) != 1)
			errx(1, "a process has failed");
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == -1 && errno == EINTR)
		;
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) != -1 || errno == EINTR)
		;
	return 0;
}
