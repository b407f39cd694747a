# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154

load ../common

# The ids that pass, in one line: by stat, and by save, which must choose the
# same.
chosen() {
	local ids saved
	ids=$(shmtool stat "$@" --tsv --no-heading -o ID | sort -n | xargs)
	saved=$(mktemp -d "$BATS_TEST_TMPDIR/saved.XXXXXX")
	shmtool save "$saved" "$@" >/dev/null
	saved=$(find "$saved" -name '*.meta' -printf '%f\n' | cut -d- -f1 |
		sort -n | xargs)
	[ "$ids" = "$saved" ] || {
		echo "stat $*: $ids; save: $saved" >&2
		return 1
	}
	echo "$ids"
}

# Three segments: $key with a key, $big private, $held attached by $holder.
make_three() {
	key=$(shmtool create -k 0x4d2 -s 4K)
	big=$(shmtool create -s 1M)
	held=$(shmtool create -s 8K)
	hold "$held"
}

@test "filter: by key, and without one" {
	make_three
	[ "$(chosen --key 0x4d2)" = "$key" ]
	[ "$(chosen --key 1234)" = "$key" ]
	[ "$(chosen --key=0x4d3)" = "" ]
	[ "$(chosen --private)" = "$big $held" ]
}

@test "filter: by size, the bounds included" {
	make_three
	[ "$(chosen --min-size 8K)" = "$big $held" ]
	[ "$(chosen --min-size 8193)" = "$big" ]
	[ "$(chosen --max-size 8K)" = "$key $held" ]
	[ "$(chosen --max-size 8191)" = "$key" ]
	[ "$(chosen --min-size 4K --max-size 4K)" = "$key" ]
	[ "$(chosen --min-size 2M)" = "" ]
}

@test "filter: unattached, and all must hold" {
	make_three
	[ "$(chosen --unattached)" = "$key $big" ]
	[ "$(chosen --unattached --private)" = "$big" ]
	[ "$(chosen --unattached --private --max-size 4K)" = "" ]
}

@test "filter: by owner and creator, by name and by number" {
	make_three
	local me
	me=$(id -u)
	[ "$(chosen --owner "$me")" = "$key $big $held" ]
	[ "$(chosen --owner "$(id -un)")" = "$key $big $held" ]
	[ "$(chosen --owner 4242)" = "" ]
	[ "$(chosen --creator "$me")" = "$key $big $held" ]
	[ "$(chosen --creator 4242)" = "" ]
}

@test "filter: the owner is not the creator" {
	needs_root
	make_three
	shmtool set -u nobody "$big"
	[ "$(chosen --owner nobody)" = "$big" ]
	[ "$(chosen --creator nobody)" = "" ]
	[ "$(chosen --creator root --owner nobody)" = "$big" ]
}

@test "filter: creators that are gone, and one that lives" {
	make_three
	[ "$(chosen --creator-dead)" = "$key $big $held" ]
	perl -MIPC::SysV=IPC_PRIVATE -e '
		print shmget(IPC_PRIVATE, 4096, 0600), "\n";
		close STDOUT;
		sleep 1 while 1;' >"$BATS_TEST_TMPDIR/id" 3>&- &
	holders+=($!)
	wait_for test -s "$BATS_TEST_TMPDIR/id"
	[ "$(chosen --creator-dead)" = "$key $big $held" ]
	[ "$(chosen --pid $!)" = "$(cat "$BATS_TEST_TMPDIR/id")" ]
}

@test "filter: attached or created by a process" {
	make_three
	[ "$(chosen --pid "$holder")" = "$held" ]
	pid=$(shmtool stat --tsv --no-heading -o CPID "$key")
	[ "$(chosen --pid "$pid")" = "$key" ]
	[ "$(chosen --pid 1)" = "" ]
}

@test "filter: a process that may not be looked into is told of" {
	needs_root
	make_three
	run --separate-stderr without_privilege shmtool stat --pid "$holder"
	[ "$status" -eq 0 ]
	message_has "stat: --pid $holder:" "may not be read: only what it created"
}

@test "filter: idle and stale" {
	make_three
	[ "$(chosen --idle 0)" = "$key $big $held" ]
	[ "$(chosen --idle 1h)" = "" ]
	[ "$(chosen --stale)" = "" ]
	[ "$(chosen --stale --idle 0)" = "$key $big" ]
	[ "$(chosen --stale --idle 0 --private)" = "$big" ]
	release
	[ "$(chosen --stale --idle 0)" = "$key $big $held" ]
}

@test "filter: marked for removal, by the key that it had" {
	make_three
	hold "$key"
	shmtool rm --force "$key" 2>/dev/null
	[ "$(chosen --dest)" = "$key" ]
	[ "$(chosen --key 0x4d2)" = "$key" ]
	[ "$(chosen --dest --key 0x4d3)" = "" ]
	[ "$(chosen --private)" = "$big $held" ]
	new=$(shmtool create -k 0x4d2 -s 4K)
	[ "$(chosen --key 0x4d2)" = "$key $new" ]
	[ "$(chosen --dest --key 0x4d2)" = "$key" ]
}

@test "filter: a value that is none is 2, and names the option" {
	make_three
	local -a wrong=(
		"--owner nosuchuser" "--owner -1" "--owner 4294967295"
		"--owner 1x" "--creator nosuchuser" "--key 0" "--key x"
		"--key 0x100000000" "--idle x" "--idle 1.5.5h" "--idle -1"
		"--min-size x" "--min-size -1" "--max-size 16E"
		"--max-size 1KK" "--pid 0" "--pid -1" "--pid x"
		"--pid 2147483648"
	)
	for verb in stat "save $BATS_TEST_TMPDIR"; do
		for line in "${wrong[@]}"; do
			# shellcheck disable=SC2086
			run --separate-stderr shmtool $verb $line
			[ "$status" -eq 2 ] || {
				echo "$status: $verb $line"
				return 1
			}
			[ -z "$output" ]
			message_has "shmtool: ${verb%% *}: ${line%% *}:" \
				"${line##* }"
		done
		for option in owner creator key idle min-size max-size pid; do
			# shellcheck disable=SC2086
			run --separate-stderr shmtool $verb "--$option" ""
			[ "$status" -eq 2 ]
			message_has "shmtool: ${verb%% *}: --$option: '': "
		done
	done
	[ "$(segments)" -eq 3 ]
}

@test "filter: what excludes each other is 2" {
	make_three
	local -a wrong=(
		"--key 0x4d2 --private" "--dest --stale" "--dest --unattached"
		"--min-size 2 --max-size 1"
	)
	for verb in stat "save $BATS_TEST_TMPDIR"; do
		for line in "${wrong[@]}"; do
			# shellcheck disable=SC2086
			run --separate-stderr shmtool $verb $line
			[ "$status" -eq 2 ] || {
				echo "$status: $verb $line"
				return 1
			}
			message_has "shmtool: ${verb%% *}: " "--"
		done
	done
	[ "$(segments)" -eq 3 ]
}
