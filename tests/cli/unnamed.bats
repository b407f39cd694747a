#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# Memory without a name as SEGMENT: /proc/PID/fd/N and
# /proc/PID/map_files/RANGE.

load common
load unnamed

setup() {
	needs_own_shm
	clear_shm
	dir=$BATS_TEST_TMPDIR/saved
	mkdir "$dir"
}

test_teardown() {
	clear_shm
}

# The path to the mapping of $holder.
mapping() {
	shmtool stat --kind deleted,anon --pid "$holder" --tsv --no-heading \
		-o ID 2>/dev/null
}

@test "/proc/PID/fd/N: everything about a deleted object" {
	hold_unnamed deleted 5000
	run --separate-stderr shmtool stat "$path"
	[ "$status" -eq 0 ]
	[[ $output == "path          $path"$'\n'"former name   /dev/shm/held"$'\n'"kind          deleted, inode "* ]]
	[[ $output == *"1 process, 0 mappings, 1 descriptor"* ]]
	[ "$(shmtool stat "$path" --tsv --no-heading -o ID,SIZE,FDS,PROCS \
		2>/dev/null)" = "$path"$'\t5000\t1\t1' ]
}

@test "/proc/PID/fd/N: read, write and attach of a deleted object" {
	hold_unnamed deleted 5000
	shmtool write -o 10 -s hello "$path"
	[ "$(shmtool read -n 17 "$path")" = xxxxxxxxxxhelloxx ]
	[ "$(head -c 17 "$path")" = xxxxxxxxxxhelloxx ]
	[[ $(shmtool attach -t 0.1 "$path") == "$path 0x"*" 5000 rw" ]]
	# What an object has, this has too: it is not grown by writing.
	run --separate-stderr shmtool write -o 4998 -s abcd "$path"
	[ "$status" -eq 1 ]
	message_has "$path"
	[ "$(stat -Lc %s "$path")" -eq 5000 ]
}

@test "/proc/PID/map_files/RANGE: a shared anonymous mapping" {
	needs_root "map_files"
	hold_unnamed anon 8192
	path=$(mapping)
	shmtool write -s hello "$path"
	[ "$(shmtool read -s "$path")" = hello ]
	[[ $(shmtool stat "$path" 2>/dev/null) == *"kind          anon"* ]]
	[[ $(shmtool attach -r -t 0.1 "$path") == "$path 0x"*" 8192 r" ]]
	run --separate-stderr shmtool set -m 0600 "$path"
	[ "$status" -eq 2 ]
	message_has "$path" "no mode, owner or size"
}

@test "/proc/PID/fd/N: a rescue by read -O, and by save and restore" {
	hold_unnamed deleted 100000
	shmtool read -O "$BATS_TEST_TMPDIR/out" "$path"
	cmp "$BATS_TEST_TMPDIR/out" "$path"
	shmtool save "$dir" "$path" >"$BATS_TEST_TMPDIR/name"
	release
	grep -qx 'kind deleted' "$(<"$BATS_TEST_TMPDIR/name").meta"
	run --separate-stderr shmtool restore "$(<"$BATS_TEST_TMPDIR/name")"
	[ "$status" -eq 2 ]
	message_has "memory without a name" "--as /NAME" "-k KEY"
	[ -z "$(ls /dev/shm)" ]
	[ "$(shmtool restore --as /back "$(<"$BATS_TEST_TMPDIR/name")")" = /back ]
	cmp "$BATS_TEST_TMPDIR/out" /dev/shm/back
	[ "$(stat -c %a /dev/shm/back)" = 600 ]
	run --separate-stderr shmtool restore --id -k 77 \
		"$(<"$BATS_TEST_TMPDIR/name")"
	[ "$status" -eq 1 ]
	message_has "it was not a System V segment, and has no id"
	id=$(shmtool restore -k 77 "$(<"$BATS_TEST_TMPDIR/name")")
	[ "$(of_id key "$id")" = 0x0000004d ]
	shmtool read "$id" | cmp - /dev/shm/back
}

