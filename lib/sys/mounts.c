/* SPDX-License-Identifier: BSD-2-Clause */

/* The lines of mountinfo, taken apart. */

#include <sys/sysmacros.h>

#include <stdlib.h>
#include <string.h>

#include "sys/mounts.h"

/* Undoes the \040 for a blank and the like. */
static char *
unescape(char *text)
{
	char *from = text, *to = text;

	for (; *from != '\0'; from++)
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
		    from[2] != '\0' && from[3] != '\0') {
			*to++ = (char)((from[1] - '0') << 6 |
			    (from[2] - '0') << 3 | (from[3] - '0'));
			from += 3;
		} else
			*to++ = *from;
	*to = '\0';
	return text;
}

static dev_t
parse_device(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	return makedev((unsigned)number, *end == '\0' ? 0 :
	    (unsigned)strtoul(end + 1, NULL, 10));
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS". */
static bool
parse_mount(char *line, struct shmt__mount *mount)
{
	char *words[6], *word;
	size_t i;

	for (i = 0; i < 6; i++)
		words[i] = strsep(&line, " ");
	while ((word = strsep(&line, " ")) != NULL && strcmp(word, "-") != 0)
		;
	if (line == NULL)
		return false;
	mount->id = strtol(words[0], NULL, 10);
	mount->device = parse_device(words[2]);
	mount->root = unescape(words[3]);
	mount->point = unescape(words[4]);
	mount->options = words[5];
	mount->type = strsep(&line, " ");
	strsep(&line, " ");
	mount->super = line != NULL ? line : "";
	return true;
}

bool
shmt__next_mount(char **text, struct shmt__mount *mount)
{
	char *line;

	while ((line = strsep(text, "\n")) != NULL)
		if (parse_mount(line, mount))
			return true;
	return false;
}

bool
shmt__is_tmpfs(const struct shmt__mount *mount)
{
	return strcmp(mount->type, "tmpfs") == 0 ||
	    strcmp(mount->type, "devtmpfs") == 0;
}
