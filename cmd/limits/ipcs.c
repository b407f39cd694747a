/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The two reports of ipcs(1), -l and -m, byte for byte as util-linux prints
 * them in the C locale.  Names are not made safe here: they are the bytes
 * that ipcs prints, cut where it cuts them.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "diagnose.h"
#include "limits/actions.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

#define CELL 10			/* width of most columns */
#define LAST_CELLS 6		/* of the two that make up "status" */

/* The size of a row of eight cells and the blanks of one more: two numbers have
 * up to 20 digits, and no other cell is wider than its column and a blank. */
#define ROW_MAX (9 * (CELL + 1) + 2 * 10)

/* size in the letters of ipcs --human: one decimal, rounded half up, which
 * may say 1024K but never 1M for less. */
static void
human_size(char text[static SHORT_TEXT], uint64_t size)
{
	static const char letters[] = "BKMGTPE";
	unsigned power = 0, shift, tenths;
	uint64_t whole, rest;

	while (power < 6 && size >> (10 * (power + 1)) != 0)
		power++;
	shift = 10 * power;
	whole = size >> shift;
	rest = size & ((UINT64_C(1) << shift) - 1);
	/* Of exabytes ipcs drops what is less than a kilobyte. */
	if (power == 6) {
		shift -= 10;
		rest >>= 10;
	}
	/* rest is below 2^50, so that 10 times as much fits. */
	tenths = (unsigned)((rest * 10 + (UINT64_C(1) << shift) / 2) >> shift);
	if (tenths == 10) {
		whole++;
		tenths = 0;
	}
	if (tenths == 0)
		snprintf(text, SHORT_TEXT, "%" PRIu64 "%c", whole,
		    letters[power]);
	else
		snprintf(text, SHORT_TEXT, "%" PRIu64 ".%u%c", whole, tenths,
		    letters[power]);
}

/* Where the product does not fit, the number that ipcs prints. */
static uint64_t
in_units(uint64_t pages, uint64_t unit)
{
	return pages > UINT64_MAX / unit ? UINT64_MAX - UINT64_MAX % unit :
	    pages * unit;
}

/* A line whose label ends in the unit, unless the figure carries it. */
static void
print_size(const char *label, uint64_t size, bool human)
{
	char text[SHORT_TEXT];

	if (human) {
		human_size(text, size);
		printf("%s = %s\n", label, text);
	} else
		printf("%s (bytes) = %" PRIu64 "\n", label, size);
}

static void
print_shm_limits(const struct shmt_limits *l, enum report_unit unit)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	bool human = unit == REPORT_HUMAN;

	printf("\n------ Shared Memory Limits --------\n"
	    "max number of segments = %" PRIu64 "\n", l->shmmni);
	if (unit == REPORT_KBYTES) {
		printf("max seg size (kbytes) = %" PRIu64 "\n"
		    "max total shared memory (kbytes) = %" PRIu64 "\n",
		    l->shmmax / 1024, in_units(l->shmall, page / 1024));
	} else {
		print_size("max seg size", l->shmmax, human);
		print_size("max total shared memory",
		    in_units(l->shmall, page), human);
	}
	print_size("min seg size", l->shmmin, human);
}

static void
print_limits(const struct shmt_limits *l, enum report_unit unit)
{
	bool human = unit == REPORT_HUMAN;

	printf("\n------ Messages Limits --------\n"
	    "max queues system wide = %" PRIu64 "\n", l->msgmni);
	print_size("max size of message", l->msgmax, human);
	print_size("default max size of queue", l->msgmnb, human);
	print_shm_limits(l, unit);
	printf("\n------ Semaphore Limits --------\n"
	    "max number of arrays = %" PRId64 "\n"
	    "max semaphores per array = %" PRId64 "\n"
	    "max semaphores system wide = %" PRId64 "\n"
	    "max ops per semop call = %" PRId64 "\n"
	    "semaphore max value = %" PRId64 "\n\n",
	    l->semmni, l->semmsl, l->semmns, l->semopm, l->semvmx);
}

/* Ends a cell of length bytes; returns the place of the next one. */
static char *
end_cell(char *at, size_t length, size_t width)
{
	/* The compiler expands it inline, since the length is constant; the
	 * next cell overwrites what is too much. */
	memset(at + length, ' ', CELL + 1);
	return at + (length < width ? width : length) + 1;
}

static char *
put_text(char *at, const char *text, size_t length, size_t width)
{
	memcpy(at, text, length);
	return end_cell(at, length, width);
}

static char *
put_number(char *at, uint64_t number, unsigned base)
{
	return end_cell(at, digits(at, number, base, 1), CELL);
}

static char *
put_human(char *at, uint64_t size)
{
	char text[SHORT_TEXT];

	human_size(text, size);
	return end_cell(at, (size_t)snprintf(at, SHORT_TEXT, "%6s    ", text),
	    CELL);
}

