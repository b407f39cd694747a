# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat -w: a line for each change.

load ../common

# Starts stat -w with these arguments; its lines go to $seen.  The heading, if
# there is one, comes after the first look.
watch() {
	seen="$BATS_TEST_TMPDIR/seen.$RANDOM$RANDOM"
	: >"$seen"
	case $* in
	*--json* | *--no-heading*)
		shmtool stat -w "$@" >"$seen" 2>"$seen.err" 3>&- &
		watcher=$!
		settle
		;;
	*)
		shmtool stat -w0.1 "$@" >"$seen" 2>"$seen.err" 3>&- &
		watcher=$!
		wait_for test -s "$seen"
		;;
	esac
	holders+=("$watcher")
}

# Changes that have been seen, below the heading.
changes() {
	tail -n +2 "$seen"
}

# A line that has been seen, words with one blank between, matches.
line_seen() {
	tr -s ' ' <"$seen" | grep -Eq "$1"
}

@test "watch: created, attached, detached, changed, marked and removed" {
	watch
	id=$(shmtool create -k 0x4d2 -s 1M)
	wait_for line_seen "^20[0-9-]+ [0-9:]{8} created $id 0x000004d2 $(id -un) 1.0M 0 [0-9]+ "
	NAME=using hold "$id"
	wait_for line_seen " attached $id 0x000004d2 .* 1 $holder using 0 -> 1$"
	shmtool set -m 0640 "$id"
	wait_for line_seen " changed $id .* 1 - - perms 0600 -> 0640$"
	shmtool set --lock "$id"
	wait_for line_seen " changed $id .* locked$"
	ipcrm -m "$id"
	wait_for line_seen " marked $id 0x000004d2 "
	kill "$holder"
	wait_for line_seen " removed $id 0x000004d2 "
	# Each once.
	[ "$(changes | wc -l)" -eq 6 ]
	[ ! -s "$seen.err" ]
}

@test "watch: in colour, what was removed is dim, what was marked red" {
	watch --color=always
	id=$(shmtool create -s 4096)
	wait_for grep -q " created " "$seen"
	hold "$id"
	ipcrm -m "$id"
	wait_for grep -q " marked " "$seen"
	kill "$holder"
	wait_for grep -q " removed " "$seen"
	grep -q $'^\033\\[31m20.* marked .*\033\\[m$' "$seen"
	grep -q $'^\033\\[2m20.* removed .*\033\\[m$' "$seen"
	run ! grep -q $'\033.* created ' "$seen"
}

@test "watch: a detach, by whom, and from how many to how many" {
	id=$(shmtool create -s 4096)
	hold "$id"
	hold "$id"
	watch
	kill "$holder"
	wait_for line_seen " detached $id 0x00000000 .* 1 $holder .* 2 -> 1$"
	[ "$(changes | wc -l)" -eq 1 ]
}

@test "watch: an attachment between two looks shows as both" {
	id=$(shmtool create -s 4096)
	watch
	# What is there at first is no change.
	sleep 0.3
	[ -z "$(changes)" ]
	shmtool write -s x "$id"
	wait_for line_seen " detached $id .* both in one interval$"
	line_seen " attached $id .* both in one interval$"
}

@test "watch: another segment with the same id is a removal and a creation" {
	[ -w /proc/sys/kernel/shm_next_id ] ||
		skip "shm_next_id is not writable here"
	id=$(shmtool create -s 4096)
	watch
	ipcrm -m "$id"
	shmtool create --id "$id" -s 8192
	wait_for line_seen " created $id .* 8.0K "
	line_seen " removed $id .* 4.0K "
}

@test "watch: unlocked, and set to what it was" {
	id=$(shmtool create -s 4096 --lock)
	watch
	shmtool set --unlock "$id"
	wait_for line_seen " changed $id .* unlocked$"
	sleep 1.1
	shmtool set -m 0600 "$id"
	wait_for line_seen " changed $id .* set as it was$"
	[ "$(changes | wc -l)" -eq 2 ]
}

@test "watch: the lost key of one that was marked before" {
	id=$(shmtool create -k 0x4d2 -s 4096)
	hold "$id"
	ipcrm -m "$id"
	# By that key, which only its holder's maps still tell.
	watch 0x4d2
	shmtool attach -t 0 "$id" >/dev/null 2>&1
	wait_for line_seen " attached $id 0x000004d2 "
	release
	wait_for test ! -d "/proc/$holder"
}

@test "watch: a key that is lost meanwhile is still told" {
	id=$(shmtool create -k 0x4d2 -s 4096)
	hold "$id"
	seen=$BATS_TEST_TMPDIR/seen
	# Who is attached is not to be seen by it; its number is its first line.
	# shellcheck disable=SC2016 # the inner shell's
	without_privilege sh -c 'echo $$; exec shmtool stat -w' >"$seen" 3>&- &
	wait_for test -s "$seen"
	watcher=$(head -n 1 "$seen")
	holders+=("$watcher")
	settle "$watcher"
	ipcrm -m "$id"
	wait_for line_seen " marked $id 0x000004d2 "
}

