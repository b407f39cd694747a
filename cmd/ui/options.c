/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options: parse a command line by the table of its command, and print the
 * help from that table, which is options[] in the file of the command.
 */

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ui/message.h"
#include "ui/options.h"
#include "ui/suggest.h"

#define OPTIONS_MAX 64

/* getopt_long(3) returns LONG_CODE and the index of a long option. */
#define LONG_CODE 256

/* An option of a command, with the table it was found in. */
struct entry {
	const struct option_row *row, *table;
	size_t base;		/* what its offsets are added to */
	bool given;
};

struct parser {
	const struct cmd *cmd;
	struct entry entries[OPTIONS_MAX];
	size_t count;
	const struct entry *prefix;	/* --not, until its filter comes */
	struct option longs[OPTIONS_MAX + 1];
	char letters[3 * OPTIONS_MAX + 3];
};

static const struct option_row help_row = {
	'h', "help", NULL, "print this help", .store = NULL
};

static void
add_rows(struct parser *p, const struct option_row *table, size_t base)
{
	const struct option_row *row;

	for (row = table; row->name != NULL || row->rows != NULL; row++)
		if (row->rows != NULL)
			add_rows(p, row->rows, base + row->to);
		else
			p->entries[p->count++] = (struct entry){
				.row = row, .table = table, .base = base
			};
}

static void
list_options(struct parser *p, const struct cmd *cmd)
{
	p->cmd = cmd;
	p->count = 0;
	p->prefix = NULL;
	add_rows(p, cmd->options, 0);
	p->entries[p->count++] = (struct entry){ .row = &help_row };
}

static void
prepare_getopt(struct parser *p)
{
	const struct option_row *row;
	char *s = p->letters;
	size_t i;
	int has;

	if (p->cmd->operand_first)
		*s++ = '+';
	*s++ = ':';
	for (i = 0; i < p->count; i++) {
		row = p->entries[i].row;
		has = row->value == NULL ? no_argument :
		    row->value[0] == '[' ? optional_argument :
		    required_argument;
		p->longs[i] = (struct option){ row->name, has, NULL,
			LONG_CODE + (int)i };
		if (row->letter == 0)
			continue;
		*s++ = (char)row->letter;
		for (; has > 0; has--)
			*s++ = ':';
	}
	p->longs[i] = (struct option){ 0 };
	*s = '\0';
	opterr = 0;
	/* 0 makes glibc scan a new argument vector; 1 would not. */
	optind = 0;
}

static struct entry *
find_entry(struct parser *p, int code)
{
	struct entry *e = p->entries;

	if (code >= LONG_CODE)
		return &e[code - LONG_CODE];
	while (e->row->letter != code)
		e++;
	return e;
}

/* Length of the part of a synopsis up to the next line break that is allowed:
 * one word, or a bracket with all in it. */
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

/* Prints the first line of a synopsis, wrapped at 80 columns, and returns
 * the rest. */
static const char *
print_synopsis(const char *lead, const char *name, const char *text)
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

void
print_options(const struct cmd *cmd)
{
	const struct option_row *row;
	struct parser p;
	char name[64];
	size_t i;

	list_options(&p, cmd);
	for (i = 0; i < p.count; i++) {
		row = p.entries[i].row;
		snprintf(name, sizeof(name), "--%s%s%s", row->name,
		    row->value == NULL || row->value[0] == '[' ? "" : "=",
		    row->value != NULL ? row->value : "");
		if (row->letter != 0)
			printf("  -%c, ", row->letter);
		else
			printf("      ");
		printf("%-22s%s%s\n", name,
		    strlen(name) < 22 ? "" : "\n                            ",
		    row->help);
	}
}

void
print_help(const struct cmd *cmd)
{
	const char *text;

	text = print_synopsis("usage:", cmd->name, cmd->synopsis);
	while (*text == '\n')
		text = print_synopsis("", cmd->name, text + 1);
	printf("\n%s.\n\n", cmd->summary);
	print_options(cmd);
	if (cmd->note != NULL)
		printf("\n%s\n", cmd->note);
	printf("\nMore in shmtool-%s(1).\n", cmd->name);
}

int
option_error(const struct option_row *row, const char *format, ...)
{
	char name[64], reason[1024];
	va_list args;

	snprintf(name, sizeof(name), "--%s", row->name);
	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return usage_error(name, "%s", reason);
}

int
bad_value(const struct option_row *row, const char *text, const char *wanted,
    const char *range)
{
	if (errno == ENOMEM)
		check_memory(NULL);
	if (errno == ERANGE)
		return option_error(row, "%s: out of range: %s", text, range);
	return option_error(row, "%s: not %s", text, wanted);
}

/* The word of argv that getopt(3) refused, or the letter inside it. */
static const char *
refused_word(char **argv, char letter[static 3])
{
	if (optopt <= 0 || optopt >= LONG_CODE)
		return argv[optind - 1];
	letter[0] = '-';
	letter[1] = (char)optopt;
	letter[2] = '\0';
	return letter;
}

