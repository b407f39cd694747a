/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Calls that fail, for unit tests that have preload.c linked in.
 */

#ifndef FAULT_H
#define FAULT_H

#define FAULT_MAX 128		/* names at most */

/*
 * From now on call number which of name, or with 0 each, fails with errno
 * number.  The names are those of the C library's symbols; NULL: none fails.
 */
void fault(const char *name, unsigned which, int number);

/* And each call of this name, with the same errno. */
void fault_also(const char *name);

/* No more; whether any did.  Keeps errno. */
int fault_end(void);

/* The names, and NULL behind the last; how often that was called before
 * fault_end(). */
const char *fault_name(unsigned i);
unsigned fault_calls(unsigned i);

/* How many blocks of memory are in use; 0 under a sanitizer, which has that
 * to itself. */
long fault_blocks(void);

#endif
