/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * ui/suggest.
 */

#ifndef UI_SUGGEST_H
#define UI_SUGGEST_H

/* Edits (insert, delete, change, swap neighbours) from one word to another;
 * UINT32_MAX: one is too long. */
unsigned distance(const char *a, const char *b);

/* The command that a word of another tool stands for, or NULL; and what to
 * write instead of its letter. */
const char *other_word(const char *name);
const char *other_letter(const char *command, char letter);

#endif
