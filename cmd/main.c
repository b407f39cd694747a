/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool: finds the command, runs it, and reports output that could not be
 * written.
 */

#include <sys/auxv.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "namespace.h"
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
	const char *names[COMMANDS + 1] = { NULL };
	const char *word = suggest_word(name);
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	if (word == NULL)
		word = nearest_word(name, names);
	if (word == NULL)
		return usage_error(name, "no such command; shmtool help "
		    "lists them");
	return usage_error(name, "no such command; the nearest is %s", word);
}

struct opts {
	struct arguments args;
	const char *ns;
	bool version;
};

static const struct option_row global_options[] = {
	{ 0, "ns", "PID|PATH", "run in another namespace",
	    store_text, TO(ns) },
	{ 'V', "version", NULL, "print the version", store_flag, TO(version) },
	{ 0 }
};

static const struct cmd program = {
	.name = "",
	.synopsis = "[--ns PID|PATH] COMMAND [OPTION...] [OPERAND...]",
	.options = global_options,
	.operand_first = true
};

static int
global_help(void)
{
	size_t i;

	printf("usage: shmtool %s\n       shmtool help [COMMAND]\n\n",
	    program.synopsis);
	printf("Inspects, creates, holds, fills, reads, saves and removes\n"
	    "System V segments and POSIX shared memory objects.\n\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
	putchar('\n');
	print_options(&program);
	printf("\nSEGMENT is an id (123), a key (0x4d2), id:N, key:N, "
	    "ftok:PATH[:PROJ], /NAME\nor /proc/PID/fd/N.  More in "
	    "shmtool(1).\n");
	return ST_OK;
}

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
		return cmd->not_run == NULL ? status :
		    cmd->not_run(argv, status);
	status = cmd->run(argc, argv);
	if (status != ST_HELP)
		return status;
	print_help(cmd);
	return ST_OK;
}

static int
run_arguments(int argc, char **argv)
{
	struct opts o = { 0 };
	int status;

	status = parse_options(&program, argc, argv, &o);
	if (status == ST_HELP)
		return help_command(o.args.operands);
	if (status != ST_OK)
		return status;
	if (o.version) {
		printf("shmtool %s\n", shmt_version());
		return ST_OK;
	}
	if (o.args.count == 0)
		return usage_error(NULL, "which command? usage: shmtool %s",
		    program.synopsis);
	return run_command(o.ns, o.args.count, o.args.operands);
}

/*
 * A file that is opened later must not become descriptor 0, 1 or 2.  Each
 * closed one is replaced by a descriptor that fails in the same way: 0 cannot
 * be read, 1 and 2 cannot be written.
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

/* Rights from the file of the program would let every user read and remove
 * segments, and set sysctls. */
static bool
has_own_rights(void)
{
	const bool own_ids = getuid() == geteuid() && getgid() == getegid();

	if (own_ids && getauxval(AT_SECURE) == 0)
		return true;
	warn_about(NULL, "refuses to run %s", own_ids ?
	    "with capabilities of its file" : "set-user-id or set-group-id");
	return false;
}

int
main(int argc, char **argv)
{
	int status;

	fill_standard_descriptors();
	prepare_stdout();
	ignore_sigxfsz();
	keep_exit_statuses();
	if (!has_own_rights())
		return ST_DENIED;
	status = run_arguments(argc, argv);
	if (!close_output() && status == ST_OK)
		status = ST_FAILED;
	reraise_signal();
	return status;
}
