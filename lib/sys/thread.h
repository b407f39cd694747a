/* SPDX-License-Identifier: BSD-2-Clause */

/* Threads of the library. */

#ifndef SHMT_SYS_THREAD_H
#define SHMT_SYS_THREAD_H

#include <pthread.h>

#include "shmtool.h"

/* How many threads can run at once; and one more thread. */
size_t shmt__processors(void);
bool shmt__start_thread(pthread_t *thread, void *work(void *), void *arg);

#endif
