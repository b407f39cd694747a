/* SPDX-License-Identifier: BSD-2-Clause */

/* RemoveIPC of systemd-logind. */

#ifndef SHMT_LIMITS_LOGIND_H
#define SHMT_LIMITS_LOGIND_H

#include "shmtool.h"

/* shmt_logout_removes() with the files below another root directory, "" for
 * the real one. */
int shmt__logout_removes(const char *root, uint32_t uid, bool *removes);

#endif
