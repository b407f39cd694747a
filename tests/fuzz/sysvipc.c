/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The reader of /proc/sysvipc/shm: a list or EBADMSG, whatever the text.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shmtool.h"
#include "sysv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shmt_info *list;
	size_t count, i;
	char *text = strndup((const char *)data, size);

	if (text == NULL)
		return 0;
	if (shmt__parse_sysvipc(text, &list, &count) == 0) {
		for (i = 0; i < count; i++)
			if (list[i].object.id < 0 || list[i].mode > 0777)
				abort();
		free(list);
	} else if (errno != EBADMSG && errno != ENOMEM)
		abort();
	free(text);
	return 0;
}
