/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * shmtool restore: make saved segments again.
 */

#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "diagnose.h"
#include "namespace.h"
#include "operand.h"
#include "option_values.h"
#include "reaper.h"
#include "shmtool.h"
#include "transfer.h"
#include "ui/progress.h"
#include "ui/signals.h"
#include "ui/text.h"

struct opts {
	struct arguments args;	/* its operands: the files */
	unsigned flags;
	uint32_t key;
	const char *as;		/* a name without the slash */
	int *made;		/* ids of segments that are complete */
	size_t made_count;
};

static int
store_object_name(const struct option_row *row, const char *text, void *to)
{
	struct shmt_ref ref;

	if (shmt_parse_ref(text, &ref) == -1 || ref.kind != SHMT_POSIX)
		return option_error(row, "%s: not a name: a slash, then 1 to "
		    "255 bytes without one", text);
	*(const char **)to = ref.name;
	return ST_OK;
}

static const struct option_row options[] = {
	{ 'k', "key", "KEY", "make a segment of this key, not the saved one",
	    store_key, TO(key), SETS(flags, SHMT_OTHER_KEY), .group = 1 },
	{ 0, "as", "/NAME", "make an object of this name, not the saved one",
	    store_object_name, TO(as), SETS(flags, SHMT_OTHER_NAME),
	    .group = 1 },
	{ 0, "id", NULL, "give it exactly the saved id",
	    SETS(flags, SHMT_SAME_ID) },
	{ 0 }
};

/* One file that is being restored. */
struct work {
	const char *file;
	struct progress_line progress;
	struct reaper reaper;
	bool made;		/* there is a segment, perhaps not complete */
	int ns_status;		/* of entering --ns, for an object */
	struct shmt_saved saved;
	struct shmt_failure failure;
};

static int
parse(int argc, char **argv, struct opts *o)
{
	int status;

	status = parse_options(&cmd_restore, argc, argv, o);
	if (status != ST_OK)
		return status;
	if (o->args.count == 0)
		return usage_error(NULL, "which file?");
	if ((o->flags & SHMT_OTHER_KEY) && o->args.count > 1)
		return usage_error("--key", "one key is for one FILE, not for "
		    "%d", o->args.count);
	if (o->as == NULL)
		return ST_OK;
	if (o->args.count > 1)
		return usage_error("--as", "one name is for one FILE, not for "
		    "%d", o->args.count);
	if (o->flags & SHMT_SAME_ID)
		return usage_error("--as", "not with --id: an object has no "
		    "id");
	return ST_OK;
}

/* The size is known only when the .meta has been read. */
static bool
report_progress(void *arg, uint64_t done)
{
	struct work *w = arg;

	w->progress.total = w->saved.segment.size;
	return show_progress(&w->progress, done);
}

/* From now on the reaper removes the segment, unless it is dismissed.  An
 * object is not made yet: it will be in the /dev/shm of --ns. */
static bool
segment_made(void *arg, const struct shmt_info *segment)
{
	struct work *w = arg;

	if (segment->object.kind == SHMT_POSIX) {
		w->ns_status = enter_dev_shm(w->file);
		return w->ns_status == ST_OK;
	}
	w->made = true;
	return inform_reaper(&w->reaper, segment);
}

static int
file_damaged(const struct work *w)
{
	const struct shmt_failure *f = &w->failure;

	switch (f->damage) {
	case SHMT_BAD_VERSION:
		warn_about(w->file, "the .meta has version %ju of the format, "
		    "this program reads %ju to %ju", (uintmax_t)f->found,
		    (uintmax_t)f->wanted - 2, (uintmax_t)f->wanted);
		break;
	case SHMT_BAD_META:
		warn_about(w->file, "line %u of the .meta is not as shmtool "
		    "save writes it: damaged or edited", f->line);
		break;
	case SHMT_BAD_SUM:
		warn_about(w->file, "the .meta is damaged or edited: line %u "
		    "is not the digest of the lines before it", f->line);
		break;
	case SHMT_BAD_SIZE:
		warn_about(w->file, "the %s has %ju byte%s, the .meta says "
		    "%ju: cut, damaged, or of another segment", w->saved.suffix,
		    (uintmax_t)f->found, plural(f->found, "s"),
		    (uintmax_t)f->wanted);
		break;
	default:
		warn_about(w->file, "the %s is damaged, or of another "
		    "segment: its digest is not the one in the .meta",
		    w->saved.suffix);
		break;
	}
	return ST_FAILED;
}

