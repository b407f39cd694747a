# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Tests leave the machine's segments and limits alone.  The machine is here
# the namespace of this file: inner tests, run in it, may not touch it.

load common

setup() {
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || return 1
	ours=$(shmtool create -k 0x4d2 -s 4096)
	# The worst that a test can do: its teardown removes all segments.
	# bats would take an @ there for one of this file.
	sed 's/^AT/@/' >inner.bats <<-TXT
		load "$BATS_TEST_DIRNAME/common"
		ATtest "inner" {
			shmtool create -k 0x4d3 -s 1
			echo inner >"$BATS_TEST_TMPDIR/ran"
			[ ! -w /proc/sys/kernel/shmmni ] ||
				echo 7 >/proc/sys/kernel/shmmni
		}
	TXT
}

# Runs a command without what bats has put into the environment.
afresh() {
	run env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
		SHMTOOL_BIN="${SHMTOOL_BIN:-$tree/build}" "$@"
}

# Nothing of it is to be seen: no segment more or less, no other limit.
untouched() {
	[ "$(shmtool stat --tsv --no-heading -o ID,KEY)" = \
		"$ours"$'\t'0x000004d2 ]
	[ "$(cat /proc/sys/kernel/shmmni)" = "$1" ]
}

@test "guard: tests/run gives a file of tests a namespace of its own" {
	limit=$(cat /proc/sys/kernel/shmmni)
	afresh "$tree/tests/run" inner.bats
	[ "$status" -eq 0 ]
	[ -e ran ]
	untouched "$limit"
}

@test "guard: a program of tests has one, too" {
	limit=$(cat /proc/sys/kernel/shmmni)
	printf '#!/bin/sh\nipcmk -M 1 && ipcs -m\nipcrm --all=shm\n' >inner
	chmod +x inner
	afresh "$tree/tests/run" ./inner
	[[ "$output" != *0x000004d2* ]]
	[ "$(grep -c '^0x' <<<"$output")" -eq 1 ]
	untouched "$limit"
}

@test "guard: without tests/run nothing is run" {
	limit=$(cat /proc/sys/kernel/shmmni)
	for host in "" "$(readlink /proc/self/ns/ipc)"; do
		afresh SHMTOOL_HOST_IPC="$host" bats --tap inner.bats
		[ "$status" -ne 0 ]
		[[ "$output" == *"not in an IPC namespace of its own"* ]]
		[ ! -e ran ]
		untouched "$limit"
	done
}

@test "guard: where no namespace can be made it is skipped, and said" {
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/unshare
	chmod +x bin/unshare
	PATH=$PWD/bin:$PATH run "$tree/tests/run" inner.bats
	[ "$status" -eq 0 ]
	[[ "$output" == "1..0 # SKIP no IPC namespace can be made here"* ]]
	[ ! -e ran ]
}
