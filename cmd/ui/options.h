/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options, and the help made of them.
 */

#ifndef UI_OPTIONS_H
#define UI_OPTIONS_H

/* One option; a table of them ends with a row of zeros.  -h is everyone's. */
struct option_row {
	int code;		/* the letter, or from OPT_LONG on: none */
	const char *name;	/* the long name, without dashes */
	const char *value;	/* word for its value, "[=WORD]" if optional */
	const char *help;	/* what it does, in one line */
};

#define OPT_LONG 256

struct cmd {
	const char *name;
	const char *summary;
	const char *synopsis;	/* what follows the name; lines by \n */
	const struct option_row *options;
	const char *operands;	/* a note below the options, or NULL */
	int (*run)(int argc, char **argv);
};

/*
 * The next option's code as getopt_long(3) gives it, its value in optarg; -1
 * after the last, optind then at the first operand.  '?' after a mistake,
 * which has been told; 'h' after help has been printed.  A verb returns
 * option_status() of either.
 */
int next_option(const struct cmd *cmd, int argc, char **argv)
    __attribute__((nonnull));
int option_status(int code);

/*
 * Cuts "-- COMMAND ARG..." off argv and returns it, or NULL.  For the verbs
 * that run a command: called first, for getopt would lose the "--".
 */
char **cut_command(int *argc, char **argv);

/* The option of argv that getopt(3) stumbled over, as it was written. */
const char *bad_option(char **argv, char letter[static 3]);

/* What -h prints. */
void print_help(const struct cmd *cmd);

#endif
