/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -u: totals of the segments of each namespace.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"
#include "shmtool.h"
#include "stat/summary.h"
#include "ui/message.h"
#include "ui/text.h"
#include "ui/value.h"

#define OF_SUM(member) COLUMN_FIELD(struct sum, member)

static const struct column columns[] = {
	{ "SEGMENTS", VALUE_NUMBER, OF_SUM(segments) },
	{ "UNATTACHED", VALUE_NUMBER, OF_SUM(unattached) },
	{ "DEST", VALUE_NUMBER, OF_SUM(dest) },
	{ "SIZE", VALUE_SIZE, OF_SUM(size) },
	{ "PAGES", VALUE_NUMBER, OF_SUM(pages) },
	{ "RSS", VALUE_SIZE, OF_SUM(rss), .facts = SHMT_HAS_RSS },
	{ "SWAP", VALUE_SIZE, OF_SUM(swap), .facts = SHMT_HAS_RSS },
	{ "LARGEST", VALUE_SIZE, OF_SUM(largest) },
	{ "NS", VALUE_NUMBER, OF_SUM(ns.inode), .needs = NEEDS_NS },
	{ "NSPID", VALUE_PID, OF_SUM(ns.pid), .needs = NEEDS_NS },
	{ "NSCOMMAND", VALUE_TEXT, OF_SUM(command), .needs = NEEDS_NS }
};

static const char *const defaults[] = {
	"SEGMENTS", "UNATTACHED", "DEST", "SIZE", "PAGES", "RSS", "SWAP",
	"LARGEST", NULL
};

static const char *const expendable[] = {
	"NSPID", "PAGES", "LARGEST", "SWAP", "NSCOMMAND", NULL
};

const struct column_set summary_columns = {
	.list = columns, .count = sizeof(columns) / sizeof(columns[0]),
	.row_size = sizeof(struct sum), .facts = offsetof(struct sum, facts),
	.defaults = defaults, .expendable = expendable
};

static void
add_row(struct sum *sum, const struct row *row, uint64_t page)
{
	const struct shmt_info *s = &row->segment;

	sum->segments++;
	sum->unattached += is_unattached(row);
	sum->dest += (s->state & SHMT_DEST) != 0;
	sum->size = add_sizes(sum->size, s->size);
	sum->pages += s->size / page + (s->size % page != 0);
	if (s->size > sum->largest)
		sum->largest = s->size;
	if ((s->known & SHMT_HAS_RSS) == 0)
		sum->facts = 0;
	sum->rss += s->rss;
	sum->swap += s->swap;
}

int
list_sums(const struct rows *rows, struct sum **list)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct row *row = rows->list;
	const struct ipc_ns *ipc_ns;
	struct sum *sum;
	size_t i;

	sum = *list = calloc(rows->ns_count + 1, sizeof(*sum));
	if (sum == NULL)
		return fail(NULL, ENOMEM);
	for (i = 0; i < rows->ns_count; i++, sum++) {
		ipc_ns = &rows->namespaces[i];
		sum->facts = SHMT_HAS_RSS;
		sum->ns = ipc_ns->ns;
		strlcpy(sum->command, ipc_ns->command, sizeof(sum->command));
		for (; row < rows->list + rows->count && row->ipc_ns == ipc_ns;
		    row++)
			add_row(sum, row, page);
	}
	return ST_OK;
}
