/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The readers of a line of /proc/PID/maps and of /proc/PID/stat.
 */

#include <stdlib.h>
#include <string.h>

#include "shmtool.h"
#include "users/maps.h"
#include "users/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shmt__mapping mapping;
	const char *name;
	struct shmt__stat stat;
	uint32_t key;
	char *text;

	/* Exactly as long as it says, for ASan to see what reads on. */
	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (shmt__parse_maps_line(text, &mapping, &name)) {
		if (mapping.start > mapping.end || name > text + size)
			abort();
		shmt__parse_segment_name(name, &key);
	}
	shmt__parse_stat(text, &stat);
	free(text);
	return 0;
}
