# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm by filters and --all: what is selected, the question, and looking again
# before each removal.

load ../common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# A private segment of SIZE bytes; $id, and $maker, the process that made it,
# which has ended.
make_private() {
	read -r id maker < <(perl -e '
		print shmget(0, $ARGV[0], 0600) + 0, " $$\n"' "${1:-4096}")
}

# Ids that are left, in one line.
left() {
	ipcs -m | awk '/^0x/ { print $2 }' | sort -n | paste -sd' ' -
}

# `rm` with these filters leaves exactly the ids in $rest.
removes_all_but() {
	local rest=$1
	shift
	run --separate-stderr shmtool rm "$@" --yes
	[ "$status" -eq 0 ] || { echo "$status: $stderr"; return 1; }
	[ "$(left)" = "$rest" ] || { echo "left: $(left)"; return 1; }
}

# Runs a command on a terminal of its own; what it says comes to the file
# $tty, what is typed goes to descriptor 4.
on_terminal() {
	tty=$BATS_TEST_TMPDIR/tty
	mkfifo "$BATS_TEST_TMPDIR/keys"
	# What runs in the background ignores Ctrl-C.
	env --default-signal=INT script -qefc "$*" "$tty" <"$BATS_TEST_TMPDIR/keys" >/dev/null 2>&1 \
		3>&- &
	terminal=$!
	exec 4>"$BATS_TEST_TMPDIR/keys"
}

# Ends what runs there; its status.
leave_terminal() {
	status=0
	exec 4>&-
	wait "$terminal" || status=$?
}

asked() {
	wait_for grep -q '\[y/N\]' "$tty"
}

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
	for line in "${wrong[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool rm $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		message_has "shmtool: rm:"
	done
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

@test "rm: --pid takes what the process made" {
	make_private
	a=$id
	make_private
	removes_all_but "$a" --pid "$maker"
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
	removes_all_but "$a $b" --min-size 8K --not --key "$(of_id key "$b")"
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

@test "rm: on a terminal ten rows, how many more, and sums by owner" {
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
	grep -q 'shmtool: rm: no room for ' "$tty"
	grep -q '^2 more, which --dry-run shows' "$tty"
	grep -Eq '^OWNER +SEGMENTS +SIZE' "$tty"
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

@test "rm: the longest of several --idle replaces the hour of --stale" {
	make_private
	removes_all_but "$id" --stale --idle 0 --idle 1h
	removes_all_but "$id" --stale --idle 1h --idle 0
	removes_all_but "" --stale --idle 0 --idle 0
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
	grep -q "rm: $id: kept: attached meanwhile by $holder (perl)" "$tty"
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
	grep -q "rm: $id: kept: it was used meanwhile" "$tty"
}

@test "rm: what was changed while the question stood is left, and said" {
	needs_terminal
	make_segment
	change_meanwhile shmtool set -m 0640 "$id"
	[ "$status" -eq 0 ]
	[ "$(left)" = "$id" ]
	grep -q "rm: $id: kept: its owner or mode was changed" "$tty"
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
	grep -q "rm: $id: somebody else removed it" "$tty"
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
	grep -q "rm: $id: kept: it went, and another segment has its id" "$tty"
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
	grep -q "rm: $id: kept: somebody else marked it" "$tty"
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
	grep -q "rm: $id: kept: it no longer is what was asked for" "$tty"
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
	grep -q "rm: $id: kept: who has it attached can no longer be told" \
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
	message_has "rm: $id: kept: attached by processes that cannot be seen\
 from here, nattch 1; they must"
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
	message_has "rm: $id: kept: attached by $own (perl), and by processes\
 that cannot be seen from here, nattch 2; they must"
	[[ $output == *'"complete": false, "attachments": [{"pid": '"$own,"* ]]
	run --separate-stderr without_privilege shmtool rm --force --json "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id: marked for removal, goes at the last detach by\
 $own (perl), and by processes that cannot be seen from here, nattch 2"
	[[ $output == *'"result": "marked"'*'"complete": false'* ]]
	# Root sees both.
	run --separate-stderr shmtool rm --json "$id"
	[ "$status" -eq 5 ]
	[[ $stderr != *"cannot be seen"* ]]
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
