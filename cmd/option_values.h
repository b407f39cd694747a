/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Values of options that several commands have: numbers, sizes, times, keys,
 * modes, users.
 */

#ifndef CMD_OPTION_VALUES_H
#define CMD_OPTION_VALUES_H

#include <stdint.h>

#include "ui/options.h"

/* uint64_t, in bytes: digits and a suffix; also hexadecimal. */
option_store store_size, store_offset;

/* uint64_t: milliseconds; the same, but not 0; seconds, rounded up. */
option_store store_duration, store_interval, store_seconds;

/* int, from min to max (INT32_MAX if 0). */
option_store store_number;

/* uint32_t: a key, a user's id. */
option_store store_key, store_user;

/* unsigned: permissions, symbolic ones relative to what is there. */
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
