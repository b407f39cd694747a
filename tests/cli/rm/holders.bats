# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm by filters: segments that processes have attached.

load ../common
load select

@test "rm: --unattached leaves the attached, without a word" {
	make_segment
	hold "$id"
	a=$id
	make_segment
	run --separate-stderr shmtool rm --unattached --yes
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(left)" = "$a" ]
}

@test "rm: --pid takes what the process made" {
	make_private
	a=$id
	make_private
	removes_all_but "$a" --pid "$maker"
}

@test "rm: --pid of an operand is looked up" {
	make_segment
	hold "$id"
	a=$id
	make_segment
	run --separate-stderr shmtool rm -f "$a" "$id" --pid "$holder"
	[ "$status" -eq 0 ]
	[[ $stderr == *"rm: $a: marked"*"rm: $id: kept: it does not pass --pid" ]]
	[ "$(of_id nattch "$id")" = 0 ]
}

@test "rm: --all keeps what is attached and says by whom (5)" {
	make_segment
	NAME=accountant hold "$id"
	a=$id
	make_segment
	run --separate-stderr shmtool rm --all --yes
	[ "$status" -eq 5 ]
	message_has "rm: $a: kept: attached by $holder (accountant), nattch 1" \
		"--force"
	[ "$(left)" = "$a" ]
	run ! grep -q dest <(ipcs -m)
}

@test "rm: --all --force marks what is attached and says until when" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm --all --force --yes --json
	[ "$status" -eq 0 ]
	message_has "rm: $id: marked for removal" "by $holder (perl)"
	[[ $output == *'"result": "marked"'* ]]
	release
	[ "$(segments)" -eq 0 ]
}

@test "rm: --dest selects what is marked, and says that it is already" {
	make_segment
	hold "$id"
	a=$id
	ipcrm -m "$a"
	make_segment
	run --separate-stderr shmtool rm --dest --yes
	[ "$status" -eq 5 ]
	message_has "rm: $a: kept: already marked"
	run --separate-stderr shmtool rm --dest --yes --force
	[ "$status" -eq 0 ]
	[ "$(segments)" -eq 2 ]
}

@test "rm: a long list of holders is cut, a hidden one is mentioned" {
	make_segment
	local i
	for ((i = 0; i < 10; i++)); do hold "$id"; done
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "${holders[0]} (perl), ${holders[1]} (perl)" " and 2 more" \
		"nattch 10"
}

@test "rm: a hostile process name comes out safe" {
	make_segment
	NAME=$'a\e[2Jb\nc' hold "$id"
	run --separate-stderr shmtool rm --json "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept"
	[[ $stderr != *$'\e'* ]]
	perl -MJSON::PP -e 'decode_json($ARGV[0])->{segments}[0]{reason} =~
		/a\e\[2Jb\nc/ or die $ARGV[0]' "$output"
}

@test "rm: a hundred leaked by perl, three still attached: 97 go" {
	run perl -MIPC::SysV=shmat -e '
		my @ids = map { shmget(0, 4096, 0600) + 0 } 1 .. 100;
		print "@ids[10, 50, 90]\n";'
	[ "$status" -eq 0 ]
	# shellcheck disable=SC2086
	hold $output
	kept=$output
	[ "$(segments)" -eq 100 ]
	run --separate-stderr shmtool rm --stale --idle 0 --dry-run
	[ "${lines[-1]%%,*}" = "would remove 97 of 97" ]
	run --separate-stderr shmtool rm --stale --idle 0 --yes -v
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 97 ]
	[ -z "$stderr" ]
	[ "$(left)" = "$kept" ]
}

@test "rm: --pid of one that has it attached: kept (5), marked by --force" {
	make_segment
	make_segment
	hold "$id"
	a=$(left)
	run --separate-stderr shmtool rm --pid "$holder" --dry-run
	[ "$status" -eq 5 ]
	[[ ${lines[1]} == keep\ * ]]
	[ "${lines[2]}" = "would remove 0 of 1, 0" ]
	run --separate-stderr shmtool rm --pid "$holder" --yes
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: attached by $holder (perl), nattch 1"
	run --separate-stderr shmtool rm --pid "$holder" --dry-run --force
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == mark\ * ]]
	[ "${lines[2]}" = "would remove 1 of 1, 4.0K" ]
	[ "$(left)" = "$a" ]
	run ! grep -q dest <(ipcs -m)
	run --separate-stderr shmtool rm --pid "$holder" --yes --force
	[ "$status" -eq 0 ]
	message_has "rm: $id: marked for removal, goes at the last detach by" \
		"$holder (perl), nattch 1"
	release
	[ "$(left)" = "${a% *}" ]
}

@test "rm: --pid goes together with other filters" {
	local ids
	make_segment 4096
	ids=$id
	make_segment 8192
	hold "$ids" "$id"
	run --separate-stderr shmtool rm --pid "$holder" --unattached --yes
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr shmtool rm --pid "$holder" --min-size 8192 \
		--force --yes --json
	[ "$status" -eq 0 ]
	[[ $output == *"\"id\": $id,"*'"result": "marked"'* ]]
	[[ $output != *"\"id\": $ids,"* ]]
	# A process that has nothing, and one that is not there.
	run --separate-stderr shmtool rm --pid $$ --force --yes
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr shmtool rm --pid 2147483647 --force --yes
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(of_id nattch "$ids")" -eq 1 ]
}

