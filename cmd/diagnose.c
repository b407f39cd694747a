/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Messages for refusals of segments and limits by the kernel: the size
 * requested, the amount in use, the limit with its name and value, and the
 * command that helps.  diagnose_object.c has those of POSIX objects.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "diagnose.h"
#include "namespace.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/text.h"

struct refusal {
	const char *object;
	const struct shmt_request *request;
	struct shmt_cause cause;
	uintmax_t requested, used, limit;	/* those of cause */
	const char *likely;	/* "likely " where figures do not prove it */
	int error;
};

/* A limit that makes room.  Where the figures do not prove the cause, it is
 * above the present one, which no advice may lower. */
static uintmax_t
sufficient_limit(const struct shmt_cause *c)
{
	uintmax_t used = c->certain || c->used > c->limit ? c->used : c->limit;

	return c->requested < UINT64_MAX - used ? used + c->requested :
	    UINT64_MAX;
}

/* A huge_size of 0 is unknown: there is no default size. */
static int
report_huge_size(const struct refusal *r)
{
	if (r->cause.huge_size == 0)
		warn_about(r->object, "%sthis kernel has no huge pages",
		    r->likely);
	else
		warn_about(r->object, "%sno huge pages of %ju bytes on this "
		    "machine: ls /sys/kernel/mm/hugepages shows what there is",
		    r->likely, (uintmax_t)r->cause.huge_size);
	return ST_FAILED;
}

static int
report_size(const struct refusal *r)
{
	const struct shmt_info *s = &r->cause.segment;

	switch (r->cause.kind) {
	case SHMT_CAUSE_ZERO_SIZE:
		warn_about(r->object, "a new segment needs at least 1 byte");
		return ST_FAILED;
	case SHMT_CAUSE_SHMMAX:
		warn_about(r->object, "%ju byte%s requested, kernel.shmmax "
		    "allows %ju: shmtool %slimits --set shmmax=%ju",
		    r->requested, plural(r->requested, "s"), r->limit,
		    ns_option(), r->requested);
		return ST_LIMIT;
	case SHMT_CAUSE_EXISTING:
		warn_about(r->object, "%ju bytes requested, the existing "
		    "segment %d of %s has %ju: shmtool %sstat %d", r->requested,
		    s->object.id, user_name(s->uid), (uintmax_t)s->size,
		    ns_option(), s->object.id);
		return ST_BUSY;
	default:
		warn_about(r->object, "%ju bytes requested, more than any "
		    "segment can hold", r->requested);
		return ST_LIMIT;
	}
}

static int
report_too_many(const struct refusal *r)
{
	if (r->cause.kind == SHMT_CAUSE_SHMALL)
		warn_about(r->object, "%spages: %ju requested, %ju in use, "
		    "kernel.shmall allows %ju: shmtool %slimits --set "
		    "shmall=%ju", r->likely, r->requested, r->used, r->limit,
		    ns_option(), sufficient_limit(&r->cause));
	else if (r->limit >= SHMMNI_MOST)
		warn_about(r->object, "%ssegments: %ju in use, kernel.shmmni "
		    "allows %ju, the maximum: shmtool %srm --stale -n shows "
		    "candidates", r->likely, r->used, r->limit, ns_option());
	else
		warn_about(r->object, "%ssegments: %ju in use, kernel.shmmni "
		    "allows %ju: shmtool %srm --stale -n shows candidates, "
		    "shmtool %slimits --set shmmni=%ju makes room", r->likely,
		    r->used, r->limit, ns_option(), ns_option(),
		    r->limit < 16 ? 32 :
		    r->limit < SHMMNI_MOST / 2 ? r->limit * 2 : SHMMNI_MOST);
	return ST_LIMIT;
}

/* Of CommitLimit, the kernel keeps admin_reserve_kbytes, 8 MiB unless it is
 * set, and a part of user_reserve_kbytes from other users than root. */
#define KEPT_KBYTES 16384

int
report_overcommit(const char *object, const struct shmt_cause *c)
{
	const uintmax_t requested = c->requested;

	warn_about(object, "%s%ju byte%s requested, Committed_AS is %ju, "
	    "CommitLimit is %ju (vm.overcommit_memory is 2): sysctl "
	    "vm.overcommit_kbytes=%ju", c->certain ? "" : "likely ", requested,
	    plural(requested, "s"), (uintmax_t)c->used, (uintmax_t)c->limit,
	    sufficient_limit(c) / 1024 + 1 + KEPT_KBYTES);
	return ST_LIMIT;
}

static int
report_no_memory(const struct refusal *r)
{
	const char *bytes = plural(r->requested, "s"), *where = "this machine";
	uintmax_t used = r->used, limit = r->limit;
	struct shmt_headroom headroom;

	if (r->cause.overcommit == 2)
		return report_overcommit(r->object, &r->cause);
	if (r->cause.certain) {
		warn_about(r->object, "%ju byte%s requested, memory and swap "
		    "have %ju (vm.overcommit_memory is 0): --no-reserve does "
		    "not reserve memory", r->requested, bytes, limit);
		return ST_LIMIT;
	}
	/* Nothing proves the cause: names the tightest limit. */
	if (shmt_headroom(&headroom)) {
		used = headroom.used;
		limit = headroom.limit;
		where = headroom.where;
	}
	warn_about(r->object, "likely no memory left: %ju byte%s requested, "
	    "%s: %ju of %ju in use: free shows more", r->requested, bytes,
	    where, used, limit);
	return ST_LIMIT;
}

