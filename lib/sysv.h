/* SPDX-License-Identifier: BSD-2-Clause */

/* System V segments as the kernel reports them. */

#ifndef SHMT_SYSV_H
#define SHMT_SYSV_H

#include <sys/ipc.h>
#include <sys/shm.h>

#include "shmtool.h"

/* Linux 4.17; glibc names it since 2.28. */
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

/* Sets known and in_use, once all but rss and swap is set. */
void shmt__sysv_set_known(struct shmt_info *segment);

/* Converts the kernel's struct; rss and swap stay unknown. */
void shmt__sysv_fill(int id, const struct shmid_ds *ds,
    struct shmt_info *segment);

/* Parses the text of /proc/sysvipc/shm, which it changes, into an array that
 * the caller frees.  EBADMSG: it is not what a kernel writes. */
int shmt__parse_sysvipc(char *text, struct shmt_info **list, size_t *count);

/*
 * Segments by id.  shmt__sysv_stat() finds everything but rss and swap, by one
 * system call that leaves no trace.  A program of 32 bits gets the lower half
 * of a size of 64 bits; shmt__sysv_all() gives it the whole.
 */
int shmt__sysv_stat(int id, struct shmt_info *segment);
int shmt__sysv_stat_rss(int id, struct shmt_info *segment);
int shmt__sysv_create(const struct shmt_request *request, int *id,
    bool *created);
int shmt__sysv_lock(int id, bool lock);
int shmt__sysv_may_remove(int id);
int shmt__sysv_rmid(int id);
int shmt__sysv_attach(int id, const void *address, unsigned flags,
    void **at);

/*
 * All segments of the IPC namespace, in the order of the kernel's array, into
 * an array that the caller frees.  With rss wanted, from /proc/sysvipc/shm if
 * that is there; else by the way that is cheapest for the number of segments.
 * errno as of shmctl(2).
 */
int shmt__sysv_all(bool want_rss, struct shmt_info **list, size_t *count);

/* The functions of object.c for segments. */
int shmt__sysv_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info);
int shmt__sysv_list(unsigned want, struct shmt_list *list);
int shmt__sysv_remove(const struct shmt_object *object, unsigned flags,
    struct shmt_removal *removal);
int shmt__sysv_set(const struct shmt_info *info);

#endif
