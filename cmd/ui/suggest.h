/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Suggestions for a word that is wrong.
 */

#ifndef UI_SUGGEST_H
#define UI_SUGGEST_H

/* The one of words, ended by NULL, that begins with a wrong word, or else the
 * one with the least edit distance, at most a third of the word's length.
 * NULL: there is none, or several are equally near. */
const char *nearest_word(const char *word, const char *const *words);

/* The command for a word of another program, or NULL. */
const char *suggest_word(const char *name);

/* A hint for an option letter of another program, or NULL; command is "" for a
 * letter before the command. */
const char *suggest_letter(const char *command, char letter);

#endif
