/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sums of shared memory by kind and owner, as metrics.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "limits/sums.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

static int
compare_owners(const void *a, const void *b)
{
	const struct shmt_info *x = a, *y = b;

	if (x->object.kind != y->object.kind)
		return x->object.kind < y->object.kind ? -1 : 1;
	return (x->uid > y->uid) - (x->uid < y->uid);
}

static struct sum *
begin_sum(struct sums *sums, const struct shmt_info *info)
{
	sums->list = check_memory(reallocarray(sums->list, sums->count + 1,
	    sizeof(*sums->list)));
	sums->list[sums->count] = (struct sum){ .kind = info->object.kind,
		.uid = info->uid };
	return &sums->list[sums->count++];
}

void
add_sums(struct sums *sums, struct shmt_list *all)
{
	const struct shmt_info *info;
	struct sum *sum = NULL;

	if (all->count > 0)
		qsort(all->list, all->count, sizeof(*all->list),
		    compare_owners);
	for (info = all->list; info < all->list + all->count; info++) {
		if (sum == NULL || sum->kind != info->object.kind ||
		    sum->uid != info->uid)
			sum = begin_sum(sums, info);
		sum->count++;
		sum->size = add_sizes(sum->size, info->size);
		sum->rss = add_sizes(sum->rss, info->rss);
		sum->no_rss += (info->known & SHMT_HAS_RSS) == 0;
	}
}

/* A label's value must be UTF-8, with three characters escaped. */
static void
print_owner(uint32_t uid)
{
	const char *name = user_name(uid);

	if (!is_utf8(name)) {
		printf("%" PRIu32, uid);
		return;
	}
	for (; *name != '\0'; name++)
		if (*name == '\n')
			fputs("\\n", stdout);
		else
			printf(*name == '"' || *name == '\\' ? "\\%c" : "%c",
			    *name);
}

static void
print_sum(const char *metric, const struct sum *sum, uint64_t value)
{
	printf("%s{kind=\"%s\",owner=\"", metric, shmt_kind_name(sum->kind));
	print_owner(sum->uid);
	printf("\",uid=\"%" PRIu32 "\"", sum->uid);
	if (sum->ns != 0)
		printf(",ipc_namespace=\"%" PRIu64 "\"", sum->ns);
	printf("} %" PRIu64 "\n", value);
}

void
print_gauge(const char *name, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void
print_sums(const struct sums *sums)
{
	const struct sum *end = sums->list + sums->count, *sum;

	if (sums->count == 0)
		return;
	print_gauge("shm_owner_objects",
	    "Segments and objects, by kind and owner.");
	for (sum = sums->list; sum < end; sum++)
		print_sum("shm_owner_objects", sum, sum->count);
	print_gauge("shm_owner_bytes",
	    "Size of segments and objects, by kind and owner.");
	for (sum = sums->list; sum < end; sum++)
		print_sum("shm_owner_bytes", sum, sum->size);
	print_gauge("shm_owner_resident_bytes",
	    "Memory of segments and objects, by kind and owner.");
	for (sum = sums->list; sum < end; sum++)
		if (sum->no_rss == 0)
			print_sum("shm_owner_resident_bytes", sum, sum->rss);
}
