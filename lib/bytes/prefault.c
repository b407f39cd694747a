/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A thread that faults pages in, ahead of the copy that needs them.  Faulting
 * a page in takes at least half as long as copying it, so two processors share
 * the work.
 */

#include <sys/mman.h>

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes/prefault.h"
#include "sys/thread.h"

/* Faulted in by one call; the copy may follow closely. */
#define PIECE ((uint64_t)1 << 20)

/* The thread is at most so far ahead of the copy. */
#define AHEAD ((uint64_t)3 << 20)

struct shmt__prefault {
	char *at;
	int advice;
	uint64_t page;
	pthread_t thread;
	pthread_mutex_t lock;	/* of the members below */
	pthread_cond_t changed;
	uint64_t done, wanted;	/* up to these offsets */
	bool ends;
};

static void *
fault_in(void *arg)
{
	struct shmt__prefault *p = arg;
	uint64_t from, to;

	pthread_mutex_lock(&p->lock);
	while (!p->ends) {
		if (p->done == p->wanted) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		from = p->done & ~(p->page - 1);
		to = p->wanted - from < PIECE ? p->wanted : from + PIECE;
		pthread_mutex_unlock(&p->lock);
		/* If this fails, the copy fails too and reports why. */
		madvise(p->at + from, (size_t)(to - from), p->advice);
		pthread_mutex_lock(&p->lock);
		p->done = to;
		pthread_cond_signal(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void
release(struct shmt__prefault *p)
{
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}

struct shmt__prefault *
shmt__prefault_start(char *at, int advice)
{
	struct shmt__prefault *p;

	if (shmt__processors() < 2)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->at = at;
	p->advice = advice;
	p->page = (uint64_t)sysconf(_SC_PAGESIZE);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	if (shmt__start_thread(&p->thread, fault_in, p))
		return p;
	release(p);
	return NULL;
}

void
shmt__prefault_range(struct shmt__prefault *p, uint64_t from, uint64_t to,
    uint64_t end)
{
	pthread_mutex_lock(&p->lock);
	if (p->done < from)
		p->done = p->wanted = from;
	if (p->wanted < end && p->wanted < to + PIECE) {
		p->wanted = end - from < AHEAD ? end : from + AHEAD;
		pthread_cond_signal(&p->changed);
	}
	while (p->done < to)
		pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void
shmt__prefault_end(struct shmt__prefault *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->ends = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	release(p);
}
