/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * stat SEGMENT: everything about one segment, for people.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attachments.h"
#include "rows.h"
#include "shmtool.h"
#include "stat/detail.h"
#include "ui/json.h"
#include "ui/terminal.h"
#include "ui/text.h"

/* Columns that a label takes. */
#define LABEL 14

static void
label(const char *name)
{
	printf("%-*s", LABEL, name);
}

static void
print_size(uint64_t size, bool bytes)
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
	const char *user = user_name(uid), *group = group_name(gid);
	char numbers[2 * SHORT_TEXT];
	size_t available = terminal_width(), width;

	width = LABEL + strlen(user) + strlen(group) +
	    (size_t)snprintf(numbers, sizeof(numbers), " (%" PRIu32
		"), group  (%" PRIu32 ")", uid, gid);
	label(name);
	print_safe(stdout, user);
	printf(" (%" PRIu32 "),", uid);
	if (available > 0 && width > available)
		printf("\n%*s", LABEL - 1, "");
	fputs(" group ", stdout);
	print_safe(stdout, group);
	printf(" (%" PRIu32 ")\n", gid);
}

/* Permissions, memory and status, which all kinds have. */
static void
print_state(const struct row *row, bool bytes)
{
	const struct shmt_info *s = &row->segment;

	label("perms");
	printf("%04o\n", s->mode);
	label("size");
	print_size(s->size, bytes);
	putchar('\n');
	label("resident");
	if ((s->known & SHMT_HAS_RSS) != 0) {
		print_size(s->rss, bytes);
		printf(", swapped ");
		print_size(s->swap, bytes);
		putchar('\n');
	} else
		puts("unknown");
	label("status");
	puts(row->status != 0 ? status_words(row->status) : "-");
}

static void
print_time(const char *name, int64_t when, int64_t now)
{
	char time[SHORT_TEXT], past[SHORT_TEXT];

	label(name);
	if (when == 0) {
		puts("never");
		return;
	}
	short_time(time, when);
	fputs(time, stdout);
	if (when <= now) {
		short_duration(past, (uint64_t)(now - when));
		printf(", %s ago", past);
	}
	putchar('\n');
}

/* Room for "4242 (COMMAND), alive". */
#define PROCESS_TEXT (2 * SHMT_COMMAND_MAX + 64)

/* Room for "idle 5m of 1h00m". */
#define IDLE_TEXT (2 * SHORT_TEXT + 16)

static void
describe_process(pid_t pid, const struct shmt_process *process,
    char text[static PROCESS_TEXT])
{
	const char *command = process->command;

	if (pid == 0) {
		strlcpy(text, process->state == SHMT_NONE ? "nobody yet" :
		    "a process that cannot be seen from here", PROCESS_TEXT);
		return;
	}
	switch (process->state) {
	case SHMT_ALIVE:
		snprintf(text, PROCESS_TEXT, "%d (%s), alive", (int)pid,
		    command);
		break;
	case SHMT_GONE:
		snprintf(text, PROCESS_TEXT, "%d, gone", (int)pid);
		break;
	case SHMT_REUSED:
		snprintf(text, PROCESS_TEXT, "%d, gone (the pid now belongs to "
		    "%s)", (int)pid, command);
		break;
	case SHMT_UNKNOWN:
	case SHMT_NONE:
		snprintf(text, PROCESS_TEXT, "%d, may have exited", (int)pid);
		break;
	}
}

static void
print_process(const char *name, pid_t pid, const struct shmt_process *process)
{
	char text[PROCESS_TEXT];

	describe_process(pid, process, text);
	label(name);
	print_safe(stdout, text);
	putchar('\n');
}

/* Prints parts that are joined by "; " in as many lines as the terminal needs,
 * or in one where there is none. */
static void
print_parts(char *text)
{
	size_t available = terminal_width(), column = LABEL, width;
	const char *part;

	while ((part = strsep(&text, ";")) != NULL) {
		width = strlen(part) + 1;
		if (column > LABEL && available > 0 &&
		    column + width > available) {
			printf("\n%*s", LABEL, "");
			column = LABEL;
			if (*part == ' ') {
				part++;
				width--;
			}
		}
		print_safe(stdout, part);
		if (text != NULL)
			putchar(';');
		column += width;
	}
	putchar('\n');
}

/* "idle 2d03h", or "idle 5m of 1h00m" where that is not enough. */
static void
describe_idle(uint64_t seconds, bool enough, char text[static IDLE_TEXT])
{
	char idle[SHORT_TEXT], wanted[SHORT_TEXT];

	short_duration(idle, seconds);
	short_duration(wanted, SHMT_STALE_IDLE);
	snprintf(text, IDLE_TEXT, "idle %s%s%s", idle, enough ? "" : " of ",
	    enough ? "" : wanted);
}

