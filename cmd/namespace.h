/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --ns: the IPC namespace in which the command runs.
 */

#ifndef NAMESPACE_H
#define NAMESPACE_H

/* Enters the namespace that the value of --ns names; an exit status. */
int enter_namespace(const char *which);

/* The value of --ns, whose IPC namespace was entered, or NULL. */
const char *entered_namespace(void);

#endif
