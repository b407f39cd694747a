/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Parses a command line by a table of options, and prints the help from it.
 */

#ifndef UI_OPTIONS_H
#define UI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_row;

/*
 * Converts text (NULL for an option that takes no value) and stores it at to;
 * or reports what is wrong with text, as bad_value() words it, and returns an
 * exit status other than 0.
 */
typedef int option_store(const struct option_row *row, const char *text,
    void *to);

/*
 * One option.  Offsets are counted from the struct that parse_options()
 * fills.  A table ends with a row of zeros.
 */
struct option_row {
	int letter;		/* 0: it has none */
	const char *name;	/* without dashes */
	const char *value;	/* word for its value, "[=WORD]" if optional */
	const char *help;	/* imperative, one line */
	option_store *store;	/* NULL: stores nothing */
	size_t to;		/* offset of what it stores */
	uint64_t min, max;	/* range of a number or a size; 0: no limit */
	int choice;		/* what store_choice() stores */
	const char *absent;	/* the optional value that is not given */
	size_t text;		/* offset of a const char * for the value as
				 * it was written; 0: none */
	size_t mask;		/* offset of an unsigned ... */
	unsigned bit;		/* ... in which the option sets this; 0: none */
	unsigned group;		/* options of one group of a table exclude
				 * each other; 0: none */
	bool prefix;		/* an option of the same table must follow */
	const struct option_row *rows;	/* instead of an option: a table that
					 * several commands share, its offsets
					 * counted from to */
};

/* Members of a row, for a command that stores its options in its struct
 * opts. */
#define TO(member) .to = offsetof(struct opts, member)
#define TEXT(member) .text = offsetof(struct opts, member)
#define SETS(member, flag) \
	.mask = offsetof(struct opts, member), .bit = (flag)

/* The operands of a command line; a command's struct opts begins with it. */
struct arguments {
	char **operands;	/* ended by NULL */
	int count;
	char **command;		/* COMMAND after "--"; NULL: none */
};

struct cmd {
	const char *name;
	const char *summary;
	const char *synopsis;	/* what follows the name; lines by \n */
	const struct option_row *options;
	const char *note;	/* printed below the options, or NULL */
	int (*run)(int argc, char **argv);
	bool runs_command;	/* "--" begins a COMMAND */
	bool operand_first;	/* no option follows an operand */
	/* Called in place of run where --ns failed with that status, or NULL;
	 * returns a status. */
	int (*not_run)(char **argv, int status);
};

/*
 * Stores all options of argv by the table of cmd, in a struct that begins with
 * struct arguments and holds the defaults.  Returns ST_OK; ST_HELP when there
 * is a -h, which the caller passes on to main(); or another status after a
 * message.
 */
int parse_options(const struct cmd *cmd, int argc, char **argv, void *opts);

/* bool, true when the option is given; int, the choice of the row; const
 * char *, the value as it is. */
option_store store_flag, store_choice, store_text;

/*
 * Reports a refused value by errno: ERANGE is "out of range: RANGE", ENOMEM no
 * memory, and others "not WANTED".
 */
int bad_value(const struct option_row *row, const char *text,
    const char *wanted, const char *range);

/* usage_error() about --NAME. */
int option_error(const struct option_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the synopsis, and the options of a table. */
void print_help(const struct cmd *cmd);
void print_options(const struct cmd *cmd);

#endif
