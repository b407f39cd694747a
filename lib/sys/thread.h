/* SPDX-License-Identifier: BSD-2-Clause */

/* Threads of the library. */

#ifndef SHMT_SYS_THREAD_H
#define SHMT_SYS_THREAD_H

#include <pthread.h>

#include "shmtool.h"

/* How many processors this process may use. */
size_t shmt__processors(void);

/* Starts a thread that takes no signals; false: it cannot be started. */
bool shmt__start_thread(pthread_t *thread, void *work(void *), void *arg);

#endif
