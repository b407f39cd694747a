/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SEGMENT as users write it: an id, a key, ftok:PATH:PROJ, /NAME or a path in
 * /proc.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "posix.h"
#include "shmtool.h"
#include "sys/file.h"
#include "sys/parse.h"
#include "unnamed.h"

static int
parse_id(const char *text, int *id)
{
	uint64_t n;

	if (shmt__parse_c_number(text, INT_MAX, &n) == -1)
		return -1;
	*id = (int)n;
	return 0;
}

/* "/NAME", as shm_open(3) knows it, or the path of that. */
static int
parse_name(const char *text, const char **name)
{
	static const char dir[] = "/dev/shm/";
	const char *rest = text + 1;

	if (strncmp(text, dir, sizeof(dir) - 1) == 0)
		rest = text + sizeof(dir) - 1;
	if (strlen(rest) > NAME_MAX)
		return shmt__fail(ENAMETOOLONG);
	if (!shmt__posix_is_name(rest))
		return shmt__fail(EINVAL);
	*name = rest;
	return 0;
}

int
shmt_parse_ref(const char *text, struct shmt_ref *ref)
{
	struct shmt_ref r = { 0 };
	int result;

	if (strncmp(text, "id:", 3) == 0)
		result = parse_id(text + 3, &r.id);
	else if (strncmp(text, "key:", 4) == 0) {
		r.by_key = true;
		result = shmt_parse_key(text + 4, &r.key);
	} else if (strncmp(text, "ftok:", 5) == 0) {
		r.by_key = true;
		result = shmt_parse_ftok(text + 5, &r.key);
	} else if (shmt__unnamed_is_path(text)) {
		r.kind = SHMT_DELETED;
		r.path = text;
		result = 0;
	} else if (text[0] == '/') {
		r.kind = SHMT_POSIX;
		result = parse_name(text, &r.name);
	} else if (shmt__is_hex(text)) {
		r.by_key = true;
		result = shmt_parse_key(text, &r.key);
	} else if (text[0] == '0' && text[1] != '\0')
		/* ipcs prints no id like this: octal or decimal? */
		result = shmt__fail(EINVAL);
	else
		result = parse_id(text, &r.id);
	if (result == 0)
		*ref = r;
	return result;
}

int
shmt_resolve(const struct shmt_ref *ref, struct shmt_object *object)
{
	struct shmt_object o = {
		.kind = ref->kind, .id = ref->id, .name = ref->name,
		.dev = ref->dev, .inode = ref->inode
	};

	if (ref->path != NULL)
		return shmt__unnamed_resolve(ref->path, object);
	if (ref->by_key && shmt_find(ref->key, &o.id) == -1)
		return -1;
	*object = o;
	return 0;
}

bool
shmt_is_named(const struct shmt_ref *ref, const struct shmt_info *info)
{
	struct shmt_object object;

	if (ref->path != NULL)
		return shmt__unnamed_resolve(ref->path, &object) == 0 &&
		    object.kind == info->object.kind &&
		    object.dev == info->object.dev &&
		    object.inode == info->object.inode;
	if (ref->kind != info->object.kind)
		return false;
	if (ref->kind == SHMT_POSIX)
		return strcmp(ref->name, info->object.name) == 0 &&
		    (ref->inode == 0 || (ref->inode == info->object.inode &&
		    ref->dev == info->object.dev));
	return ref->by_key ? ref->key == info->key :
	    ref->id == info->object.id;
}
