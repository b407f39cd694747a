/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lists every process with its user ids and its start, and finds out whether
 * the list is complete: /proc does not show processes outside our PID
 * namespace, nor those that its mount option hidepid hides.
 */

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/mounts.h"
#include "users/ids.h"
#include "users/process.h"
#include "users/scan.h"

/* The initial namespaces have the same numbers on every machine. */
#define INITIAL_PID_NS 4026531836u
#define INITIAL_USER_NS 4026531837u

static bool
is_in_ns(const char *path, ino_t inode)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == inode;
}

static bool
has_cap_sys_ptrace(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
	    0 };
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &head, data) == 0 &&
	    (data[0].effective & 1u << CAP_SYS_PTRACE) != 0 &&
	    is_in_ns("/proc/self/ns/user", INITIAL_USER_NS);
}

/* The last mount on /proc is the visible one. */
bool
shmt__parse_hidepid(char *mountinfo)
{
	struct shmt__mount mount;
	const char *option;
	bool hides = false;

	while (shmt__next_mount(&mountinfo, &mount)) {
		if (strcmp(mount.root, "/") != 0 ||
		    strcmp(mount.point, "/proc") != 0)
			continue;
		option = strstr(mount.super, "hidepid=");
		hides = option != NULL && option[8] != '0' &&
		    strncmp(option + 8, "off", 3) != 0;
	}
	return hides;
}

static bool
proc_hides(void)
{
	char *text = shmt__read_file(AT_FDCWD, "/proc/self/mountinfo");
	bool hides;

	if (text == NULL)
		return true;
	hides = shmt__parse_hidepid(text);
	free(text);
	return hides && !has_cap_sys_ptrace();
}

int
shmt__ids_read(struct shmt__ids *ids)
{
	const struct shmt__query query = { .ids = true };
	struct shmt__ids all = { .taken = time(NULL) };

	if (!shmt__proc_is_ours())
		return shmt__fail(ENOTSUP);
	if (shmt__boot_time(&all.boot, &all.now) == -1 ||
	    shmt__scan(&query, &all.scan) == -1)
		return -1;
	all.complete = all.scan.hidden == 0 && !proc_hides() &&
	    is_in_ns("/proc/self/ns/pid", INITIAL_PID_NS);
	*ids = all;
	return 0;
}

void
shmt__ids_free(struct shmt__ids *ids)
{
	shmt__scan_free(&ids->scan);
	*ids = (struct shmt__ids){ 0 };
}

bool
shmt__has_uid(const struct shmt__process *process, uint32_t uid)
{
	size_t i;

	for (i = 0; i < sizeof(process->uids) / sizeof(process->uids[0]); i++)
		if (process->uids[i] == uid)
			return true;
	return false;
}
