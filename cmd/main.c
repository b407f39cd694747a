/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool: finds the command, lets it run, and sees to it that what it
 * printed arrived.  What the commands share about options and messages is
 * here too: main.c dispatch, options, messages; target.c operands; filter.c
 * which segments; text.c names, sizes, times; table.c and json.c output; one
 * file a command for the rest.
 */

#include <sys/auxv.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

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

/* The command that runs, for messages. */
static const struct cmd *current;

void
complain(const char *object, const char *format, ...)
{
	char reason[4096], *raw, *line;
	va_list args;
	int length;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	/* Mostly a variable that was not set. */
	if (object != NULL && object[0] == '\0')
		object = "''";
	length = asprintf(&raw, "shmtool: %s%s%s%s%s",
	    current != NULL ? current->name : "", current != NULL ? ": " : "",
	    object != NULL ? object : "", object != NULL ? ": " : "", reason);
	line = length == -1 ? NULL : safe_copy(raw);
	/* In one piece, so that lines of several programs do not mix. */
	if (line != NULL)
		dprintf(STDERR_FILENO, "%s\n", line);
	else
		dprintf(STDERR_FILENO, "shmtool: no memory for a message\n");
	free(line);
	if (length != -1)
		free(raw);
}

int
usage_error(const char *object, const char *format, ...)
{
	char reason[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	complain(object, "%s (see shmtool %s%s-h)", reason,
	    current != NULL ? current->name : "", current != NULL ? " " : "");
	return ST_USAGE;
}

int
status_of(int error)
{
	switch (error) {
	case ENOENT:
	case EIDRM:
		return ST_ABSENT;
	case EACCES:
	case EPERM:
		return ST_DENIED;
	case EEXIST:
	case EBUSY:
		return ST_BUSY;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return ST_LIMIT;
	default:
		return ST_FAILED;
	}
}

int
fail(const char *object, int error)
{
	complain(object, "%s",
	    error == ENOENT ? "no such segment" : strerror(error));
	return status_of(error);
}

void
add_status(int *status, int outcome)
{
	if (*status == ST_OK)
		*status = outcome;
	else if (outcome != ST_OK && outcome != *status)
		*status = ST_FAILED;
}

void
outlive_pipes(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Told once, however often it is tried. */
static bool output_lost;

static bool
output_ok(bool written)
{
	if (!written && !output_lost) {
		complain(NULL, "standard output: %s", strerror(errno));
		output_lost = true;
	}
	return !output_lost;
}

bool
flush_output(void)
{
	return output_ok(fflush(stdout) == 0 && !ferror(stdout));
}

/* Long options and letters for getopt_long(3), out of a command's table. */
struct getopt_tables {
	struct option longs[64];
	char letters[3 * 64 + 2];
};

static void
build_tables(const struct option_row *rows, struct getopt_tables *tables)
{
	struct option *l = tables->longs;
	char *s = tables->letters;
	int has;

	*s++ = ':';
	for (; rows->code != 0; rows++, l++) {
		has = rows->value == NULL ? no_argument :
		    rows->value[0] == '[' ? optional_argument :
		    required_argument;
		*l = (struct option){ rows->name, has, NULL, rows->code };
		if (rows->code >= OPT_LONG)
			continue;
		*s++ = (char)rows->code;
		for (; has > 0; has--)
			*s++ = ':';
	}
	*l++ = (struct option){ "help", no_argument, NULL, 'h' };
	*l = (struct option){ 0 };
	*s++ = 'h';
	*s = '\0';
}

/* Length of the first piece of a synopsis: what is in brackets, or one word
 * and what belongs to it. */
static size_t
piece_length(const char *text)
{
	size_t n;
	int depth = 0;

	for (n = 0; text[n] != '\0' && text[n] != '\n'; n++) {
		if (text[n] == '[' || text[n] == '(')
			depth++;
		else if (text[n] == ']' || text[n] == ')')
			depth--;
		else if (text[n] == ' ' && depth == 0)
			break;
	}
	return n;
}

/* One form of the command, in lines of less than 80 columns; returns what
 * follows it. */
static const char *
print_form(const char *lead, const char *name, const char *text)
{
	const int indent = (int)(strlen("usage: shmtool ") + strlen(name));
	int column, length;

	column = printf("%-6s shmtool %s", lead, name);
	while (*text != '\0' && *text != '\n') {
		length = (int)piece_length(text);
		if (column + 1 + length > 79) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf(" %.*s", length, text);
		text += length;
		text += *text == ' ';
	}
	putchar('\n');
	return text;
}

static void
print_synopsis(const struct cmd *cmd)
{
	const char *text;

	text = print_form("usage:", cmd->name, cmd->synopsis);
	while (*text == '\n')
		text = print_form("", cmd->name, text + 1);
}

static void
print_help(const struct cmd *cmd)
{
	const struct option_row *row;
	char name[64];

	print_synopsis(cmd);
	printf("\n%s.\n\n", cmd->summary);
	for (row = cmd->options; row->code != 0; row++) {
		snprintf(name, sizeof(name), "--%s%s%s", row->name,
		    row->value == NULL || row->value[0] == '[' ? "" : "=",
		    row->value != NULL ? row->value : "");
		if (row->code < OPT_LONG)
			printf("  -%c, ", row->code);
		else
			printf("      ");
		printf("%-22s%s%s\n", name,
		    strlen(name) < 22 ? "" : "\n                            ",
		    row->help);
	}
	printf("  -h, %-22s%s\n", "--help", "this text");
	if (cmd->operands != NULL)
		printf("\n%s\n", cmd->operands);
	printf("\nMore in shmtool-%s(1).\n", cmd->name);
}

/* The option of argv that getopt(3) stumbled over, as it was written. */
static const char *
bad_option(char **argv, char letter[static 3])
{
	if (optopt > 0 && optopt < OPT_LONG &&
	    strncmp(argv[optind - 1], "--", 2) != 0) {
		letter[0] = '-';
		letter[1] = (char)optopt;
		letter[2] = '\0';
		return letter;
	}
	return argv[optind - 1];
}

int
next_option(const struct cmd *cmd, int argc, char **argv)
{
	static struct getopt_tables tables;
	static const struct cmd *built;
	char letter[3];
	int code;

	if (built != cmd) {
		build_tables(cmd->options, &tables);
		built = cmd;
		opterr = 0;
	}
	code = getopt_long(argc, argv, tables.letters, tables.longs, NULL);
	if (code == ':')
		usage_error(bad_option(argv, letter), "needs a value");
	else if (code == '?' && optopt != 0 &&
	    strchr(argv[optind - 1], '=') != NULL)
		usage_error(argv[optind - 1], "takes no value");
	else if (code == '?')
		usage_error(bad_option(argv, letter), "no such option%s",
		    optopt == 0 ? ", or several begin so" : "");
	else if (code == 'h')
		print_help(cmd);
	return code == ':' ? '?' : code;
}

int
option_status(int code)
{
	return code == 'h' ? ST_OK : ST_USAGE;
}

char **
cut_command(int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			argv[i] = NULL;
			*argc = i;
			return &argv[i + 1];
		}
	return NULL;
}

static const struct cmd *
find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

#define NAME_MAX_LENGTH 16

/* Edits (insert, delete, change, swap neighbours) from one word to another;
 * both at most NAME_MAX_LENGTH long. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned best;

	for (i = 0; i <= la; i++)
		for (j = 0; j <= lb; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[la][lb];
}

/* What people used to other tools type, and letters alone would lead to a
 * command that does the opposite. */
static const char *
other_word(const char *name)
{
	static const char *const words[][2] = {
		{ "ls", "stat" }, { "list", "stat" }, { "show", "stat" },
		{ "info", "stat" }, { "ps", "stat" }, { "ipcs", "stat" },
		{ "lsipc", "stat" }, { "delete", "rm" }, { "del", "rm" },
		{ "remove", "rm" }, { "clean", "rm" }, { "ipcrm", "rm" },
		{ "make", "create" }, { "new", "create" },
		{ "ipcmk", "create" }, { "cat", "read" }, { "dump", "read" },
		{ "fill", "write" }, { "hold", "attach" }, { "chmod", "set" },
		{ "chown", "set" }, { "lock", "set" }, { "unlock", "set" },
		{ "load", "restore" }, { "usage", "limits" },
		{ "check", "limits" }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], name) == 0)
			return words[i][1];
	return NULL;
}

