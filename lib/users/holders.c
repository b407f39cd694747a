/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which processes have which shared memory mapped or open, by one pass over
 * /proc.  The segments found are looked up: a mapping outlives a change of
 * namespace, and then its id may be that of another segment here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/lease.h"
#include "users/maps.h"
#include "users/scan.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* A file of tmpfs stays what it is when its name is unlinked. */
static enum shmt_kind
lasting_kind(const struct shmt_object *object)
{
	return object->kind == SHMT_DELETED ? SHMT_POSIX : object->kind;
}

/* Kind, then id, or device and inode.  0: they are the same, though one may
 * have lost its name since. */
static int
compare_objects(const void *p, const void *q)
{
	const struct shmt_object *a = p, *b = q;
	enum shmt_kind x = lasting_kind(a), y = lasting_kind(b);

	if (x != y)
		return COMPARE(x, y);
	if (a->kind == SHMT_SYSV)
		return COMPARE(a->id, b->id);
	return a->dev != b->dev ? COMPARE(a->dev, b->dev) :
	    COMPARE(a->inode, b->inode);
}

static struct shmt_object
object_of(const struct shmt__found *found)
{
	if (found->kind == SHMT_SYSV)
		return (struct shmt_object){ .kind = SHMT_SYSV,
		    .id = (int)found->mapping.inode };
	return (struct shmt_object){ .kind = found->kind,
	    .dev = found->mapping.device, .inode = found->mapping.inode };
}

static int
compare_found(const void *a, const void *b)
{
	const struct shmt__found *x = a, *y = b;
	const struct shmt_object p = object_of(x), q = object_of(y);
	int result = compare_objects(&p, &q);

	if (result != 0)
		return result;
	if (x->process->pid != y->process->pid)
		return COMPARE(x->process->pid, y->process->pid);
	return COMPARE(x->mapping.start, y->mapping.start);
}

/* Whether a mapping can be of this segment, for all that is known. */
static bool
can_be_of(const struct shmt__found *found, const struct shmt_info *segment)
{
	const struct shmt__mapping *m = &found->mapping;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (segment->nattch == 0)
		return false;
	if ((segment->state & SHMT_DEST) == 0 && segment->key != found->key)
		return false;
	/* The whole of the last page is mapped; of huge pages too. */
	return found->huge || (m->offset < segment->size &&
	    m->end - m->start <= segment->size - m->offset + page - 1);
}

/* The segment looked up last, since mappings of one come in succession. */
struct last {
	bool is_set, exists, known;
	struct shmt_info segment;
};

static bool
is_credible(struct last *last, const struct shmt__found *found)
{
	int id = (int)found->mapping.inode;

	if (!last->is_set || last->segment.object.id != id) {
		last->is_set = true;
		last->known = shmt__sysv_stat(id, &last->segment) == 0;
		/* Where the segment may not be read, nothing contradicts the
		 * mapping. */
		last->exists = last->known || errno != ENOENT;
		last->segment.object.id = id;
	}
	return last->exists && (!last->known ||
	    can_be_of(found, &last->segment));
}

static void
merge_one(struct shmt_holders *holders, const struct shmt__found *found)
{
	const struct shmt__process *process = found->process;
	const struct shmt_object object = object_of(found);
	const struct shmt__mapping *m = &found->mapping;
	struct shmt_holder *h;

	h = holders->count == 0 ? NULL : &holders->list[holders->count - 1];
	if (h == NULL || h->pid != process->pid ||
	    compare_objects(&h->object, &object) != 0) {
		h = &holders->list[holders->count++];
		*h = (struct shmt_holder){ .object = object,
		    .key = found->key, .pid = process->pid,
		    .uid = process->uid, .huge = found->huge };
		strlcpy(h->command, process->command, sizeof(h->command));
	}
	h->access |= m->access;
	if (found->fd == -1) {
		if (h->maps++ == 0)
			h->address = m->start;
		h->size += m->end - m->start;
	} else if (h->fds++ == 0 || found->fd < h->fd)
		h->fd = found->fd;
}

static bool
is_in_list(const struct shmt_object *objects, size_t count,
    const struct shmt__found *found)
{
	const struct shmt_object object = object_of(found);

	return count > 0 && bsearch(&object, objects, count, sizeof(*objects),
	    compare_objects) != NULL;
}

/* The mappings and descriptors, sorted, as one entry for each process and
 * object.  A descriptor opened with O_PATH uses nothing. */
static int
merge(const struct shmt__scan *scan, const struct shmt_object *objects,
    size_t count, struct shmt_holders *holders)
{
	struct last last = { 0 };
	const struct shmt__found *f;
	size_t i;

	holders->list = calloc(scan->count + 1, sizeof(*holders->list));
	if (holders->list == NULL)
		return -1;
	for (i = 0; i < scan->count; i++) {
		f = &scan->found[i];
		if (f->path_only ||
		    (objects != NULL && !is_in_list(objects, count, f)))
			continue;
		if (f->kind != SHMT_SYSV || is_credible(&last, f))
			merge_one(holders, f);
	}
	return 0;
}

/* objects: only the holders of these, which are sorted; NULL: all. */
static int
find_holders(const struct shmt__query *query,
    const struct shmt_object *objects, size_t count,
    struct shmt_holders *holders)
{
	struct shmt_holders h = { 0 };
	struct shmt__scan scan;
	int result;

