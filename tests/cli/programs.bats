#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# Memory without a name in programs that are not ours: Python, and a Wayland
# client.  PostgreSQL has a file of its own.

load common

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	release
	clear_shm
}

# python TEXT: runs it until the test ends; it prints a line when it is ready.
python() {
	command -v python3 >/dev/null || skip "no Python here"
	python3 -c "$1"'
print("ready", flush=True)
import time
time.sleep(600)' >"$BATS_TEST_TMPDIR/ready" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for grep -q ready "$BATS_TEST_TMPDIR/ready"
}

# list KINDS COLUMNS: what the program holds.
list() {
	shmtool stat --kind "$1" --pid "$holder" --tsv --no-heading -o "$2" \
		2>/dev/null
}

@test "Python: os.memfd_create" {
	python '
import os
fd = os.memfd_create("of Python", os.MFD_ALLOW_SEALING)
os.write(fd, b"x" * 70000)'
	[ "$(list memfd SIZE,RSS,FDS,PROCS)" = $'70000\t73728\t1\t1' ]
	shmtool stat "$(list memfd ID)" 2>/dev/null | grep -qx 'name  *of Python'
	[ "$(shmtool read -n 3 "$(list memfd ID)")" = xxx ]
}

@test "Python: multiprocessing.shared_memory, unlinked while it is used" {
	python '
from multiprocessing import shared_memory
m = shared_memory.SharedMemory(create=True, size=50000, name="psm_test")
m.buf[:3] = b"abc"
m.unlink()'
	[ "$(list deleted SIZE,NATTCH)" = $'50000\t1' ]
	shmtool stat "$(list deleted ID)" 2>/dev/null |
		grep -qx 'former name  */dev/shm/psm_test'
	mkdir "$BATS_TEST_TMPDIR/saved"
	shmtool save "$BATS_TEST_TMPDIR/saved" "$(list deleted ID)"
	release
	shmtool restore --as /psm_back "$BATS_TEST_TMPDIR"/saved/*.meta
	[ "$(shmtool read -n 3 /psm_back)" = abc ]
}

@test "Python: mmap(-1), shared with a child" {
	needs_root "map_files"
	python '
import mmap, os, time
m = mmap.mmap(-1, 1 << 20)
m[:4096] = b"y" * 4096
if os.fork() == 0:
    time.sleep(600)'
	[ "$(list anon SIZE,RSS,NATTCH,PROCS)" = $'1048576\t4096\t2\t2' ]
	holders+=("$(pgrep -P "$holder")")
	[ "$(shmtool read -n 3 "$(list anon ID)")" = yyy ]
}

@test "Wayland: the buffers of a client of weston" {
	command -v weston >/dev/null && command -v weston-simple-shm >/dev/null ||
		skip "no weston, or no weston-simple-shm, here"
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -m 0700 "$XDG_RUNTIME_DIR"
	weston --backend=headless-backend.so --socket=test --idle-time=0 \
		>"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	holders+=("$!")
	wait_for test -S "$XDG_RUNTIME_DIR/test"
	WAYLAND_DISPLAY="test" weston-simple-shm 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for sh -c "shmtool stat --kind memfd,deleted --pid $holder \
		--no-heading 2>/dev/null | grep -q ."
	# The compositor has it, too.
	[ "$(list memfd,deleted PROCS | sort -n | tail -n 1)" -ge 1 ]
}
