/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Texts of names and numbers: /proc/meminfo, /proc/stat, a descriptor's fdinfo,
 * and memory.stat of a memory cgroup.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"
#include "sys/meminfo.h"

uint64_t
shmt__find_number(const char *text, const char *name)
{
	size_t length = strlen(name);
	const char *line;

	for (line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 &&
		    (line[length] == ' ' || line[length] == ':'))
			return strtoull(line + length + 1, NULL, 10);
	}
	return 0;
}

char *
shmt__read_meminfo(int root)
{
	return shmt__read_file(root, root == AT_FDCWD ? "/proc/meminfo" :
	    "proc/meminfo");
}

uint64_t
shmt__meminfo(const char *text, const char *name)
{
	return shmt__find_number(text, name) * 1024;
}
