/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The commands, and what each of them needs: options, messages and exit
 * statuses.
 */

#ifndef CMD_H
#define CMD_H

#include "ui/message.h"
#include "ui/options.h"

extern const struct cmd cmd_attach, cmd_create, cmd_limits, cmd_read,
    cmd_restore, cmd_rm, cmd_save, cmd_set, cmd_stat, cmd_write;

#endif
