/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Suggestions for a wrong word: the edit distance of two words, and the words
 * and option letters of ipcs, ipcrm, ipcmk and other programs.
 */

#include <limits.h>
#include <string.h>

#include "ui/suggest.h"

/* Longer words have no suggestions. */
#define WORD_MAX 24

/* Edits (insert, delete, replace a letter, swap two neighbours) that turn one
 * word into the other; UINT_MAX if one is too long. */
static unsigned
edit_distance(const char *a, const char *b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned best;

	if (la > WORD_MAX || lb > WORD_MAX)
		return UINT_MAX;
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

const char *
nearest_word(const char *word, const char *const *words)
{
	const size_t length = strlen(word);
	unsigned best = (unsigned)length / 3 + 1, edits;
	const char *nearest = NULL;

	for (; *words != NULL; words++) {
		edits = strncmp(*words, word, length) == 0 ? 0 :
		    edit_distance(word, *words);
		if (edits == best)
			nearest = NULL;
		if (edits < best) {
			best = edits;
			nearest = *words;
		}
	}
	return nearest;
}

/* Words of other programs.  Edit distance would suggest a wrong command. */
const char *
suggest_word(const char *name)
{
	static const char *const words[][2] = {
		{ "ls", "stat" }, { "list", "stat" }, { "show", "stat" },
		{ "info", "stat" }, { "ps", "stat" }, { "ipcs", "stat" },
		{ "lsipc", "stat" }, { "status", "stat" },
		{ "top", "stat -w" }, { "watch", "stat -w" },
		{ "delete", "rm" }, { "del", "rm" }, { "remove", "rm" },
		{ "clean", "rm" }, { "ipcrm", "rm" }, { "unlink", "rm" },
		{ "make", "create" }, { "new", "create" },
		{ "ipcmk", "create" }, { "cat", "read" }, { "dump", "read" },
		{ "fill", "write" }, { "hold", "attach" }, { "chmod", "set" },
		{ "chown", "set" }, { "lock", "set" }, { "unlock", "set" },
		{ "backup", "save" }, { "load", "restore" },
		{ "usage", "limits --usage" }, { "check", "limits --check" },
		{ "version", "-V" }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], name) == 0)
			return words[i][1];
	return NULL;
}

const char *
suggest_letter(const char *command, char letter)
{
	static const struct {
		const char *command;
		char letter;
		const char *instead;
	} letters[] = {
		{ "", 'a', "shmtool stat lists all segments" },
		{ "", 'm', "shmtool stat lists the segments" },
		{ "", 'l', "shmtool limits prints the limits" },
		{ "", 'u', "shmtool stat -u prints totals" },
		{ "", 'v', "the version is -V" },
		{ "create", 'M', "the size is -s SIZE" },
		{ "create", 'p', "the mode is -m MODE" },
		{ "rm", 'a', "all of them are --all" },
		{ "rm", 'M', "name a key alone: shmtool rm 0x4d2" },
		{ "rm", 'm', "name an id alone: shmtool rm 123" },
		{ "rm", 'r', "objects have no directories: shmtool rm /NAME" },
		{ "stat", 'a', "stat lists all segments without it" },
		{ "stat", 'i', "name an id alone: shmtool stat 123" },
		{ "stat", 'l', "shmtool limits prints the limits" },
		{ "stat", 'm', "stat lists shared memory without it" }
	};
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter &&
		    strcmp(letters[i].command, command) == 0)
			return letters[i].instead;
	return NULL;
}