# Has what --pid selected attached by another than was asked about.
hand_over() {
	hold "$id"
	kill "$first"
	wait "$first" || true
}

@test "rm: --pid --force leaves what that process has let go meanwhile" {
	needs_terminal
	make_segment
	hold "$id"
	first=$holder
	on_terminal shmtool rm --force --pid "$first"
	asked
	grep -Eq "^mark +$id +0x" "$tty"
	hand_over
	echo y >&4
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q "rm: $id: kept: it no longer passes the filters" "$tty"
	run ! grep -q dest <(ipcs -m)
	# The other, who has it now, may be asked about.
	rm "$BATS_TEST_TMPDIR/keys" "$tty"
	on_terminal shmtool rm --force --pid "$holder"
	asked
	first=$holder
	hold "$id"
	echo y >&4
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q "rm: $id: marked.*by $first (perl), $holder (perl), nattch 2" \
		"$tty"
}

@test "rm: --pid --force leaves an object that it has let go meanwhile" {
	needs_terminal
	needs_own_shm
	clear_shm
	echo x >/dev/shm/x
	hold_open x
	first=$holder
	on_terminal shmtool rm --force --kind posix --pid "$first"
	asked
	hold_open x
	kill "$first"
	wait "$first" || true
	echo y >&4
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q "rm: /x: kept: it no longer passes the filters" "$tty"
	[ "$(ls /dev/shm)" = x ]
	clear_shm
}

# The shmtool that the terminal runs.
asking() {
	pgrep -x shmtool -s "$(pgrep -P "$terminal" | head -n 1)"
}

@test "rm: --pid --force leaves what it can no longer tell who has" {
	needs_terminal
	is_plain || skip "an instrumented program needs files of its own"
	make_segment
	hold "$id"
	first=$holder
	on_terminal shmtool rm --force --pid "$first"
	asked
	hold "$id"
	prlimit --pid "$(asking)" --nofile=3:3
	echo y >&4
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q "rm: $id: kept: the processes that have it attached cannot be" \
		"$tty"
	run ! grep -q dest <(ipcs -m)
}

@test "rm: holders that may not be looked into are no names, but are told of" {
	needs_root
	# Nobody's own segment, which root has attached.
	id=$(without_privilege perl -e 'print shmget(0, 4096, 0600) + 0')
	hold "$id"
	run --separate-stderr without_privilege shmtool rm --json "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: attached by hidden processes,\
 nattch 1; they must"
	[[ $output == *'"complete": false, "attachments": []'* ]]
	# And nobody too.
	# shellcheck disable=SC2016
	without_privilege perl -MIPC::SysV=shmat -e '
		shmat($ARGV[0], undef, 0) // die;
		$| = 1;
		print $$;
		sleep 60' "$id" >"$BATS_TEST_TMPDIR/own" 3>&- &
	wait_for test -s "$BATS_TEST_TMPDIR/own"
	own=$(cat "$BATS_TEST_TMPDIR/own")
	holders+=("$own")
	run --separate-stderr without_privilege shmtool rm --yes --all --json
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: attached by $own (perl), and by hidden\
 processes, nattch 2; they must"
	[[ $output == *'"complete": false, "attachments": [{"pid": '"$own,"* ]]
	run --separate-stderr without_privilege shmtool rm --force --json "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id: marked for removal, goes at the last detach by\
 $own (perl), and by hidden processes, nattch 2"
	[[ $output == *'"result": "marked"'*'"complete": false'* ]]
	# Root sees both.
	run --separate-stderr shmtool rm --json "$id"
	[ "$status" -eq 5 ]
	[[ $stderr != *"hidden"* ]]
	[[ $output == *'"complete": true, "attachments": [{"pid": '* ]]
}

@test "rm: one look at all processes serves all that is marked" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "an instrumented program makes other calls"
	local ids
	ids=$(perl -e 'print join " ", map { shmget(0, 1, 0600) // die } 1 .. 20')
	# shellcheck disable=SC2086
	hold $ids
	strace -f -qq -e trace=open,openat,openat2 \
		-o "$BATS_TEST_TMPDIR/opens" shmtool rm --all --force --yes \
		2>"$BATS_TEST_TMPDIR/said" || skip "strace does not work here"
	[ "$(grep -c "marked for removal.* by $holder (perl), nattch 1$" \
		"$BATS_TEST_TMPDIR/said")" -eq 20 ]
	[ "$(grep -c "\"/*\(proc/\)*$holder/maps\"" \
		"$BATS_TEST_TMPDIR/opens")" -eq 1 ]
}

@test "rm -f 0xKEY: its users are found though the key is gone" {
	needs_root "becomes another user"
	local program pid
	program=$(command -v shmtool)
	id=$(without_privilege "$program" create -k 0x4d2 -s 4096 -m 0666)
	without_privilege "$program" attach "$id" >/dev/null 3>&- &
	holders+=($!)
	is_attached() { [ "$(of_id nattch "$id")" -eq "$1" ]; }
	wait_for is_attached 1
	pid=$(shmtool stat --tsv --no-heading -o LPID "$id")
	# Of another user: not all of nattch are seen.
	hold "$id"
	run --separate-stderr without_privilege "$program" rm -f 0x4d2
	[ "$status" -eq 0 ]
	message_has "last detach by $pid (shmtool), and by"
}
