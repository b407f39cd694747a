/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All segments in sum.
 */

#include <unistd.h>

#include "cmd.h"

struct sum {
	uint64_t segments, unattached, dest;
	uint64_t size, pages, largest;	/* pages as shmall counts them */
	bool has_rss;
	uint64_t rss, swap;
};

static void
number(struct value *value, enum value_kind kind, uint64_t n)
{
	value->kind = kind;
	value->number = n;
}

static void
get_segments(const void *row, struct value *value)
{
	number(value, VALUE_NUMBER, ((const struct sum *)row)->segments);
}

static void
get_unattached(const void *row, struct value *value)
{
	number(value, VALUE_NUMBER, ((const struct sum *)row)->unattached);
}

static void
get_dest(const void *row, struct value *value)
{
	number(value, VALUE_NUMBER, ((const struct sum *)row)->dest);
}

static void
get_size(const void *row, struct value *value)
{
	number(value, VALUE_SIZE, ((const struct sum *)row)->size);
}

static void
get_pages(const void *row, struct value *value)
{
	number(value, VALUE_NUMBER, ((const struct sum *)row)->pages);
}

static void
get_rss(const void *row, struct value *value)
{
	if (((const struct sum *)row)->has_rss)
		number(value, VALUE_SIZE, ((const struct sum *)row)->rss);
}

static void
get_swap(const void *row, struct value *value)
{
	if (((const struct sum *)row)->has_rss)
		number(value, VALUE_SIZE, ((const struct sum *)row)->swap);
}

static void
get_largest(const void *row, struct value *value)
{
	number(value, VALUE_SIZE, ((const struct sum *)row)->largest);
}

static const struct column columns[] = {
	{ "SEGMENTS", true, get_segments, 0 },
	{ "UNATTACHED", true, get_unattached, 0 },
	{ "DEST", true, get_dest, 0 },
	{ "SIZE", true, get_size, 0 },
	{ "PAGES", true, get_pages, 0 },
	{ "RSS", true, get_rss, 0 },
	{ "SWAP", true, get_swap, 0 },
	{ "LARGEST", true, get_largest, 0 }
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
add_row(struct sum *sum, const struct shmt_segment *s, uint64_t page)
{
	sum->segments++;
	sum->unattached += s->nattch == 0;
	sum->dest += (s->state & SHMT_DEST) != 0;
	sum->size += s->size;
	sum->pages += s->size / page + (s->size % page != 0);
	if (s->size > sum->largest)
		sum->largest = s->size;
	sum->has_rss = sum->has_rss && s->has_rss;
	sum->rss += s->rss;
	sum->swap += s->swap;
}

int
print_summary(struct table *table, const struct rows *rows)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct sum sum = { .has_rss = true };
	const struct column *chosen[COLUMNS];
	struct json json = { .out = stdout };
	void *only[] = { &sum };
	size_t i;

	for (i = 0; i < rows->picked_count; i++)
		add_row(&sum, &((struct row *)rows->picked[i])->segment, page);
	for (i = 0; i < COLUMNS; i++)
		chosen[i] = &columns[i];
	table->columns = chosen;
	table->column_count = COLUMNS;
	table->rows = only;
	table->row_count = 1;
	if (table->format != FORMAT_JSON)
		return print_table(table, NULL, NULL);
	json_open(&json, NULL, '{');
	print_object(table, &json, "summary", &sum);
	json_close(&json, '}');
	json_end(&json);
	return ST_OK;
}
