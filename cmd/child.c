/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * COMMAND of create and attach, and the wait for an end.  Signals are blocked
 * and taken one by one, so that none falls between a look and a wait.
 *
 * COMMAND shares our process group.  What the terminal sends (SIGINT and
 * SIGQUIT from the keyboard) reaches it by itself; everything else is passed
 * on.  Should we be killed, COMMAND gets SIGTERM: what we held for it is gone.
 */

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"

/* The signals that ask for an end. */
static const int ends[] = { SIGHUP, SIGINT, SIGTERM };

/* The mask that we were started with, which COMMAND gets back. */
static sigset_t inherited;
static bool have_inherited;

static void
block(const sigset_t *set)
{
	sigprocmask(SIG_BLOCK, set, have_inherited ? NULL : &inherited);
	have_inherited = true;
}

static sigset_t
ending_signals(void)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaddset(&set, ends[i]);
	return set;
}

void
hold_signals(void)
{
	sigset_t set = ending_signals();

	block(&set);
}

/* No deadline at all is UINT64_MAX; nobody waits for more than 68 years. */
static struct timespec
deadline_after(uint64_t ms)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += (time_t)(ms / 1000 < INT32_MAX ? ms / 1000 : INT32_MAX);
	now.tv_nsec += (long)(ms % 1000) * 1000000;
	if (now.tv_nsec >= 1000000000) {
		now.tv_sec++;
		now.tv_nsec -= 1000000000;
	}
	return now;
}

static struct timespec
time_left(const struct timespec *deadline)
{
	struct timespec now = { 0 }, left = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = deadline->tv_sec - now.tv_sec;
	left.tv_nsec = deadline->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	if (left.tv_sec < 0)
		left = (struct timespec){ 0 };
	return left;
}

/* The next of these signals, or 0 when the time is over. */
static int
next_signal(const sigset_t *set, const struct timespec *deadline,
    siginfo_t *info)
{
	struct timespec left;
	int got;

	do {
		left = time_left(deadline);
		got = sigtimedwait(set, info, &left);
	} while (got == -1 && errno == EINTR);
	return got == -1 ? 0 : got;
}

static bool
is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_IGN;
}

void
wait_for_end(uint64_t ms)
{
	struct timespec deadline = deadline_after(ms);
	sigset_t set = ending_signals();
	siginfo_t info;
	int got;

	/* nohup(1) means it.  A shell that starts us in the background has
	 * SIGINT ignored because of the keyboard: kill -INT is no keyboard. */
	do
		got = next_signal(&set, &deadline, &info);
	while (got != 0 && is_ignored(got) &&
	    (got != SIGINT || info.si_code > 0));
}

/* In the child: everything as we found it, and then COMMAND. */
static void
become(char **command, pid_t parent, const struct sigaction *child)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		raise(SIGTERM);
	sigaction(SIGCHLD, child, NULL);
	restore_signals();
	sigprocmask(SIG_SETMASK, &inherited, NULL);
	execvp(command[0], command);
	error = errno;
	warn_about(command[0], "%s", strerror(error));
	_exit(error == ENOENT ? ST_NO_COMMAND : ST_NO_EXEC);
}

/* Whether COMMAND has ended, and its status as a shell tells it. */
static bool
has_ended(pid_t pid, int *status)
{
	int how;

	if (waitpid(pid, &how, WNOHANG) != pid)
		return false;
	*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return true;
}

static int
attend(pid_t pid, const struct child *child, const sigset_t *set)
{
	bool waiting = child->let_go != NULL;
	struct timespec deadline =
	    deadline_after(waiting ? child->time : UINT64_MAX);
	siginfo_t info;
	int got, status;

	while (!has_ended(pid, &status)) {
		got = next_signal(set, &deadline, &info);
		if (got == 0) {
			if (waiting)
				child->let_go(child->arg);
			waiting = false;
			deadline = deadline_after(UINT64_MAX);
		} else if (got != SIGCHLD && (info.si_code <= 0 ||
		    (got != SIGINT && got != SIGQUIT)))
			kill(pid, got);
	}
	return status;
}

int
run_child(const struct child *child)
{
	struct sigaction original, plain = { .sa_handler = SIG_DFL };
	sigset_t set = ending_signals();
	pid_t pid, self = getpid();

	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	block(&set);
	/* Ignored, it would take COMMAND's status away. */
	sigaction(SIGCHLD, &plain, &original);
	pid = fork();
	if (pid == -1) {
		warn_about(child->command[0], "cannot start it: %s",
		    strerror(errno));
		return ST_NOT_RUN;
	}
	if (pid == 0)
		become(child->command, self, &original);
	return attend(pid, child, &set);
}

/* One variable: a value for each segment, with blanks between. */
static bool
export_values(const char *name, const struct shmt_segment *list, size_t count,
    void (*print)(FILE *out, const struct shmt_segment *segment))
{
	char *text = NULL;
	size_t length, i;
	FILE *out;
	bool done;

	out = open_memstream(&text, &length);
	if (out == NULL)
		return false;
	for (i = 0; i < count; i++) {
		if (i > 0)
			putc(' ', out);
		print(out, &list[i]);
	}
	/* Without memory fclose() may succeed and leave no text. */
	done = fclose(out) == 0 && text != NULL && setenv(name, text, 1) == 0;
	free(text);
	return done;
}

static void
print_id(FILE *out, const struct shmt_segment *segment)
{
	fprintf(out, "%d", segment->id);
}

static void
print_key(FILE *out, const struct shmt_segment *segment)
{
	fprintf(out, "0x%08x", segment->key);
}

static void
print_size(FILE *out, const struct shmt_segment *segment)
{
	fprintf(out, "%ju", (uintmax_t)segment->size);
}

bool
export_segments(const struct shmt_segment *list, size_t count)
{
	if (export_values("SHMTOOL_ID", list, count, print_id) &&
	    export_values("SHMTOOL_KEY", list, count, print_key) &&
	    export_values("SHMTOOL_SIZE", list, count, print_size))
		return true;
	warn_about("environment", "%s", strerror(errno));
	return false;
}
