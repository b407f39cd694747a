/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options: a command's table made into what getopt_long(3) wants, and into
 * the help that -h prints.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "filter.h"
#include "ui/message.h"
#include "ui/options.h"
#include "ui/suggest.h"

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

void
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

const char *
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

/* The option that differs least from a word, of which most must be right.
 * Never --all: nobody should get to that by a slip. */
static const char *
nearest_option(const struct option_row *rows, const char *word)
{
	const char *nearest = NULL, *name;
	unsigned best, far;

	best = (unsigned)strlen(word) / 3 + 1;
	/* The last row, which has no name, stands for --help. */
	do {
		name = rows->code != 0 ? rows->name : "help";
		far = distance(word, name);
		if (far < best && strcmp(name, "all") != 0) {
			best = far;
			nearest = name;
		}
	} while (rows++->code != 0);
	return nearest;
}

/* A long option that is none, or that several could be. */
static void
unknown_option(const struct option_row *rows, const char *word)
{
	const struct option_row *all = rows;
	const size_t length = strcspn(word + 2, "=");
	const char *name;
	char names[512] = "", typed[32];
	int found = 0;

	snprintf(typed, sizeof(typed), "%.*s", (int)length, word + 2);
	do {
		name = rows->code != 0 ? rows->name : "help";
		if (strncmp(name, word + 2, length) != 0)
			continue;
		strlcat(names, found++ > 0 ? ", --" : ": --", sizeof(names));
		strlcat(names, name, sizeof(names));
	} while (rows++->code != 0);
	if (found > 1)
		usage_error(word, "several options begin so%s", names);
	else if ((length == 2 && strncmp(word, "--ns", 4) == 0) ||
	    strcmp(word, "--version") == 0)
		usage_error(word, "stands before the command");
	else if (nearest_option(all, typed) != NULL)
		usage_error(word, "no such option; the nearest is --%s",
		    nearest_option(all, typed));
	else
		usage_error(word, "no such option");
}

static void
unknown_letter(const struct cmd *cmd, const char *option)
{
	const char *instead = other_letter(cmd->name, option[1]);

	if (instead != NULL)
		usage_error(option, "no such option; %s", instead);
	else
		usage_error(option, "no such option");
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
	else if (code == '?' && optopt == 0)
		unknown_option(cmd->options, argv[optind - 1]);
	else if (code == '?')
		unknown_letter(cmd, bad_option(argv, letter));
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
