/* SPDX-License-Identifier: BSD-2-Clause */

/* Holders of segments. */

#ifndef SHMT_USERS_HOLDERS_H
#define SHMT_USERS_HOLDERS_H

#include "shmtool.h"
#include "users/maps.h"

/* shmt_holders() by one way. */
int shmt__holders(int id, enum shmt__way way, struct shmt_holders *holders);

#endif
