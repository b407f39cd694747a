/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The values of options: parses the text that the user wrote, and words the
 * errors.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option_values.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

#define LARGEST "at most 18446744073709551615"

/* Stores a size that its option accepts. */
static int
check_size(const struct option_row *row, const char *text, uint64_t size,
    uint64_t *to)
{
	char least[SHORT_TEXT];

	if (size < row->min) {
		short_size(least, row->min);
		return option_error(row, "%s: less than %s", text, least);
	}
	if (row->max != 0 && size > row->max)
		return option_error(row, "%s: out of range: at most %ju bytes",
		    text, (uintmax_t)row->max);
	*to = size;
	return ST_OK;
}

int
store_size(const struct option_row *row, const char *text, void *to)
{
	uint64_t size;

	if (shmt_parse_size(text, &size) == -1)
		return bad_value(row, text, "a size (4096, 64K, 1.5G, 2MB)",
		    LARGEST " bytes");
	return check_size(row, text, size, to);
}

int
store_offset(const struct option_row *row, const char *text, void *to)
{
	uint64_t size;

	if (shmt_parse_offset(text, &size) == -1)
		return bad_value(row, text,
		    "a number of bytes (4096, 0x1000, 64K)", LARGEST " bytes");
	return check_size(row, text, size, to);
}

int
store_duration(const struct option_row *row, const char *text, void *to)
{
	return shmt_parse_duration(text, to) == 0 ? ST_OK :
	    bad_value(row, text, "a duration (90, 0.5, 5m, 2h, 1d, 1w)",
	    "at most 18446744073709551 seconds");
}

int
store_seconds(const struct option_row *row, const char *text, void *to)
{
	uint64_t ms, *seconds = to;
	int status;

	status = store_duration(row, text, &ms);
	if (status == ST_OK)
		*seconds = ms / 1000 + (ms % 1000 != 0);
	return status;
}

int
store_interval(const struct option_row *row, const char *text, void *to)
{
	uint64_t ms, *interval = to;
	int status;

	status = store_duration(row, text, &ms);
	if (status != ST_OK)
		return status;
	if (ms == 0 || ms / 1000 > INT32_MAX)
		return option_error(row, "%s: out of range: 0.001 to %d "
		    "seconds", text, INT32_MAX);
	*interval = ms;
	return ST_OK;
}

int
store_number(const struct option_row *row, const char *text, void *to)
{
	const uint64_t max = row->max != 0 ? row->max : INT32_MAX;
	uint64_t number;
	char range[64];
	int result;

	result = shmt_parse_number(text, max, &number);
	if (result == 0 && number < row->min) {
		result = -1;
		errno = ERANGE;
	}
	if (result == -1) {
		snprintf(range, sizeof(range), "%ju to %ju",
		    (uintmax_t)row->min, (uintmax_t)max);
		return bad_value(row, text, "a number", range);
	}
	*(int *)to = (int)number;
	return ST_OK;
}

int
store_key(const struct option_row *row, const char *text, void *to)
{
	return shmt_parse_key(text, to) == 0 ? ST_OK :
	    bad_value(row, text, "a key (0x4d2, 1234)",
	    "keys go from 1 to 0xffffffff");
}

int
store_mode(const struct option_row *row, const char *text, void *to)
{
	unsigned *mode = to;

	return shmt_parse_mode(text, *mode, mode) == 0 ? ST_OK :
	    bad_value(row, text, "a mode (0640, u=rw,g+r)",
	    "there are only the nine permission bits, up to 0777");
}

int
store_mode_text(const struct option_row *row, const char *text, void *to)
{
	unsigned mode = 0;
	int status;

	status = store_mode(row, text, &mode);
	if (status == ST_OK)
		*(const char **)to = text;
	return status;
}

/* The largest uid or gid: -1 is none to the kernel. */
#define ID_MAX (UINT32_MAX - 1)

static bool
find_user(const char *name, uint32_t *uid)
{
	const struct passwd *pw = getpwnam(name);

	if (pw != NULL)
		*uid = pw->pw_uid;
	return pw != NULL;
}

static bool
find_group(const char *name, uint32_t *gid)
{
	const struct group *gr = getgrnam(name);

	if (gr != NULL)
		*gid = gr->gr_gid;
	return gr != NULL;
}

/* A name, or else a number. */
static int
parse_id(const struct option_row *row, const char *text, const char *what,
    bool (*find)(const char *name, uint32_t *id), uint32_t *id)
{
	uint64_t number;
	int error;

	errno = 0;
	if (find(text, id))
		return ST_OK;
	error = errno;
	if (shmt_parse_number(text, ID_MAX, &number) == 0) {
		*id = (uint32_t)number;
		return ST_OK;
	}
	/* The other errors of getpwnam(3) mean that there is no such name. */
	if (error == EIO || error == EMFILE || error == ENFILE ||
	    error == ENOMEM)
		return fail(text, error);
	return option_error(row, "%s: no such %s", text, what);
}

int
store_user(const struct option_row *row, const char *text, void *to)
{
	return parse_id(row, text, "user", find_user, to);
}

int
store_owner(const struct option_row *row, const char *text, void *to)
{
	const char *colon = strchr(text, ':');
	struct owner owner = { OWNER_KEPT, OWNER_KEPT };
	char *user;
	int status = ST_OK;

	user = check_memory(strndup(text, strcspn(text, ":")));
	if (user[0] != '\0' || colon == NULL)
		status = parse_id(row, user, "user", find_user, &owner.uid);
	free(user);
	if (status == ST_OK && colon != NULL)
		status = colon[1] == '\0' ?
		    option_error(row, "no group after the colon of %s", text) :
		    parse_id(row, colon + 1, "group", find_group, &owner.gid);
	if (status == ST_OK)
		*(struct owner *)to = owner;
	return status;
}
