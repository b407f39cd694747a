/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Values of options that several commands have: numbers, sizes, times, keys,
 * modes, users.  These are functions for the store of an option's row (see
 * ui/options.h); the comment gives the type of what they store.
 */

#ifndef CMD_OPTION_VALUES_H
#define CMD_OPTION_VALUES_H

#include <stdint.h>

#include "ui/options.h"

option_store store_size;	/* uint64_t: bytes */
option_store store_offset;	/* uint64_t: bytes, 0x hexadecimal too */
option_store store_duration;	/* uint64_t: milliseconds */
option_store store_interval;	/* uint64_t: milliseconds, not 0 */
option_store store_seconds;	/* uint64_t: seconds, rounded up */
option_store store_number;	/* int: from min to max (INT32_MAX if 0) */
option_store store_key;		/* uint32_t */
option_store store_user;	/* uint32_t: the user's id */

/* unsigned: permissions; symbolic ones change the value stored before. */
option_store store_mode;

/* const char *: permissions that may be relative to those of each segment. */
option_store store_mode_text;

struct owner {
	uint32_t uid, gid;	/* OWNER_KEPT: not given */
};
#define OWNER_KEPT UINT32_MAX

/* struct owner: "OWNER", "OWNER:GROUP" or ":GROUP". */
option_store store_owner;

#endif