@test "watch: what a process has made or attached, by its number" {
	id=$(shmtool create -s 4096)
	hold "$id"
	watch --pid "$holder"
	other=$(shmtool create -s 4096)
	shmtool set -m 0640 "$other" "$id"
	wait_for line_seen " changed $id "
	run ! line_seen " $other "
}

@test "watch: the owner's change tells both" {
	needs_root
	id=$(shmtool create -s 4096)
	watch
	shmtool set -u nobody:nogroup "$id"
	wait_for line_seen " changed $id .* owner root -> nobody, group root -> nogroup$"
}

@test "watch: names as long as they may be are not cut" {
	needs_root
	needs_mounts
	local user group
	user=$(printf 'u%.0s' {1..255})
	group=$(printf 'g%.0s' {1..255})
	id=$(shmtool create -s 4096)
	seen=$BATS_TEST_TMPDIR/seen
	cd "$BATS_TEST_TMPDIR" || return 1
	{ cat /etc/passwd; echo "$user:x:4242:4242::/:/bin/sh"; } >passwd
	{ cat /etc/group; echo "$group:x:4242:"; } >group
	unshare --mount sh -c 'mount --bind passwd /etc/passwd &&
		mount --bind group /etc/group && echo mounted &&
		exec shmtool stat -w' >"$seen" 3>&- &
	holders+=("$!")
	wait_for test -s "$seen"
	settle
	shmtool set -m 0666 -u 4242:4242 --lock "$id"
	wait_for line_seen " perms 0600 -> 0666, owner root -> $user, group root -> $group, locked$"
}

@test "watch: operands, present or not yet" {
	id=$(shmtool create -s 4096)
	watch 0x4d2 "$id"
	other=$(shmtool create -s 4096)
	late=$(shmtool create -k 0x4d2 -s 4096)
	wait_for line_seen " created $late 0x000004d2 "
	ipcrm -m "$other"
	shmtool set -m 0640 "$id"
	wait_for line_seen " changed $id "
	ipcrm -m "$late"
	wait_for line_seen " removed $late 0x000004d2 "
	run ! line_seen " (created|removed) $other "
}

@test "watch: filters hold before or after the change" {
	watch --min-size 8192 --unattached
	small=$(shmtool create -s 4096)
	large=$(shmtool create -s 8192)
	wait_for line_seen " created $large "
	hold "$large"
	wait_for line_seen " attached $large "
	shmtool set -m 0640 "$large"
	# Past the look that sees it.
	sleep 0.5
	kill "$holder"
	wait_for line_seen " detached $large "
	run ! line_seen " (created|removed) $small "
	run ! line_seen " changed $large "
}

@test "watch: JSON, an object on each line" {
	watch --json
	id=$(shmtool create -k 0x4d2 -s 1M)
	wait_for grep -q created "$seen"
	NAME='a"b' hold "$id"
	wait_for grep -q attached "$seen"
	perl -MJSON::PP -ne 'my $e = decode_json($_);
		print join(" ", sort keys %$e), "\n" if $. == 1;
		print join(" ", map { $_ // "null" } @$e{qw(event id key key_hex
			size nattch command what)}), "\n";
		die unless $e->{time} =~ /^\d{10,}$/' "$seen" \
		>"$BATS_TEST_TMPDIR/out"
	run cat "$BATS_TEST_TMPDIR/out"
	[ "${lines[0]}" = "command command_life event id key key_hex kind name nattch owner pid size time what" ]
	# Its creator may still be seen.
	[[ "${lines[1]}" == "created $id 1234 0x000004d2 1048576 0 "*" null" ]]
	[ "${lines[2]}" = "attached $id 1234 0x000004d2 1048576 1 a\"b 0 -> 1" ]
}

@test "watch: TSV, with a heading that can be left out" {
	watch --tsv
	wait_for test -s "$seen"
	[ "$(cat "$seen")" = $'TIME\tEVENT\tID\tKEY\tOWNER\tSIZE\tNATTCH\tPID\tCOMMAND\tWHAT' ]
	id=$(shmtool create -s 1M)
	wait_for grep -Eq $'^[0-9]{10,}\tcreated\t'"$id"$'\t0x00000000\t.*\t1048576\t0\t' "$seen"
	watch --tsv --no-heading
	[ ! -s "$seen" ]
}

@test "watch: begins with its heading, before anything changes" {
	watch
	wait_for test -s "$seen"
	[ "$(tr -s ' ' <"$seen")" = \
		"TIME EVENT ID KEY OWNER SIZE NATTCH PID COMMAND WHAT" ]
	id=$(shmtool create -s 1M)
	wait_for line_seen " created $id "
	# The columns stand below their names.
	[ "$(head -n 1 "$seen" | grep -bo EVENT | cut -d: -f1)" -eq \
		"$(tail -n 1 "$seen" | grep -bo created | cut -d: -f1)" ]
	watch --json
	[ ! -s "$seen" ]
}

