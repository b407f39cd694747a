/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * read -w: reads the contents again at each interval, and prints what changed.
 */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "read/dump.h"
#include "read/watch.h"
#include "semaphore.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"
#include "ui/wait.h"

/* A multiple of a line of a dump. */
#define BLOCK ((size_t)64 * 1024)

/* The memory left is checked after this many blocks. */
#define CHECKED_BLOCKS 1024

static const unsigned char zeros[BLOCK];

/* A block that changed, and what was there before, or NULL for zeros. */
struct change {
	size_t block;
	unsigned char *before;
};

/*
 * The contents as they were read last, in blocks; NULL is a block of zeros.
 * Changes are collected while the semaphore is held, and printed afterwards.
 */
struct contents {
	const struct watch *watch;
	unsigned char **blocks;
	size_t count;
	struct change *changes;
	size_t change_count;
	size_t kept;		/* blocks that are not zeros */
	uint64_t pos;		/* of the piece that is read, in the range */
};

static const unsigned char *
bytes_of(const unsigned char *block)
{
	return block != NULL ? block : zeros;
}

static size_t
length_of(const struct contents *c, size_t block)
{
	uint64_t left = c->watch->length - (uint64_t)block * BLOCK;

	return left < BLOCK ? (size_t)left : BLOCK;
}

/* Whether there is memory for CHECKED_BLOCKS more, or as many as can follow. */
static bool
has_memory(const struct contents *c, size_t block)
{
	uint64_t needed = (uint64_t)(c->count - block) * BLOCK;
	struct shmt_headroom headroom;

	if (needed > CHECKED_BLOCKS * BLOCK)
		needed = CHECKED_BLOCKS * BLOCK;
	return !shmt_headroom(&headroom) || headroom.left > needed;
}