	if (shmt__scan(query, &scan) == -1) {
		if (errno == ENOENT)
			errno = ENOTSUP;
		return -1;
	}
	if (scan.count > 0)
		qsort(scan.found, scan.count, sizeof(*scan.found),
		    compare_found);
	result = merge(&scan, objects, count, &h);
	h.hidden = scan.hidden;
	shmt__scan_free(&scan);
	if (result == 0)
		*holders = h;
	return result;
}

int
shmt__sysv_known_holders(const struct shmt_info *segment,
    struct shmt_holders *holders)
{
	const pid_t pids[] = { segment->cpid, segment->lpid };
	const struct shmt__query query = { .kinds = SHMT_KIND(SHMT_SYSV),
	    .one = &segment->object, .pids = pids,
	    .pid_count = segment->cpid == segment->lpid ? 1 : 2 };

	return find_holders(&query, NULL, 0, holders);
}

/* Sets what a scan looks for to find the users of sorted objects: their kinds
 * and, each once, the devices of files. */
static void
make_query(const struct shmt_object *objects, size_t count, dev_t *devices,
    struct shmt__query *query)
{
	size_t i, n = 0;

	*query = (struct shmt__query){ .devices = devices };
	for (i = 0; i < count; i++) {
		query->kinds |= SHMT_KIND(objects[i].kind);
		if ((objects[i].kind == SHMT_POSIX ||
		    objects[i].kind == SHMT_DELETED) &&
		    (n == 0 || devices[n - 1] != objects[i].dev))
			devices[n++] = objects[i].dev;
	}
	query->device_count = n;
	query->fds = (query->kinds & ~SHMT_KIND(SHMT_SYSV)) != 0;
	query->one = count == 1 ? objects : NULL;
}

/* Room for what shmt_check_object_stale() reads once for all objects. */
static int
add_ids(const struct shmt__query *query, struct shmt_holders *holders)
{
	if ((query->kinds & SHMT_KIND(SHMT_POSIX)) == 0)
		return 0;
	holders->ids = calloc(1, sizeof(*holders->ids));
	if (holders->ids != NULL)
		return 0;
	shmt_holders_free(holders);
	return shmt__fail(ENOMEM);
}

int
shmt_holders_of_list(const struct shmt_info *list, size_t count,
    struct shmt_holders *holders)
{
	struct shmt_holders found;
	struct shmt_object *objects;
	struct shmt__query query;
	dev_t *devices;
	size_t i;
	int result = -1;

	objects = calloc(count + 1, sizeof(*objects));
	devices = calloc(count + 1, sizeof(*devices));
	if (objects != NULL && devices != NULL) {
		for (i = 0; i < count; i++)
			objects[i] = list[i].object;
		qsort(objects, count, sizeof(*objects), compare_objects);
		make_query(objects, count, devices, &query);
		result = find_holders(&query, objects, count, &found);
		if (result == 0)
			result = add_ids(&query, &found);
		if (result == 0)
			*holders = found;
	}
	free(devices);
	free(objects);
	return result;
}

int
shmt_holders(const struct shmt_object *object,
    struct shmt_holders *holders)
{
	const struct shmt__query any = { .kinds = SHMT_KIND(SHMT_SYSV) };
	struct shmt_info one;

	if (object == NULL)
		return find_holders(&any, NULL, 0, holders);
	one = (struct shmt_info){ .object = *object };
	return shmt_holders_of_list(&one, 1, holders);
}

void
shmt_holders_free(struct shmt_holders *holders)
{
	if (holders->ids != NULL)
		shmt__ids_free(holders->ids);
	free(holders->ids);
	free(holders->list);
	memset(holders, 0, sizeof(*holders));
}

const struct shmt_holder *
shmt_holders_of(const struct shmt_holders *holders,
    const struct shmt_object *object, size_t *count)
{
	const struct shmt_holder *list = holders->list;
	size_t low = 0, high = holders->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_objects(&list[middle].object, object) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < holders->count &&
	    compare_objects(&list[high].object, object) == 0;)
		high++;
	*count = high - low;
	return list == NULL ? NULL : list + low;
}

bool
shmt__is_trusted(const struct shmt_holder *holder,
    const struct shmt_info *segment)
{
	return holder->uid == 0 || holder->uid == geteuid() ||
	    holder->uid == segment->uid || holder->uid == segment->cuid;
}

bool
shmt_holders_complete(const struct shmt_holders *holders,
    const struct shmt_info *segment)
{
	const struct shmt_holder *holder;
	uint64_t maps = 0;
	size_t count;

	holder = shmt_holders_of(holders, &segment->object, &count);
	for (; count > 0; count--, holder++)
		maps += holder->maps;
	return maps == segment->nattch;
}

void
shmt_fill_use(struct shmt_info *info, const struct shmt_holders *holders)
{
	const struct shmt_holder *holder;
	enum shmt_answer unused;
	size_t count;

	if (info->object.kind == SHMT_SYSV)
		return;
	holder = shmt_holders_of(holders, &info->object, &count);
	info->nattch = info->fds = 0;
	info->known |= SHMT_HAS_NATTCH | SHMT_HAS_FDS | SHMT_HAS_IN_USE;
	info->in_use = count > 0 || info->object.kind != SHMT_POSIX;
	for (; count > 0; count--, holder++) {
		info->nattch += holder->maps;
		info->fds += holder->fds;
	}
	if (info->in_use)
		return;
	unused = shmt__try_lease(&info->object);
	info->in_use = unused == SHMT_NO;
	if (unused == SHMT_CANNOT_TELL)
		info->known &= ~SHMT_HAS_IN_USE;
}
