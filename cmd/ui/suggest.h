/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Suggestions for a word that is wrong.
 */

#ifndef UI_SUGGEST_H
#define UI_SUGGEST_H

/* Edits (insert, delete, replace a letter, swap two neighbours) that turn one
 * word into the other; UINT_MAX if one is too long. */
unsigned edit_distance(const char *a, const char *b);

/* The command for a word of another program, or NULL. */
const char *suggest_word(const char *name);

/* A hint for an option letter of another program, or NULL; command is "" for a
 * letter before the command. */
const char *suggest_letter(const char *command, char letter);

#endif
