# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154
#
# restore: a failure or a signal at any moment leaves nothing.

load ../common
load ../saved
load pairs

@test "restore: a limit that is exhausted is 6, with its name" {
	make_saved 1M
	# shellcheck disable=SC2016
	run --separate-stderr unshare --ipc sh -c '
		echo 65536 >/proc/sys/kernel/shmmax && shmtool restore "$0"' \
		"$name"
	[ "$status" -eq 6 ]
	message_has "restore: $name:" "1048576" "shmmax" "65536"
}

@test "restore: a full or closed stdout is 1, and leaves nothing" {
	make_saved
	for how in '/dev/full' '&-'; do
		run --separate-stderr bash -c "shmtool restore $name >$how"
		[ "$status" -eq 1 ]
		message_has "standard output"
		[ "$(segments)" -eq 0 ]
	done
}

@test "restore: a .meta that cannot be looked at is no other kind of file" {
	can_inject
	make_saved
	strace -qq -o trace -P "$(realpath "$name.meta")" \
		-e trace=fstat,newfstatat \
		-e inject=fstat,newfstatat:error=EIO:when=1 \
		shmtool restore "$name" 2>err || status=$?
	[ "$status" -eq 1 ]
	grep -q 'the .meta: Input/output error' err
}

@test "restore: whatever call fails, nothing is left of it" {
	can_inject
	make_saved
	for call in $(system_calls shmtool restore "$name" |
		cut -d' ' -f1 | grep -Ev '^(close|getpid|rt_|madv)'); do
		# The one that the listing of the calls made, or the last.
		ipcrm --all=shm
		status=0
		with_failing "${call%:*}:error=EIO:when=${call#*:}" \
			shmtool restore "$name" >out 2>err || status=$?
		case $status in
		0)
			# It knew another way.
			cmp contents <(by_perl "$(cat out)") || {
				echo "$call: not restored"
				return 1
			}
			;;
		[1-6])
			[ -s err ]
			[ "$(segments)" -eq 0 ] || {
				echo "$call: a segment is left"
				return 1
			}
			;;
		*) echo "$call: $status"; return 1 ;;
		esac
	done
}

no_segments() {
	[ "$(segments)" -eq 0 ]
}

@test "restore: killed at every system call, nothing is left of it" {
	can_inject
	make_saved
	calls=$(changing_calls shmtool restore "$name")
	ipcrm --all=shm
	[ "$(wc -l <<<"$calls")" -gt 5 ]
	for call in $calls; do
		killed_at "$call" shmtool restore "$name" || {
			echo "not killed at $call"
			return 1
		}
		# Once the id is printed the segment is complete.
		if [ -s "$BATS_TEST_TMPDIR/printed" ]; then
			ipcrm --all=shm
			printed=1
			continue
		fi
		[ -z "${printed:-}" ]
		wait_for no_segments
	done
}

@test "restore: of several killed at the second, the first stays" {
	can_inject
	id=$(shmtool create -s 10000)
	fill 10000
	by_perl >contents
	save
	first=$name
	ipcrm -m "$id"
	id=$(shmtool create -s 5000)
	save
	ipcrm -m "$id"
	# As it ends the system call that makes the second.
	killed_at shmget:2 shmtool restore "$first" "$name"
	one_segment() {
		[ "$(segments)" -eq 1 ]
	}
	wait_for one_segment
	id=$(ipcs -m | awk '/^0x/ { print $2 }')
	cmp contents <(by_perl)
}

@test "restore: a signal ends it with nothing left behind" {
	local moments=(shmget:1 shmat:1)
	can_inject
	make_saved 1M
	# Where the segment is not written by way of a mapping.
	! has_root || moments+=(pwrite64:1 pwrite64:3)
	for signal in INT TERM HUP; do
		for moment in "${moments[@]}"; do
			status=0
			with_failing \
			    "${moment%:*}:signal=$signal:when=${moment#*:}" \
			    shmtool restore "$name" >out 2>err || status=$?
			[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
			[ ! -s out ]
			stderr=$(head -n 1 err)
			message_has "nothing was made"
			[ "$(segments)" -eq 0 ]
		done
	done
}

# A save -f between its look at .meta and that at the contents, which are then
# in another file.
@test "restore: a pair that is replaced meanwhile is opened again" {
	command -v strace >/dev/null || skip "strace is not installed"
	id=$(shmtool create -s 10000)
	save
	shmtool write -s new "$id"
	strace -qq -o trace -P "$name.meta" -P "$name.shm" \
		-e inject=openat:delay_enter=1000000:when=2 \
		shmtool restore "$name" >new 3>&- &
	pid=$!
	wait_for grep -q meta trace
	save -f
	wait "$pid"
	[ "$(shmtool read -s "$(cat new)")" = new ]
}
