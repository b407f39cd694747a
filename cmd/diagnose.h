/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Messages about what the kernel refused: why, which limit, what would help.
 * Each returns the exit status that belongs to it.
 */

#ifndef CMD_DIAGNOSE_H
#define CMD_DIAGNOSE_H

#include <stdint.h>

#include "shmtool.h"

/* Only a kernel booted with ipcmni_extend counts more segments. */
#define SHMMNI_MOST 32768

/* A segment that could not be made, attached or locked. */
int diagnose_refusal(const char *object, const struct shmt_request *request,
    enum shmt_step step, int error);

/* A POSIX object that could not be made or opened, or grown by request->size
 * bytes. */
int diagnose_object(const char *text, const struct shmt_object *object,
    const struct shmt_request *request, int error);

/* Memory that is refused because vm.overcommit_memory is 2. */
int report_overcommit(const char *object, const struct shmt_cause *cause);

/* An owner that could not be set on a new segment or object. */
int owner_refused(const char *text, const char *owner, int error);

/* Limits that could not be read: bad as of shmt_limits(). */
int limits_failed(const char *bad, int error);

/* A limit that could not be set: reason and now as of shmt_limit_set(). */
int setting_failed(const struct shmt_setting *setting, uint64_t now,
    const char *reason, int error);

/* The option that sets the size of /dev/shm when this container is started, or
 * NULL if this is not a container. */
const char *container_size_option(void);

#endif