@test "watch: looks in fractions of a second" {
	id=$(shmtool create -s 1M)
	watch
	local i before
	for ((i = 1; i <= 5; i++)); do
		before=$(date +%s%N)
		shmtool set -m $((600 + i)) "$id"
		wait_for line_seen " -> 0$((600 + i))$"
		# Of five looks each within a second one might be by luck.
		[ $((($(date +%s%N) - before) / 1000000)) -lt 900 ] || return 1
	done
}

@test "watch: -b says bytes" {
	watch -b
	id=$(shmtool create -s 1M)
	wait_for line_seen " created $id .* 1048576 "
}

@test "watch: lines go through a pipe as they come" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	shmtool stat -w >"$BATS_TEST_TMPDIR/pipe" 3>&- &
	holders+=("$!")
	exec 9<"$BATS_TEST_TMPDIR/pipe"
	settle
	id=$(shmtool create -s 4096)
	read -r -t 20 -u 9 line
	[[ $line == TIME* ]]
	read -r -t 20 -u 9 line
	[[ $line == *" created "* ]]
	exec 9<&-
}

@test "watch: nobody reading ends it, without a change" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	shmtool stat -w600 >"$BATS_TEST_TMPDIR/pipe" 2>/dev/null 3>&- &
	watcher=$!
	holders+=("$watcher")
	exec 9<"$BATS_TEST_TMPDIR/pipe"
	settle
	kill -0 "$watcher"
	exec 9<&-
	wait_for sh -c "! kill -0 $watcher"
	run wait "$watcher"
	# By SIGPIPE, or, where that is ignored, with a message.
	[ "$status" -eq 141 ] || [ "$status" -eq 1 ]
}

@test "watch: with SIGPIPE ignored it says why it ends" {
	run --separate-stderr bash -c 'trap "" PIPE
		shmtool stat -w600 > >(exec true); exit $?'
	[ "$status" -eq 1 ]
	message_has "stat: standard output: Broken pipe"
}

@test "watch: signals end it at once, by themselves" {
	local sig code
	for sig in HUP:129 INT:130 TERM:143; do
		# In the background the shell would have SIGINT ignored.
		env --default-signal=INT shmtool stat -w600 3>&- &
		settle
		kill -s "${sig%:*}" "$!"
		code=0
		wait "$!" || code=$?
		[ "$code" -eq "${sig#*:}" ]
	done
}

@test "watch: what nohup ignores it ignores" {
	bash -c 'trap "" HUP; exec shmtool stat -w600' >/dev/null 3>&- &
	holders+=("$!")
	settle
	kill -HUP "$!"
	sleep 0.3
	kill -0 "$!"
}

@test "watch: a full standard output is 1" {
	(
		sleep 0.5
		for _ in {1..100}; do
			kill -0 "$$" || exit 0
			shmtool create -s 1 >/dev/null
			sleep 0.2
		done
	) 3>&- &
	holders+=("$!")
	run --separate-stderr timeout 30 bash -c \
		'exec shmtool stat -w --no-heading >/dev/full'
	[ "$status" -eq 1 ]
	message_has "stat: standard output: No space left on device"
}

@test "watch: a wrong number of seconds is 2" {
	local seconds
	for seconds in 0 -1 x 1x 99999999999; do
		run --separate-stderr shmtool stat "-w$seconds"
		[ "$status" -eq 2 ]
		message_has "stat: --watch: $seconds:"
	done
	run --separate-stderr shmtool stat --watch=0
	[ "$status" -eq 2 ]
}

@test "watch: who used it last, also within one second" {
	local users
	id=$(shmtool create -s 4096)
	use() {
		perl -e 'shmread($ARGV[0], $_, 0, 1) or die; print $$' "$id"
	}
	watch
	# Two uses and two looks fit into one second, if it has just begun.
	wait_for bash -c '[[ $(date +%N) == [01]* ]]'
	users=$(use)
	wait_for line_seen " attached $id .* $users "
	users=$(use)
	wait_for line_seen " attached $id .* $users "
}

@test "watch: memory without a name is refused, also by its path" {
	exec 5<<<"in memory"
	for operand in "--kind memfd" "/proc/$$/fd/5" "/x /proc/$$/fd/5"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr timeout 10 shmtool stat -w $operand
		[ "$status" -eq 2 ]
		[[ $stderr == *"no event reports memory without a name"* ]]
	done
}

@test "stat, watch: --pid of a process that may not be read says so" {
	needs_root "to be two users"
	local err="$BATS_TEST_TMPDIR/err"
	local said="--pid $$: may not be read: only what it created is found"
	without_privilege shmtool stat --pid $$ 2>"$err"
	grep -q -- "$said" "$err"
	# It ends when nobody reads on.
	without_privilege shmtool stat -w0.1 --pid $$ 2>"$err" | head -n 1
	grep -q -- "$said" "$err"
}
