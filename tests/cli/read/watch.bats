# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# read -w, interrupted: by signals, by its reader, by a full memory.

load ../common
load ../saved

file_setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

test_teardown() {
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
	pid=
	ipcrm --all=shm
	drop_group
}

@test "read: -w ends with its reader, though nothing changes" {
	id=$(shmtool create -s 4096)
	perl -e 'alarm 30; exec @ARGV' bash -c \
		"shmtool read -x -w0.1 $id | head -n 1 >/dev/null"
}

@test "read: -w does not make up for the time that it was stopped" {
	can_inject
	id=$(shmtool create -s 4096)
	strace -qq -o trace -e trace=shmctl \
		shmtool read -x -w0.2 "$id" >/dev/null &
	pid=$!
	wait_for test -s trace
	inner=$(pgrep -P "$pid")
	kill -STOP "$inner"
	before=$(grep -c shmctl trace)
	sleep 2
	kill -CONT "$inner"
	wait_for sh -c "[ \$(grep -c shmctl trace) -gt $before ]"
	kill -KILL "$inner"
	# Ten intervals have passed.
	[ "$(($(grep -c shmctl trace) - before))" -le 6 ]
}

@test "read: -w is ended by a signal in the middle of a look" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	needs_root "contents are read by pread(2)"
	is_plain || skip "only the program itself is to meet the signal"
	id=$(shmtool create -s 16M)
	shmtool write -zA "$id"
	cat >stop.c <<-'TXT'
	#include <dlfcn.h>
	#include <signal.h>
	#include <unistd.h>
	ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
	{
		static int n;
		if (++n == 3) raise(SIGTERM);
		if (n == 20) _exit(77);
		ssize_t (*next)(int, void *, size_t, off64_t) =
		    dlsym(RTLD_NEXT, "pread64");
		return next(fd, buffer, size, offset);
	}
	TXT
	"${CC:-cc}" -D_GNU_SOURCE -shared -fPIC -o stop.so stop.c -ldl
	LD_PRELOAD=$PWD/stop.so run timeout 60 shmtool read -x -w "$id"
	[ "$status" -eq 143 ]
	[ -z "$output" ]
}

@test "read: -w keeps no more than there is memory for" {
	id=$(shmtool create -s 64M)
	small=$(shmtool create -s 4K)
	shmtool write -zA "$id"
	make_group 24
	run --separate-stderr in_group timeout 60 shmtool read -x -w "$id"
	[ "$status" -eq 6 ]
	message_has "read: $id:" "memory cgroup /${group##*/} has" "left of 24M"
	in_group bash -c "shmtool read -x -w0.1 $small | head -n 1"
}

@test "read: -w -o shows offsets from the beginning of the segment" {
	id=$(shmtool create -s 64)
	cd "$BATS_TEST_TMPDIR"
	shmtool read -x -w0.1 -o 32 "$id" >seen 3>&- &
	holders+=($!)
	wait_for grep -q '^00000020 ' seen
	shmtool write -o 48 -s x "$id"
	wait_for grep -q '^00000030  78 00' seen
}

@test "read: a signal ends the values of a long hole, to FILE and with -w" {
	local size=64G arguments
	! is_32_bit || size=1G
	id=$(shmtool create --no-reserve -s "$size")
	for arguments in "-O /dev/null" -w; do
		# shellcheck disable=SC2086
		env --default-signal shmtool read -t u1 $arguments "$id" \
			>/dev/null 3>&- &
		pid=$!
		wait_for grep -Eq '^wchar: [0-9]{7}' "/proc/$pid/io"
		kill -TERM "$pid"
		# Printing all of them would take minutes.
		timeout 20 tail -s 0.1 --pid="$pid" -f /dev/null
		status=0
		wait "$pid" || status=$?
		pid=
		[ "$status" -eq 143 ]
	done
}

@test "read: -w puts the carets below the bytes, beyond 4 GiB too" {
	! is_32_bit || skip "a segment cannot be so large"
	id=$(shmtool create --no-reserve -s 5G)
	cd "$BATS_TEST_TMPDIR"
	shmtool read -x -w0.1 -o 4G -n 16 "$id" >seen 3>&- &
	holders+=($!)
	wait_for grep -q '^100000010$' seen
	shmtool write -o $(((4 << 30) + 8)) -s x "$id"
	wait_for grep -q '^100000000 .* 78 00' seen
	wait_for grep -qx ' \{36\}^^' seen
}