static int
report_no_huge_pages(const struct refusal *r)
{
	const uintmax_t size = r->cause.huge_size;
	const uintmax_t wanted = sufficient_limit(&r->cause);
	char command[128];

	/* Without figures, any number might lower the one that is set. */
	if (r->limit == 0 && !r->cause.certain) {
		warn_about(r->object, "likely too few huge pages: %ju bytes "
		    "requested", (uintmax_t)r->request->size);
		return ST_LIMIT;
	}
	if (r->request->huge_size == 0)
		snprintf(command, sizeof(command), "sysctl vm.nr_hugepages=%ju",
		    wanted);
	else
		snprintf(command, sizeof(command), "echo %ju >"
		    "/sys/kernel/mm/hugepages/hugepages-%jukB/nr_hugepages",
		    wanted, size / 1024);
	warn_about(r->object, "%shuge pages of %ju bytes: %ju requested, %ju "
	    "of %ju in use: %s", r->likely, size, r->requested, r->used,
	    r->limit, command);
	return ST_LIMIT;
}

/* ulimit(1) counts in KiB. */
static int
report_rlimit(const struct refusal *r)
{
	const uintmax_t kib = sufficient_limit(&r->cause) / 1024 + 5;
	const char *bytes = plural(r->requested, "s");

	if (r->cause.kind == SHMT_CAUSE_MEMLOCK)
		warn_about(r->object, "%s%ju byte%s to lock, %ju locked "
		    "already, RLIMIT_MEMLOCK allows %ju: ulimit -l %ju",
		    r->likely, r->requested, bytes, r->used, r->limit, kib);
	else
		warn_about(r->object, "%s%ju byte%s to attach, %ju of address "
		    "space in use, RLIMIT_AS allows %ju: ulimit -v %ju",
		    r->likely, r->requested, bytes, r->used, r->limit, kib);
	return ST_LIMIT;
}

static int
report_next_id(const struct refusal *r)
{
	static const char file[] = "/proc/sys/kernel/shm_next_id";

	if (r->error == EROFS)
		warn_about(r->object, "id %d cannot be requested: /proc/sys is "
		    "mounted read-only here", r->request->id);
	else if (r->error == ENOENT)
		warn_about(r->object, "id %d cannot be requested: %s does not "
		    "exist", r->request->id, file);
	else
		warn_about(r->object, "id %d cannot be requested without "
		    "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN: %s: %s",
		    r->request->id, file, strerror(r->error));
	return r->error == EACCES || r->error == EPERM ? ST_DENIED : ST_FAILED;
}

static int
report_taken(const struct refusal *r)
{
	const struct shmt_info *s = &r->cause.segment;

	if (r->cause.has_segment)
		warn_about(r->object, "segment %d of %s, of size %ju, has this "
		    "%s: shmtool %sstat %d", s->object.id, user_name(s->uid),
		    (uintmax_t)s->size, r->request->key != 0 &&
		    s->key == r->request->key ? "key" : "id", ns_option(),
		    s->object.id);
	else if (r->request->flags & SHMT_WITH_ID)
		warn_about(r->object, "id %d is not free: another segment has "
		    "its place in the kernel's table", r->request->id);
	else
		warn_about(r->object, "%s", strerror(r->error));
	return ST_BUSY;
}

static int
report_not_permitted(const struct refusal *r)
{
	const struct shmt_info *s = &r->cause.segment;

	if (r->cause.kind == SHMT_CAUSE_HUGE_GROUP)
		warn_about(r->object, "huge pages are for CAP_IPC_LOCK and "
		    "group %s (vm.hugetlb_shm_group is %ju): sysctl "
		    "vm.hugetlb_shm_group=%u", group_name((uint32_t)r->limit),
		    r->limit, (unsigned)getegid());
	else
		warn_about(r->object, "segment %d of %s has mode %04o, which "
		    "does not permit what %04o requests: shmtool %sstat %d",
		    s->object.id, user_name(s->uid), s->mode, r->request->mode,
		    ns_option(), s->object.id);
	return ST_DENIED;
}

static int
report_other(const struct refusal *r)
{
	if (r->error == ENOENT)
		return fail(r->object, r->error);
	warn_about(r->object, "%ju bytes: %s", (uintmax_t)r->request->size,
	    strerror(r->error));
	return status_of(r->error);
}

