/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --prometheus: the text exposition format, of this IPC namespace or
 * of all of them.  What is not known of a namespace has no line.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limits/ipcs.h"
#include "limits/metrics.h"
#include "shmtool.h"
#include "ui/message.h"

enum {
	M_SEGMENTS, M_ALLOCATED, M_LARGEST, M_RESIDENT, M_SWAPPED,
	M_ATTACHMENTS, M_UNATTACHED, M_STALE, M_DEST, M_LIMIT_SEGMENTS,
	M_LIMIT_ALLOCATED, M_LIMIT_SEGMENT, METRICS
};

static const struct {
	const char *name, *help;
	bool pages;		/* counted so, told in bytes */
} metrics[METRICS] = {
	[M_SEGMENTS] = { "shm_segments", "Segments that exist.", false },
	[M_ALLOCATED] = { "shm_allocated_bytes",
	    "Size of all segments, in whole pages, resident or not.", true },
	[M_LARGEST] = { "shm_largest_segment_bytes",
	    "Size of the largest segment.", false },
	[M_RESIDENT] = { "shm_resident_bytes",
	    "Memory that segments occupy.", false },
	[M_SWAPPED] = { "shm_swapped_bytes",
	    "Contents of segments that are swapped out.", false },
	[M_ATTACHMENTS] = { "shm_attachments",
	    "Attachments of all segments together.", false },
	[M_UNATTACHED] = { "shm_unattached_segments",
	    "Segments that no process has attached.", false },
	[M_STALE] = { "shm_stale_segments",
	    "Unattached segments whose users are gone, idle an hour.", false },
	[M_DEST] = { "shm_dest_segments",
	    "Segments that go at their last detach.", false },
	[M_LIMIT_SEGMENTS] = { "shm_limit_segments",
	    "Segments that may exist (kernel.shmmni).", false },
	[M_LIMIT_ALLOCATED] = { "shm_limit_allocated_bytes",
	    "Size that all segments may have (kernel.shmall).", true },
	[M_LIMIT_SEGMENT] = { "shm_limit_segment_bytes",
	    "Size that one segment may have (kernel.shmmax).", false }
};

/* What is known of one namespace. */
struct sample {
	uint64_t value[METRICS];
	bool known[METRICS];
	bool has_ns;
	uint64_t ns;
};

static void
set(struct sample *sample, int metric, uint64_t value)
{
	sample->value[metric] = value;
	sample->known[metric] = true;
}

static void
count_segments(struct sample *sample, const struct shmt_info *list,
    size_t count)
{
	struct shmt_clause clause = { .by = SHMT_BY_STALE };
	const struct shmt_filter is_stale = { &clause, 1 };
	uint64_t attached = 0, unattached = 0, stale = 0, dest = 0;
	int64_t now = (int64_t)time(NULL);
	size_t i;

	for (i = 0; i < count; i++) {
		attached += list[i].nattch;
		unattached += list[i].nattch == 0;
		dest += (list[i].state & SHMT_DEST) != 0;
		stale += shmt_match(&is_stale, &list[i], now, NULL);
	}
	set(sample, M_ATTACHMENTS, attached);
	set(sample, M_UNATTACHED, unattached);
	set(sample, M_STALE, stale);
	set(sample, M_DEST, dest);
}

/* Of the namespace that we are in; *bad as of shmt_limits(). */
static int
take_sample(struct sample *sample, const char **bad)
{
	struct shmt_info *list;
	struct shmt_limits limits;
	struct shmt_usage usage;
	size_t count;

	memset(sample, 0, sizeof(*sample));
	*bad = NULL;
	if (shmt_limits(SHMT_LIMITS_SHM, &limits, bad) == -1 ||
	    shmt_usage(&usage) == -1 || shmt_list(false, &list, &count) == -1)
		return -1;
	set(sample, M_LIMIT_SEGMENTS, limits.shmmni);
	set(sample, M_LIMIT_ALLOCATED, limits.shmall);
	set(sample, M_LIMIT_SEGMENT, limits.shmmax);
	set(sample, M_SEGMENTS, usage.segments);
	set(sample, M_ALLOCATED, usage.pages);
	set(sample, M_LARGEST, usage.largest);
	if (usage.has_rss) {
		set(sample, M_RESIDENT, usage.resident);
		set(sample, M_SWAPPED, usage.swapped);
	}
	count_segments(sample, list, count);
	free(list);
	return 0;
}

