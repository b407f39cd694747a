/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All segments in sum, a row for each namespace.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/summary.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/value.h"

static void
get_segments(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, ((const struct sum *)row)->segments);
}

static void
get_unattached(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, ((const struct sum *)row)->unattached);
}

static void
get_dest(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, ((const struct sum *)row)->dest);
}

static void
get_size(const void *row, struct value *value)
{
	set_number(value, VALUE_SIZE, ((const struct sum *)row)->size);
}

static void
get_pages(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER, ((const struct sum *)row)->pages);
}

static void
get_rss(const void *row, struct value *value)
{
	if (((const struct sum *)row)->has_rss)
		set_number(value, VALUE_SIZE, ((const struct sum *)row)->rss);
}

static void
get_swap(const void *row, struct value *value)
{
	if (((const struct sum *)row)->has_rss)
		set_number(value, VALUE_SIZE, ((const struct sum *)row)->swap);
}

static void
get_largest(const void *row, struct value *value)
{
	set_number(value, VALUE_SIZE, ((const struct sum *)row)->largest);
}

static void
get_ns(const void *row, struct value *value)
{
	set_number(value, VALUE_NUMBER,
	    ((const struct sum *)row)->ipc_ns->ns.inode);
}

static void
get_nspid(const void *row, struct value *value)
{
	const struct ipc_ns *ipc_ns = ((const struct sum *)row)->ipc_ns;

	if (ipc_ns->ns.pid != 0)
		set_number(value, VALUE_NUMBER, (uint64_t)ipc_ns->ns.pid);
}

static void
get_nscommand(const void *row, struct value *value)
{
	const struct ipc_ns *ipc_ns = ((const struct sum *)row)->ipc_ns;

	if (ipc_ns->command[0] != '\0') {
		value->kind = VALUE_TEXT;
		value->text = ipc_ns->command;
	}
}

const struct column summary_columns[] = {
	{ "SEGMENTS", true, get_segments, 0 },
	{ "UNATTACHED", true, get_unattached, 0 },
	{ "DEST", true, get_dest, 0 },
	{ "SIZE", true, get_size, 0 },
	{ "PAGES", true, get_pages, 0 },
	{ "RSS", true, get_rss, 0 },
	{ "SWAP", true, get_swap, 0 },
	{ "LARGEST", true, get_largest, 0 },
	{ "NS", true, get_ns, NEEDS_NS },
	{ "NSPID", true, get_nspid, NEEDS_NS },
	{ "NSCOMMAND", false, get_nscommand, NEEDS_NS }
};

const size_t summary_column_count =
    sizeof(summary_columns) / sizeof(summary_columns[0]);

const char *const default_summary_columns[] = {
	"SEGMENTS", "UNATTACHED", "DEST", "SIZE", "PAGES", "RSS", "SWAP",
	"LARGEST", NULL
};

static void
add_row(struct sum *sum, const struct shmt_segment *s, uint64_t page)
{
	sum->segments++;
	sum->unattached += s->nattch == 0;
	sum->dest += (s->state & SHMT_DEST) != 0;
	sum->size = add_sizes(sum->size, s->size);
	sum->pages += s->size / page + (s->size % page != 0);
	if (s->size > sum->largest)
		sum->largest = s->size;
	sum->has_rss = sum->has_rss && s->has_rss;
	sum->rss += s->rss;
	sum->swap += s->swap;
}

static void
add_rows(struct sum *sum, const struct rows *rows)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t i;

	sum->has_rss = true;
	sum->ipc_ns = &rows->ipc_ns;
	for (i = 0; i < rows->count; i++)
		add_row(sum, &rows->list[i].segment, page);
}

int
list_sums(
    const struct collection *collection, struct sum **list, void ***pointers)
{
	size_t count = collection->ns_count, i;
	struct sum *sums;
	void **p;

	sums = *list = calloc(count + 1, sizeof(*sums));
	p = *pointers = calloc(count + 1, sizeof(*p));
	if (sums == NULL || p == NULL)
		return fail(NULL, ENOMEM);
	for (i = 0; i < count; i++) {
		add_rows(&sums[i], &collection->ipc_namespaces[i]);
		p[i] = &sums[i];
	}
	return ST_OK;
}
