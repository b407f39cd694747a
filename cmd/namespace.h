/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --ns: the IPC namespace in which the command runs, and whose /dev/shm it
 * sees.
 */

#ifndef NAMESPACE_H
#define NAMESPACE_H

/* Enters the namespace that the value of --ns names; an exit status. */
int enter_namespace(const char *which);

/* The value of --ns, whose IPC namespace was entered, or NULL. */
const char *entered_namespace(void);

/* "--ns VALUE " for a command that a message suggests, "" without --ns. */
const char *ns_option(void);

/*
 * Where --ns was given, mounts the /dev/shm of its process at ours, once:
 * before the first use of a POSIX object.  text: the operand or option that
 * names objects.  An exit status.
 */
int enter_dev_shm(const char *text);

#endif