static int
pair_failed(const struct work *w, int error)
{
	const struct shmt_info *s = &w->saved.segment;
	char memory[MEMORY_TEXT];
	struct stat st;
	const char *which = w->failure.place == SHMT_AT_META ? ".meta" :
	    w->saved.suffix;

	if (error == EBADMSG)
		return file_damaged(w);
	if (error == ENOMEM && w->made) {
		describe_memory(memory);
		warn_about(w->file, "not enough memory to fill its %ju "
		    "byte%s%s", (uintmax_t)s->size, plural(s->size, "s"),
		    memory);
	} else if (error == ELOOP)
		warn_about(w->file, "the %s is a symbolic link; it is not "
		    "followed", which);
	else if (error == ENOTSUP)
		warn_about(w->file, "it was not a System V segment, and has no "
		    "id: omit --id");
	else if (error == EDESTADDRREQ) {
		warn_about(w->file, "it was memory without a name: --as /NAME "
		    "makes an object of it, -k KEY a segment");
		return ST_USAGE;
	} else if (error == ENOENT && stat(w->file, &st) == 0 &&
	    S_ISDIR(st.st_mode))
		warn_about(w->file, "a directory: name the files in it, "
		    "*.meta");
	else if (error == EINVAL)
		warn_about(w->file, "the %s is not a regular file", which);
	else
		warn_about(w->file, "the %s: %s", which, strerror(error));
	return file_status(error);
}

/* Shows how to overwrite the existing segment of this key. */
static bool
report_taken_key(const struct work *w, uint32_t key)
{
	int id;

	if (key == 0 || shmt_find(key, &id) == -1)
		return false;
	warn_about(w->file, "segment %d has this key; to overwrite it: "
	    "shmtool %swrite -f %.*s%s 0x%" PRIx32, id, ns_option(),
	    (int)shmt_saved_stem(w->file), w->file, w->saved.suffix, key);
	return true;
}

static int
segment_failed(const struct opts *o, const struct work *w, int error)
{
	const struct shmt_info *s = &w->saved.segment;
	const struct shmt_request request = {
		.key = o->flags & SHMT_OTHER_KEY ? o->key : s->key,
		.size = s->size,
		.mode = s->mode,
		.flags = o->flags & SHMT_SAME_ID ? SHMT_WITH_ID : 0,
		.id = s->object.id
	};

	if (error == EFAULT) {
		warn_about(w->file, "no memory for its pages");
		return ST_LIMIT;
	}
	if (error == ENOMEM && w->made &&
	    (w->saved.lost & SHMT_LOST_RESERVE) != 0) {
		warn_about(w->file, "%ju bytes requested, more than a process "
		    "can attach here", (uintmax_t)s->size);
		return ST_LIMIT;
	}
	if (error == EEXIST && report_taken_key(w, request.key))
		return ST_BUSY;
	return diagnose_refusal(w->file, &request, w->made ?
	    SHMT_STEP_ATTACH : SHMT_STEP_CREATE, error);
}

/* Shows how to overwrite the existing object of this name. */
static int
report_taken_name(const struct work *w, const char *name)
{
	const struct shmt_object object = { .kind = SHMT_POSIX, .name = name };
	const uint64_t size = w->saved.segment.size;
	struct shmt_info now;
	const char *what;
	char grow[OPERAND_TEXT + PATH_MAX] = "";

	if (shmt_info(&object, 0, &now) == -1) {
		what = why_no_object(errno);
		warn_about(w->file, "/%s is taken: %s", name,
		    what != NULL ? what : strerror(EEXIST));
		return ST_BUSY;
	}
	if (now.size < size)
		snprintf(grow, sizeof(grow), "shmtool %sset -s %ju /%s, "
		    "then ", ns_option(), (uintmax_t)size, name);
	warn_about(w->file, "object /%s of %ju byte%s exists; to overwrite it: "
	    "%sshmtool %swrite -f %.*s%s /%s", name, (uintmax_t)now.size,
	    plural(now.size, "s"), grow, ns_option(),
	    (int)shmt_saved_stem(w->file), w->file, w->saved.suffix, name);
	return ST_BUSY;
}

static int
object_failed(const struct work *w, const char *name, int error)
{
	const struct shmt_object object = { .kind = SHMT_POSIX, .name = name };
	const struct shmt_request request = { .size = w->saved.segment.size };

	return error == EEXIST ? report_taken_name(w, name) :
	    diagnose_object(w->file, &object, &request, error);
}

