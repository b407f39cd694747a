/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One segment saved, for save and for rm --save, and in words why not.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/progress.h"
#include "ui/text.h"

/* What the library calls back for. */
struct errand_of_save {
	const struct saving *saving;
	struct progress progress;
};

static bool
tell(void *arg, uint64_t done)
{
	struct errand_of_save *child = arg;

	return progress_tell(&child->progress, done);
}

static void
copied(void *arg)
{
	const struct errand_of_save *child = arg;

	if (child->saving->copied != NULL)
		child->saving->copied(child->saving->arg);
}

static int
because(char **reason, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
because(char **reason, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(reason, format, args) == -1)
		*reason = NULL;
	va_end(args);
	return status;
}

static int
segment_failed(const struct shmt_info *segment, int error, char **reason)
{
	char memory[MEMORY_TEXT];

	switch (error) {
	case ENOENT:
		return because(reason, ST_ABSENT, "no such segment any more");
	case EACCES:
		return because(reason, ST_DENIED, "it may not be read: mode "
		    "%04o, owner %s", segment->mode, user_name(segment->uid));
	case EFAULT:
		return because(reason, ST_LIMIT, "a page cannot be had: no "
		    "free huge page, or no memory");
	case ENOMEM:
		memory_in_use(memory);
		return because(reason, ST_LIMIT, "no memory for a copy of "
		    "its %ju bytes%s%s", (uintmax_t)segment->size,
		    memory, *memory != '\0' ? " without it" : "");
	default:
		return because(reason, status_of(error), "%s",
		    strerror(error));
	}
}

/* A file that cannot be: missing folders are not missing segments. */
static int
file_failed(const char *path, const struct shmt_info *segment, int error,
    char **reason)
{
	uintmax_t size = segment->size;

	switch (error) {
	case EEXIST:
		return because(reason, ST_BUSY, "%s exists; --force replaces "
		    "it", path);
	case ENOENT:
		return because(reason, ST_FAILED, "%s: %s", path,
		    strerror(error));
	case ENOSPC:
	case EDQUOT:
		return because(reason, ST_FAILED, "%s: %s (the segment has "
		    "%ju bytes, holes included)", path, strerror(error), size);
	case EFBIG:
		return because(reason, ST_FAILED, "%s: the file system, or "
		    "RLIMIT_FSIZE (ulimit -f), allows no file of %ju bytes",
		    path, size);
	default:
		return because(reason, status_of(error), "%s: %s", path,
		    strerror(error));
	}
}

static int
save_failed(const struct saving *saving, const struct shmt_info *segment,
    const struct shmt_trouble *trouble, int error, char **reason)
{
	char *path;
	int status;

	if (error == ECANCELED)
		return because(reason, ST_FAILED, "interrupted, not saved");
	if (trouble->place == SHMT_AT_SEGMENT)
		return segment_failed(segment, error, reason);
	if (trouble->place == SHMT_AT_DIR)
		return file_failed(saving->dir, segment, error, reason);
	if (asprintf(&path, "%s/%s.%s", saving->dir, trouble->name,
	    trouble->place == SHMT_AT_META ? "meta" : "shm") == -1)
		return because(reason, ST_LIMIT, "%s", strerror(ENOMEM));
	status = file_failed(path, segment, error, reason);
	free(path);
	return status;
}

int
save_segment(const struct saving *saving, const struct shmt_info *segment,
    struct shmt_saved *saved, char **reason)
{
	struct errand_of_save child = { .saving = saving };
	const struct shmt_transfer how = {
		.length = UINT64_MAX, .progress = tell, .copied = copied,
		.arg = &child
	};
	struct shmt_trouble trouble;
	int result, error;

	*reason = NULL;
	progress_begin(&child.progress, segment->size);
	result = shmt_save(saving->dir, segment->object.id,
	    saving->replace ? SHMT_REPLACE : 0, &how, saved, &trouble);
	error = errno;
	progress_end(&child.progress);
	if (result == 0)
		return ST_OK;
	return save_failed(saving, segment, &trouble, error, reason);
}
