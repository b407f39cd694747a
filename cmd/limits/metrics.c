/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --prometheus: the text exposition format, of this IPC namespace or
 * of all of them.  A figure that is not known of a namespace has no line.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diagnose.h"
#include "limits/actions.h"
#include "limits/sample.h"
#include "limits/sums.h"
#include "namespace.h"
#include "shmtool.h"
#include "ui/message.h"

/* When a figure is known. */
enum need { ALWAYS, RSS, DEV_SHM, INODES, CGROUP };

#define FIGURE(member) offsetof(struct sample, member)

static const struct metric {
	const char *name, *help;
	size_t figure;		/* a uint64_t of struct sample */
	enum need need;
	bool pages;		/* counts pages, and is printed in bytes */
} metrics[] = {
	{ "shm_segments", "Segments that exist.",
	    FIGURE(usage.segments), ALWAYS, false },
	{ "shm_allocated_bytes",
	    "Size of all segments, in whole pages, resident or not.",
	    FIGURE(usage.pages), ALWAYS, true },
	{ "shm_largest_segment_bytes", "Size of the largest segment.",
	    FIGURE(usage.largest), ALWAYS, false },
	{ "shm_resident_bytes", "Memory that segments occupy.",
	    FIGURE(usage.resident), RSS, false },
	{ "shm_swapped_bytes", "Contents of segments that are swapped out.",
	    FIGURE(usage.swapped), RSS, false },
	{ "shm_attachments", "Attachments of all segments together.",
	    FIGURE(usage.attachments), ALWAYS, false },
	{ "shm_unattached_segments", "Segments that no process has attached.",
	    FIGURE(usage.unattached), ALWAYS, false },
	{ "shm_stale_segments",
	    "Unattached segments whose users have exited, idle an hour.",
	    FIGURE(stale), ALWAYS, false },
	{ "shm_dest_segments", "Segments that are marked for removal.",
	    FIGURE(usage.dest), ALWAYS, false },
	{ "shm_limit_segments",
	    "Segments that may exist (kernel.shmmni).",
	    FIGURE(limits.shmmni), ALWAYS, false },
	{ "shm_limit_allocated_bytes",
	    "Size that all segments may have (kernel.shmall).",
	    FIGURE(limits.shmall), ALWAYS, true },
	{ "shm_limit_segment_bytes",
	    "Size that one segment may have (kernel.shmmax).",
	    FIGURE(limits.shmmax), ALWAYS, false },
	{ "shm_dev_shm_used_bytes", "Memory that files in /dev/shm occupy.",
	    FIGURE(dev_shm.used), DEV_SHM, false },
	{ "shm_limit_dev_shm_bytes", "Size of the tmpfs at /dev/shm.",
	    FIGURE(dev_shm.size), DEV_SHM, false },
	{ "shm_dev_shm_used_inodes", "Inodes in use in /dev/shm.",
	    FIGURE(dev_shm.used_inodes), INODES, false },
	{ "shm_limit_dev_shm_inodes", "Inodes that /dev/shm may have.",
	    FIGURE(dev_shm.inodes), INODES, false },
	{ "shm_memory_cgroup_used_bytes",
	    "Use of the memory cgroup that has the least left.",
	    FIGURE(cgroup_used), CGROUP, false },
	{ "shm_limit_memory_cgroup_bytes",
	    "Limit of the memory cgroup that has the least left.",
	    FIGURE(cgroup_limit), CGROUP, false }
};

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

/* The sample of one namespace. */
struct labelled {
	struct sample sample;
	bool has_ns;
	uint64_t ns;
};

static bool
is_known(const struct sample *sample, enum need need)
{
	switch (need) {
	case ALWAYS:
		return true;
	case RSS:
		return sample->usage.has_rss;
	case DEV_SHM:
		return sample->has_dev_shm && sample->dev_shm.size != 0;
	case INODES:
		return sample->has_dev_shm && sample->dev_shm.inodes != 0;
	case CGROUP:
		break;
	}
	return sample->has_cgroup;
}

/* Writes the sample and then the sums of its owners to a pipe, in a child that
 * is inside another namespace. */
static int
send_sample(void *arg, int out)
{
	struct sums sums = { 0 };
	struct sample sample;
	struct shmt_list all;
	const char *bad;
	size_t size;

	(void)arg;
	if (take_sample(true, &sample, &all, &bad) == -1)
		return errno;
	add_sums(&sums, &all);
	size = sums.count * sizeof(*sums.list);
	return write(out, &sample, sizeof(sample)) == sizeof(sample) &&
	    write(out, sums.list, size) == (ssize_t)size ? 0 : EIO;
}

