/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Notes on standard error for people at a terminal, below a table of segments.
 */

#ifndef CMD_STAT_NOTES_H
#define CMD_STAT_NOTES_H

/* Notes that there are POSIX objects, which were not asked for. */
void note_objects(void);

/* Notes the other files of /dev/shm, and how full it is. */
void note_dev_shm(void);

#endif
