/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Segments as rows of a table, for all that list them.
 */

#ifndef CMD_ROWS_H
#define CMD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"
#include "ui/table.h"

/* What a column needs of a row beyond what every segment tells. */
#define NEEDS_RSS	0x01u
#define NEEDS_STATUS	0x02u
#define NEEDS_KEY	0x04u	/* the key that a dest segment had */
#define NEEDS_CREATOR	0x08u
#define NEEDS_LAST_USER	0x10u
#define NEEDS_HOLDERS	0x20u
#define NEEDS_NS	0x40u

/* An IPC namespace. */
struct ipc_ns {
	struct shmt_ns ns;	/* pid 0: unknown */
	char command[SHMT_COMMAND_MAX];	/* of the process */
};

struct row {
	struct shmt_segment segment;
	uint32_t key;		/* segment.key, or the one it had */
	bool key_lost;		/* it is marked, and nobody told the key */
	uint64_t idle;		/* seconds */
	char status[32];	/* words between blanks */
	struct shmt_process creator, last_user;
	const struct shmt_holder *holders;
	size_t holder_count;
	const struct ipc_ns *ipc_ns;
};

/*
 * Fills rows, to which there are pointers, of which the segments are known,
 * with what is needed; stale_idle as for shmt_check_stale().  The rows point
 * into holders, which the caller frees.  ST_OK, or told what is missing in
 * them.
 */
int fill_rows(void *const *rows, size_t count, unsigned needs,
    uint64_t stale_idle, struct shmt_holders *holders);

/* The rows of one namespace. */
struct rows {
	struct row *list;	/* in the order of the segments */
	size_t count;
	struct shmt_holders holders;
	struct ipc_ns ipc_ns;
};

/* The same from segments, without a space; the caller calls free_rows(). */
int make_rows(const struct shmt_segment *list, size_t count, unsigned needs,
    uint64_t stale_idle, struct rows *rows);
void free_rows(struct rows *rows);

extern const struct column segment_columns[];
extern const size_t segment_column_count;

/* The columns of a list when none were chosen, ended by NULL. */
extern const char *const default_columns[];

#endif
