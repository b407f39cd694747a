# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031

load ../common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

@test "set: an octal mode" {
	make_segment
	run --separate-stderr shmtool set -m 0640 "$id"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(of_id perms "$id")" = 640 ]
}

@test "set: a symbolic mode is relative to each segment's own" {
	make_segment 4096 0644
	a=$id
	make_segment 4096 0600
	shmtool set --mode g+w "$a" "$id"
	[ "$(of_id perms "$a")" = 664 ]
	[ "$(of_id perms "$id")" = 620 ]
}

@test "set: the lock, and off again" {
	make_segment
	shmtool set --lock "$id"
	ipcs -m | grep -q locked
	shmtool set --unlock "id:$id"
	run ! grep -q locked <(ipcs -m)
}

@test "set: owner and group, apart and together" {
	needs_root
	make_segment
	shmtool set -u nobody "$id"
	[ "$(ipcs -m -i "$id" | grep -c 'uid=65534	gid=0')" -eq 1 ]
	shmtool set -u :nogroup "$id"
	[ "$(ipcs -m -i "$id" | grep -c 'uid=65534	gid=65534')" -eq 1 ]
	shmtool set -u root:root "$id"
	[ "$(ipcs -m -i "$id" | grep -c 'uid=0	gid=0')" -eq 1 ]
}

@test "set: an absent segment is 3, and the others are still set" {
	make_segment
	run --separate-stderr shmtool set -m 0644 99999 "$id"
	[ "$status" -eq 3 ]
	message_has "set: 99999:" "no such segment"
	[ "$(of_id perms "$id")" = 644 ]
}

@test "set: another's segment is 4" {
	needs_root
	make_segment 4096 0666
	run --separate-stderr without_privilege shmtool set -m 0600 "$id"
	[ "$status" -eq 4 ]
	message_has "set: $id:" "owner root"
	[ "$(of_id perms "$id")" = 666 ]
}

@test "set: an owner that the user namespace does not have is 1" {
	needs_user_namespace
	make_segment
	cat >try.sh <<-'TXT'
		id=$(ipcmk -M 4096 | tr -dc 0-9)
		shmtool set -u 12345 "$id"
	TXT
	run --separate-stderr unshare -Ur --ipc sh ./try.sh
	[ "$status" -eq 1 ]
	message_has "user namespace"
}

@test "set: failures of two kinds are 1" {
	needs_root
	make_segment 4096 0666
	run without_privilege shmtool set -m 0600 "$id" 99999
	[ "$status" -eq 1 ]
}

@test "set: more than RLIMIT_MEMLOCK is 6" {
	needs_root
	make_segment 1M
	shmtool set -u nobody "$id"
	run --separate-stderr without_privilege prlimit --memlock=65536 \
		shmtool set --lock "$id"
	[ "$status" -eq 6 ]
	message_has "set: $id: 1048576 bytes to lock" "RLIMIT_MEMLOCK allows 65536"
	run --separate-stderr without_privilege prlimit --memlock=0 \
		shmtool set --lock "$id"
	[ "$status" -eq 6 ]
	message_has "RLIMIT_MEMLOCK allows 0"
	shmtool set -u root "$id"
	run --separate-stderr without_privilege prlimit --memlock=0 \
		shmtool set --lock "$id"
	[ "$status" -eq 4 ]
}

@test "set: a wrong command line is 2 and changes nothing" {
	make_segment
	local -a wrong=(
		"" "$id" "-m 0640" "-m 1777 $id" "-m 8 $id" "-m u+q $id"
		"--lock --unlock $id" "-u nosuchuser $id" "-u root:nosuch $id"
		"-m 0640 $id 0x" "-m 0640 $id 12x" "--mode $id"
	)
	are_wrong set "${wrong[@]}"
	[ "$(of_id perms "$id")" = 600 ]
}

@test "set: a key in decimal is told from an id, by every command" {
	id=$(shmtool create -k 1234 -s 10)
	for line in set\ --lock rm stat stat\ -t read write\ -z save\ . \
		attach\ -t0; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool $line 1234
		[ "$status" -eq 3 ]
		message_has "${line%% *}: 1234: no such segment" \
			"segment $id has this key: name it key:1234"
	done
	run --separate-stderr shmtool rm id:1234
	[ "$status" -eq 3 ]
	[ "$stderr" = "shmtool: rm: id:1234: no such segment" ]
	shmtool rm key:1234
	run --separate-stderr shmtool stat 1234
	[ "$stderr" = "shmtool: stat: 1234: no such segment" ]
}

@test "set: what is out of range is told with the range" {
	make_segment
	run --separate-stderr shmtool set -m 1777 "$id"
	[ "$status" -eq 2 ]
	message_has "--mode: 1777: out of range" "up to 0777"
	run --separate-stderr shmtool set -m 0600 ftok:/tmp:300
	[ "$status" -eq 2 ]
	message_has "ftok:/tmp:300: out of range" "1 to 255"
	run --separate-stderr shmtool create -s 1 -k 0
	[ "$status" -eq 2 ]
	message_has "--key: 0: out of range" "from 1 to 0xffffffff"
	run --separate-stderr shmtool create -s 16E
	[ "$status" -eq 2 ]
	message_has "--size: 16E: out of range" "18446744073709551615 bytes"
	run --separate-stderr shmtool limits --check -w 101
	message_has "--warning: 101: out of range" "0 to 100"
	run --separate-stderr shmtool stat --pid 0
	[ "$status" -eq 2 ]
	message_has "--pid: 0: out of range" "1 to 2147483647"
	run --separate-stderr shmtool stat -w0
	[ "$status" -eq 2 ]
	message_has "--watch: 0: out of range" "1 to "
}

@test "set: a colon without a group is no group" {
	make_segment
	for owner in : root:; do
		run --separate-stderr shmtool set -u "$owner" "$id"
		[ "$status" -eq 2 ]
		message_has "--owner: no group after the colon of $owner"
	done
}
