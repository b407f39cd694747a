/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What somebody may have meant who typed something else.
 */

#include <stdint.h>
#include <string.h>

#include "ui/suggest.h"

#define WORD_MOST 24	/* longer ones are near to none */

unsigned
distance(const char *a, const char *b)
{
	unsigned d[WORD_MOST + 1][WORD_MOST + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned best;

	if (la > WORD_MOST || lb > WORD_MOST)
		return UINT32_MAX;
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
const char *
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

const char *
other_letter(const char *command, char letter)
{
	static const struct {
		const char *command;
		char letter;
		const char *instead;
	} letters[] = {
		{ "create", 'M', "the size is -s SIZE" },
		{ "create", 'p', "the mode is -m MODE" },
		{ "rm", 'a', "all of them are --all" },
		{ "rm", 'M', "a key is given alone: shmtool rm 0x4d2" },
		{ "rm", 'm', "an id is given alone: shmtool rm 123" },
		{ "stat", 'a', "all of them are shown without" },
		{ "stat", 'i', "an id is given alone: shmtool stat 123" },
		{ "stat", 'l', "limits are shown by shmtool limits" },
		{ "stat", 'm', "there is nothing but shared memory here" }
	};
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter &&
		    strcmp(letters[i].command, command) == 0)
			return letters[i].instead;
	return NULL;
}
