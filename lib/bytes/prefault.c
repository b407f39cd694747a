/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pages had by a thread, ahead of the copy that needs them.  A page costs
 * nearly as much to have as to copy, so two processors share the work.
 */

#include <sys/mman.h>

#include <pthread.h>
#include <stdlib.h>

#include "bytes/prefault.h"
#include "bytes/view.h"
#include "shmtool.h"
#include "sys/thread.h"

/* Had by one call; the copy may follow closely. */
#define PIECE ((uint64_t)1 << 20)

struct shmt__prefault {
	const struct shmt_view *view;
	pthread_t thread;
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t changed;
	uint64_t had, wanted;	/* up to these bytes of the segment */
	bool ends;
};

static void *
have_pages(void *arg)
{
	struct shmt__prefault *a = arg;
	uint64_t from, to;

	pthread_mutex_lock(&a->lock);
	while (!a->ends) {
		if (a->had == a->wanted) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		from = a->had & ~(uint64_t)(a->view->page - 1);
		to = a->wanted - from < PIECE ? a->wanted : from + PIECE;
		pthread_mutex_unlock(&a->lock);
		/* If it fails the copy does too, and says why. */
		madvise(a->view->at + from, (size_t)(to - from),
		    MADV_POPULATE_READ);
		pthread_mutex_lock(&a->lock);
		a->had = to;
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static void
release(struct shmt__prefault *a)
{
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->changed);
	free(a);
}

struct shmt__prefault *
shmt__prefault_start(const struct shmt_view *view)
{
	struct shmt__prefault *a;

	if (shmt__processors() < 2)
		return NULL;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->view = view;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (shmt__start_thread(&a->thread, have_pages, a))
		return a;
	release(a);
	return NULL;
}

void
shmt__prefault_want(struct shmt__prefault *a, uint64_t from, uint64_t to)
{
	pthread_mutex_lock(&a->lock);
	if (a->had < from)
		a->had = from;
	a->wanted = to;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

void
shmt__prefault_wait(struct shmt__prefault *a, uint64_t to)
{
	pthread_mutex_lock(&a->lock);
	while (a->had < to)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

void
shmt__prefault_end(struct shmt__prefault *a)
{
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->ends = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	release(a);
}