/* Each part of the proof, in the order of its definition. */
static void
print_proof(const struct row *row, const struct shmt_proof *proof)
{
	char creator[PROCESS_TEXT], user[PROCESS_TEXT] = "";
	char idle[IDLE_TEXT], text[2 * PROCESS_TEXT + 256];
	const struct shmt_info *s = &row->segment;

	describe_process(s->cpid, &proof->creator, creator);
	if (proof->last_user.state != SHMT_NONE)
		describe_process(s->lpid, &proof->last_user, user);
	describe_idle(proof->idle, proof->idle_enough, idle);
	snprintf(text, sizeof(text), "%s: %s; %s; creator %s; %s%s; %s",
	    proof->stale ? "yes" : "no",
	    proof->unattached ? "not attached" : "attached",
	    proof->not_dest ? "not marked" : "marked for removal", creator,
	    user[0] == '\0' ? "never attached" :
	    s->dtime >= s->atime ? "last detach by " : "last attach by ", user,
	    idle);
	label("stale");
	print_parts(text);
}

/* As shmt_logout_removes(); of memory without a name there is nothing to
 * remove. */
static int
logout_removes(const struct shmt_info *s, bool *removes)
{
	*removes = false;
	return (SHMT_KIND(s->object.kind) & SHMT_UNNAMED) != 0 ? 0 :
	    shmt_logout_removes(s->uid, removes);
}

static void
print_logout(const struct shmt_info *s)
{
	bool removes;

	if (logout_removes(s, &removes) == -1 || !removes)
		return;
	label("at logout");
	puts(s->object.kind == SHMT_SYSV ?
	    "systemd-logind removes it, if unattached (RemoveIPC)" :
	    "systemd-logind removes its name (RemoveIPC)");
}

static void
print_postgresql(const struct shmt_info *s)
{
	struct shmt_postgresql server;

	if (shmt_postgresql(s, &server) == -1)
		return;
	label("postgresql");
	printf("server %d, data directory ", (int)server.pid);
	print_safe(stdout, server.directory);
	putchar('\n');
}

static void
print_holders(const struct row *row, bool bytes)
{
	const uint64_t nattch = row->segment.nattch;

	label("attached");
	if (nattch == 0 && row->holder_count == 0) {
		puts("no (0 mappings)");
		return;
	}
	printf("%" PRIu64 " mapping%s, ", nattch, plural(nattch, "s"));
	if ((row->facts & HAS_HOLDERS) == 0) {
		puts("processes unknown");
		return;
	}
	printf("%u process%s seen\n", row->holder_count,
	    plural(row->holder_count, "es"));
	if (row->holder_count > 0)
		print_attachments(row, bytes);
}

static void
check_object(const struct row *row, struct shmt_object_proof *proof)
{
	shmt_check_object_stale(&row->segment, time(NULL), SHMT_STALE_IDLE,
	    &row->namespace->holders, proof);
}

/* Describes which process may have created an object, and why. */
static void
describe_creator(const struct shmt_object_proof *proof,
    char text[static PROCESS_TEXT])
{
	static const char *const named[] = {
		[SHMT_CANNOT_TELL] = "may be alive", [SHMT_NO] = "is alive",
		[SHMT_YES] = "has exited"
	};

	if (proof->by_name)
		snprintf(text, PROCESS_TEXT, "creator %d of its name %s",
		    (int)proof->pid, named[proof->creator_gone]);
	else if (proof->creator_gone == SHMT_YES)
		strlcpy(text, "no process of its owner is as old as it",
		    PROCESS_TEXT);
	else if (proof->pid != 0)
		snprintf(text, PROCESS_TEXT, "%d (%s) of its owner %s as old",
		    (int)proof->pid, proof->command,
		    proof->creator_gone == SHMT_NO ? "is" : "may be");
	else
		strlcpy(text, proof->complete ? "changed just now" :
		    "a process that may not be looked into can be its creator",
		    PROCESS_TEXT);
}

/* Each part of the proof, in the order of its definition. */
static void
print_object_proof(const struct shmt_object_proof *proof)
{
	static const char *const use[] = {
		[SHMT_CANNOT_TELL] = ("use unknown: only its owner may ask "
		    "the kernel"),
		[SHMT_NO] = "in use", [SHMT_YES] = "not in use"
	};
	char idle[IDLE_TEXT], creator[PROCESS_TEXT], text[PROCESS_TEXT + 256];

	describe_creator(proof, creator);
	describe_idle(proof->idle, proof->idle_enough, idle);
	snprintf(text, sizeof(text), "%s: %s; %s%s; %s; %s",
	    proof->stale ? "yes" : "no", use[proof->unused],
	    proof->no_semaphore ? "no semaphore" : "a semaphore",
	    proof->one_name ? "" : "; more than one name", creator, idle);
	label("stale");
	print_parts(text);
}

static void
print_object_users(const struct row *row, bool bytes)
{
	const struct shmt_info *s = &row->segment;

	label("used by");
	if ((row->facts & HAS_HOLDERS) == 0) {
		puts("processes unknown");
		return;
	}
	if (row->holder_count == 0) {
		puts((s->known & SHMT_HAS_IN_USE) == 0 ?
		    "no process that can be seen" : s->in_use ?
		    "processes that cannot be seen" : "no process");
		return;
	}
	printf("%u process%s, %" PRIu64 " mapping%s, %" PRIu64
	    " descriptor%s\n", row->holder_count,
	    plural(row->holder_count, "es"), s->nattch,
	    plural(s->nattch, "s"), s->fds, plural(s->fds, "s"));
	print_attachments(row, bytes);
}

