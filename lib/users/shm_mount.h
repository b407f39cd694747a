/* SPDX-License-Identifier: BSD-2-Clause */

/* Joining user namespaces. */

#ifndef SHMT_USERS_SHM_MOUNT_H
#define SHMT_USERS_SHM_MOUNT_H

#include "shmtool.h"

/* Joins a user namespace, whose processes could trace this process from then
 * on, and reach its root directory and descriptors: so it is made not
 * dumpable. */
int shmt__join_user_namespace(int fd);

/* Whether an open user namespace is the caller's own. */
bool shmt__is_own_user_namespace(int fd);

#endif