static int
unknown_command(const char *name)
{
	const struct cmd *nearest = commands[0];
	unsigned best = UINT32_MAX, far;
	size_t i;

	if (other_word(name) != NULL)
		return usage_error(name, "no such command; the nearest is %s",
		    other_word(name));
	if (strlen(name) > NAME_MAX_LENGTH)
		return usage_error(name, "no such command");
	for (i = 0; i < COMMANDS; i++) {
		far = distance(name, commands[i]->name);
		if (far < best) {
			best = far;
			nearest = commands[i];
		}
	}
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
		complain(which, "not a process and not an IPC namespace");
		return ST_FAILED;
	}
	complain(which, "IPC namespace: %s", strerror(errno));
	return errno == ENOENT ? ST_FAILED : status_of(errno);
}

static int
run_command(const char *ns, int argc, char **argv)
{
	int status;

	if (strcmp(argv[0], "help") == 0)
		return help_command(argv + 1);
	current = find_command(argv[0]);
	if (current == NULL)
		return unknown_command(argv[0]);
	if (ns != NULL && (status = enter_namespace(ns)) != ST_OK)
		return status;
	/* 0 and not 1: glibc then forgets the options before the command. */
	optind = 0;
	return current->run(argc, argv);
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
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
			_exit(ST_FAILED);
}

int
main(int argc, char **argv)
{
	int status;

	fill_standard_descriptors();

	if (is_privileged())
		errx(ST_DENIED, "refuses to run set-user-id or set-group-id");
	status = run_arguments(argc, argv);
	if ((!flush_output() || !output_ok(fclose(stdout) == 0)) &&
	    status == ST_OK)
		status = ST_FAILED;
	die_of_signal();
	return status;
}
