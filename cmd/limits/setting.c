/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The operands of limits --set: NAME=VALUE.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "limits/setting.h"
#include "shmtool.h"
#include "ui/message.h"

/* Pages, or a size with its suffix, which is rounded up to pages. */
static bool
parse_pages(const char *text, uint64_t *pages)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size;

	if (shmt_parse_number(text, UINT64_MAX, pages) == 0)
		return true;
	if (errno == ERANGE || shmt_parse_size(text, &size) == -1)
		return false;
	*pages = size / page + (size % page != 0);
	return true;
}

/* "50%" of the machine's memory. */
static bool
parse_percentage(const char *text, uint64_t *size)
{
	uint64_t percent, memory;
	char number[8];

	strlcpy(number, text, sizeof(number));
	number[strlen(number) - 1] = '\0';
	if (shmt_parse_number(number, 100, &percent) == -1 ||
	    shmt_memory(&memory) == -1)
		return false;
	*size = memory / 100 * percent + memory % 100 * percent / 100;
	return true;
}

/* In whole pages, as the kernel has it; 0 would be no limit. */
static bool
parse_dev_shm(const char *text, uint64_t *size)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t length = strlen(text);

	if (length > 0 && text[length - 1] == '%' ?
	    !parse_percentage(text, size) : shmt_parse_size(text, size) == -1)
		return false;
	errno = ERANGE;
	if (*size == 0 || *size > UINT64_MAX - page)
		return false;
	*size = (*size + page - 1) / page * page;
	return true;
}

static bool
parse_value(const char *name, const char *text, uint64_t *value)
{
	if (strcmp(text, "default") == 0)
		return shmt_limit_default(name, value) == 0;
	if (strcmp(name, "shmmax") == 0)
		return shmt_parse_size(text, value) == 0;
	if (strcmp(name, "shmall") == 0)
		return parse_pages(text, value);
	if (strcmp(name, "shmmni") == 0)
		return shmt_parse_number(text, INT32_MAX, value) == 0;
	if (strcmp(name, SHMT_DEV_SHM_SIZE) == 0)
		return parse_dev_shm(text, value);
	return shmt_parse_number(text, 1, value) == 0;
}

static const char *
wanted_value(const char *name)
{
	if (strcmp(name, SHM_RMID_FORCED) == 0)
		return "not 0 or 1";
	if (strcmp(name, "shmmni") == 0)
		return "not a number";
	if (strcmp(name, SHMT_DEV_SHM_SIZE) == 0)
		return "not a size (64M, 1.5G) or a percentage (50%)";
	return "not a size (4096, 64K, 1.5G)";
}

static const char *
find_name(const char *text, size_t length)
{
	static const char *const names[SETTINGS_MAX] = {
		"shmmax", "shmall", "shmmni", SHM_RMID_FORCED, SHMT_DEV_SHM_SIZE
	};
	size_t i;

	for (i = 0; i < SETTINGS_MAX; i++)
		if (strlen(names[i]) == length &&
		    memcmp(names[i], text, length) == 0)
			return names[i];
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
	const char *equals = strchr(text, '='), *whole = text;
	size_t i;

	/* As sysctl(8) writes it. */
	if (strncmp(text, "kernel.", 7) == 0)
		text += 7;
	if (equals == NULL || find_name(text, (size_t)(equals - text)) == NULL)
		return bad_setting(whole, "not NAME=VALUE with shmmax, shmall, "
		    "shmmni, shm_rmid_forced or dev_shm_size");
	text = find_name(text, (size_t)(equals - text));
	for (i = 0; i < settings->count; i++)
		if (settings->list[i].name == text)
			return bad_setting(whole, "given twice");
	if (!parse_value(text, equals + 1, &next->value))
		return bad_setting(whole, errno == ERANGE ? "out of range" :
		    wanted_value(text));
	next->name = text;
	settings->count++;
	if (strcmp(text, SHMT_DEV_SHM_SIZE) == 0)
		settings->dev_shm_size = strcmp(equals + 1, "default") == 0 ?
		    "50%" : equals + 1;
	return ST_OK;
}
