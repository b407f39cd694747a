/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Notes for people at a terminal about memory that a table does not list. A
 * note is left out where its figures cannot be read.
 */

#include <inttypes.h>
#include <stdint.h>

#include "shmtool.h"
#include "stat/notes.h"
#include "ui/message.h"
#include "ui/text.h"

void
note_objects(void)
{
	struct shmt_list objects;
	char text[SHORT_TEXT];
	uint64_t size = 0;
	size_t i;

	if (shmt_list(SHMT_KIND(SHMT_POSIX), 0, &objects) == -1)
		return;
	for (i = 0; i < objects.count; i++)
		size = add_sizes(size, objects.list[i].allocated);
	short_size(text, size);
	if (objects.count > 0 && flush_output())
		warn_about(NULL, "also %zu POSIX object%s, %s: --kind posix",
		    objects.count, plural(objects.count, "s"), text);
	shmt_list_free(&objects);
}

static void
note_others(void)
{
	struct shmt_others others;
	char text[SHORT_TEXT];

	if (shmt_posix_others(0, &others) == -1)
		return;
	short_size(text, others.size);
	if (others.files > 0)
		warn_about(NULL, "also %" PRIu64 " file%s in directories of "
		    "/dev/shm, %s: no objects", others.files,
		    plural(others.files, "s"), text);
	if (others.hidden > 0)
		warn_about(NULL, "%" PRIu64 " director%s of /dev/shm may not "
		    "be read", others.hidden, others.hidden == 1 ? "y" :
		    "ies");
}

void
note_dev_shm(void)
{
	char size[SHORT_TEXT], used[SHORT_TEXT], left[SHORT_TEXT];
	struct shmt_dev_shm mount;

	if (!flush_output())
		return;
	note_others();
	if (shmt_dev_shm(&mount) == -1)
		return;
	if (mount.size == 0) {
		warn_about("/dev/shm", "no limit");
		return;
	}
	short_size(size, mount.size);
	short_size(used, mount.used);
	short_size(left, mount.size - mount.used);
	warn_about("/dev/shm", "%s, %s used, %s free", size, used, left);
}
