/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which processes have which segments attached: one pass over /proc for the
 * mappings, and a look at the segments found, for mappings outlive a change
 * of namespace and then speak of a segment that only has the same number.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "users/holders.h"
#include "users/maps.h"
#include "users/scan.h"

static int
compare_found(const void *a, const void *b)
{
	const struct shmt__found *x = a, *y = b;
	pid_t p = x->process->pid, q = y->process->pid;

	if (x->mapping.inode != y->mapping.inode)
		return x->mapping.inode < y->mapping.inode ? -1 : 1;
	if (p != q)
		return p < q ? -1 : 1;
	return (x->mapping.start > y->mapping.start) -
	    (x->mapping.start < y->mapping.start);
}

/* Whether a mapping can be of this segment, for all that is known. */
static bool
is_of(const struct shmt__found *found, const struct shmt_segment *segment)
{
	const struct shmt__mapping *m = &found->mapping;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (segment->nattch == 0)
		return false;
	if ((segment->state & SHMT_DEST) == 0 && segment->key != m->key)
		return false;
	/* The whole of the last page is mapped; of huge pages too. */
	return found->huge || (m->offset < segment->size &&
	    m->end - m->start <= segment->size - m->offset + page - 1);
}

static void
merge_one(struct shmt_holders *holders, const struct shmt__found *found)
{
	const struct shmt__process *process = found->process;
	const struct shmt__mapping *m = &found->mapping;
	struct shmt_holder *h;

	h = holders->count == 0 ? NULL : &holders->list[holders->count - 1];
	if (h == NULL || h->id != (int)m->inode || h->pid != process->pid) {
		h = &holders->list[holders->count++];
		*h = (struct shmt_holder){ .id = (int)m->inode,
		    .key = m->key, .pid = process->pid, .uid = process->uid,
		    .huge = found->huge, .address = m->start };
		strlcpy(h->command, process->command, sizeof(h->command));
	}
	h->access |= m->access;
	h->size += m->end - m->start;
	h->maps++;
}

/* The mappings, sorted, as one entry for each process and segment. */
static int
merge(const struct shmt__scan *pass, struct shmt_holders *holders)
{
	struct shmt_segment segment = { 0 };
	bool there = false, known = false;
	const struct shmt__found *f;
	int last = -1;
	size_t i;

	holders->list = calloc(pass->count + 1, sizeof(*holders->list));
	if (holders->list == NULL)
		return -1;
	for (i = 0; i < pass->count; i++) {
		f = &pass->found[i];
		if ((int)f->mapping.inode != last) {
			last = (int)f->mapping.inode;
			known = shmt_info(last, &segment) == 0;
			/* Where we may not ask, nothing speaks against it. */
			there = known || errno != ENOENT;
		}
		if (there && (!known || is_of(f, &segment)))
			merge_one(holders, f);
	}
	return 0;
}

int
shmt__holders(int id, enum shmt__way way, struct shmt_holders *holders)
{
	struct shmt__scan pass;
	struct shmt_holders h = { 0 };
	int result;

	if (shmt__scan(id, way, &pass) == -1) {
		if (errno == ENOENT)
			errno = ENOTSUP;
		return -1;
	}
	if (pass.count > 0)
		qsort(pass.found, pass.count, sizeof(*pass.found),
		    compare_found);
	result = merge(&pass, &h);
	h.hidden = pass.hidden;
	shmt__scan_free(&pass);
	if (result == 0)
		*holders = h;
	return result;
}

int
shmt_holders(int id, struct shmt_holders *holders)
{
	return shmt__holders(id, SHMT__ANY_WAY, holders);
}

void
shmt_holders_free(struct shmt_holders *holders)
{
	free(holders->list);
	memset(holders, 0, sizeof(*holders));
}

const struct shmt_holder *
shmt_holders_of(const struct shmt_holders *holders, int id, size_t *count)
{
	const struct shmt_holder *list = holders->list;
	size_t low = 0, high = holders->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (list[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < holders->count && list[high].id == id;)
		high++;
	*count = high - low;
	return list == NULL ? NULL : list + low;
}

bool
shmt__is_trusted(const struct shmt_holder *holder,
    const struct shmt_segment *segment)
{
	return holder->uid == 0 || holder->uid == geteuid() ||
	    holder->uid == segment->uid || holder->uid == segment->cuid;
}

bool
shmt_holders_complete(const struct shmt_holders *holders,
    const struct shmt_segment *segment)
{
	const struct shmt_holder *holder;
	uint64_t maps = 0;
	size_t count;

	holder = shmt_holders_of(holders, segment->id, &count);
	for (; count > 0; count--, holder++)
		maps += holder->maps;
	return maps == segment->nattch;
}