/* Keeps a block as it is before its first change. */
static int
add_change(struct contents *c, size_t block)
{
	struct change *more;
	unsigned char *copy;

	if (c->blocks[block] == NULL && c->kept++ % CHECKED_BLOCKS == 0 &&
	    !has_memory(c, block)) {
		errno = ENOMEM;
		return -1;
	}
	if (c->change_count > 0 &&
	    c->changes[c->change_count - 1].block == block)
		return 0;
	more = reallocarray(c->changes, c->change_count + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	c->changes = more;
	copy = malloc(BLOCK);
	if (copy == NULL)
		return -1;
	more[c->change_count++] = (struct change){ block, c->blocks[block] };
	memcpy(copy, bytes_of(c->blocks[block]), BLOCK);
	c->blocks[block] = copy;
	return 0;
}

static int
update_block(struct contents *c, size_t block, size_t from,
    const unsigned char *bytes, size_t length)
{
	if (memcmp(bytes_of(c->blocks[block]) + from, bytes, length) == 0)
		return 0;
	if (add_change(c, block) == -1)
		return -1;
	memcpy(c->blocks[block] + from, bytes, length);
	return 0;
}

/* One piece of the segment, for shmt_view_visit(). */
static int
compare_piece(void *arg, const void *bytes, uint64_t length)
{
	struct contents *c = arg;
	const unsigned char *p = bytes;
	size_t block, from, n;
	int result = 0;

	for (; result == 0 && length > 0; length -= n, c->pos += n) {
		block = (size_t)(c->pos / BLOCK);
		from = (size_t)(c->pos % BLOCK);
		n = length < BLOCK - from ? (size_t)length : BLOCK - from;
		if (p != NULL) {
			result = update_block(c, block, from, p, n);
			p += n;
		} else if (c->blocks[block] != NULL) {
			result = update_block(c, block, from, zeros, n);
		}
	}
	return result == 0 ? caught_signal() != 0 : result;
}

/* Reads all, with the semaphore held if one was asked for. */
static int
read_contents(struct contents *c)
{
	const struct watch *watch = c->watch;
	int status, error = 0;

	status = acquire_semaphore(watch->semaphore);
	if (status != ST_OK)
		return status;
	c->pos = 0;
	if (shmt_view_visit(watch->view, watch->offset, watch->length,
	    compare_piece, c) == -1)
		error = errno;
	status = release_semaphore(watch->semaphore);
	if (error == 0)
		return status;
	errno = error;
	return transfer_failed(watch->operand, watch->operand->text,
	    watch->length, c->pos);
}

/* While this process has it attached, a removed segment is only marked. */
static int
check_exists(const struct watch *watch)
{
	struct shmt_info now;

	if (shmt_info(&watch->segment->object, 0, &now) == 0 &&
	    shmt_same(&now, watch->segment) &&
	    ((now.state ^ watch->segment->state) & SHMT_DEST) == 0)
		return ST_OK;
	warn_about(watch->operand->text, "was removed");
	return ST_ABSENT;
}

static void
print_all(const struct contents *c, const struct dump *form)
{
	struct dump dump = *form;
	size_t i;

	dump.offset = c->watch->offset;
	for (i = 0; i < c->count && !dump.ended && caught_signal() == 0; i++)
		if (c->blocks[i] != NULL)
			dump_bytes(&dump, c->blocks[i], length_of(c, i));
		else
			dump_hole(&dump, length_of(c, i));
	dump_end(&dump);
}

/* Text and raw bytes have no lines that could be printed alone. */
static void
print_changes(const struct contents *c, const struct dump *dump,
    const char *time)
{
	const struct change *change = c->changes;
	size_t i;

	if (c->change_count == 0)
		return;
	if (dump->form == DUMP_TEXT || dump->form == DUMP_RAW) {
		print_all(c, dump);
		return;
	}
	if (dump->form == DUMP_HEX)
		fprintf(dump->out, "%s\n", time);
	for (i = 0; i < c->change_count && caught_signal() == 0; i++, change++)
		dump_changes(dump, c->watch->offset +
		    (uint64_t)change->block * BLOCK, c->blocks[change->block],
		    bytes_of(change->before), length_of(c, change->block));
}

static void
free_changes(struct contents *c)
{
	while (c->change_count > 0)
		free(c->changes[--c->change_count].before);
}

/* Reads all, and prints it, or what changed; typed values with the time before
 * each. */
static int
print_once(struct contents *c, struct dump *dump, bool first)
{
	char now[SHORT_TEXT], prefix[SHORT_TEXT + 1];
	int status;

	status = read_contents(c);
	if (status != ST_OK || caught_signal() != 0)
		return status;
	short_time(now, (int64_t)time(NULL));
	snprintf(prefix, sizeof(prefix), "%s ", now);
	dump->prefix = prefix;
	if (first)
		print_all(c, dump);
	else
		print_changes(c, dump, now);
	dump->prefix = NULL;
	free_changes(c);
	return ST_OK;
}

static int
watch_until_signal(struct contents *c, struct dump *dump)
{
	const struct watch *watch = c->watch;
	int64_t interval = (int64_t)watch->interval;
	struct pollfd out = { .fd = STDOUT_FILENO };
	int status;

	status = print_once(c, dump, true);
	while (status == ST_OK && fflush(dump->out) == 0 &&
	    wait_until(&out, 1, milliseconds() + interval) != -1) {
		if (out.revents != 0)
			return end_by_sigpipe();
		status = check_exists(watch);
		if (status == ST_OK)
			status = print_once(c, dump, false);
	}
	return status;
}

int
watch_contents(const struct watch *watch, struct dump *dump)
{
	struct contents c = { .watch = watch };
	int status;
	size_t i;

	c.count = (size_t)((watch->length + BLOCK - 1) / BLOCK);
	c.blocks = check_memory(calloc(c.count + 1, sizeof(*c.blocks)));
	catch_signals();
	status = watch_until_signal(&c, dump);
	free_changes(&c);
	for (i = 0; i < c.count; i++)
		free(c.blocks[i]);
	free(c.blocks);
	free(c.changes);
	return status;
}