static void
print_samples(const struct labelled *samples, size_t count)
{
	const double page = (double)sysconf(_SC_PAGESIZE);
	const struct metric *m;
	uint64_t value;
	bool headed;
	size_t i;

	for (m = metrics; m < metrics + METRICS; m++) {
		headed = false;
		for (i = 0; i < count; i++) {
			if (!is_known(&samples[i].sample, m->need))
				continue;
			if (!headed)
				print_gauge(m->name, m->help);
			headed = true;
			printf("%s", m->name);
			/* /dev/shm and the memory cgroup belong to no IPC
			 * namespace. */
			if (samples[i].has_ns && m->need < DEV_SHM)
				printf("{ipc_namespace=\"%" PRIu64 "\"}",
				    samples[i].ns);
			putchar(' ');
			memcpy(&value, (const char *)&samples[i].sample +
			    m->figure, sizeof(value));
			/* The product may have more than 64 bits; Prometheus
			 * takes all values as numbers of this type. */
			if (m->pages)
				printf("%.0f\n", (double)value * page);
			else
				printf("%" PRIu64 "\n", value);
		}
	}
}

/* Adds the sums of segments that follow a sample; false: the length is not that
 * of sums. */
static bool
receive_sums(const char *bytes, size_t length, uint64_t ns, struct sums *sums)
{
	const size_t count = length / sizeof(*sums->list);
	size_t i;

	if (length % sizeof(*sums->list) != 0)
		return false;
	sums->list = check_memory(reallocarray(sums->list,
	    sums->count + count + 1, sizeof(*sums->list)));
	memcpy(sums->list + sums->count, bytes, length);
	for (i = 0; i < count; i++, sums->count++) {
		sums->list[sums->count].kind = SHMT_SYSV;
		sums->list[sums->count].ns = ns;
	}
	return true;
}

/* Takes a sample of each namespace; returns how many, and counts those that
 * could not be looked into. */
static size_t
sample_all(const struct shmt_ns *list, size_t count, struct labelled *samples,
    struct sums *sums, size_t *hidden)
{
	const size_t head = sizeof(samples->sample);
	size_t i, n = 0, length;
	void *answer;

	for (i = 0; i < count; i++) {
		if (shmt_ns_run(&list[i], send_sample, NULL, &answer,
		    &length) == -1) {
			/* Its last process may have ended meanwhile. */
			*hidden += errno != ESRCH;
			continue;
		}
		if (length >= head && receive_sums((char *)answer + head,
		    length - head, list[i].inode, sums)) {
			memcpy(&samples[n].sample, answer, head);
			samples[n].has_ns = true;
			samples[n].ns = list[i].inode;
			n++;
		}
		free(answer);
	}
	return n;
}

/* Adds the sums of POSIX objects, but not with --ns PID, which does not enter
 * the /dev/shm of that process. */
static void
add_object_sums(struct sums *sums)
{
	struct shmt_list all;

	if (entered_namespace() != NULL || shmt_list(SHMT_KIND(SHMT_POSIX),
	    SHMT_WANT_RSS, &all) == -1)
		return;
	add_sums(sums, &all);
	shmt_list_free(&all);
}

static int
print_all_metrics(void)
{
	size_t count, known, unseen, hidden = 0;
	struct sums sums = { 0 };
	struct labelled *samples;
	struct shmt_ns *list;

	if (shmt_ns_list(SHMT_SYSV, &list, &count, &unseen) == -1)
		return fail("IPC namespaces", errno);
	samples = check_memory(calloc(count, sizeof(*samples)));
	known = sample_all(list, count, samples, &sums, &hidden);
	if (known > 0)
		add_memory_limits(&samples[0].sample);
	print_samples(samples, known);
	add_object_sums(&sums);
	print_sums(&sums);
	print_gauge("shm_hidden_namespaces",
	    "IPC namespaces that could not be looked into.");
	printf("shm_hidden_namespaces %zu\n", hidden);
	print_gauge("shm_hidden_processes",
	    "Processes whose IPC namespace could not be read.");
	printf("shm_hidden_processes %zu\n", unseen);
	free(sums.list);
	free(samples);
	free(list);
	return ST_OK;
}

int
print_metrics(bool all_ns)
{
	struct labelled here = { .has_ns = false };
	struct sums sums = { 0 };
	struct shmt_list all;
	const char *bad;

	if (all_ns)
		return print_all_metrics();
	if (take_sample(true, &here.sample, &all, &bad) == -1)
		return limits_failed(bad, errno);
	add_memory_limits(&here.sample);
	print_samples(&here, 1);
	add_sums(&sums, &all);
	shmt_list_free(&all);
	add_object_sums(&sums);
	print_sums(&sums);
	free(sums.list);
	return ST_OK;
}
