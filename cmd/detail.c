/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Everything about one segment, for people.
 */

#include <stdlib.h>
#include <inttypes.h>

#include "cmd.h"

static void
label(const char *name)
{
	printf("%-12s", name);
}

/* Untrusted bytes made safe. */
static void
say(const char *text)
{
	char *safe = safe_copy(text);

	fputs(safe != NULL ? safe : "?", stdout);
	free(safe);
}

static void
print_size(uint64_t size, bool bytes)
{
	char text[SHORT_TEXT];

	if (bytes || size < 1024) {
		printf("%" PRIu64, size);
		return;
	}
	short_size(text, size);
	printf("%s (%" PRIu64 ")", text, size);
}

static void
print_identity(const char *name, uint32_t uid, uint32_t gid)
{
	label(name);
	say(user_name(uid));
	printf(" (%" PRIu32 "), group ", uid);
	say(group_name(gid));
	printf(" (%" PRIu32 ")\n", gid);
}

static void
print_memory(const struct shmt_segment *s, bool bytes)
{
	label("size");
	print_size(s->size, bytes);
	putchar('\n');
	label("resident");
	if (s->has_rss) {
		print_size(s->rss, bytes);
		printf(", swapped ");
		print_size(s->swap, bytes);
		putchar('\n');
	} else
		puts("unknown");
}

static void
print_time(const char *name, int64_t when)
{
	char text[SHORT_TEXT];

	short_time(text, when);
	label(name);
	puts(when == 0 ? "never" : text);
}

void
print_detail(const struct row *row, bool bytes)
{
	const struct shmt_segment *s = &row->segment;

	label("id");
	printf("%d\n", s->id);
	label("key");
	printf("0x%08" PRIx32 "%s\n", s->key, s->key == 0 ? " (private)" : "");
	print_identity("owner", s->uid, s->gid);
	print_identity("creator", s->cuid, s->cgid);
	label("perms");
	printf("%04o\n", s->mode);
	print_memory(s, bytes);
	label("status");
	puts(row->status[0] != '\0' ? row->status : "-");
	label("attached");
	printf("%" PRIu64 "\n", s->nattch);
	print_time("attach", s->atime);
	print_time("detach", s->dtime);
	print_time("change", s->ctime);
}
