/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is known of segments of any kind: whether two are the same, and the
 * memory of a list.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/array.h"

bool
shmt_same(const struct shmt_info *a, const struct shmt_info *b)
{
	if (a->object.kind != b->object.kind)
		return false;
	if (a->object.kind != SHMT_SYSV)
		return a->object.dev == b->object.dev &&
		    a->object.inode == b->object.inode &&
		    a->btime == b->btime;
	/* Ids are reused, so compare what no call can change.  Marking a
	 * segment clears the key and changes ctime; IPC_SET changes ctime
	 * too. */
	return a->object.id == b->object.id && a->size == b->size &&
	    a->cuid == b->cuid && a->cgid == b->cgid && a->cpid == b->cpid &&
	    (a->key == b->key || ((a->state ^ b->state) & SHMT_DEST) != 0);
}

void
shmt_list_free(struct shmt_list *list)
{
	int saved = errno;

	free(list->list);
	shmt__strings_free(list->names);
	if (list->dir > 0)
		close(list->dir);
	*list = (struct shmt_list){ 0 };
	errno = saved;
}
