/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Scans all processes of /proc: which of them map a piece of shared memory,
 * which have it open, which user ids they have, which namespaces they are in.
 * With many processes and processors several threads share the work, nearly all
 * of which is done in the kernel: each thread takes the next process and keeps
 * its own results.
 */

#include <sys/queue.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "shmtool.h"
#include "sys/array.h"
#include "sys/thread.h"
#include "sys/walk.h"
#include "users/process.h"
#include "users/scan.h"
#include "users/scan_process.h"

/* Starting a thread costs as much as scanning a few processes. */
#define PROCESSES_PER_THREAD 128
#define THREADS_MAX 8

/* Runs in each thread, the caller's included. */
static void *
run_worker(void *arg)
{
	struct shmt__worker *worker = arg;
	struct shmt__job *job = worker->job;
	size_t i;

	while (worker->error == 0 &&
	    (i = atomic_fetch_add(&job->next, 1)) < job->count)
		if (shmt__scan_process(worker, job->pids[i]) == -1)
			worker->error = errno;
	return NULL;
}

/* The number of threads worth their start, the caller's included. */
static size_t
useful_threads(size_t processes)
{
	size_t n = processes / PROCESSES_PER_THREAD, processors;

	if (n < 2)
		return 1;
	processors = shmt__processors();
	if (n > processors)
		n = processors;
	return n < THREADS_MAX ? n : THREADS_MAX;
}

/* If a thread cannot be started, the others do its work. */
static void
run_workers(struct shmt__worker *workers, size_t count)
{
	pthread_t threads[THREADS_MAX];
	size_t started = 1;

	while (started < count && shmt__start_thread(&threads[started],
	    run_worker, &workers[started]))
		started++;
	run_worker(&workers[0]);
	while (started-- > 1)
		pthread_join(threads[started], NULL);
}

/* Adds what one worker found to what another did. */
static int
append_results(struct shmt__scan *to, struct shmt__scan *from)
{
	struct shmt__process *process;
	struct shmt__found *more;

	more = reallocarray(to->found, to->count + from->count + 1,
	    sizeof(*more));
	if (more == NULL) {
		shmt__scan_free(from);
		return -1;
	}
	while ((process = SLIST_FIRST(&from->processes)) != NULL) {
		SLIST_REMOVE_HEAD(&from->processes, link);
		SLIST_INSERT_HEAD(&to->processes, process, link);
	}
	shmt__strings_join(&to->names, from->names);
	if (from->count > 0)
		memcpy(more + to->count, from->found,
		    from->count * sizeof(*more));
	to->found = more;
	to->count += from->count;
	to->hidden += from->hidden;
	free(from->found);
	return 0;
}

static int
scan_in_threads(struct shmt__job *job, struct shmt__scan *scan)
{
	size_t count = useful_threads(job->count), i;
	struct shmt__worker workers[THREADS_MAX];
	int error;

	for (i = 0; i < THREADS_MAX; i++)
		workers[i] = (struct shmt__worker){ .job = job };
	run_workers(workers, count);
	for (i = 0; i < count; i++)
		free(workers[i].mounted);
	*scan = workers[0].scan;
	error = workers[0].error;
	for (i = 1; i < count; i++) {
		if (append_results(scan, &workers[i].scan) == -1)
			error = errno;
		if (workers[i].error != 0)
			error = workers[i].error;
	}
	if (error == 0)
		return 0;
	shmt__scan_free(scan);
	errno = error;
	return -1;
}

int
shmt__scan(const struct shmt__query *query, struct shmt__scan *scan)
{
	struct shmt__job job = { .query = query, .pids = query->pids,
	    .count = query->pid_count };
	pid_t *all = NULL;
	int result;
	DIR *proc;

	proc = opendir("/proc");
	if (proc == NULL)
		return -1;
	job.proc = dirfd(proc);
	result = shmt__read_ns(&job, "self", "ipc", &job.ns);
	if (result == 0 && job.pids == NULL) {
		result = shmt__list_pids(proc, &all, &job.count);
		job.pids = all;
	}
	if (result == 0)
		result = scan_in_threads(&job, scan);
	if (result == 0 && query->pids == NULL && scan->hidden == 0)
		scan->hidden = shmt__proc_hides();
	shmt__close_dir(proc);
	free(all);
	return result;
}

void
shmt__scan_free(struct shmt__scan *scan)
{
	struct shmt__process *process;

	while ((process = SLIST_FIRST(&scan->processes)) != NULL) {
		SLIST_REMOVE_HEAD(&scan->processes, link);
		free(process);
	}
	shmt__strings_free(scan->names);
	free(scan->found);
}
