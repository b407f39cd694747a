#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# set of POSIX objects: mode, owner, and the size, which never kills a process
# that has the object mapped unless it is forced.

load ../common

setup() {
	needs_own_shm
	clear_shm
	shmtool create /x -s 8192 >/dev/null
}

test_teardown() {
	clear_shm
	drop_group
}

size() {
	stat -c %s /dev/shm/x
}

# refused STATUS ARGUMENT...: the object stays as it is.
refused() {
	local expected=$1 before
	shift
	before=$(stat -c '%s %b %a %u' /dev/shm/x)
	run --separate-stderr shmtool set "$@"
	[ "$status" -eq "$expected" ] || {
		echo "exit $status: $stderr"
		return 1
	}
	[ "$(stat -c '%s %b %a %u' /dev/shm/x)" = "$before" ]
}

# A process that maps the object and closes it; $holder is its pid.
map_object() {
	shmtool attach /x >/dev/null 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for grep -q /dev/shm/x "/proc/$holder/maps"
}

@test "set: mode and owner of an object" {
	shmtool set -m g+r,o=r /x
	[ "$(stat -c %a /dev/shm/x)" = 644 ]
	shmtool set -u ":$(id -g)" -m 0600 /dev/shm/x
	[ "$(stat -c '%a %g' /dev/shm/x)" = "600 $(id -g)" ]
	# There are only the nine permission bits.
	chmod 6755 /dev/shm/x
	shmtool set -m 0755 /x
	[ "$(stat -c %a /dev/shm/x)" = 755 ]
	run --separate-stderr shmtool set -m 0600 /nothing
	[ "$status" -eq 3 ]
	message_has "set: /nothing: no such object"
}

@test "set: another user's object is refused" {
	needs_root "becomes another user"
	shmtool set -m 0666 /x
	run --separate-stderr without_privilege "$(command -v shmtool)" \
		set -m 0600 /x
	[ "$status" -eq 4 ]
	message_has "set: /x: only its owner root and root may change it"
	without_privilege "$(command -v shmtool)" set -s 8193 /x
	[ "$(size)" = 8193 ]
	shmtool set -m 0644 /x
	run --separate-stderr without_privilege "$(command -v shmtool)" \
		set -s 1M /x
	[ "$status" -eq 4 ]
	message_has "set: /x: mode 0644 of root:root does not permit it"
}

@test "set: its owner may not give an object away" {
	local owner
	needs_root "becomes another user"
	chown 65534:65534 /dev/shm/x
	for owner in root :root; do
		run --separate-stderr without_privilege \
			"$(command -v shmtool)" set -m 0640 -u "$owner" /x
		[ "$status" -eq 4 ]
		message_has "set: /x: only root may give it to another user, \
or to a group that you are not in"
	done
	[ "$(stat -c %a:%u:%g /dev/shm/x)" = 600:65534:65534 ]
}

@test "set -s: grows, reserved, and shrinks" {
	head -c 8192 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	shmtool write -f "$BATS_TEST_TMPDIR/in" /x
	shmtool set -s 1M /x
	[ "$(stat -c '%s %b' /dev/shm/x)" = "1048576 2048" ]
	cmp -n 8192 "$BATS_TEST_TMPDIR/in" /dev/shm/x
	cmp -n 1040384 -i 8192:0 /dev/shm/x /dev/zero
	shmtool set -s 4096 -m 0640 /x
	[ "$(stat -c '%s %b %a' /dev/shm/x)" = "4096 8 640" ]
	cmp -n 4096 "$BATS_TEST_TMPDIR/in" /dev/shm/x
	shmtool set -s 0 /x
	[ "$(size)" = 0 ]
}

@test "set -s: one in use grows, but shrinks only when forced" {
	map_object
	shmtool set -s 16K /x
	[ "$(size)" = 16384 ]
	shmtool set -s 16K /x
	refused 5 -s 16383 /x
	message_has "set: /x: in use by $holder (shmtool)" --force
	shmtool set -f -s 4096 /x
	[ "$(size)" = 4096 ]
	release
	hold_open x
	refused 5 -s 1 -m 0644 /x
	message_has "in use by $holder (perl)"
	release
	shmtool set -s 1 /x
	[ "$(size)" = 1 ]
}

is_reserved() {
	[ "$(stat -c %b /dev/shm/x)" -ge 112 ]
}

# enlarge_slowly [OPTION...]: begins to enlarge /x to 64K; returns when the
# memory is reserved, a second before fallocate(2) does.
enlarge_slowly() {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	strace -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=fallocate \
		-e inject=fallocate:delay_exit=1000000:when=1 \
		shmtool set -s 64K "$@" /x 3>&- &
	pid=$!
	wait_for is_reserved
}

was_slow() {
	grep -q DELAYED "$BATS_TEST_TMPDIR/calls" ||
		skip "strace cannot inject here"
}

