/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One interface for shared memory of any kind: each function calls that of the
 * object's kind.  A new kind needs a value of enum shmt_kind and perhaps a bit
 * of SHMT_UNNAMED (shmtool.h), its word and a row here, a way to open a view
 * (bytes/view.c), and a place in whatever else tells kinds apart: the parsing
 * of operands (ref.c), what a path leads to (find_kind() in unnamed.c), the
 * search of processes (users/scan_process.c, users/maps.c, users/holders.c),
 * the saved form (archive/meta.c, archive/restore.c), and in cmd/ the messages
 * of filter.c and set.c and the words of --kind in completion/.
 */

#include <errno.h>

#include "shmtool.h"
#include "posix.h"
#include "sys/file.h"
#include "sysv.h"
#include "unnamed.h"

struct kind {
	int (*info)(const struct shmt_object *object, unsigned want,
	    struct shmt_info *info);
	/* These are NULL where the kind does not have them.  A list that fails
	 * may have added a part. */
	int (*list)(unsigned want, struct shmt_list *list);
	int (*remove)(const struct shmt_object *object, unsigned flags,
	    struct shmt_removal *removal);
	int (*set)(const struct shmt_info *info);
	int (*open)(const struct shmt_object *object, unsigned flags,
	    int *fd);
};

static const struct kind by_kind[SHMT_KINDS] = {
	[SHMT_SYSV] = { shmt__sysv_info, shmt__sysv_list, shmt__sysv_remove,
	    shmt__sysv_set, NULL },
	[SHMT_POSIX] = { shmt__posix_info, shmt__posix_list,
	    shmt__posix_remove, shmt__posix_set, shmt__posix_open },
	[SHMT_DELETED] = { shmt__unnamed_info, NULL, NULL, shmt__posix_set,
	    shmt__posix_open },
	[SHMT_MEMFD] = { shmt__unnamed_info, NULL, NULL, shmt__posix_set,
	    shmt__posix_open },
	[SHMT_ANON] = { shmt__unnamed_info, NULL, NULL, NULL,
	    shmt__posix_open },
};

const char *
shmt_kind_name(enum shmt_kind kind)
{
	static const char *const names[SHMT_KINDS] = {
		[SHMT_SYSV] = "sysv", [SHMT_POSIX] = "posix",
		[SHMT_DELETED] = "deleted", [SHMT_MEMFD] = "memfd",
		[SHMT_ANON] = "anon"
	};

	return names[kind];
}

int
shmt_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info)
{
	return by_kind[object->kind].info(object, want, info);
}

int
shmt_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal)
{
	const struct kind *kind = &by_kind[object->kind];
	struct shmt_removal ignored;

	return kind->remove == NULL ? shmt__fail(EINVAL) :
	    kind->remove(object, flags, removal == NULL ? &ignored : removal);
}

int
shmt_set(const struct shmt_info *info)
{
	const struct kind *kind = &by_kind[info->object.kind];

	return kind->set == NULL ? shmt__fail(EINVAL) : kind->set(info);
}

int
shmt_open(const struct shmt_object *object, unsigned flags, int *fd)
{
	const struct kind *kind = &by_kind[object->kind];

	return kind->open == NULL ? shmt__fail(EINVAL) :
	    kind->open(object, flags, fd);
}

int
shmt_list(unsigned kinds, unsigned want, struct shmt_list *list)
{
	struct shmt_list all = { 0 };
	enum shmt_kind kind;
	int result = 0;

	for (kind = 0; kind < SHMT_KINDS && result == 0; kind++)
		if ((kinds & SHMT_KIND(kind)) != 0 &&
		    by_kind[kind].list != NULL)
			result = by_kind[kind].list(want, &all);
	/* One pass over /proc finds all of these. */
	if (result == 0 && (kinds & SHMT_UNNAMED) != 0)
		result = shmt__unnamed_list(kinds, &all);
	if (result == -1)
		shmt_list_free(&all);
	else
		*list = all;
	return result;
}

int
shmt_create(const struct shmt_request *request, struct shmt_object *object,
    bool *created)
{
	switch (object->kind) {
	case SHMT_SYSV:
		return shmt__sysv_create(request, &object->id, created);
	case SHMT_POSIX:
		return shmt__posix_create(object, request, created);
	default:
		return shmt__fail(EINVAL);
	}
}

int
shmt_resize(const struct shmt_object *object, uint64_t size, unsigned flags)
{
	return object->kind == SHMT_SYSV || object->kind == SHMT_ANON ?
	    shmt__fail(EINVAL) : shmt__posix_resize(object, size, flags);
}

int
shmt_lock(const struct shmt_object *object, bool lock)
{
	return object->kind != SHMT_SYSV ? shmt__fail(EINVAL) :
	    shmt__sysv_lock(object->id, lock);
}

int
shmt_attach(const struct shmt_object *object, const void *address,
    unsigned flags, void **at)
{
	return object->kind != SHMT_SYSV ? shmt__fail(EINVAL) :
	    shmt__sysv_attach(object->id, address, flags, at);
}

int
shmt_may_remove(const struct shmt_object *object)
{
	switch (object->kind) {
	case SHMT_SYSV:
		return shmt__sysv_may_remove(object->id);
	case SHMT_POSIX:
		return shmt__posix_may_remove(object);
	default:
		return shmt__fail(EINVAL);
	}
}