int
diagnose_refusal(const char *object, const struct shmt_request *request,
    enum shmt_step step, int error)
{
	static int (*const reports[])(const struct refusal *) = {
		[SHMT_CAUSE_OTHER] = report_other,
		[SHMT_CAUSE_ZERO_SIZE] = report_size,
		[SHMT_CAUSE_SHMMAX] = report_size,
		[SHMT_CAUSE_LARGEST] = report_size,
		[SHMT_CAUSE_EXISTING] = report_size,
		[SHMT_CAUSE_HUGE_SIZE] = report_huge_size,
		[SHMT_CAUSE_SHMMNI] = report_too_many,
		[SHMT_CAUSE_SHMALL] = report_too_many,
		[SHMT_CAUSE_OVERCOMMIT] = report_no_memory,
		[SHMT_CAUSE_HUGE_FREE] = report_no_huge_pages,
		[SHMT_CAUSE_MEMLOCK] = report_rlimit,
		[SHMT_CAUSE_AS] = report_rlimit,
		[SHMT_CAUSE_HUGE_GROUP] = report_not_permitted,
		[SHMT_CAUSE_NEXT_ID] = report_next_id,
		[SHMT_CAUSE_EXISTS] = report_taken,
		[SHMT_CAUSE_MODE] = report_not_permitted
	};
	struct refusal r = { .object = object, .request = request,
		.error = error };

	shmt_diagnose(request, step, error, &r.cause);
	r.requested = r.cause.requested;
	r.used = r.cause.used;
	r.limit = r.cause.limit;
	r.likely = r.cause.certain ? "" : "likely ";
	return reports[r.cause.kind](&r);
}

int
owner_refused(const char *text, const char *owner, int error)
{
	if (error != EINVAL)
		return fail(text, error);
	if (owner != NULL)
		warn_about(owner, "not in this user namespace");
	else
		warn_about(text, "its owner is not in this user namespace");
	return ST_FAILED;
}

int
limits_failed(const char *bad, int error)
{
	const char *reason = strerror(error);

	if (bad != NULL && error == EBADMSG)
		reason = "holds something other than the kernel's numbers";
	warn_about(bad != NULL ? bad : "limits of System V IPC", "%s", reason);
	return status_of(error);
}

const char *
container_size_option(void)
{
	static const struct {
		const char *file, *option;
	} signs[] = {
		{ "/var/run/secrets/kubernetes.io",
		    "an emptyDir (medium: Memory) at /dev/shm" },
		{ "/run/.containerenv", "podman run --shm-size=SIZE" },
		{ "/.dockerenv", "docker run --shm-size=SIZE" }
	};
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (access(signs[i].file, F_OK) == 0)
			return signs[i].option;
	return NULL;
}

static void
report_no_remount(uint64_t size, const char *reason, int error)
{
	const char *option = container_size_option();

	if (error == EBUSY)
		warn_about(SHMT_DEV_SHM_SIZE, "the same tmpfs is mounted at "
		    "%s, whose size would change too", reason);
	else if (error == ENOSYS && reason[0] == '\0')
		warn_about(SHMT_DEV_SHM_SIZE, "this kernel has no fsconfig(2): "
		    "mount -o remount,size=%" PRIu64 " /dev/shm", size);
	else if ((error == ENODEV || error == ENOENT) && reason[0] == '\0')
		warn_about(SHMT_DEV_SHM_SIZE, "no tmpfs is mounted at "
		    "/dev/shm");
	else if ((error == EPERM || error == EACCES) && reason[0] == '\0')
		warn_about(SHMT_DEV_SHM_SIZE, "%s: only root of this mount "
		    "namespace may remount /dev/shm%s%s", strerror(error),
		    option != NULL ? "; this container gets it by " : "",
		    option != NULL ? option : "");
	else
		warn_about(SHMT_DEV_SHM_SIZE, "%" PRIu64 ": %s", size,
		    reason[0] != '\0' ? reason : strerror(error));
}

static void
report_no_sysctl(const struct shmt_setting *s, int error)
{
	if (error == EACCES || error == EPERM)
		warn_about(s->name, "%s: only root of this IPC namespace may "
		    "set it: try sudo shmtool %slimits --set %s=%" PRIu64,
		    strerror(error), ns_option(), s->name, s->value);
	else if (error == EROFS)
		warn_about(s->name, "/proc/sys is mounted read-only here: set "
		    "it where this container is started");
	else if (error == EINVAL && strcmp(s->name, "shmmni") == 0)
		warn_about(s->name, "%" PRIu64 ": the kernel counts no more "
		    "than %d segments, or 16777216 when booted with "
		    "ipcmni_extend", s->value, SHMMNI_MOST);
	else
		warn_about(s->name, "%" PRIu64 ": %s", s->value,
		    error == ENOENT ? "/proc/sys/kernel does not have it" :
		    strerror(error));
}

int
setting_failed(const struct shmt_setting *setting, uint64_t now,
    const char *reason, int error)
{
	if (error == EIO && now != setting->value)
		warn_about(setting->name, "the kernel kept %" PRIu64 " instead "
		    "of %" PRIu64, now, setting->value);
	else if (strcmp(setting->name, SHMT_DEV_SHM_SIZE) == 0)
		report_no_remount(setting->value, reason, error);
	else
		report_no_sysctl(setting, error);
	return file_status(error);
}
