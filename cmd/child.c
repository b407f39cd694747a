/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * COMMAND of create and attach, and the wait for a signal.  Signals are
 * blocked and taken one by one, so that none is lost between two calls.
 *
 * COMMAND is in the same process group.  SIGINT and SIGQUIT from the keyboard
 * reach it from the terminal; those from kill(2), and SIGHUP, SIGTERM, SIGUSR1
 * and SIGUSR2, are passed on to it.  When shmtool is killed, COMMAND gets
 * SIGTERM, because its segment is removed.
 */

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#include "ui/text.h"
#include "ui/wait.h"

/* The signal mask that shmtool was started with, which COMMAND gets. */
static sigset_t inherited;
static bool have_inherited;

static void
block(const sigset_t *set)
{
	sigprocmask(SIG_BLOCK, set, have_inherited ? NULL : &inherited);
	have_inherited = true;
}

/* The signals that end attach. */
static sigset_t
ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

void
block_ending_signals(void)
{
	sigset_t set = ending_signals();

	block(&set);
}

/* A time of UINT64_MAX, no limit, becomes 68 years. */
static int64_t
deadline_after(uint64_t ms)
{
	const uint64_t most = (uint64_t)INT32_MAX * 1000;

	return milliseconds() + (int64_t)(ms < most ? ms : most);
}

/* Waits for one of these signals; 0: the deadline has passed. */
static int
next_signal(const sigset_t *set, int64_t deadline, siginfo_t *info)
{
	struct timespec left;
	int64_t rest;
	int got;

	do {
		rest = deadline - milliseconds();
		rest = rest > 0 ? rest : 0;
		left.tv_sec = (time_t)(rest / 1000);
		left.tv_nsec = (long)(rest % 1000) * 1000000;
		got = sigtimedwait(set, info, &left);
	} while (got == -1 && errno == EINTR);
	/* Where a seccomp filter refuses the call.  The exit detaches what is
	 * attached, and lets the reaper remove what was created. */
	if (got == -1 && errno != EAGAIN) {
		warn_about(NULL, "cannot wait for signals: %s",
		    strerror(errno));
		exit(ST_FAILED);
	}
	return got == -1 ? 0 : got;
}

void
wait_for_ending_signal(uint64_t ms)
{
	int64_t deadline = deadline_after(ms);
	sigset_t set = ending_signals();
	siginfo_t info;
	int got;

	/* SIGHUP stays ignored under nohup(1).  A shell that starts shmtool in
	 * the background ignores SIGINT because of the keyboard only: SIGINT
	 * from kill(1) ends the wait. */
	do
		got = next_signal(&set, deadline, &info);
	while (got != 0 && signal_is_ignored(got) &&
	    (got != SIGINT || info.si_code > 0));
}

int
not_started(char **command, int status)
{
	return command == NULL || status == ST_USAGE || status == ST_HELP ?
	    status : ST_NOT_RUN;
}

int
command_not_run(char **argv, int status)
{
	while (*argv != NULL && strcmp(*argv, "--") != 0)
		argv++;
	return *argv != NULL ? ST_NOT_RUN : status;
}

static int
start_failed(const struct child *child)
{
	warn_about(child->command[0], "cannot start it: %s", strerror(errno));
	return ST_NOT_RUN;
}

/* COMMAND and its wait.  The child runs COMMAND when a byte has come through
 * the pipe, whose other end the parent keeps open until it exits. */
struct run {
	const struct child *child;
	int start[2];
	sigset_t passed;
};

/* Waits for the byte, in the child.  getppid(2) does not show whether the
 * parent has exited: it is 0 if the parent is in another pid namespace. */
static bool
may_start(const struct run *run)
{
	struct pollfd parent = { run->start[0], 0, 0 };
	int closed = 1;
	ssize_t n;
	char go;

	close(run->start[1]);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	do
		n = read(run->start[0], &go, 1);
	while (n == -1 && errno == EINTR);
	/* It may have been killed before prctl(2), and after the byte. */
	while (n == 1 && (closed = poll(&parent, 1, 0)) == -1 && errno == EINTR)
		continue;
	if (n == -1 || closed == -1)
		start_failed(run->child);
	return closed == 0;
}

/* Restores the signals that shmtool was started with and executes COMMAND, in
 * the child. */
static void
exec_command(const struct run *run)
{
	char **command = run->child->command;
	int error;

	if (!may_start(run))
		_exit(ST_NOT_RUN);
	/* Before the mask: the handlers must not run in the child. */
	restore_signals();
	sigprocmask(SIG_SETMASK, &inherited, NULL);
	execvp(command[0], command);
	error = errno;
	warn_about(command[0], "%s", strerror(error));
	_exit(error == ENOENT ? ST_NO_COMMAND : ST_NO_EXEC);
}

