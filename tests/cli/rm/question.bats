# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm by filters: the table, the question, and the look at each segment again
# before its removal.

load ../common
load select

@test "rm: on a terminal ten rows, how many more, and sums by owner" {
	needs_terminal
	command -v script >/dev/null || skip "no script(1) to make a terminal"
	needs_root "to give a segment away"
	perl -e 'defined shmget(0, 65536, 0600) or die for 1 .. 11'
	make_segment 4096
	shmtool set -u nobody "$id"
	on_terminal "stty cols 80; shmtool rm --all"
	asked
	[ "$(grep -c '^remove ' "$tty")" -eq 10 ]
	# What is too wide loses columns, and never the action.
	[ "$(grep -E '^(ACTION|remove) ' "$tty" | tr -d '\r' | wc -L)" -le 80 ]
	grep -q 'shmtool: rm: hidden: ' "$tty"
	grep -q '^2 more, which --dry-run shows' "$tty"
	grep -Eq '^OWNER +COUNT +SIZE' "$tty"
	grep -Eq '^root +11 +704K' "$tty"
	grep -Eq '^nobody +1 +4.0K' "$tty"
	grep -q '^would remove 12 of 12, 708K' "$tty"
	grep -q '^Remove 12 segments, 708K? \[y/N\]' "$tty"
	echo yes >&4
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q '^removed 12, 708K' "$tty"
	[ -z "$(left)" ]
}

@test "rm: on a terminal where all is kept: no question, the reason, 5" {
	needs_terminal
	command -v script >/dev/null || skip "no script(1) to make a terminal"
	make_segment
	hold "$id"
	on_terminal shmtool rm --all
	leave_terminal
	[ "$status" -eq 5 ]
	grep -q '^would remove 0 of 1, 0' "$tty"
	grep -q "rm: $id: kept: attached by $holder (perl)" "$tty"
	run ! grep -q 'y/N' "$tty"
}