@test "save: all of some kinds, and a memfd to a segment and back" {
	hold_unnamed memfd 9000
	shmtool save "$dir" --kind memfd --pid "$holder" 2>/dev/null
	[ "$(find "$dir" -name '*.meta' | wc -l)" -eq 1 ]
	grep -qx 'kind memfd' "$dir"/*.meta
	[ "$(shmtool restore --as /back "$dir"/*.meta)" = /back ]
	cmp "$path" /dev/shm/back
	# 0777 of a memfd would let everybody read it.
	[ "$(stat -c %a /dev/shm/back)" = 600 ]
}

@test "save: the only process that holds it exits meanwhile" {
	hold_unnamed deleted 5000
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	is_plain || skip "a preload in an instrumented program"
	"${CC:-cc}" -shared -fPIC -o "$BATS_TEST_TMPDIR/kill.so" -x c - <<-'TXT'
	#define _GNU_SOURCE
	#include <sys/types.h>
	#include <dlfcn.h>
	#include <signal.h>
	#include <stdlib.h>
	#include <unistd.h>
	/* The contents are being copied. */
	ssize_t pread64(int fd, void *to, size_t n, off_t at)
	{
		kill(atoi(getenv("VICTIM")), SIGKILL);
		usleep(200000);
		return ((ssize_t (*)(int, void *, size_t, off_t))
		    dlsym(RTLD_NEXT, "pread64"))(fd, to, n, at);
	}
	TXT
	VICTIM=$holder LD_PRELOAD=$BATS_TEST_TMPDIR/kill.so \
		shmtool save "$dir" "$path"
	wait "$holder" || true
	run -1 kill -0 "$holder"
	[ "$(wc -c <"$(find "$dir" -name '*.shm')")" -eq 5000 ]
	holders=()
}

@test "rm and set of memory without a name" {
	hold_unnamed deleted 5000
	run --separate-stderr shmtool rm "$path"
	[ "$status" -eq 2 ]
	message_has "$path" "cannot be removed" "$holder (perl)"
	run --separate-stderr shmtool rm -f /proc/999999999/fd/1
	[ "$status" -eq 2 ]
	[ "$(head -c 3 "$path")" = xxx ]
	shmtool set -m u=r,g=w "$path"
	[ "$(stat -Lc %a "$path")" = 420 ]
	shmtool set -s 8K "$path"
	[ "$(stat -Lc %s "$path")" = 8192 ]
	run --separate-stderr shmtool set -s 4K "$path"
	[ "$status" -eq 5 ]
	message_has "$path" "$holder (perl)" --force
	shmtool set -f -s 4K "$path"
	[ "$(stat -Lc %s "$path")" = 4096 ]
	run --separate-stderr shmtool set --lock "$path"
	[ "$status" -eq 2 ]
	message_has --lock
}

@test "a sealed memfd: write, attach and set name the seal" {
	local line
	hold_unnamed sealed 5000
	for line in "write -s x" "attach -t 1" "set -s 8K" "set -f -s 1K"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 5 shmtool $line "$path"
		[ "$status" -eq 4 ]
		message_has "$path" F_SEAL_
	done
	[ "$(shmtool read -n 3 "$path")" = xxx ]
	[[ $(shmtool attach -r -t 0.1 "$path") == *" 5000 r" ]]
}

@test "a memfd of huge pages: write names what it is" {
	hold_unnamed huge 4194304
	run --separate-stderr shmtool write -s x "$path"
	[ "$status" -eq 1 ]
	message_has "write: $path: memory of huge pages without a name can be \
read, but not written to"
	[ "$(shmtool read -n 2M "$path" | tr -d '\0' | wc -c)" -eq 0 ]
}

