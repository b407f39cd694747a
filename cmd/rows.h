/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows: shared memory as the commands list it, with all that a column shows.
 */

#ifndef CMD_ROWS_H
#define CMD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmtool.h"
#include "ui/table.h"

/* Facts that a column needs and that are not in every struct shmt_info. */
#define NEEDS_RSS	0x01u
#define NEEDS_STATUS	0x02u
#define NEEDS_KEY	0x04u	/* the key that a dest segment had */
#define NEEDS_CREATOR	0x08u
#define NEEDS_LAST_USER	0x10u
#define NEEDS_HOLDERS	0x20u
#define NEEDS_NS	0x40u
#define NEEDS_USE	0x80u	/* the users of an object: NATTCH, FDS */

/* A fact of a row beyond SHMT_HAS_*: the processes that have it attached. */
#define HAS_HOLDERS	0x80000000u

/* Words of a status beyond those of SHMT_DEST and so on. */
#define STATUS_USED	0x20u	/* by processes that are not seen */
#define STATUS_STALE	0x40u

/* A namespace, and the processes that use its segments or objects, or did. */
struct namespace {
	struct shmt_ns ns;	/* pid 0: unknown */
	uint64_t dev, inode;	/* of its /dev/shm, with --all-ns */
	char command[SHMT_COMMAND_MAX];	/* of the process */
	struct shmt_holders holders;
	int holders_error;	/* errno: the holders could not be found */
	struct shmt_process *processes;	/* that rows name by pid */
	size_t process_count;
};

struct row {
	struct shmt_info segment;	/* its name belongs to the rows */
	const char *path;	/* "/NAME", or in /proc; NULL: System V */
	unsigned facts;		/* SHMT_HAS_*, HAS_HOLDERS */
	uint32_t key;		/* segment.key, or the one it had */
	uint64_t idle;		/* seconds */
	unsigned status;	/* SHMT_DEST, ..., STATUS_USED, STATUS_STALE */
	bool excluded;		/* an operand that the filter drops */
	/* Of namespace->processes, from 1 on; 0: not looked up. */
	unsigned creator, last_user;
	unsigned first_holder, holder_count;	/* of namespace->holders.list */
	const struct namespace *namespace;
	const char *action;	/* rm: what would be done with it */
};

/* The rows of one namespace or of several, one after the other. */
struct rows {
	struct row *list;
	size_t count;
	size_t hidden;		/* processes whose memory is not listed */
	struct namespace *namespaces;
	size_t ns_count;
	char **texts;		/* the names of objects, as paths */
	size_t text_count;
	int dir;		/* the directory of objects, 0: our /dev/shm */
};

/* The names of the objects of rows, as paths with a NUL after each, and their
 * length; the caller frees. */
char *copy_names(const struct row *list, size_t count, size_t *size);

/* Gives such names to the rows from list[first] on; text belongs to rows from
 * now on. */
void assign_names(struct rows *rows, size_t first, char *text);

/* Allocates count namespaces, once: rows point to them. */
void allocate_namespaces(struct rows *rows, size_t count);

/* Makes the rows of a list, with copies of its names, all else zero, and frees
 * the list. */
void make_rows(struct rows *rows, struct shmt_list *all);

/*
 * Finds the facts needed of rows whose segments are known, all of one
 * namespace.  stale_idle as for shmt_check_stale().  A fact that cannot be
 * found is marked as unknown.
 */
void fill_rows(struct row *list, size_t count, unsigned needs,
    uint64_t stale_idle, struct namespace *namespace);

void free_namespace(struct namespace *namespace);
void free_rows(struct rows *rows);

/* The words of a row's status, between blanks. */
const char *status_words(unsigned status);

/* The processes that have a row's segment attached, holder_count of them. */
const struct shmt_holder *row_holders(const struct row *row);

/* The process whose pid a segment records, as a VALUE_COMMAND. */
void set_process_value(struct value *value, const struct shmt_process *process);

/* Whether no process has it attached, or open, for certain. */
bool row_is_unattached(const struct row *row);

/* Divides the bytes of an object among its names, rounded up.  Each name is a
 * row, or is elsewhere in the same tmpfs. */
uint64_t divide_by_names(const struct shmt_info *segment, uint64_t bytes);

/* The namespace of a row, of objects only with --all-ns; 0: unknown. */
uint64_t row_ns(const struct row *row);

/* The value of ID: a number, or the path of an object. */
void set_id(struct value *value, const struct row *row);

/* Adds the name and the path of an object.  A name that is not UTF-8 is in
 * hexadecimal too, and a path that is not UTF-8 is null. */
void json_names(struct json *json, const char *name, const char *path);

/* Adds the members that JSON has for every segment beside the columns: its
 * name, and the facts of objects. */
void json_object(struct json *json, const struct row *row);

/* How a row whose status is known looks in colours: a stale one dim, one that
 * is marked for removal, or used by processes that are not seen, marked. */
enum row_style style_row(const void *row);

extern const struct column_set segment_columns;

#endif
