/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The commands, and what each needs: options, messages, exit statuses.  A
 * message is worded where the failure is noticed, in the file of the command,
 * or by errno: operand.c (it is not there), diagnose.c (the kernel refused),
 * transfer.c (contents), archive.c (saving).  ui/message.c prints it.
 */

#ifndef CMD_H
#define CMD_H

#include "ui/message.h"
#include "ui/options.h"

extern const struct cmd cmd_attach, cmd_create, cmd_limits, cmd_read,
    cmd_restore, cmd_rm, cmd_save, cmd_set, cmd_stat, cmd_write;

#endif