/* Whether COMMAND has ended, and its status as the shell reports it.  Where
 * waitpid(2) is refused that cannot be found out, and nothing waits for it. */
static bool
has_ended(const char *command, pid_t pid, int *status)
{
	pid_t got;
	int wait_status;

	got = waitpid(pid, &wait_status, WNOHANG);
	if (got == 0 || (got == -1 && errno == EINTR))
		return false;
	if (got == -1) {
		warn_about(command, "cannot wait for it: %s", strerror(errno));
		*status = ST_NOT_RUN;
		return true;
	}
	*status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) :
	    WEXITSTATUS(wait_status);
	return true;
}

static int
wait_for_command(const struct run *run, pid_t pid)
{
	const struct child *child = run->child;
	bool waiting = child->time_over != NULL;
	int64_t deadline = deadline_after(waiting ? child->time : UINT64_MAX);
	siginfo_t info;
	int got, status;

	while (!has_ended(child->command[0], pid, &status)) {
		got = next_signal(&run->passed, deadline, &info);
		if (got == 0) {
			if (waiting)
				child->time_over(child->arg);
			waiting = false;
			deadline = deadline_after(UINT64_MAX);
		} else if (got != SIGCHLD && (info.si_code <= 0 ||
		    (got != SIGINT && got != SIGQUIT)))
			kill(pid, got);
	}
	return status;
}

/* Returns the pid of the child, or -1 with errno. */
static pid_t
fork_command(struct run *run)
{
	pid_t pid;
	int error;

	if (pipe2(run->start, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		exec_command(run);
	if (pid != -1)
		return pid;
	error = errno;
	close(run->start[0]);
	close(run->start[1]);
	errno = error;
	return -1;
}

static void
block_passed_signals(struct run *run)
{
	run->passed = ending_signals();
	sigaddset(&run->passed, SIGQUIT);
	sigaddset(&run->passed, SIGUSR1);
	sigaddset(&run->passed, SIGUSR2);
	sigaddset(&run->passed, SIGCHLD);
	block(&run->passed);
}

int
run_child(const struct child *child)
{
	struct run run = { .child = child };
	int status;
	pid_t pid;

	block_passed_signals(&run);
	pid = fork_command(&run);
	if (pid == -1)
		return start_failed(child);
	/* Since the fork, signals from the keyboard reach the child as well.
	 * After one that came before it, COMMAND must not start. */
	if (take_pending_signal() != 0 || write(run.start[1], "", 1) != 1) {
		if (caught_signal() == 0)
			start_failed(child);
		close(run.start[1]);
		wait_for_command(&run, pid);
		status = ST_NOT_RUN;
	} else {
		status = wait_for_command(&run, pid);
		close(run.start[1]);
	}
	close(run.start[0]);
	return status;
}

enum { ID, KEY, NAME, SIZE, VARIABLES };

/* The value that a segment has for a variable, or "-". */
static void
print_value(FILE *out, int variable, const struct shmt_info *s)
{
	const enum shmt_kind kind = s->object.kind;

	if (variable == ID && kind == SHMT_SYSV)
		fprintf(out, "%d", s->object.id);
	else if (variable == KEY && kind == SHMT_SYSV)
		fprintf(out, "0x%08x", s->key);
	else if (variable == NAME && kind == SHMT_POSIX)
		fprintf(out, "/%s", s->object.name);
	else if (variable == SIZE)
		fprintf(out, "%ju", (uintmax_t)s->size);
	else
		putc('-', out);
}

/* Joins the values of several segments by blanks; NULL with errno. */
static char *
join_values(const struct shmt_info *list, size_t count, int variable)
{
	char *text = NULL;
	size_t length, i;
	FILE *out;

	out = open_memstream(&text, &length);
	if (out == NULL)
		return NULL;
	for (i = 0; i < count; i++) {
		if (i > 0)
			putc(' ', out);
		print_value(out, variable, &list[i]);
	}
	return written_text(out, &text);
}

/* Unsets a variable if no segment has a value: an existing one would be from
 * another shmtool, which runs this one as its COMMAND. */
bool
export_segments(const struct shmt_info *list, size_t count)
{
	static const char *const names[VARIABLES] = {
		[ID] = "SHMTOOL_ID", [KEY] = "SHMTOOL_KEY",
		[NAME] = "SHMTOOL_NAME", [SIZE] = "SHMTOOL_SIZE"
	};
	bool done = true;
	char *text;
	int i;

	for (i = 0; i < VARIABLES && done; i++) {
		text = join_values(list, count, i);
		done = text != NULL && (text[strspn(text, "- ")] != '\0' ?
		    setenv(names[i], text, 1) : unsetenv(names[i])) == 0;
		free(text);
	}
	if (!done)
		warn_about("environment", "%s", strerror(errno));
	return done;
}