@test "a path to an object that has a name is that object" {
	hold_unnamed named 5000
	[ "$(shmtool stat "$path" --tsv --no-heading -o KIND,ID 2>/dev/null)" = \
		$'posix\t/held' ]
	run --separate-stderr shmtool rm "$path"
	[ "$status" -eq 5 ]
	mv /dev/shm/held /dev/shm/moved
	[ "$(shmtool stat "$path" --tsv --no-heading -o ID 2>/dev/null)" = \
		/moved ]
	[ "$(shmtool save "$dir" "$path")" ]
	grep -qx 'name /moved' "$dir"/*.meta
	# The same file system, but not directly in it.
	mkdir /dev/shm/sub
	mv /dev/shm/moved /dev/shm/sub/x
	run --separate-stderr shmtool stat "$path"
	[ "$status" -eq 3 ]
	message_has "$path" "a file that has a name"
}

@test "a path that leads to no memory says what it leads to" {
	local n
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	sh -c 'exec 5<>"$1/fifo" 6<"$1" 7<"$2" 8</dev/null && : >"$1/ready" &&
		exec sleep 100' sh "$BATS_TEST_TMPDIR" "$(command -v sh)" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$BATS_TEST_TMPDIR/ready"
	for n in "5 a pipe" "6 a directory" "7 tmpfs" "8 a device" \
		"99 no such process"; do
		run --separate-stderr shmtool read "/proc/$holder/fd/${n%% *}"
		[ "$status" -eq 3 ]
		message_has "/proc/$holder/fd/${n%% *}" "${n#* }"
	done
	run --separate-stderr shmtool stat /proc/999999999/fd/1
	[ "$status" -eq 3 ]
	for n in /proc/self/fd/1 /proc/1/fd/ /proc/1/fd/1x /proc/1/map_files/1 \
		/proc/1/map_files/1-2-3 /proc//fd/1; do
		run --separate-stderr shmtool stat "$n"
		[ "$status" -eq 2 ]
		message_has "$n" /proc/PID/fd/N
	done
}

@test "a path to a System V segment names the id" {
	needs_root "map_files"
	local id range
	id=$(shmtool create -s 4096)
	hold "$id"
	range=$(awk '/SYSV/ { print $1 }' "/proc/$holder/maps")
	# The names in map_files have no zeros before them.
	run --separate-stderr shmtool stat "/proc/$holder/map_files/$range"
	[ "$status" -eq 3 ]
	message_has "a System V segment"
}

@test "another user's memory is refused for want of permission" {
	needs_root "another user"
	hold_unnamed deleted 5000
	run --separate-stderr without_privilege "$(command -v shmtool)" read \
		"$path"
	[ "$status" -eq 4 ]
	message_has "$path"
}

@test "a number that another file has now gives no other memory" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	is_plain || skip "a preload in an instrumented program"
	hold_unnamed deleted 5000
	echo other >/dev/shm/other
	# The path leads elsewhere from its second open on, or later.
	"${CC:-cc}" -shared -fPIC -o "$BATS_TEST_TMPDIR/swap.so" -x c - <<-'TXT'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <fcntl.h>
	#include <stdlib.h>
	#include <string.h>
	static int
	swap(const char *name, const char *path, int flags)
	{
		static int seen;
		int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
		if (strcmp(path, getenv("SWAPPED")) == 0 &&
		    seen++ >= atoi(getenv("AFTER")))
			path = "/dev/shm/other";
		return next(path, flags);
	}
	int open(const char *path, int flags, ...)
	{
		return swap("open", path, flags);
	}
	int open64(const char *path, int flags, ...)
	{
		return swap("open64", path, flags);
	}
	TXT
	local swap=(env SWAPPED="$path" LD_PRELOAD="$BATS_TEST_TMPDIR/swap.so")
	run --separate-stderr "${swap[@]}" AFTER=1 shmtool read "$path"
	[ "$status" -ne 0 ]
	[ -z "$output" ]
	message_has "$path"
	before=$(stat -c %a /dev/shm/other)
	for n in 1 2 3 4 5; do
		run "${swap[@]}" AFTER=$n shmtool set -m 0666 "$path"
		[ "$(stat -c %a /dev/shm/other)" = "$before" ]
	done
}

# hold_flags FLAGS: a process that has /dev/shm/there open with these flags of
# open(2); $path leads to it.
hold_flags() {
	perl -e '
		sysopen my $f, "/dev/shm/there", oct $ARGV[0] or die $!;
		open my $ready, ">", $ARGV[1] or die $!;
		print $ready fileno $f;
		close $ready;
		sleep 1 while 1;' "$1" "$BATS_TEST_TMPDIR/flags" 3>&- &
	holders+=($!)
	wait_for test -s "$BATS_TEST_TMPDIR/flags"
	path=/proc/$!/fd/$(cat "$BATS_TEST_TMPDIR/flags")
}

@test "a descriptor opened with O_PATH gives no access to anybody" {
	echo theirs >/dev/shm/there
	hold_flags 010000000
	run --separate-stderr shmtool rm "$path"
	[ "$status" -eq 2 ]
	for command in "read" "write -s x" "set -m 0666" "save $dir"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr shmtool $command "$path"
		[ "$status" -eq 4 ]
	done
	[ "$(cat /dev/shm/there)" = theirs ]
}

@test "a descriptor opened for reading is not written through" {
	echo theirs >/dev/shm/there
	hold_flags 0
	rm /dev/shm/there
	run --separate-stderr shmtool write -s x "$path"
	[ "$status" -eq 4 ]
	[ "$(shmtool read -s "$path")" = theirs ]
}

@test "write, set -s: a deleted file of a full tmpfs that is not /dev/shm" {
	mount -t tmpfs -o size=64K tmpfs "$dir" || skip "cannot mount here"
	exec 4<>"$dir/file"
	head -c 4096 /dev/zero >&4
	rm "$dir/file"
	head -c 1M /dev/zero >"$dir/rest" 2>/dev/null || true
	truncate -s 8192 "/proc/$BASHPID/fd/4"
	run --separate-stderr shmtool write -f /dev/zero -n 8192 \
		"/proc/$BASHPID/fd/4"
	[ "$status" -eq 6 ]
	message_has "write: /proc/$BASHPID/fd/4: No space left on device"
	run --separate-stderr shmtool set -s 16K "/proc/$BASHPID/fd/4"
	[ "$status" -eq 6 ]
	message_has "set: /proc/$BASHPID/fd/4: No space left on device"
	exec 4>&-
	umount "$dir"
}