/* Puts a row at a place; returns its end. */
static char *
put_row(char *at, const struct shmt_info *s, bool human)
{
	bool dest = (s->state & SHMT_DEST) != 0;
	bool locked = (s->state & SHMT_LOCKED) != 0;
	const char *owner = user_name(s->uid);

	*at++ = '0';
	*at++ = 'x';
	at = end_cell(at, digits(at, s->key, 16, CELL - 2), CELL - 2);
	at = put_number(at, (uint64_t)s->object.id, 10);
	at = put_text(at, owner, strnlen(owner, CELL), CELL);
	at = put_number(at, s->mode, 8);
	at = human ? put_human(at, s->size) : put_number(at, s->size, 10);
	at = put_number(at, s->nattch, 10);
	at = put_text(at, "dest", dest ? 4 : 0, LAST_CELLS);
	at = put_text(at, "locked", locked ? 6 : 0, LAST_CELLS);
	/* Replaces the blank after the last cell. */
	at[-1] = '\n';
	return at;
}

static void
print_segments(const struct shmt_info *list, size_t count, bool human)
{
	char rows[32 * ROW_MAX], *at = rows;
	size_t i;

	printf("\n------ Shared Memory Segments --------\n"
	    "%-10s %-10s %-10s %-10s %-10s %-10s %-12s\n",
	    "key", "shmid", "owner", "perms", human ? "size" : "bytes",
	    "nattch", "status");
	for (i = 0; i < count; i++) {
		at = put_row(at, &list[i], human);
		if (i + 1 == count || at > rows + sizeof(rows) - ROW_MAX) {
			fwrite_unlocked(rows, 1, (size_t)(at - rows), stdout);
			at = rows;
		}
	}
	putchar('\n');
}

static void
json_limits(struct json *json, const struct shmt_limits *l)
{
	json_open(json, "limits", '{');
	json_number(json, "shmmax", l->shmmax);
	json_number(json, "shmall", l->shmall);
	json_number(json, "shmmni", l->shmmni);
	json_number(json, "shmmin", l->shmmin);
	json_number(json, "msgmni", l->msgmni);
	json_number(json, "msgmax", l->msgmax);
	json_number(json, "msgmnb", l->msgmnb);
	json_signed(json, "semmni", l->semmni);
	json_signed(json, "semmsl", l->semmsl);
	json_signed(json, "semmns", l->semmns);
	json_signed(json, "semopm", l->semopm);
	json_signed(json, "semvmx", l->semvmx);
	json_close(json, '}');
}

static void
json_segment(struct json *json, const struct shmt_info *s)
{
	char perms[SHORT_TEXT];

	snprintf(perms, sizeof(perms), "%04o", s->mode);
	json_open(json, NULL, '{');
	json_key(json, s->key);
	json_signed(json, "id", s->object.id);
	json_text(json, "owner", user_name(s->uid));
	json_text(json, "perms", perms);
	json_number(json, "size", s->size);
	json_number(json, "nattch", s->nattch);
	json_open(json, "status", '[');
	if ((s->state & SHMT_DEST) != 0)
		json_text(json, NULL, "dest");
	if ((s->state & SHMT_LOCKED) != 0)
		json_text(json, NULL, "locked");
	json_close(json, ']');
	json_close(json, '}');
}

static void
print_json(const struct shmt_limits *limits, const struct shmt_info *list,
    size_t count, unsigned what)
{
	struct json json = { .file = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	if ((what & REPORT_LIMITS) != 0)
		json_limits(&json, limits);
	if ((what & REPORT_SEGMENTS) != 0) {
		json_open(&json, "segments", '[');
		for (i = 0; i < count; i++)
			json_segment(&json, &list[i]);
		json_close(&json, ']');
	}
	json_close(&json, '}');
	json_end(&json);
}

int
print_report(unsigned what, enum report_unit unit, bool json)
{
	struct shmt_list all = { 0 };
	struct shmt_limits limits;
	const char *bad = NULL;

	/* Read everything before the first line is printed, so that a failure
	 * prints nothing. */
	if ((what & REPORT_LIMITS) != 0 && shmt_limits(SHMT_LIMITS_SHM |
	    SHMT_LIMITS_MSG | SHMT_LIMITS_SEM, &limits, &bad) == -1)
		return limits_failed(bad, errno);
	if ((what & REPORT_SEGMENTS) != 0 &&
	    shmt_list(SHMT_KIND(SHMT_SYSV), 0, &all) == -1)
		return fail("list of segments", errno);
	if (json)
		print_json(&limits, all.list, all.count, what);
	else {
		if ((what & REPORT_LIMITS) != 0)
			print_limits(&limits, unit);
		if ((what & REPORT_SEGMENTS) != 0)
			print_segments(all.list, all.count,
			    unit == REPORT_HUMAN);
	}
	shmt_list_free(&all);
	return ST_OK;
}
