/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool: finds the command, lets it run, and sees to it that what it
 * printed arrived.  What the commands share is beside it: options.c and
 * message.c, target.c operands, filter.c which segments, text.c names, sizes
 * and times, table.c and json.c output; a verb has a file of its name.
 */

#include <sys/auxv.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "shmtool.h"
#include "ui/signals.h"
#include "ui/stream.h"
#include "ui/suggest.h"

static const struct cmd *const commands[] = {
	&cmd_create,
	&cmd_attach,
	&cmd_write,
	&cmd_read,
	&cmd_stat,
	&cmd_rm,
	&cmd_set,
	&cmd_save,
	&cmd_restore,
	&cmd_limits
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct cmd *
find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int
unknown_command(const char *name)
{
	const struct cmd *nearest = NULL;
	/* At least half of it must be right. */
	unsigned best = (unsigned)(strlen(name) + 1) / 2 + 1, far;
	size_t i;

	if (other_word(name) != NULL)
		return usage_error(name, "no such command; the nearest is %s",
		    other_word(name));
	for (i = 0; i < COMMANDS; i++) {
		far = distance(name, commands[i]->name);
		if (far < best) {
			best = far;
			nearest = commands[i];
		}
	}
	if (nearest == NULL)
		return usage_error(name, "no such command");
	return usage_error(name, "no such command; the nearest is %s",
	    nearest->name);
}

static const char global_usage[] =
    "shmtool [--ns PID|PATH] COMMAND [OPTION...] [OPERAND...]";

static int
global_help(void)
{
	size_t i;

	printf("usage: %s\n       shmtool help [COMMAND]\n\n", global_usage);
	printf("Inspects, creates, holds, fills, reads, saves and removes\n"
	    "System V shared memory.\n\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
	printf("\n      --ns=PID|PATH    in another IPC namespace\n"
	    "  -h, --help           this text\n"
	    "  -V, --version        the version\n\n"
	    "SEGMENT is an id (123), a key (0x4d2), id:N, key:N or "
	    "ftok:PATH[:PROJ].\nMore in shmtool(1).\n");
	return ST_OK;
}

/* Of the command that args names, or of all. */
static int
help_command(char **args)
{
	const struct cmd *cmd;

	if (args[0] == NULL || args[0][0] == '-')
		return global_help();
	cmd = find_command(args[0]);
	if (cmd == NULL)
		return unknown_command(args[0]);
	if (args[1] != NULL)
		return usage_error(args[1], "help is for one command");
	print_help(cmd);
	return ST_OK;
}

static int
enter_namespace(const char *which)
{
	if (shmt_ns_enter(which) == 0)
		return ST_OK;
	if (errno == EINVAL) {
		warn_about(which, "not a process and not an IPC namespace");
		return ST_FAILED;
	}
	warn_about(which, "IPC namespace: %s", strerror(errno));
	return errno == ENOENT ? ST_FAILED : status_of(errno);
}

static int
run_command(const char *ns, int argc, char **argv)
{
	const struct cmd *cmd;
	int status;

	if (strcmp(argv[0], "help") == 0)
		return help_command(argv + 1);
	cmd = find_command(argv[0]);
	if (cmd == NULL)
		return unknown_command(argv[0]);
	set_command_name(cmd->name);
	if (ns != NULL && (status = enter_namespace(ns)) != ST_OK)
		return status;
	/* 0 and not 1: glibc then forgets the options before the command. */
	optind = 0;
	return cmd->run(argc, argv);
}

static int
run_arguments(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "ns", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	const char *ns = NULL;
	char letter[3];
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:hV", longs, NULL)) != -1)
		switch (c) {
		case 'h':
			return help_command(argv + optind);
		case 'V':
			printf("shmtool %s\n", shmt_version());
			return ST_OK;
		case 'n':
			ns = optarg;
			break;
		case ':':
			return usage_error(bad_option(argv, letter),
			    "needs a value");
		default:
			return usage_error(bad_option(argv, letter),
			    "no such option");
		}
	if (optind >= argc)
		return usage_error(NULL, "which command? usage: %s",
		    global_usage);
	return run_command(ns, argc - optind, argv + optind);
}

/* What a set-uid bit would lend to everyone: reading, removing, sysctls. */
static bool
is_privileged(void)
{
	return getauxval(AT_SECURE) != 0 || getuid() != geteuid() ||
	    getgid() != getegid();
}

/*
 * A descriptor of ours must not land on a closed standard one.  What takes
 * its place fails as the closed one would: nothing to read from 0, no
 * writing to 1 and 2.
 */
static void
fill_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY :
		    O_RDONLY) == -1) {
			warn_about("/dev/null", "%s", strerror(errno));
			_exit(ST_FAILED);
		}
}

int
main(int argc, char **argv)
{
	int status;

	fill_standard_descriptors();
	prepare_stdout();
	ignore_sigxfsz();
	if (is_privileged()) {
		warn_about(NULL, "refuses to run set-user-id or set-group-id");
		return ST_DENIED;
	}
	status = run_arguments(argc, argv);
	if (!close_output() && status == ST_OK)
		status = ST_FAILED;
	reraise_signal();
	return status;
}
