/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Everything about one segment, for people.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "attachments.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/detail.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

static void
label(const char *name)
{
	printf("%-14s", name);
}

/* Untrusted bytes made safe. */
static void
say_size(uint64_t size, bool bytes)
{
	char text[SHORT_TEXT];

	if (bytes || size < 1024) {
		printf("%" PRIu64 " byte%s", size, plural(size, "s"));
		return;
	}
	short_size(text, size);
	printf("%s (%" PRIu64 " bytes)", text, size);
}

static void
say_duration(uint64_t seconds)
{
	char text[SHORT_TEXT];

	short_duration(text, seconds);
	fputs(text, stdout);
}

static void
print_key(const struct row *row)
{
	label("key");
	if ((row->facts & SHMT_HAS_KEY) == 0)
		puts("unknown: lost when it was marked for removal");
	else if (row->key == 0)
		puts("none (private)");
	else
		printf("0x%08" PRIx32 "%s\n", row->key,
		    (row->segment.state & SHMT_DEST) != 0 ?
		    " until it was marked for removal" : "");
}

static void
print_identity(const char *name, uint32_t uid, uint32_t gid)
{
	label(name);
	print_safe(user_name(uid));
	printf(" (%" PRIu32 "), group ", uid);
	print_safe(group_name(gid));
	printf(" (%" PRIu32 ")\n", gid);
}

static void
print_memory(const struct shmt_info *s, bool bytes)
{
	label("size");
	say_size(s->size, bytes);
	putchar('\n');
	label("resident");
	if ((s->known & SHMT_HAS_RSS) != 0) {
		say_size(s->rss, bytes);
		printf(", swapped ");
		say_size(s->swap, bytes);
		putchar('\n');
	} else
		puts("unknown");
}

static void
print_time(const char *name, int64_t when, int64_t now)
{
	char text[SHORT_TEXT];

	label(name);
	if (when == 0) {
		puts("never");
		return;
	}
	short_time(text, when);
	fputs(text, stdout);
	if (when <= now) {
		printf(", ");
		say_duration((uint64_t)(now - when));
		printf(" ago");
	}
	putchar('\n');
}

/* "4242, gone", and what else a pid's present owner can tell. */
static void
say_process(pid_t pid, const struct shmt_process *process)
{
	if (pid == 0) {
		fputs(process->life == SHMT_NONE ? "nobody yet" :
		    "a process that cannot be seen from here", stdout);
		return;
	}
	printf("%d", (int)pid);
	switch (process->life) {
	case SHMT_ALIVE:
		fputs(" (", stdout);
		print_safe(process->command);
		fputs("), alive", stdout);
		break;
	case SHMT_GONE:
		fputs(", gone", stdout);
		break;
	case SHMT_REUSED:
		fputs(", gone (the number is now that of ", stdout);
		print_safe(process->command);
		putchar(')');
		break;
	case SHMT_UNKNOWN:
	case SHMT_NONE:
		fputs(", whether it lives is unknown", stdout);
		break;
	}
}

static void
print_process(const char *name, pid_t pid, const struct shmt_process *process)
{
	label(name);
	say_process(pid, process);
	putchar('\n');
}

/* Each part of the proof, in the order of its definition. */
static void
print_proof(const struct row *row, const struct shmt_proof *proof)
{
	const struct shmt_info *s = &row->segment;

	label("stale");
	printf("%s: %s; %s; creator ", proof->stale ? "yes" : "no",
	    proof->unattached ? "not attached" : "attached",
	    proof->not_dest ? "not marked" : "marked for removal");
	say_process(s->cpid, &proof->creator);
	if (proof->last_user.life == SHMT_NONE)
		fputs("; never attached", stdout);
	else {
		printf("; last %s by ", s->dtime >= s->atime ? "detach" :
		    "attach");
		say_process(s->lpid, &proof->last_user);
	}
	fputs("; idle ", stdout);
	say_duration(proof->idle);
	if (!proof->idle_enough) {
		fputs(" of ", stdout);
		say_duration(SHMT_STALE_IDLE);
	}
	putchar('\n');
}

static void
print_logout(uint32_t uid)
{
	bool removes;

	if (shmt_logout_removes(uid, &removes) == 0 && removes) {
		label("at logout");
		puts("systemd-logind removes it, when unattached, as its "
		    "owner's last session ends (RemoveIPC)");
	}
}

static int
print_holders(const struct row *row, bool bytes)
{
	const uint64_t nattch = row->segment.nattch;

	label("attached");
	if (nattch == 0 && row->holder_count == 0) {
		puts("no (0 mappings)");
		return ST_OK;
	}
	printf("%" PRIu64 " mapping%s, ", nattch, plural(nattch, "s"));
	if ((row->facts & HAS_HOLDERS) == 0) {
		puts("processes unknown");
		return ST_OK;
	}
	printf("%zu process%s seen\n", row->holder_count,
	    plural(row->holder_count, "es"));
	return row->holder_count == 0 ? ST_OK :
	    print_attachments(row, bytes);
}

static void
print_ns(const struct ipc_ns *ipc_ns)
{
	label("namespace");
	printf("%" PRIu64 ", of %d (", ipc_ns->ns.inode, (int)ipc_ns->ns.pid);
	print_safe(ipc_ns->command);
	puts(")");
}

int
print_detail(const struct row *row, bool bytes, bool with_ns)
{
	const struct shmt_info *s = &row->segment;
	int64_t now = time(NULL);
	struct shmt_proof proof;

	shmt_check_stale(s, now, SHMT_STALE_IDLE, &proof);
	label("id");
	printf("%d\n", s->object.id);
	print_key(row);
	if (with_ns)
		print_ns(row->ipc_ns);
	print_identity("owner", s->uid, s->gid);
	print_identity("creator", s->cuid, s->cgid);
	label("perms");
	printf("%04o\n", s->mode);
	print_memory(s, bytes);
	label("status");
	puts(row->status[0] != '\0' ? row->status : "-");
	print_process("created by", s->cpid, &proof.creator);
	print_process("last used by", s->lpid, &proof.last_user);
	print_time("attach", s->atime, now);
	print_time("detach", s->dtime, now);
	print_time("change", s->ctime, now);
	print_proof(row, &proof);
	print_logout(s->uid);
	return print_holders(row, bytes);
}

int
json_detail(const struct table *table, struct json *json, const void *row)
{
	const struct shmt_info *s = &((const struct row *)row)->segment;
	struct shmt_proof proof;
	bool removes;
	int status;

	status = json_attachments(json, row, table->arg);
	shmt_check_stale(s, time(NULL), SHMT_STALE_IDLE, &proof);
	json_open(json, "proof", '{');
	json_bool(json, "stale", proof.stale);
	json_bool(json, "unattached", proof.unattached);
	json_bool(json, "not_dest", proof.not_dest);
	json_bool(json, "creator_gone", proof.creator_gone);
	json_bool(json, "last_user_gone", proof.last_user_gone);
	json_bool(json, "idle_enough", proof.idle_enough);
	json_close(json, '}');
	if (shmt_logout_removes(s->uid, &removes) == 0)
		json_bool(json, "logout_removes", removes);
	else
		json_null(json, "logout_removes");
	return status;
}
