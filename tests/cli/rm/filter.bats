# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm by filters and --all: what is selected.

load ../common
load select

@test "rm: --all takes every segment" {
	make_segment
	make_private
	removes_all_but "" --all
}

@test "rm: nothing selected is nothing to do, silently and 0" {
	run --separate-stderr shmtool rm --all --yes
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	make_segment 4096
	run --separate-stderr shmtool rm --min-size 1G -y -v
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr shmtool rm --min-size 1G -y --json
	[ "$status" -eq 0 ]
	[ "$output" = '{"segments": []}' ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: off the terminal a filter needs --yes (2), and removes nothing" {
	make_segment
	local how
	for how in "--all" "--unattached" "--all --json" "--all -f" "--all -v"
	do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool rm $how
		[ "$status" -eq 2 ] || { echo "$how: $status"; return 1; }
		message_has "shmtool: rm:" "--yes"
	done
	[ "$(segments)" -eq 1 ]
}

@test "rm: a wrong filter line is 2 and removes nothing" {
	make_segment
	local line
	local -a wrong=(
		"--all --stale -y" "--all $id -y"
		"--owner nosuchuser -y" "--key -y" "--key x -y" "--idle 1x -y"
		"--min-size 1Q -y" "--max-size -1 -y" "--pid 0 -y" "--pid x -y"
		"--key 1 --private -y" "--stale=1 -y"
		"--min-size 2 --max-size 1 -y" "--all -i -y" "--all -i -n"
		"--not -y" "--stale --not" "--not --json -y" "--not -n --stale"
		"--not --not --stale -y" "--all --not -y" "--not $id -y"
	)
	are_wrong rm "${wrong[@]}"
	[ "$(segments)" -eq 1 ]
}

@test "rm: --owner and --creator" {
	needs_root "to give segments away"
	make_segment
	a=$id
	make_segment
	shmtool set -u nobody "$id"
	removes_all_but "$a" --owner nobody
	make_segment
	shmtool set -u 4711 "$id"
	removes_all_but "$a" --owner 4711
	make_segment
	shmtool set -u nobody "$id"
	removes_all_but "" --creator root
}

@test "rm: --owner of an ordinary user's own" {
	make_segment
	removes_all_but "$id" --owner 4711
	removes_all_but "" --owner "$(id -u)"
}

@test "rm: --key and --private" {
	make_segment
	a=$id
	make_segment
	b=$id
	make_private
	removes_all_but "$a $id" --key "$(of_id key "$b")"
	removes_all_but "$a" --private
}

@test "rm: --min-size and --max-size, their bounds included" {
	make_segment 4096
	a=$id
	make_segment 8192
	b=$id
	make_segment 12288
	c=$id
	removes_all_but "$a $b $c" --min-size 12289
	removes_all_but "$a $b $c" --max-size 4095
	removes_all_but "$a $c" --min-size 8K --max-size 8K
	removes_all_but "$a" --min-size 8193
	removes_all_but "" --max-size 4K
}

@test "rm: --creator-dead leaves what a living process made" {
	perl -e '$id = shmget(0, 4096, 0600);
		open $f, ">", "$ARGV[0].new"; print $f "$id\n"; close $f;
		rename "$ARGV[0].new", $ARGV[0]; sleep 1 while 1' \
		"$BATS_TEST_TMPDIR/id" 3>&- &
	holders+=($!)
	wait_for test -s "$BATS_TEST_TMPDIR/id"
	a=$(cat "$BATS_TEST_TMPDIR/id")
	make_private
	removes_all_but "$a" --creator-dead
	removes_all_but "$a" --stale --idle 0
	release
	removes_all_but "" --creator-dead
}

@test "rm: --idle counts from the last attach, detach or change" {
	make_segment
	removes_all_but "$id" --idle 1h
	wait_for shmtool_idle 2
	hold "$id"
	release
	removes_all_but "$id" --idle 1m
	removes_all_but "" --idle 0
}

# Waits until something would be gone with that much rest.
shmtool_idle() {
	shmtool rm -n --idle "$1" | grep -q '^would remove 1 of 1,'
}

@test "rm: --stale wants an hour of rest unless --idle says otherwise" {
	make_private
	removes_all_but "$id" --stale
	removes_all_but "$id" --stale --idle 1h
	removes_all_but "" --stale --idle 0
}

@test "rm: the word stale in the table follows --idle, as in stat" {
	make_private
	run --separate-stderr shmtool rm --stale --idle 0 -n
	[[ ${lines[1]} == remove*" stale" ]]
	run --separate-stderr shmtool rm --private -n
	[[ ${lines[1]} == remove*" -" ]]
}

@test "rm: --stale leaves what a living process used last" {
	make_private
	a=$id
	make_private
	perl -e 'shmread($ARGV[0], $x, 0, 1) or die $!;
		open $f, ">", $ARGV[1]; close $f; sleep 1 while 1' "$a" \
		"$BATS_TEST_TMPDIR/ready" 3>&- &
	holders+=($!)
	wait_for test -e "$BATS_TEST_TMPDIR/ready"
	[ "$(of_id nattch "$a")" = 0 ]
	removes_all_but "$a" --stale --idle 0
	release
	removes_all_but "" --stale --idle 0
}

@test "rm: filters must all hold" {
	make_segment 4096
	a=$id
	make_segment 64K
	b=$id
	make_private 65536
	c=$id
	hold "$b"
	removes_all_but "$a $b" --min-size 64K --unattached
	removes_all_but "$a $b" --private --unattached
	release
	removes_all_but "$a" --min-size 8K --owner "$(id -u)" --idle 0 \
		--creator-dead --unattached
	[ "$c" -ne "$a" ]
}

@test "rm: of a filter given more than once one value must hold" {
	make_segment 4096
	a=$id
	make_segment 8192
	b=$id
	make_segment 12288
	c=$id
	removes_all_but "$c" --key "$(of_id key "$a")" --key "$(of_id key "$b")"
	make_segment 4096
	removes_all_but "$id" --min-size 12K --min-size 8K
	removes_all_but "" --owner "$(id -u)" --owner 4711
}

@test "rm: --not negates the filter that follows, and that one only" {
	make_segment 4096
	a=$id
	make_segment 8192
	b=$id
	make_private 8192
	c=$id
	hold "$b"
	removes_all_but "$a $b $c" --not --key "$(of_id key "$a")" \
		--not --unattached --min-size 8K --private
	removes_all_but "$a $b" --not --key "$(of_id key "$b")" --min-size 8K
	release
	# Of several negated values none may hold.
	make_private 12288
	removes_all_but "$a $id" --not --max-size 4K --not --min-size 12K
	removes_all_but "$a" --not --key "$(of_id key "$a")"
	removes_all_but "$a" --stale --idle 0 --not --owner "$(id -u)"
	removes_all_but "" --stale --idle 0 --not --owner 4711 \
		--not --owner 4712
}

@test "rm: what is unknown satisfies neither a filter nor its negation" {
	needs_namespaces
	# Its creator is out of sight in a PID namespace of its own.
	unshare --pid --fork perl -e 'shmget(0, 4096, 0600) // die'
	id=$(left)
	unshare --pid --fork --mount-proc perl -e '
		system qw(shmtool rm --creator-dead --idle 0 --yes);
		system qw(shmtool rm --not --creator-dead --idle 0 --yes);
		system qw(shmtool rm --stale --idle 0 --yes);
		system qw(shmtool rm --not --stale --idle 0 --yes)'
	[ "$(left)" = "$id" ]
	removes_all_but "" --creator-dead
}

needs_namespaces() {
	unshare --pid --fork --mount-proc true 2>/dev/null ||
		skip "no PID namespace can be made here"
}

@test "rm: with operands, filters choose among them; 0" {
	make_segment 4096
	a=$id
	make_segment 8192
	b=$id
	make_segment 8192
	c=$id
	# At once, as operands do.
	run --separate-stderr shmtool rm -v "$a" "$b" --min-size 8K \
		--owner "$(id -u)"
	[ "$status" -eq 0 ]
	[[ $output == "removed $b "* && ${#lines[@]} -eq 1 ]]
	message_has "rm: $a: kept: it does not pass --min-size"
	[ "$(left)" = "$a $c" ]
	run --separate-stderr shmtool rm --json "$a" 99999 --stale \
		--not --owner "$(id -u)"
	[ "$status" -eq 3 ]
	[[ $output == *'"reason": "it does not pass --stale, --not --owner"'* ||
		$output == *'"reason": "it does not pass --not --owner, --stale"'* ]]
	run --separate-stderr shmtool rm -n "$a" "$c" --max-size 4K
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "would remove 1 of 2, 4.0K" ]
	run --separate-stderr shmtool rm "$a" --all
	[ "$status" -eq 2 ]
	message_has "rm: --all: takes no SEGMENT operands"
	[ "$(left)" = "$a $c" ]
}

@test "rm: nothing selected: -n says which clause alone kept how many" {
	run --separate-stderr shmtool rm --all -n
	[ "$output" = "nothing to remove" ]
	make_private
	make_private
	make_private
	hold "$id"
	run --separate-stderr shmtool rm --stale -n
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$output" = "nothing to remove: 2 would be stale but for --idle (1h00m)" ]
	run shmtool rm --stale --idle 2d -n
	[ "$output" = "nothing to remove: 2 would be stale but for --idle (2d00h)" ]
	run shmtool rm --stale --idle 0 --owner 4711 -n
	[ "$output" = "nothing to remove: 2 would pass but for --owner" ]
	run shmtool rm --stale --idle 0 --not --private -n
	[ "$output" = "nothing to remove: 2 would pass but for --not --private" ]
	run shmtool rm --min-size 1G -n
	[ "$output" = "nothing to remove: 3 would pass but for --min-size" ]
	# Two clauses are not one, and with two segments each may have its own.
	run shmtool rm --stale --owner 4711 -n
	[ "$output" = "nothing to remove" ]
	removes_all_but "$id" --unattached
	make_segment 8192
	run shmtool rm --private --unattached --max-size 4K -n
	[ "$output" = "nothing to remove: 1 would pass but for --unattached" ]
	run shmtool rm --stale --idle 0 --max-size 4K -n
	[ "$output" = "nothing to remove: 1 would pass but for --max-size" ]
	# Unattended it is no event.
	run --separate-stderr shmtool rm --stale --yes -v
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "rm: the longest of several --idle replaces the hour of --stale" {
	make_private
	removes_all_but "$id" --stale --idle 0 --idle 1h
	removes_all_but "$id" --stale --idle 1h --idle 0
	removes_all_but "" --stale --idle 0 --idle 0
}

@test "rm: -n with filters needs no --yes and touches nothing" {
	make_segment 1M
	hold "$id"
	a=$id
	make_segment 64K
	b=$id
	make_segment 64K
	before=$(ipcs -m)
	run --separate-stderr shmtool rm --all --dry-run
	[ "$status" -eq 5 ]
	[[ ${lines[1]} == keep*" $a "*1.0M* ]]
	[[ ${lines[2]} == remove*" $b "*64K* ]]
	[ "${lines[4]}" = "would remove 2 of 3, 128K" ]
	run --separate-stderr shmtool rm --unattached --dry-run
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[3]}" = "would remove 2 of 2, 128K" ]
	[ "$(ipcs -m)" = "$before" ]
}

@test "rm: thousands in one go, one process and one pass" {
	perl -e 'for (1 .. 3000) { defined shmget(0, 1, 0600) or die }'
	make_segment
	hold "$id"
	# More than is printed at once.
	diff <(shmtool stat --tsv --no-heading -o KEY,ID,OWNER) \
		<(ipcs -m | awk -v OFS='\t' '/^0x/ { print $1, $2, $3 }')
	removes_all_but "$id" --unattached
}

@test "rm: another namespace's segments are out of reach but by --ns" {
	make_private
	a=$id
	# shellcheck disable=SC2016
	unshare --ipc bash -c '
		perl -e "for (1 .. 5) { shmget(0, 4096, 0600) or 1 }"
		echo $$ >"$1.new"; mv "$1.new" "$1"; exec sleep 1000' \
		container "$BATS_TEST_TMPDIR/pid" 3>&- &
	holders+=($!)
	wait_for test -s "$BATS_TEST_TMPDIR/pid"
	inner=$(cat "$BATS_TEST_TMPDIR/pid")
	holders+=("$inner")
	removes_all_but "" --all
	run shmtool --ns "$inner" rm --all -n
	[ "${lines[-1]%%,*}" = "would remove 5 of 5" ]
	make_private
	run --separate-stderr shmtool --ns "$inner" rm --stale --idle 0 -y -v
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 5 ]
	[ "$(left)" = "$id" ]
}

@test "rm: --stale without --idle takes what has rested for an hour" {
	make_later
	make_private
	a=$id
	make_private
	hold "$id"
	run --separate-stderr shmtool rm --stale --yes -v
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run --separate-stderr later shmtool rm --stale --idle 3h --yes -v
	[ -z "$output" ]
	run --separate-stderr later shmtool rm --stale --yes -v
	[ "$status" -eq 0 ]
	[[ $output == "removed $a "* ]]
	[ "$(left)" = "$id" ]
}