static int
restore_failed(const struct opts *o, const struct work *w, int error)
{
	if (w->ns_status != ST_OK)
		return w->ns_status;
	if (error == ECANCELED || (error == EINTR && caught_signal() != 0)) {
		warn_about(w->file, "interrupted, nothing was made");
		return ST_FAILED;
	}
	/* A saved segment becomes an object by --as. */
	if (o->as == NULL && ((o->flags & SHMT_OTHER_KEY) != 0 ||
	    w->saved.segment.object.kind != SHMT_POSIX))
		return w->failure.place == SHMT_AT_SEGMENT ?
		    segment_failed(o, w, error) : pair_failed(w, error);
	if (w->failure.place == SHMT_AT_SEGMENT || error == ENOMEM)
		return object_failed(w, o->as != NULL ? o->as :
		    w->saved.object, error);
	return pair_failed(w, error);
}

static void
warn_about_losses(const struct work *w, const char *made)
{
	const struct shmt_info *s = &w->saved.segment;
	unsigned lost = w->saved.lost;

	if (lost & SHMT_LOST_OWNER)
		warn_about(w->file, "restored as %s, but not with its owner "
		    "%u:%u, which only root may set", made, s->uid, s->gid);
	if (lost & SHMT_LOST_LOCK)
		warn_about(w->file, "restored as %s, but not locked as it was: "
		    "RLIMIT_MEMLOCK (ulimit -l) does not allow it", made);
	if (lost & SHMT_LOST_HUGE)
		warn_about(w->file,
		    "restored as %s, but not of huge pages as "
		    "it was: not enough are free, or they are not permitted",
		    made);
	if (lost & SHMT_LOST_RESERVE)
		warn_about(w->file, "restored as %s, but its memory is not "
		    "reserved, as with create --no-reserve", made);
}

static int
restore_file(const struct opts *o, struct work *w, struct shmt_object *object)
{
	const struct shmt_restoring how = {
		.flags = o->flags, .key = o->key, .name = o->as,
		.progress = report_progress, .made = segment_made, .arg = w
	};
	int result;

	progress_begin(&w->progress, 0);
	/* SIGSTOP and SIGCONT interrupt the reservation of an object. */
	do
		result = shmt_restore(w->file, &how, object, &w->saved,
		    &w->failure);
	while (result == -1 && errno == EINTR && !w->made &&
	    w->failure.place == SHMT_AT_SEGMENT && caught_signal() == 0);
	progress_end(&w->progress);
	return result == 0 ? ST_OK : restore_failed(o, w, errno);
}

static int
restore_one(struct opts *o, const char *file)
{
	struct work w = { .file = file };
	struct shmt_object object;
	char made[OPERAND_TEXT];
	int status;

	if (!start_reaper(&w.reaper, o->made, o->made_count))
		return reaper_failed(file);
	status = restore_file(o, &w, &object);
	if (status != ST_OK) {
		end_reaper(&w.reaper);
		return status;
	}
	operand_text(&object, made);
	print_bare(made);
	putchar('\n');
	if (!flush_output()) {
		/* The reaper removes a segment. */
		if (object.kind == SHMT_POSIX)
			shmt_remove(&object, SHMT_FORCE, NULL);
		end_reaper(&w.reaper);
		return ST_FAILED;
	}
	dismiss_reaper(&w.reaper);
	if (object.kind == SHMT_SYSV)
		o->made[o->made_count++] = object.id;
	warn_about_losses(&w, made);
	return ST_OK;
}

/* A pattern for all files of DIR names both files of a segment. */
static bool
named_before(char **files, int n)
{
	size_t length = shmt_saved_stem(files[n]);
	int i;

	for (i = 0; i < n; i++)
		if (shmt_saved_stem(files[i]) == length &&
		    memcmp(files[i], files[n], length) == 0)
			return true;
	return false;
}

static int
run(int argc, char **argv)
{
	struct opts o = { 0 };
	char **files;
	int status, i;

	status = parse(argc, argv, &o);
	if (status != ST_OK)
		return status;
	files = o.args.operands;
	o.made = check_memory(calloc((size_t)o.args.count + 1,
	    sizeof(*o.made)));
	catch_signals();
	ignore_sigpipe();
	for (i = 0; files[i] != NULL && caught_signal() == 0; i++)
		if (!named_before(files, i))
			add_status(&status, restore_one(&o, files[i]));
	free(o.made);
	return status;
}

const struct cmd cmd_restore = {
	.name = "restore",
	.summary = "Makes saved segments again",
	.synopsis = "[--id] [-k KEY | --as /NAME] FILE...",
	.options = options,
	.note = "FILE is NAME.meta, NAME.shm or NAME, as shmtool save wrote "
	    "them.",
	.run = run
};
