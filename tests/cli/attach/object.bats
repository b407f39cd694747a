#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# attach /NAME: objects are mapped, and stay mapped until attach ends.

load ../common

setup() {
	needs_own_shm
	clear_shm
	echo "hello, world" >/dev/shm/x
}

test_teardown() {
	clear_shm
}

# attach ARGUMENT...: attaches in the background; $line is its first line.
attach() {
	local out="$BATS_TEST_TMPDIR/out"
	rm -f "$out"
	mkfifo "$out"
	shmtool attach "$@" >"$out" 3>&- &
	holder=$!
	holders+=("$holder")
	read -r line <"$out"
}

# The protections with which the holder has /dev/shm/x mapped.
mapped() {
	awk '$6 == "/dev/shm/x" { print $2 }' "/proc/$holder/maps"
}

@test "attach /NAME: mapped until a signal comes, and no descriptor is left" {
	attach /x
	[[ $line =~ ^/x\ 0x[0-9a-f]+\ 13\ rw$ ]]
	[ "$(mapped)" = rw-s ]
	[ "$(find "/proc/$holder/fd" -lname /dev/shm/x | wc -l)" -eq 0 ]
	[ "$(shmtool stat /x --tsv --no-heading -o NATTCH,FDS | xargs)" = "1 0" ]
	kill "$holder"
	wait "$holder"
}

@test "attach /NAME: -r and -x, and the path /dev/shm/NAME" {
	attach -r /dev/shm/x
	[[ $line == "/x 0x"*" 13 r" ]]
	[ "$(mapped)" = r--s ]
	release
	attach -rx /x
	[[ $line == *" rx" ]]
	[ "$(mapped)" = r-xs ]
	release
	attach -x /x
	[[ $line == *" rwx" ]]
	[ "$(mapped)" = rwxs ]
}

@test "attach /NAME: at an address, where nothing is mapped" {
	attach -a 0x200000000000 /x
	[ "$line" = "/x 0x200000000000 13 rw" ]
	release
	run --separate-stderr shmtool attach -a 0x200000000001 /x
	[ "$status" -eq 1 ]
	message_has "attach: /x:" "not a multiple of $(getconf PAGESIZE)"
	[[ $stderr != *--round* ]]
	run --separate-stderr shmtool attach --round -a 0x200000000001 /x
	[ "$status" -eq 2 ]
	message_has "attach: --round: is for System V segments"
	run --separate-stderr shmtool attach --remap /x
	[ "$status" -eq 2 ]
}

@test "attach /NAME: --remap replaces a mapping, and nothing else does" {
	is_plain || skip "an instrumented program has other mappings"
	local page
	setarch -R true 2>/dev/null || skip "setarch cannot fix addresses here"
	# The header of the C library is not read any more by then.
	setarch -R shmtool attach -t 60 /x >/dev/null 3>&- &
	holders+=($!)
	wait_for grep -q /dev/shm/x "/proc/$!/maps"
	page=$(awk '$6 ~ /libc/ { sub(/-.*/, "", $1); print "0x" $1; exit }' \
		"/proc/$!/maps")
	[ -n "$page" ] || skip "there is no shared C library"
	run --separate-stderr setarch -R shmtool attach -t 0 -a "$page" /x
	[ "$status" -eq 1 ]
	message_has "attach: /x: no room for 13 bytes at address $page" --remap
	run --separate-stderr setarch -R shmtool attach -t 0 -a "$page" \
		--remap /x
	[ "$status" -eq 0 ]
	[ "$output" = "/x $page 13 rw" ]
}

@test "attach /NAME: for a time, and with a command that outlives it" {
	local begin=$SECONDS
	shmtool attach -t 0.1 /x
	[ $((SECONDS - begin)) -lt 30 ]
	run --separate-stderr shmtool attach -t 0.1 /x -- sh -c '
		while grep -q /dev/shm/x /proc/$PPID/maps; do sleep 0.05; done
		exit 7'
	[ "$status" -eq 7 ]
	[[ $stderr == "/x 0x"*" 13 rw" ]]
}

