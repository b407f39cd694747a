# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat: the segments of other IPC namespaces.

load ../common
load rows

@test "stat: an IPC namespace that cannot be told is unknown, and that is 1" {
	is_plain || skip "what instruments it needs /proc itself"
	make_segment
	needs_mounts
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc || exit 9
		shmtool stat --tsv --no-heading -o ID,NS,NSPID'
	[ "$status" -eq 1 ]
	[ "$output" = "$id"$'\t-\t-' ]
	message_has "cannot tell the IPC namespace"
}

@test "stat: every IPC namespace, with a process of each" {
	needs_root
	make_segment
	unshare --ipc sh -c 'ipcmk -M 8192 >/dev/null; touch "$1"; exec sleep 60' \
		- "$BATS_TEST_TMPDIR/there" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/there"
	wait_for grep -qx sleep "/proc/$!/comm"
	local other here
	other=$(readlink "/proc/$!/ns/ipc" | tr -dc 0-9)
	here=$(readlink /proc/self/ns/ipc | tr -dc 0-9)
	run --separate-stderr shmtool stat --all-ns --tsv --no-heading \
		-o NS,NSPID,NSCOMMAND,SIZE
	grep -qx "$other	$!	sleep	8192" <<<"$output"
	grep -q "^$here	.*	4096$" <<<"$output"
	# Not shmtool itself, which is no more.
	[ -d "/proc/$(awk -v here="$here" '$1 == here { print $2 }' \
		<<<"$output")" ]
	run --separate-stderr shmtool stat --all-ns
	[[ $(heading) == "NS NSPID NSCOMMAND ID KEY "* ]]
	run --separate-stderr shmtool stat --all-ns -u --tsv --no-heading \
		-o NS,SEGMENTS,SIZE
	grep -qx "$other	1	8192" <<<"$output"
	grep -qx "$here	1	4096" <<<"$output"
	run --separate-stderr shmtool stat --all-ns 0
	grep -q "^namespace  *$other, of $! (sleep)" <<<"$output"
	[ "$(shmtool stat --all-ns --tsv --no-heading -o SIZE --min-size 8192 \
		2>/dev/null | sort -u | grep -cx 8192)" -eq 1 ]
}

@test "stat: another namespace by --ns" {
	needs_root
	unshare --ipc sh -c 'ipcmk -M 8192 >/dev/null; touch "$1"; exec sleep 60' \
		- "$BATS_TEST_TMPDIR/there" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/there"
	[ "$(shmtool --ns "$!" stat --tsv --no-heading -o SIZE)" = 8192 ]
	[ -z "$(shmtool stat --no-heading)" ]
}

@test "stat: what may not be entered is told" {
	needs_root
	unshare --ipc sleep 60 3>&- &
	holders+=("$!")
	run --separate-stderr without_privilege shmtool stat --all-ns --json
	[ "$status" -eq 0 ]
	[[ $stderr == *"--all-ns:"*"may not be read"* ]]
	[[ $output == '{"complete": false,'* ]]
}

# The kernel keeps no exit status of a child then.
ignoring_children() {
	trap '' CHLD
	without_privilege "$@"
}

@test "stat: a namespace that may be seen and not entered is told" {
	needs_root
	# One's own process, in a namespace that is the superuser's.
	unshare --ipc sh -c 'touch "$1"; exec setpriv --reuid=65534 \
		--regid=65534 --clear-groups sleep 60' - \
		"$BATS_TEST_TMPDIR/there" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/there"
	wait_for grep -qx sleep "/proc/$!/comm"
	for command in without_privilege ignoring_children; do
		run --separate-stderr "$command" shmtool stat --all-ns --json
		[ "$status" -eq 0 ]
		[[ $output == '{"complete": false,'* ]]
		[[ $stderr =~ --all-ns:\ [0-9]+\ namespaces?\ may\ not\ be\ entered ]]
	done
}

@test "stat --all-ns: without any answer it fails, and says so" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	# Only the children that enter the namespaces call prctl(2).
	run --separate-stderr strace -f -qq -o "$BATS_TEST_TMPDIR/calls" \
		-e trace=prctl -e inject=prctl:signal=KILL shmtool stat --all-ns
	grep -q 'killed by SIGKILL' "$BATS_TEST_TMPDIR/calls" ||
		skip "strace cannot inject here"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "stat: --all-ns: none of" "could be listed"
}
