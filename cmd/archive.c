/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Saves one segment, for save and for rm --save, and words a failure.
 */

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/message.h"
#include "ui/progress.h"
#include "ui/text.h"

/* One line on the terminal: save writes one segment after the other. */
static struct progress_line progress_line;

static bool
report_progress(void *arg, uint64_t done)
{
	(void)arg;
	return show_progress(&progress_line, done);
}

static int __attribute__((format(printf, 3, 4)))
set_reason(char **reason, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(reason, format, args) == -1)
		*reason = NULL;
	va_end(args);
	check_memory(*reason);
	return status;
}

static int
segment_failed(const struct shmt_info *segment, int error, char **reason)
{
	char memory[MEMORY_TEXT];

	switch (error) {
	case ELOOP:
	case EISDIR:
	case ENXIO:
	case ENOENT:
		return set_reason(reason, ST_ABSENT, "was removed before it "
		    "was saved");
	case ENODATA:
		return set_reason(reason, ST_FAILED, "became shorter than its "
		    "%ju byte%s while it was saved", (uintmax_t)segment->size,
		    plural(segment->size, "s"));
	case EACCES:
		return set_reason(reason, ST_DENIED, "no read permission: "
		    "mode %04o, owner %s", segment->mode,
		    user_name(segment->uid));
	case EFAULT:
		return set_reason(reason, ST_LIMIT, "cannot allocate a page: "
		    "no free huge page, or no memory");
	case ENOMEM:
		describe_memory(memory);
		return set_reason(reason, ST_LIMIT, "no memory for a copy of "
		    "its %ju byte%s%s", (uintmax_t)segment->size,
		    plural(segment->size, "s"), memory);
	default:
		return set_reason(reason, status_of(error), "%s",
		    strerror(error));
	}
}

static int
pair_failed(const char *path, const struct shmt_info *segment, int error,
    char **reason)
{
	uintmax_t size = segment->size;

	switch (error) {
	case EEXIST:
		return set_reason(reason, ST_BUSY, "%s exists; --force "
		    "replaces it", path);
	case EBUSY:
		return set_reason(reason, ST_BUSY, "%s: too many processes "
		    "are saving it there", path);
	case ENOENT:
		/* A missing directory is not a missing segment. */
		return set_reason(reason, ST_FAILED, "%s: %s", path,
		    strerror(error));
	case ENOSPC:
	case EDQUOT:
		return set_reason(reason, ST_FAILED, "%s: %s (its contents "
		    "have %ju byte%s, holes included)", path, strerror(error),
		    size, plural(size, "s"));
	case EFBIG:
		return set_reason(reason, ST_LIMIT, "%s: the file system, or "
		    "RLIMIT_FSIZE (ulimit -f), allows no file of %ju byte%s",
		    path, size, plural(size, "s"));
	default:
		return set_reason(reason, status_of(error), "%s: %s", path,
		    strerror(error));
	}
}

static int
save_failed(const char *dir, const struct shmt_info *segment,
    const struct shmt_failure *failure, int error, char **reason)
{
	char path[PATH_MAX + sizeof(failure->name)];

	if (error == ECANCELED)
		return set_reason(reason, ST_FAILED, "interrupted, not saved");
	if (failure->place == SHMT_AT_SEGMENT)
		return segment_failed(segment, error, reason);
	if (failure->place == SHMT_AT_DIR)
		return pair_failed(dir, segment, error, reason);
	snprintf(path, sizeof(path), "%s/%s", dir, failure->name);
	return pair_failed(path, segment, error, reason);
}

int
save_segment(const char *dir, const struct shmt_info *segment,
    struct shmt_saving *how, struct shmt_saved *saved, char **reason)
{
	struct shmt_failure failure;
	int result;

	*reason = NULL;
	how->progress = report_progress;
	progress_begin(&progress_line, segment->size);
	result = shmt_save(dir, &segment->object, how, saved, &failure);
	progress_end(&progress_line);
	return result == 0 ? ST_OK :
	    save_failed(dir, segment, &failure, errno, reason);
}
