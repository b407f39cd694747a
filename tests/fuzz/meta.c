/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The reader of a .meta: what it takes, it writes again as it was.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/meta.h"
#include "shmtool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, again[SHMT__META_MAX];
	struct shmt_failure failure = { 0 };
	struct shmt_saved saved = { 0 };
	size_t length;

	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (shmt__parse_meta(text, size, &saved, &failure) == 0) {
		length = shmt__format_meta(&saved, again);
		if (length != size || memcmp(again, text, size) != 0)
			abort();
	}
	free(text);
	return 0;
}
