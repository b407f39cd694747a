# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# An id is a name, not the segment: root of an IPC namespace, who may be any
# user, can remove a segment and make another one under its id between two
# system calls.  A preloaded library does that after a call of each kind.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no id can be asked for"
	is_plain || skip "an instrumented program takes no preload"
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	cat >replace.c <<-'TXT'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/ipc.h>
	#include <sys/shm.h>
	#include <sys/wait.h>
	#include <unistd.h>

	/* Once, by a process that is not the one attacked: 4096 bytes, mode
	 * 0600, key 0x666. */
	static void
	replace(int id)
	{
		static int done;
		FILE *next;

		if (id == -1 || done++)
			return;
		if (fork() == 0) {
			shmctl(id, IPC_RMID, NULL);
			next = fopen("/proc/sys/kernel/shm_next_id", "w");
			fprintf(next, "%d", id);
			fclose(next);
			_exit(shmget(0x666, 4096, IPC_CREAT | 0600) != id);
		}
		wait(NULL);
	}

	static int
	is_time(const char *when)
	{
		return strcmp(getenv("AFTER"), when) == 0;
	}

	int
	shmget(key_t key, size_t size, int flags)
	{
		int (*next)(key_t, size_t, int) =
		    (int (*)(key_t, size_t, int))dlsym(RTLD_NEXT, "shmget");
		int id = next(key, size, flags);

		if (is_time("shmget") && key != 0x666)
			replace(id);
		return id;
	}

	int
	shmctl(int id, int command, struct shmid_ds *ds)
	{
		int (*next)(int, int, struct shmid_ds *) =
		    (int (*)(int, int, struct shmid_ds *))
		    dlsym(RTLD_NEXT, "shmctl");
		int result = next(id, command, ds);

		if ((is_time("stat") && command == IPC_STAT) ||
		    (is_time("set") && command == IPC_SET))
			replace(id);
		return result;
	}
	TXT
	"${CC:-cc}" -shared -fPIC -o replace.so replace.c
	printf secret >file
}

replacing_after() {
	run --separate-stderr env LD_PRELOAD="$PWD/replace.so" AFTER="$1" \
		"${@:2}"
}

# The other segment is there, as it was made, and nothing else.
is_untouched() {
	[ "$(ipcs -m | awk '/^0x/ { print $1, $4, $5, $6, $7 }')" = \
		"0x00000666 600 4096 0 " ]
	[ "$(perl -e 'shmread($ARGV[0], $b, 0, 6); print $b' "$id" |
		tr -d '\0')" = "" ]
}

@test "replaced: after create made it, the other segment stays as it is" {
	local words
	for words in "--lock" "-i file -m 0644" "-m 0644 -i file --lock"; do
		# shellcheck disable=SC2086
		replacing_after shmget shmtool create -s 8192 $words
		[ "$status" -eq 3 ] || { echo "$words: $status $stderr"; return 1; }
		[ -z "$output" ]
		message_has "segment 0 was removed" "another"
		id=$(ipcs -m | awk '/^0x/ { print $2 }')
		is_untouched
		ipcrm --all=shm
		# Ids begin at 0 again, for the message.
		echo 0 >/proc/sys/kernel/shm_next_id
	done
}

@test "replaced: after create made it for COMMAND, which does not start" {
	local key
	for key in "" "-k 0x4d2"; do
		# shellcheck disable=SC2086
		replacing_after shmget shmtool create -s 8192 $key -- touch ran
		[ "$status" -eq 125 ]
		message_has "was removed" "another"
		[ ! -e ran ]
		id=$(ipcs -m | awk '/^0x/ { print $2 }')
		is_untouched
		ipcrm --all=shm
	done
}

@test "replaced: after attach and set found it by its key" {
	id=$(shmtool create -k 0x4d2 -s 8192)
	replacing_after shmget shmtool attach -t 0 0x4d2
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	message_has "attach: 0x4d2: no such segment"
	is_untouched
	ipcrm --all=shm
	id=$(shmtool create -k 0x4d2 -s 8192)
	replacing_after shmget shmtool set -m 0644 --lock 0x4d2
	[ "$status" -eq 3 ]
	message_has "set: 0x4d2: no such segment"
	is_untouched
}

@test "replaced: after set changed it, the other one is not locked" {
	id=$(shmtool create -k 0x4d2 -s 8192)
	replacing_after set shmtool set -m 0644 --lock "$id"
	[ "$status" -eq 3 ]
	message_has "set: $id: segment $id was removed, and another one has its id"
	is_untouched
}

@test "replaced: after save found it, the other one is not saved" {
	id=$(shmtool create -s 8192)
	mkdir dir
	replacing_after stat shmtool save dir "$id"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	message_has "save: $id: segment $id was removed, and another one has its id"
	[ -z "$(ls dir)" ]
	is_untouched
}