@test "set -s: one that somebody enlarges meanwhile keeps the larger size" {
	enlarge_slowly
	truncate -s 1M /dev/shm/x
	wait "$pid"
	was_slow
	[ "$(size)" = 1048576 ]
}

@test "set -s -m: an owner set while it is enlarged stays" {
	needs_root "sets a group"
	enlarge_slowly -m g+w
	chown 12345:12346 /dev/shm/x
	chmod 0604 /dev/shm/x
	wait "$pid"
	was_slow
	[ "$(stat -c %u:%g:%a /dev/shm/x)" = 12345:12346:624 ]
}

@test "set -s: killed when it has reserved memory, it leaves none behind" {
	enlarge_slowly
	pkill -9 -P "$pid"
	wait "$pid" || true
	was_slow
	[ $((512 * $(stat -c %b /dev/shm/x))) -le "$(size)" ]
}

@test "set -s: a user whom /proc does not show counts too" {
	python3 -c 'import socket; socket.send_fds' 2>/dev/null ||
		skip "no python3 that can send a descriptor"
	# A descriptor in flight: sent, not received, and closed.
	python3 -c 'if True:
		import os, socket, sys, time
		a, b = socket.socketpair()
		fd = os.open("/dev/shm/x", os.O_RDONLY)
		socket.send_fds(a, [b"x"], [fd])
		os.close(fd)
		open(sys.argv[1], "w").close()
		time.sleep(600)' "$BATS_TEST_TMPDIR/sent" 3>&- &
	holders+=($!)
	wait_for test -e "$BATS_TEST_TMPDIR/sent"
	refused 5 -s 1 /x
	message_has "in use by" "hidden process"
	release
	shmtool set -s 1 /x
	[ "$(size)" = 1 ]
}

@test "set -s: root without CAP_LEASE asks as the owner" {
	needs_root "drops a capability"
	local drop=(setpriv --bounding-set=-lease --inh-caps=-lease)
	shmtool set -u 12345 /x
	hold_open x
	run --separate-stderr "${drop[@]}" shmtool set -s 1 /x
	[ "$status" -eq 5 ]
	message_has "in use by $holder (perl)"
	release
	"${drop[@]}" shmtool set -s 1 /x
	[ "$(size)" = 1 ]
}

@test "set -s: in a rootless container" {
	needs_user_namespace
	chmod 666 /dev/shm/x
	hold_open x
	local rootless=(unshare -Ur)
	if [ "$(id -u)" -eq 0 ]; then
		rootless=(without_privilege unshare -Ur)
	fi
	"${rootless[@]}" true || skip "no user namespace for others here"
	# The owner of the object has no id there; it is the kernel that knows.
	run --separate-stderr "${rootless[@]}" "$(command -v shmtool)" set -s 1 /x
	[ "$status" -eq 5 ]
	[ "$(size)" = 8192 ]
	"${rootless[@]}" "$(command -v shmtool)" set -s 9000 /x
	[ "$(size)" = 9000 ]
}

@test "set -s: no room, a limit, a memory cgroup" {
	needs_mounts
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs -o size=1m tmpfs /dev/shm &&
		shmtool create /x -s 512K >/dev/null && shmtool set -s 2M /x'
	[ "$status" -eq 6 ]
	message_has "set: /x: 1572864 bytes requested" "524288 used" \
		"524288 free" "shmtool limits --set dev_shm_size=2097152"
	limited() { (ulimit -f 100 && shmtool set -s 1M /x); }
	run --separate-stderr limited
	[ "$status" -eq 6 ]
	message_has "set: /x: 1048576 bytes requested, RLIMIT_FSIZE allows 102400"
	refused 6 -s 2G /x
	refused 6 -s 9223372036854775808 /x
	# The last page is there already: a full file system does not matter.
	unshare --mount sh -c 'mount -t tmpfs -o size=8k tmpfs /dev/shm &&
		shmtool create /x -s 5000 && shmtool set -s 8192 /x'
}

@test "set -s: more than a memory cgroup can hold is refused" {
	make_group 24
	run --separate-stderr in_group shmtool set -s 64M /x
	[ "$status" -eq 6 ]
	message_has "set: /x: no memory for" "memory cgroup" "left of 24M"
	[ "$(size)" = 8192 ]
}

@test "set: what a kind does not have is a usage error" {
	local id option
	id=$(shmtool create -s 1)
	refused 2 -s 1 /x "$id"
	message_has "set: --size: is for POSIX objects"
	for option in --lock --unlock; do
		refused 2 $option "$id" /x
		message_has "set: $option: is for System V segments"
	done
	refused 2 -f -m 0600 /x
	refused 2 -s x /x
	refused 2 -f /x
}

@test "set -s: what is no object" {
	mkdir /dev/shm/dir
	ln -s x /dev/shm/link
	mkfifo /dev/shm/fifo
	local name
	for name in dir link fifo nothing; do
		refused 3 -s 1 "/$name"
	done
}
