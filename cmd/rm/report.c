/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints the results of rm as lines of text and as JSON.  The reasons come
 * from rm/segment.c and rm/object.c.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "attachments.h"
#include "operand.h"
#include "rm/removal.h"
#include "rm/report.h"
#include "rows.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

/* Names of users and directories are untrusted bytes. */
static void
print_removed(FILE *out, const struct removal *r)
{
	const struct shmt_info *s = &r->segment;
	char size[SHORT_TEXT], object[OPERAND_TEXT];

	short_size(size, s->size);
	operand_text(&s->object, object);
	fputs("removed ", out);
	print_safe(out, object);
	if (s->object.kind == SHMT_SYSV)
		fprintf(out, " (0x%08" PRIx32 ", %s, owner ", s->key, size);
	else
		fprintf(out, " (%s, owner ", size);
	print_safe(out, user_name(s->uid));
	putc(')', out);
	if (r->saved != NULL) {
		fputs(", saved as ", out);
		print_safe(out, r->saved);
	}
	putc('\n', out);
}

/* Names the saved files too. */
static void
warn_of_removal(const struct removal *r, const char *object,
    const char *result, const char *reason)
{
	warn_about(object, "%s%s%s%s", result, reason,
	    r->saved != NULL ? "; saved as " : "",
	    r->saved != NULL ? r->saved : "");
}

void
report_removal(const struct removal *r, FILE *verbose)
{
	char text[OPERAND_TEXT];
	const char *object = text, *reason = r->reason;

	/* Prints nothing for the usual result. */
	if (r->result == REMOVED && reason == NULL && verbose == NULL)
		return;
	operand_text(&r->segment.object, text);
	if (r->operand != NULL)
		object = r->operand->text;
	switch (r->result) {
	case KEPT:
		warn_of_removal(r, object, "kept: ", reason);
		break;
	case MARKED:
	case FAILED:
		warn_of_removal(r, object, "", reason);
		break;
	case ABSENT:
		if (r->status != ST_OK || r->operand == NULL)
			warn_of_removal(r, object, "", reason);
		else if (verbose != NULL) {
			fputs("absent ", verbose);
			print_safe(verbose, object);
			putc('\n', verbose);
		}
		break;
	case REMOVED:
		if (verbose != NULL)
			print_removed(verbose, r);
		if (reason != NULL)
			warn_about(object, "%s", reason);
		break;
	case WOULD_MARK:
		warn_about(object, "would be marked for removal, %s", reason);
		break;
	case WOULD_REMOVE:
	case NOT_TRIED:
		break;
	}
}

void
print_done(const struct removal *list, size_t count)
{
	char size[SHORT_TEXT], marked_size[SHORT_TEXT];
	const size_t removed = count_removals(list, count, 1u << REMOVED,
	    size);
	const size_t marked = count_removals(list, count, 1u << MARKED,
	    marked_size);

	if (removed > 0)
		printf("removed %zu, %s", removed, size);
	if (marked > 0)
		printf("%smarked %zu, %s", removed > 0 ? "; " : "", marked,
		    marked_size);
	puts(removed + marked > 0 ? "" : "nothing removed");
}

/*
 * JSON
 */

/* The kind, and of an object its names and the file that they led to. */
static void
json_name(struct json *json, const char *name, const struct shmt_info *s)
{
	char path[NAME_MAX + 2];

	json_text(json, "kind", name != NULL ? "posix" : "sysv");
	if (name == NULL) {
		json_null(json, "name");
		return;
	}
	snprintf(path, sizeof(path), "/%s", name);
	json_names(json, path, path);
	json_known(json, "dev", s->known != 0, s->object.dev);
	json_known(json, "inode", s->known != 0, s->object.inode);
}

/* If the segment was not looked up, only its operand is known. */
static void
json_identity(struct json *json, const struct removal *r)
{
	const struct shmt_info *s = &r->segment;
	const struct shmt_ref *ref = r->operand != NULL ? &r->operand->ref :
	    NULL;
	const char *name = ref != NULL ? ref->name : s->object.name;
	const bool seen = s->known != 0;
	bool has_id = seen && name == NULL, has_key = has_id;
	uint32_t key = s->key;
	int id = s->object.id;

	json_name(json, name, s);
	/* A marked segment has lost its key; the maps of holders still show
	 * it. */
	if ((s->state & SHMT_DEST) != 0) {
		has_key = r->holder_count > 0;
		key = has_key ? r->holders[0].key : 0;
	} else if (!seen && name == NULL) {
		has_id = ref != NULL && !ref->by_key;
		has_key = ref != NULL && ref->by_key;
		id = has_id ? ref->id : 0;
		key = has_key ? ref->key : 0;
	}
	json_known(json, "id", has_id, (uint64_t)id);
	if (has_key)
		json_key(json, key);
	else {
		json_null(json, "key");
		json_null(json, "key_hex");
	}
	json_known(json, "size", seen, s->size);
}

static void
json_removal(struct json *json, const struct removal *r)
{
	static const char *const words[] = {
		[WOULD_REMOVE] = "would-remove", [WOULD_MARK] = "would-mark",
		[REMOVED] = "removed", [MARKED] = "marked", [KEPT] = "kept",
		[ABSENT] = "absent", [FAILED] = "failed",
		[NOT_TRIED] = "not-tried"
	};

	json_open(json, NULL, '{');
	json_identity(json, r);
	json_text(json, "result", words[r->result]);
	json_text(json, "reason", r->reason);
	if (r->saved != NULL)
		json_text(json, "saved", r->saved);
	if (r->holders != NULL) {
		json_bool(json, "complete", r->complete);
		json_holders(json, r->holders, r->holder_count);
	}
	json_close(json, '}');
}

void
print_removals_json(const struct removal *list, size_t count)
{
	struct json json = { .file = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	json_open(&json, "segments", '[');
	for (i = 0; i < count; i++)
		json_removal(&json, &list[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	json_end(&json);
}