static void
print_object_times(const struct shmt_info *s)
{
	int64_t now = time(NULL);

	if ((s->known & SHMT_HAS_BTIME) != 0)
		print_time("created", s->btime, now);
	print_time("read", s->atime, now);
	print_time("written", s->mtime, now);
	print_time("change", s->ctime, now);
}

/* The name of an object, or the path to memory without a name and what it was
 * called. */
static void
print_name(const struct row *row)
{
	const struct shmt_object *object = &row->segment.object;
	char former[SHMT_FORMER_NAME];

	label(object->kind == SHMT_POSIX ? "name" : "path");
	print_safe(stdout, row->path);
	putchar('\n');
	if (object->kind == SHMT_POSIX ||
	    shmt_former_name(object, former) == -1 || former[0] == '\0')
		return;
	label(object->kind == SHMT_DELETED ? "former name" : "name");
	print_safe(stdout, former);
	putchar('\n');
}

static void
print_object_detail(const struct row *row, bool bytes)
{
	const struct shmt_info *s = &row->segment;
	struct shmt_object_proof proof;

	print_name(row);
	label("kind");
	printf("%s, inode %" PRIu64 " of device %" PRIu64 "\n",
	    shmt_kind_name(s->object.kind), s->object.inode, s->object.dev);
	print_identity("owner", s->uid, s->gid);
	print_state(row, bytes);
	print_object_times(s);
	if (s->object.kind == SHMT_POSIX) {
		check_object(row, &proof);
		print_object_proof(&proof);
		print_logout(s);
	}
	print_object_users(row, bytes);
}

void
print_detail(const struct row *row, bool bytes, bool with_ns)
{
	const struct shmt_info *s = &row->segment;
	int64_t now = time(NULL);
	struct shmt_proof proof;

	if (row->path != NULL) {
		print_object_detail(row, bytes);
		return;
	}
	shmt_check_stale(s, now, SHMT_STALE_IDLE, &proof);
	label("id");
	printf("%d\n", s->object.id);
	print_key(row);
	if (with_ns) {
		label("namespace");
		printf("%" PRIu64 ", of %d (", row->namespace->ns.inode,
		    (int)row->namespace->ns.pid);
		print_safe(stdout, row->namespace->command);
		puts(")");
	}
	print_identity("owner", s->uid, s->gid);
	print_identity("creator", s->cuid, s->cgid);
	print_state(row, bytes);
	print_postgresql(s);
	print_process("created by", s->cpid, &proof.creator);
	print_process("last used by", s->lpid, &proof.last_user);
	print_time("attach", s->atime, now);
	print_time("detach", s->dtime, now);
	print_time("change", s->ctime, now);
	print_proof(row, &proof);
	print_logout(s);
	print_holders(row, bytes);
}

static void
json_answer(struct json *json, const char *name, enum shmt_answer answer)
{
	if (answer == SHMT_CANNOT_TELL)
		json_null(json, name);
	else
		json_bool(json, name, answer == SHMT_YES);
}

static void
json_object_proof(struct json *json, const struct row *row)
{
	struct shmt_object_proof proof;

	check_object(row, &proof);
	json_bool(json, "stale", proof.stale);
	json_answer(json, "unused", proof.unused);
	json_bool(json, "no_semaphore", proof.no_semaphore);
	json_bool(json, "one_name", proof.one_name);
	json_answer(json, "creator_gone", proof.creator_gone);
	json_bool(json, "idle_enough", proof.idle_enough);
}

static void
json_proof(struct json *json, const struct shmt_info *s)
{
	struct shmt_proof proof;

	shmt_check_stale(s, time(NULL), SHMT_STALE_IDLE, &proof);
	json_bool(json, "stale", proof.stale);
	json_bool(json, "unattached", proof.unattached);
	json_bool(json, "not_dest", proof.not_dest);
	json_bool(json, "creator_gone", proof.creator_gone);
	json_bool(json, "last_user_gone", proof.last_user_gone);
	json_bool(json, "idle_enough", proof.idle_enough);
}

static void
json_postgresql(struct json *json, const struct shmt_info *s)
{
	struct shmt_postgresql server;

	if (shmt_postgresql(s, &server) == -1) {
		json_null(json, "postgresql");
		return;
	}
	json_open(json, "postgresql", '{');
	json_number(json, "pid", (uint64_t)server.pid);
	json_text(json, "data_directory", server.directory);
	json_close(json, '}');
}

void
json_detail(const struct table *table, struct json *json, const void *row)
{
	const struct row *r = row;
	const struct shmt_info *s = &r->segment;
	bool removes;

	json_attachments(json, row, table->arg);
	json_open(json, "proof", '{');
	if (r->path != NULL)
		json_object_proof(json, r);
	else
		json_proof(json, s);
	json_close(json, '}');
	if (logout_removes(s, &removes) == 0)
		json_bool(json, "logout_removes", removes);
	else
		json_null(json, "logout_removes");
	json_postgresql(json, s);
}