/* A long option that does not exist, or the beginning of several. */
static int
refuse_long_option(const struct parser *p, const char *word)
{
	const size_t length = strcspn(word + 2, "=");
	const char *all[OPTIONS_MAX + 1] = { NULL }, *name, *nearest;
	char names[512] = "", typed[32];
	size_t i, n = 0;
	int found = 0;

	for (i = 0; i < p->count; i++) {
		name = p->entries[i].row->name;
		/* A typing error must not suggest this. */
		if (strcmp(name, "all") != 0)
			all[n++] = name;
		if (strncmp(name, word + 2, length) != 0)
			continue;
		strlcat(names, found++ > 0 ? ", --" : "--", sizeof(names));
		strlcat(names, name, sizeof(names));
	}
	if (found > 1)
		return usage_error(word, "several options begin so: %s",
		    names);
	if ((length == 2 && strncmp(word, "--ns", 4) == 0) ||
	    strcmp(word, "--version") == 0)
		return usage_error(word, "stands before the command");
	snprintf(typed, sizeof(typed), "%.*s", (int)length, word + 2);
	nearest = nearest_word(typed, all);
	if (nearest == NULL)
		return usage_error(word, "no such option");
	return usage_error(word, "no such option; the nearest is --%s",
	    nearest);
}

/* Reports what getopt(3) does not accept: code is '?' or ':'. */
static int
refuse(const struct parser *p, int code, char **argv)
{
	char letter[3] = "";
	const char *word = refused_word(argv, letter), *instead;

	if (code == ':')
		return usage_error(word, "needs a value");
	if (optopt == 0)
		return refuse_long_option(p, word);
	if (optopt >= LONG_CODE)
		return usage_error(word, "takes no value");
	instead = suggest_letter(p->cmd->name, letter[1]);
	if (instead == NULL)
		return usage_error(word, "no such option");
	return usage_error(word, "no such option; %s", instead);
}

/* Checks an option against those before it. */
static int
check_conflicts(struct parser *p, struct entry *e)
{
	const struct entry *other, *prefix = p->prefix;

	p->prefix = e->row->prefix ? e : NULL;
	if (prefix != NULL && (e->row->prefix || e->table != prefix->table))
		return option_error(prefix->row, "--%s cannot follow it",
		    e->row->name);
	e->given = true;
	for (other = p->entries; other < p->entries + p->count; other++)
		if (other->given && other != e && e->row->group != 0 &&
		    other->table == e->table &&
		    other->row->group == e->row->group)
			return usage_error(NULL, "either --%s or --%s",
			    other->row->name, e->row->name);
	return ST_OK;
}

static int
store_option(struct parser *p, struct entry *e, void *opts)
{
	const struct option_row *row = e->row;
	const char *text = optarg != NULL ? optarg : row->absent;
	char *base = (char *)opts + e->base;
	int status;

	if (row == &help_row)
		return ST_HELP;
	status = check_conflicts(p, e);
	if (status != ST_OK)
		return status;
	if (row->bit != 0)
		*(unsigned *)(void *)(base + row->mask) |= row->bit;
	if (row->text != 0)
		*(const char **)(void *)(base + row->text) = text;
	if (row->store == NULL || (row->value != NULL && text == NULL))
		return ST_OK;
	return row->store(row, text, base + row->to);
}

/* Cuts off "-- COMMAND ARG...", which getopt(3) would permute with operands. */
static char **
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

int
parse_options(const struct cmd *cmd, int argc, char **argv, void *opts)
{
	struct arguments *args = opts;
	struct parser p;
	int code, status = ST_OK;

	if (cmd->runs_command)
		args->command = cut_command(&argc, argv);
	list_options(&p, cmd);
	prepare_getopt(&p);
	while (status == ST_OK && (code = getopt_long(argc, argv, p.letters,
	    p.longs, NULL)) != -1)
		status = code == '?' || code == ':' ? refuse(&p, code, argv) :
		    store_option(&p, find_entry(&p, code), opts);
	args->operands = argv + optind;
	args->count = argc - optind;
	if (status == ST_OK && p.prefix != NULL)
		return option_error(p.prefix->row, "an option must follow it");
	if (status == ST_OK && args->command != NULL &&
	    args->command[0] == NULL)
		return usage_error("--", "which command?");
	return status;
}

int
store_flag(const struct option_row *row, const char *text, void *to)
{
	(void)row;
	(void)text;
	*(bool *)to = true;
	return ST_OK;
}

int
store_choice(const struct option_row *row, const char *text, void *to)
{
	(void)text;
	*(int *)to = row->choice;
	return ST_OK;
}

int
store_text(const struct option_row *row, const char *text, void *to)
{
	(void)row;
	*(const char **)to = text;
	return ST_OK;
}
