/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat -u --kind all: where the memory is that /proc/meminfo calls Shmem.
 */

#ifndef CMD_STAT_ACCOUNT_H
#define CMD_STAT_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "shmtool.h"
#include "ui/table.h"

struct account_row {
	const char *kind;	/* of memory, "tmpfs", "unseen", ... */
	const char *mount;	/* of a tmpfs; else NULL */
	unsigned facts;
	uint64_t count, size, rss, swap;
};

/* The rows that follow those of memory that was found: the rest of Shmem, Shmem
 * itself, and huge pages, which are not part of it. */
enum { UNSEEN, SHMEM, HUGE_PAGES, ACCOUNT_END };

struct account {
	struct account_row *list;	/* count rows, and the three above */
	size_t count;
	struct account_row huge;	/* while the list is made */
	struct shmt_tmpfs_list mounts;	/* whose names the rows have */
};

extern const struct column_set account_columns;

/* Makes the account from rows of every kind, with rss, of one IPC namespace;
 * the segments of the others are added.  The caller frees it, after a failure
 * too. */
int make_account(const struct rows *rows, struct account *account);
void free_account(struct account *account);

#endif
