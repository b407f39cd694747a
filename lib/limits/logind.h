/* SPDX-License-Identifier: BSD-2-Clause */

/* RemoveIPC of systemd-logind. */

#ifndef SHMT_LIMITS_LOGIND_H
#define SHMT_LIMITS_LOGIND_H

#include "shmtool.h"

/* shmt_logout_removes() with another root folder, as a descriptor. */
int shmt__logout_removes(int root, uint32_t uid, bool *removes);

#endif