/* In a child, inside another namespace: the sample through a pipe. */
static int
send_sample(void *arg, int out)
{
	struct sample sample;
	const char *bad;

	(void)arg;
	if (take_sample(&sample, &bad) == -1)
		return errno;
	return write(out, &sample, sizeof(sample)) == sizeof(sample) ? 0 : EIO;
}

/* Exact, though pages times their size may be more than 64 bits hold: in two
 * parts, the lower one of ten digits. */
static void
print_value(uint64_t value, uint64_t unit)
{
	const uint64_t part = UINT64_C(10000000000);
	uint64_t high = value / part * unit, low = value % part * unit;

	high += low / part;
	low %= part;
	if (high > 0)
		printf("%" PRIu64 "%010" PRIu64 "\n", high, low);
	else
		printf("%" PRIu64 "\n", low);
}

static void
print_gauge(const char *name, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void
print_metric(int metric, const struct sample *samples, size_t count)
{
	uint64_t unit = metrics[metric].pages ?
	    (uint64_t)sysconf(_SC_PAGESIZE) : 1;
	bool headed = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!samples[i].known[metric])
			continue;
		if (!headed)
			print_gauge(metrics[metric].name,
			    metrics[metric].help);
		headed = true;
		printf("%s", metrics[metric].name);
		if (samples[i].has_ns)
			printf("{ipc_namespace=\"%" PRIu64 "\"}",
			    samples[i].ns);
		putchar(' ');
		print_value(samples[i].value[metric], unit);
	}
}

static void
print_samples(const struct sample *samples, size_t count)
{
	int metric;

	for (metric = 0; metric < METRICS; metric++)
		print_metric(metric, samples, count);
}

/* A sample of each namespace; how many would not be looked into. */
static size_t
ask_all(const struct shmt_ns *list, size_t count, struct sample *samples,
    size_t *hidden)
{
	size_t i, n = 0, length;
	void *answer;

	for (i = 0; i < count; i++) {
		if (shmt_ns_run(&list[i], send_sample, NULL, &answer,
		    &length) == -1) {
			/* One that ended meanwhile is no longer there. */
			*hidden += errno != ESRCH;
			continue;
		}
		if (length == sizeof(samples[n])) {
			memcpy(&samples[n], answer, length);
			samples[n].has_ns = true;
			samples[n].ns = list[i].inode;
			n++;
		}
		free(answer);
	}
	return n;
}

static int
export_all(void)
{
	size_t count, known, unseen, hidden = 0;
	struct sample *samples;
	struct shmt_ns *list;

	if (shmt_ns_list(&list, &count, &unseen) == -1)
		return fail("IPC namespaces", errno);
	samples = calloc(count, sizeof(*samples));
	if (samples == NULL) {
		free(list);
		return fail(NULL, errno);
	}
	known = ask_all(list, count, samples, &hidden);
	print_samples(samples, known);
	print_gauge("shm_hidden_namespaces",
	    "IPC namespaces that could not be looked into.");
	printf("shm_hidden_namespaces %zu\n", hidden);
	print_gauge("shm_hidden_processes",
	    "Processes that would not tell their IPC namespace.");
	printf("shm_hidden_processes %zu\n", unseen);
	free(samples);
	free(list);
	return ST_OK;
}

int
export_metrics(bool all_ns)
{
	struct sample sample;
	const char *bad;

	if (all_ns)
		return export_all();
	if (take_sample(&sample, &bad) == -1)
		return limits_failed(bad, errno);
	print_samples(&sample, 1);
	return ST_OK;
}
