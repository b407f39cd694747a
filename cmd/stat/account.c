/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The account of shared memory: a row for each kind, the other files of each
 * tmpfs, and the rest of Shmem ("unseen"), which the caller may not see.  Huge
 * pages are not part of Shmem.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"
#include "shmtool.h"
#include "stat/account.h"
#include "ui/message.h"
#include "ui/text.h"
#include "ui/value.h"

#define HAS_COUNT	0x1u
#define HAS_SIZE	0x2u
#define HAS_RSS		0x4u
#define HAS_SWAP	0x8u
#define HAS_ALL		(HAS_COUNT | HAS_SIZE | HAS_RSS | HAS_SWAP)

#define OF_ROW(member) COLUMN_FIELD(struct account_row, member)

static const struct column columns[] = {
	{ "KIND", VALUE_TEXT, COLUMN_POINTER(struct account_row, kind) },
	{ "COUNT", VALUE_NUMBER, OF_ROW(count), .facts = HAS_COUNT },
	{ "SIZE", VALUE_SIZE, OF_ROW(size), .facts = HAS_SIZE },
	{ "RSS", VALUE_SIZE, OF_ROW(rss), .facts = HAS_RSS },
	{ "SWAP", VALUE_SIZE, OF_ROW(swap), .facts = HAS_SWAP },
	{ "MOUNT", VALUE_TEXT, COLUMN_POINTER(struct account_row, mount) }
};

static const char *const defaults[] = {
	"KIND", "COUNT", "SIZE", "RSS", "SWAP", "MOUNT", NULL
};

static const char *const optional[] = { "COUNT", "SIZE", NULL };

const struct column_set account_columns = {
	.list = columns, .count = sizeof(columns) / sizeof(columns[0]),
	.row_size = sizeof(struct account_row),
	.facts = offsetof(struct account_row, facts), .defaults = defaults,
	.optional = optional
};

/* Does not add unknown bytes, which become part of "unseen". */
static void
add_segment(struct account *account, const struct shmt_info *s)
{
	struct account_row *row = &account->list[s->object.kind];

	if ((s->state & SHMT_HUGE) != 0 || (s->object.kind == SHMT_SYSV &&
	    (s->known & SHMT_HAS_RSS) == 0))
		row = &account->huge;
	row->count++;
	row->size = add_sizes(row->size, s->size);
	if ((s->known & SHMT_HAS_RSS) != 0) {
		row->rss = add_sizes(row->rss, divide_by_names(s, s->rss));
		row->swap = add_sizes(row->swap, divide_by_names(s, s->swap));
	}
}

static uint64_t
subtract(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

/* Adds the files of a tmpfs, without those that are in a row of another
 * kind. */
static void
add_mount(struct account *account, const struct shmt_tmpfs *t,
    const struct rows *rows)
{
	struct account_row *row = &account->list[account->count];
	const struct shmt_info *s;
	size_t i;

	*row = (struct account_row){ .kind = "tmpfs", .mount = t->point,
	    .facts = t->has_inodes ? HAS_ALL : HAS_ALL & ~HAS_COUNT,
	    .count = t->inodes, .rss = t->rss, .swap = t->swap };
	for (i = 0; i < rows->count; i++) {
		s = &rows->list[i].segment;
		if (s->object.dev != t->dev ||
		    (s->known & SHMT_HAS_RSS) == 0 ||
		    (s->object.kind != SHMT_POSIX &&
		    (s->object.kind != SHMT_DELETED || !t->with_deleted)))
			continue;
		row->count = subtract(row->count, 1);
		row->rss = subtract(row->rss, divide_by_names(s, s->rss));
		row->swap = subtract(row->swap, divide_by_names(s, s->swap));
	}
	row->size = row->rss + row->swap;
	account->count += row->size > 0;
}

static int
send_usage(void *arg, int out)
{
	struct shmt_usage usage;

	(void)arg;
	if (shmt_usage(&usage) == -1)
		return errno;
	return write(out, &usage, sizeof(usage)) == sizeof(usage) ? 0 : EIO;
}

/* The segments of the other IPC namespaces that may be entered. */
static void
add_namespaces(struct account_row *row)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct shmt_usage usage;
	struct shmt_ns *list;
	size_t count, hidden, length, i;
	void *answer;

	if (shmt_ns_list(SHMT_SYSV, &list, &count, &hidden) == -1)
		return;
	for (i = 1; i < count; i++) {
		if (shmt_ns_run(&list[i], send_usage, NULL, &answer,
		    &length) == -1)
			continue;
		if (length == sizeof(usage)) {
			memcpy(&usage, answer, sizeof(usage));
			row->count += usage.segments;
			row->size = add_sizes(row->size,
			    usage.pages > UINT64_MAX / page ? UINT64_MAX :
			    usage.pages * page);
			row->rss += usage.has_rss ? usage.resident : 0;
			row->swap += usage.has_rss ? usage.swapped : 0;
		}
		free(answer);
	}
	free(list);
}

static int
add_total(struct account *account)
{
	struct account_row *rest = account->list + account->count;
	uint64_t shmem, sum = 0;
	size_t i;

	if (shmt_shmem(&shmem) == -1)
		return fail("/proc/meminfo", errno);
	for (i = 0; i < account->count; i++)
		sum += account->list[i].rss;
	rest[UNSEEN] = (struct account_row){ .kind = "unseen",
	    .facts = HAS_RSS, .rss = subtract(shmem, sum) };
	rest[SHMEM] = (struct account_row){ .kind = "shmem",
	    .facts = HAS_RSS, .rss = shmem };
	rest[HUGE_PAGES] = account->huge;
	return ST_OK;
}

int
make_account(const struct rows *rows, struct account *account)
{
	enum shmt_kind kind;
	size_t i;

	*account = (struct account){ .huge = { .kind = "huge",
	    .facts = HAS_ALL } };
	if (shmt_tmpfs_list(&account->mounts) == -1)
		return fail("/proc/self/mountinfo", errno);
	account->list = check_memory(calloc(SHMT_KINDS +
	    account->mounts.count + ACCOUNT_END, sizeof(*account->list)));
	for (kind = 0; kind < SHMT_KINDS; kind++) {
		account->list[kind].kind = shmt_kind_name(kind);
		account->list[kind].facts = HAS_ALL;
	}
	account->count = SHMT_KINDS;
	for (i = 0; i < rows->count; i++)
		add_segment(account, &rows->list[i].segment);
	add_namespaces(&account->list[SHMT_SYSV]);
	for (i = 0; i < account->mounts.count; i++)
		add_mount(account, &account->mounts.list[i], rows);
	return add_total(account);
}

void
free_account(struct account *account)
{
	free(account->list);
	shmt_tmpfs_free(&account->mounts);
}