@test "rm: on a terminal the table, the total and a question; y removes" {
	needs_terminal
	make_segment 1M
	a=$id
	make_segment 64K
	hold "$id"
	on_terminal shmtool rm --all
	asked
	grep -Eq "^remove +$a +0x" "$tty"
	grep -Eq "^keep +$id +0x" "$tty"
	grep -q "would remove 1 of 2, 1.0M" "$tty"
	grep -q 'Remove 1 segment, 1.0M? \[y/N\]' "$tty"
	[ "$(segments)" -eq 2 ]
	echo y >&4
	leave_terminal
	[ "$status" -eq 5 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: attached by $holder (perl)" "$tty"
	grep -q "^removed 1, 1.0M" "$tty"
}

@test "rm: on a terminal every answer but y removes nothing" {
	needs_terminal
	make_segment
	local answer
	for answer in "" n x; do
		on_terminal shmtool rm --all
		asked
		echo "$answer" >&4
		leave_terminal
		[ "$status" -eq 0 ]
		grep -q '^nothing removed' <(tr -d '\r' <"$tty" |
			sed 's/.*\[y\/N\] //')
		rm "$BATS_TEST_TMPDIR/keys" "$tty"
		[ "$(segments)" -eq 1 ]
	done
}

@test "rm: on a terminal with nothing selected there is no question" {
	needs_terminal
	make_segment
	on_terminal shmtool rm --min-size 1G
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q "nothing to remove: 1 would pass but for --min-size" "$tty"
	run ! grep -q 'y/N' "$tty"
}

# Asks for --unattached, changes something by "$@" while the question stands,
# and answers y.
change_meanwhile() {
	on_terminal shmtool rm --unattached
	asked
	"$@"
	echo y >&4
	leave_terminal
}

@test "rm: what was attached while the question stood is left, and said" {
	needs_terminal
	make_segment
	a=$id
	make_segment
	change_meanwhile hold "$id"
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: attached by $holder (perl)" "$tty"
	run ! grep -q dest <(ipcs -m)
}

use_once() {
	hold "$1"
	release
}

@test "rm: what was used while the question stood is left, and said" {
	needs_terminal
	make_segment
	change_meanwhile use_once "$id"
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: it has been used since" "$tty"
}

@test "rm: what was changed while the question stood is left, and said" {
	needs_terminal
	make_segment
	change_meanwhile shmtool set -m 0640 "$id"
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: its owner or mode has changed" "$tty"
}

# The time of change has whole seconds.
touch_later() {
	sleep 1.1
	shmtool set -m 0644 "$1"
}

@test "rm: what was set to what it is while the question stood is left" {
	needs_terminal
	make_segment 4096 0644
	change_meanwhile touch_later "$id"
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
}

@test "rm: what was removed while the question stood is said to be" {
	needs_terminal
	make_segment
	change_meanwhile ipcrm -m "$id"
	[ "$status" -eq 0 ]
	grep -q "rm: $id: another process removed it" "$tty"
}

# Another segment with the same id, through shm_next_id.
replace() {
	ipcrm -m "$1"
	echo "$1" >/proc/sys/kernel/shm_next_id
	[ "$(perl -e 'print shmget(0, 8192, 0600) + 0')" = "$1" ]
}

@test "rm: another segment with the same id is left, and said" {
	needs_terminal
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id"
	make_segment 4096
	change_meanwhile replace "$id"
	[ "$status" -eq 0 ]
	[ "$(of_id bytes "$id")" = 8192 ]
	grep -q "rm: $id: kept: it was removed, and another segment has its id" "$tty"
}

@test "rm: what only time makes fail a negated filter is left, and said" {
	needs_terminal
	command -v script >/dev/null || skip "no script(1) to make a terminal"
	perl -e '$| = 1; print shmget(0, 4096, 0600) + 0, "\n"; sleep 300' \
		>"$BATS_TEST_TMPDIR/id" 3>&- &
	maker=$!
	wait_for test -s "$BATS_TEST_TMPDIR/id"
	id=$(cat "$BATS_TEST_TMPDIR/id")
	on_terminal shmtool rm --not --creator-dead
	asked
	kill "$maker"
	wait "$maker" || true
	echo y >&4
	leave_terminal
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: it no longer passes the filters" "$tty"
	grep -q '^nothing removed' "$tty"
}

@test "rm: what was marked while the question stood is left, and said" {
	needs_terminal
	make_segment
	mark() {
		hold "$1"
		ipcrm -m "$1"
	}
	change_meanwhile mark "$id"
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: another process has marked it" "$tty"
}

# asks_about OPTION...: asks about the objects /a and /b by filters.
asks_about() {
	needs_terminal
	needs_own_shm
	clear_shm
	echo 1 >/dev/shm/a
	echo 2 >/dev/shm/b
	on_terminal shmtool rm --kind posix "$@"
	asked
}

# answered_yes NAME REASON: only the object of this name is left then.
answered_yes() {
	echo y >&4
	leave_terminal
	[ "$status" -eq 0 ]
	grep -q "rm: /$1: kept: $2" "$tty"
	[ "$(ls /dev/shm)" = "$1" ]
	clear_shm
}

@test "rm: an object changed while the question stood is left, and said" {
	asks_about --unattached
	touch -d tomorrow /dev/shm/a
	answered_yes a "it has changed since"
}

@test "rm: an object opened while the question stood is left, and said" {
	asks_about --unattached
	hold_open a
	answered_yes a "in use by $holder (perl)"
}

@test "rm: an object opened while the question stood is left, though forced" {
	asks_about --unattached --force
	hold_open a
	answered_yes a "it no longer passes the filters"
}

@test "rm: Ctrl-C at the question removes nothing" {
	needs_terminal
	make_segment
	on_terminal shmtool rm --all
	asked
	printf '\003' >&4
	leave_terminal
	[ "$status" -eq 130 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: filters with -i ask for each that would go" {
	make_segment 4096
	a=$id
	make_segment 64K
	hold "$id"
	b=$id
	make_segment 64K
	run --separate-stderr shmtool rm --all -i <<<$'n\ny'
	[ "$status" -eq 5 ]
	[ "$(left)" = "$a $b" ]
	[[ $stderr == *"remove $a "*"rm: $b: kept: attached"*"remove $id "* ]]
}

@test "rm --dry-run: the table shows how much of each is in memory" {
	needs_own_shm
	make_segment 64K
	shmtool write -z65 -n 8192 "$id"
	head -c 9999 /dev/zero >/dev/shm/x
	run --separate-stderr shmtool rm -n "$id" /x
	[ "$status" -eq 0 ]
	[ "$(awk '$1 == "remove" { print $6, $7 }' <<<"$output")" = \
		$'64K 8.0K\n9.8K 12K' ]
}