@test "attach: both kinds together, and what COMMAND finds in its environment" {
	local id
	id=$(shmtool create -k 0x4d2 -s 100)
	echo 12 >/dev/shm/y
	[ "$(shmtool attach "$id" /x /y -- sh -c '
		echo "$SHMTOOL_ID,$SHMTOOL_KEY,$SHMTOOL_NAME,$SHMTOOL_SIZE"' \
		2>/dev/null)" = "$id - -,0x000004d2 - -,- /x /y,100 13 3" ]
	[ "$(SHMTOOL_ID=7 shmtool attach /x -- sh -c '
		echo "${SHMTOOL_ID-no id} $SHMTOOL_NAME"' 2>/dev/null)" = \
		"no id /x" ]
	[ "$(SHMTOOL_NAME=7 shmtool attach "$id" -- sh -c '
		echo "${SHMTOOL_NAME-no name} $SHMTOOL_ID"' 2>/dev/null)" = \
		"no name $id" ]
}

@test "attach /NAME: all or none, and what is no object" {
	mkdir /dev/shm/dir
	ln -s x /dev/shm/link
	mkfifo /dev/shm/fifo
	run --separate-stderr shmtool attach /x /nothing
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	message_has "attach: /nothing: no such object"
	run --separate-stderr shmtool attach /link
	[ "$status" -eq 3 ]
	message_has "a symbolic link has this name"
	run --separate-stderr shmtool attach /dir
	[ "$status" -eq 3 ]
	run --separate-stderr shmtool attach /fifo
	[ "$status" -eq 3 ]
	: >/dev/shm/empty
	run --separate-stderr shmtool attach /empty
	[ "$status" -eq 1 ]
	message_has "attach: /empty: it has no bytes to map"
}

@test "attach /NAME: permission" {
	needs_root "becomes another user"
	chmod 644 /dev/shm/x
	run --separate-stderr without_privilege "$(command -v shmtool)" \
		attach -t 0 /x
	[ "$status" -eq 4 ]
	message_has "attach: /x: mode 0644 of root:root does not permit rw" \
		"try -r"
	without_privilege "$(command -v shmtool)" attach -r -t 0 /x
}

@test "attach /NAME: a mount with noexec is named" {
	needs_mounts
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs -o noexec tmpfs /dev/shm &&
		shmtool create /x -s 1 >/dev/null && shmtool attach -x -t 0 /x'
	[ "$status" -eq 4 ]
	message_has "attach: /x: /dev/shm is mounted noexec" \
		"mount -o remount,exec /dev/shm"
}

@test "attach /NAME: RLIMIT_AS is named" {
	is_plain || skip "an instrumented program needs more itself"
	shmtool create /big -s 1T --no-reserve
	limited() { (ulimit -v 1000000 && shmtool attach -t 0 /big); }
	run --separate-stderr limited
	[ "$status" -eq 6 ]
	message_has "attach: /big: 1099511627776 bytes to attach" \
		"RLIMIT_AS allows 1024000000"
}

@test "attach /NAME: an address above which it does not fit is named" {
	[ "$(uname -m)" = x86_64 ] && ! is_32_bit &&
		! grep -qw la57 /proc/cpuinfo ||
		skip "the address space ends elsewhere"
	local address
	shmtool create /big -s 1T --no-reserve >/dev/null
	for address in 0x7ff000000000 0x7ffff0000000000; do
		run --separate-stderr shmtool attach -t 0 -a "$address" /big
		[ "$status" -eq 1 ]
		message_has "attach: /big: 1099511627776 bytes at address \
$address: beyond the address space"
	done
}

@test "attach /NAME: the holder keeps the object when its name goes" {
	attach /x
	run --separate-stderr shmtool rm /x
	[ "$status" -eq 5 ]
	message_has "$holder (shmtool)"
	shmtool rm -f /x
	[ "$(awk '/dev.shm.x/ { print $7 }' "/proc/$holder/maps")" = \
		"(deleted)" ]
}
