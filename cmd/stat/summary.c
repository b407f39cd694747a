/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -u: totals of the segments of each namespace.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "shmtool.h"
#include "stat/summary.h"
#include "ui/message.h"
#include "ui/text.h"
#include "ui/value.h"

#define OF_SUM(member) COLUMN_FIELD(struct sum, member)

static const struct column columns[] = {
	{ "SEGMENTS", VALUE_NUMBER, OF_SUM(total.count) },
	{ "UNATTACHED", VALUE_NUMBER, OF_SUM(total.unattached) },
	{ "DEST", VALUE_NUMBER, OF_SUM(total.dest) },
	{ "SIZE", VALUE_SIZE, OF_SUM(total.size) },
	{ "PAGES", VALUE_NUMBER, OF_SUM(total.pages) },
	{ "RSS", VALUE_SIZE, OF_SUM(total.rss), .facts = SHMT_HAS_RSS },
	{ "SWAP", VALUE_SIZE, OF_SUM(total.swap), .facts = SHMT_HAS_RSS },
	{ "LARGEST", VALUE_SIZE, OF_SUM(total.largest) },
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
	.row_size = sizeof(struct sum),
	.facts = offsetof(struct sum, total.facts),
	.defaults = defaults, .expendable = expendable
};

int
list_sums(const struct rows *rows, struct sum **list)
{
	const struct row *row = rows->list;
	const struct ipc_ns *ipc_ns;
	struct sum *sum;
	size_t i;

	sum = *list = calloc(rows->ns_count + 1, sizeof(*sum));
	if (sum == NULL)
		return fail(NULL, ENOMEM);
	for (i = 0; i < rows->ns_count; i++, sum++) {
		ipc_ns = &rows->namespaces[i];
		sum->total.facts = SHMT_HAS_RSS;
		sum->ns = ipc_ns->ns;
		strlcpy(sum->command, ipc_ns->command, sizeof(sum->command));
		for (; row < rows->list + rows->count && row->ipc_ns == ipc_ns;
		    row++)
			add_to_group(&sum->total, row);
	}
	return ST_OK;
}
