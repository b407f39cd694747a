/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The operands of limits --set: NAME=VALUE.
 */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "limits/actions.h"
#include "shmtool.h"
#include "ui/message.h"

/* Pages, or a size with its suffix, which is rounded up to pages. */
static int
parse_pages(const char *text, uint64_t *pages)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size;

	if (shmt_parse_number(text, UINT64_MAX, pages) == 0)
		return 0;
	if (errno == ERANGE || shmt_parse_size(text, &size) == -1)
		return -1;
	*pages = size / page + (size % page != 0);
	return 0;
}

static int
parse_count(const char *text, uint64_t *count)
{
	return shmt_parse_number(text, INT32_MAX, count);
}

static int
parse_switch(const char *text, uint64_t *value)
{
	return shmt_parse_number(text, 1, value);
}

/* "50%" of the machine's memory. */
static int
parse_percentage(const char *text, uint64_t *size)
{
	uint64_t percent, memory;
	char number[8];

	errno = ERANGE;
	if (strlcpy(number, text, sizeof(number)) >= sizeof(number))
		return -1;
	number[strlen(number) - 1] = '\0';
	if (shmt_parse_number(number, 100, &percent) == -1 ||
	    shmt_memory(&memory) == -1)
		return -1;
	*size = memory / 100 * percent + memory % 100 * percent / 100;
	return 0;
}

/* Rounds up to whole pages, as the kernel does.  Refuses 0, which would mean
 * that there is no limit. */
static int
parse_dev_shm(const char *text, uint64_t *size)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t length = strlen(text);

	if ((length > 0 && text[length - 1] == '%' ? parse_percentage :
	    shmt_parse_size)(text, size) == -1)
		return -1;
	errno = ERANGE;
	if (*size == 0 || *size > UINT64_MAX - page)
		return -1;
	*size = (*size + page - 1) / page * page;
	return 0;
}

#define NO_SIZE "not a size (4096, 64K, 1.5G)"

static const struct limit {
	const char *name;
	int (*parse)(const char *text, uint64_t *value);
	const char *refused;
} limits[SETTINGS_MAX] = {
	{ "shmmax", shmt_parse_size, NO_SIZE },
	{ "shmall", parse_pages, NO_SIZE },
	{ "shmmni", parse_count, "not a number" },
	{ SHM_RMID_FORCED, parse_switch, "not 0 or 1" },
	{ SHMT_DEV_SHM_SIZE, parse_dev_shm,
	    "not a size (64M, 1.5G) or a percentage (50%)" }
};

static const struct limit *
find_limit(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < SETTINGS_MAX; i++)
		if (strlen(limits[i].name) == length &&
		    memcmp(limits[i].name, text, length) == 0)
			return &limits[i];
	return NULL;
}

static int
bad_setting(const char *text, const char *reason)
{
	return usage_error("--set", "%s: %s", text, reason);
}

int
parse_setting(const char *text, struct settings *settings)
{
	struct shmt_setting *next = &settings->list[settings->count];
	const char *equals = strchr(text, '='), *value;
	/* As sysctl(8) writes it. */
	const char *name = strncmp(text, "kernel.", 7) == 0 ? text + 7 : text;
	const struct limit *limit = NULL;
	size_t i;

	if (equals != NULL)
		limit = find_limit(name, (size_t)(equals - name));
	if (limit == NULL)
		return bad_setting(text, "not NAME=VALUE with shmmax, shmall, "
		    "shmmni, shm_rmid_forced or dev_shm_size");
	for (i = 0; i < settings->count; i++)
		if (settings->list[i].name == limit->name)
			return bad_setting(text, "given twice");
	value = equals + 1;
	if ((strcmp(value, "default") == 0 ?
	    shmt_limit_default(limit->name, &next->value) :
	    limit->parse(value, &next->value)) == -1)
		return bad_setting(text, errno == ERANGE ? "out of range" :
		    limit->refused);
	next->name = limit->name;
	settings->count++;
	if (strcmp(limit->name, SHMT_DEV_SHM_SIZE) == 0)
		settings->dev_shm_size = strcmp(value, "default") == 0 ?
		    "50%" : value;
	return ST_OK;
}
