# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm of SEGMENT operands: what it removes, marks, refuses and says.

load ../common
load remove

@test "rm: a segment by id, by key, and by each other form, silently" {
	local form
	: >"$BATS_TEST_TMPDIR/f"
	for form in N id:N id:0xN 0xK key:0xK key:K; do
		make_segment
		key=$(of_id key "$id")
		case $form in
		N) name=$id ;;
		id:N) name=id:$id ;;
		id:0xN) name=$(printf 'id:0x%x' "$id") ;;
		0xK) name=$key ;;
		key:0xK) name=key:$key ;;
		key:K) name=key:$((key)) ;;
		esac
		run --separate-stderr shmtool rm "$name"
		[ "$status" -eq 0 ] || { echo "$name: $stderr"; return 1; }
		[ -z "$output$stderr" ]
		[ "$(segments)" -eq 0 ]
	done
}

@test "rm: a segment by ftok(3)'s key" {
	: >"$BATS_TEST_TMPDIR/f"
	key=$(perl -MIPC::SysV=ftok -e 'print ftok($ARGV[0], 7)' \
		"$BATS_TEST_TMPDIR/f")
	perl -e 'defined shmget($ARGV[0], 100, 01600) or die $!' "$key"
	[ "$(segments)" -eq 1 ]
	shmtool rm "ftok:$BATS_TEST_TMPDIR/f:7"
	[ "$(segments)" -eq 0 ]
}

@test "rm: several at once, going on after an absent one (3)" {
	make_segment
	a=$id
	make_segment
	b=$id
	make_segment
	run --separate-stderr shmtool rm "$a" 99999 "$b"
	[ "$status" -eq 3 ]
	message_has "rm: 99999:" "no such segment"
	[ "$(segments)" -eq 1 ]
	[ "$(of_id bytes "$id")" = 4096 ]
}

@test "rm: an absent key is 3, and the same segment twice is absent then" {
	run --separate-stderr shmtool rm 0x12345
	[ "$status" -eq 3 ]
	message_has "rm: 0x12345:" "no such segment"
	make_segment
	run --separate-stderr shmtool rm "$id" "id:$id"
	[ "$status" -eq 3 ]
	message_has "rm: id:$id:" "no such segment"
	[ "$(segments)" -eq 0 ]
}

@test "rm: -f of an absent segment is no error" {
	run --separate-stderr shmtool rm --force 99999 0x12345
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr shmtool rm -fv 99999
	[ "$status" -eq 0 ]
	[ "$output" = "absent 99999" ]
}

@test "rm: -v has a line for each" {
	make_segment 64K
	key=$(of_id key "$id")
	owner=$(of_id owner "$id")
	run --separate-stderr shmtool rm --verbose "$id"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$output" = "removed $id ($key, 64K, owner $owner)" ]
}

@test "rm: an attached segment is refused (5), the others go" {
	make_segment
	hold "$id"
	a=$id
	make_segment
	run --separate-stderr shmtool rm "$a" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $a: kept: attached by $holder (perl), nattch 1;" \
		"--force"
	[ "$(of_id nattch "$a")" = 1 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: -f marks an attached segment and says until when it stays" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm -f "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id: marked for removal" \
		"last detach by $holder (perl), nattch 1"
	ipcs -m | grep -q dest
	release
	[ "$(segments)" -eq 0 ]
}

@test "rm: a marked segment is refused as already marked (5), -f is content" {
	make_segment
	hold "$id"
	ipcrm -m "$id"
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: already marked" "by $holder (perl)"
	run --separate-stderr shmtool rm -f "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id: kept: already marked"
	[ "$(of_id nattch "$id")" = 1 ]
}

@test "rm: another's segment is 4 and stays" {
	needs_root
	make_segment 4096 0666
	run --separate-stderr without_privilege shmtool rm "$id"
	[ "$status" -eq 4 ]
	message_has "rm: $id:" "owner root"
	run --separate-stderr without_privilege shmtool rm --json "$id"
	[ "$status" -eq 4 ]
	[ "$(json_of segments.0.result)" = failed ]
	run --separate-stderr without_privilege shmtool rm -n "$id"
	[ "$status" -eq 4 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: permission comes first: another's is 4, attached or marked or not" {
	needs_root
	make_segment 4096 0666
	hold "$id"
	for how in "" -f -n "-n -f"; do
		# shellcheck disable=SC2086
		run --separate-stderr without_privilege shmtool rm $how "$id"
		[ "$status" -eq 4 ] || { echo "$how: $status $stderr"; return 1; }
		message_has "rm: $id: only its owner root, its creator root and"
		[[ $stderr != *--force* && $stderr != *attached* ]]
	done
	run --separate-stderr without_privilege shmtool rm --all -y
	[ "$status" -eq 4 ]
	ipcrm -m "$id"
	run --separate-stderr without_privilege shmtool rm "$id"
	[ "$status" -eq 4 ]
	[ "$(of_id nattch "$id")" = 1 ]
}

@test "rm: permission comes first: another's object is 4, in use or not" {
	needs_root "objects of two users are needed"
	needs_own_shm
	local line
	echo x >/dev/shm/theirs
	chmod 644 /dev/shm/theirs
	exec 4</dev/shm/theirs
	for line in /theirs "-f /theirs" "-n /theirs" "-n --name theirs" \
		"-y --name theirs"; do
		# shellcheck disable=SC2086
		run --separate-stderr without_privilege shmtool rm $line
		[ "$status" -eq 4 ] || { echo "$line: $status"; return 1; }
		message_has "rm: /theirs: only its owner root and root may"
		[[ $output != *"would remove 1"* ]]
	done
	exec 4<&-
	run --separate-stderr without_privilege shmtool rm -n /theirs
	[ "$status" -eq 4 ]
	rm /dev/shm/theirs
}

@test "rm: to find out who may remove changes nothing" {
	make_segment
	hold "$id"
	before=$(cat /proc/sysvipc/shm)
	sleep 1.1
	run shmtool rm "$id"
	[ "$status" -eq 5 ]
	run shmtool rm -n -f "$id"
	[ "$(cat /proc/sysvipc/shm)" = "$before" ]
}

@test "rm: a kept one's message tells what --force would do to its users" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "attached by $holder (perl), nattch 1; they must detach" \
		"first: --force lets them keep it, but frees its key"
	id=$(perl -e 'print shmget(0, 4096, 0600) + 0')
	hold "$id"
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "they must detach first: --force only marks it for removal"
}

@test "rm: failures of several kinds are 1" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm "$id" 99999
	[ "$status" -eq 1 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: --dry-run shows what would be removed, exits as it would, touches nothing" {
	make_segment 1M
	a=$id
	make_segment
	hold "$id"
	before=$(cat /proc/sysvipc/shm)
	run --separate-stderr shmtool rm -n "$a"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ ${lines[0]} == ACTION*ID*KEY*OWNER*SIZE*NATTCH* ]]
	[[ ${lines[1]} == remove*" $a "*1.0M* ]]
	[ "${lines[2]}" = "would remove 1 of 1, 1.0M" ]
	run --separate-stderr shmtool rm --dry-run "$a" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept"
	[[ ${lines[2]} == keep* ]]
	run --separate-stderr shmtool rm -n -f "$id" 99999
	[ "$status" -eq 0 ]
	message_has "rm: $id: would be marked for removal, goes at the last" \
		"detach by $holder (perl), nattch 1"
	[[ ${lines[1]} == mark* ]]
	[ "${#lines[@]}" -eq 3 ]
	run shmtool rm -n 99999
	[ "$status" -eq 3 ]
	[ "$(cat /proc/sysvipc/shm)" = "$before" ]
}

@test "rm: the table of what would be removed shows the memory in use, each its own" {
	make_segment 1M
	a=$id
	make_segment 64K
	shmtool write -z1 -n 64K "$id"
	for what in "$id $a" --all; do
		# shellcheck disable=SC2086 # two operands
		run --separate-stderr shmtool rm -n $what
		[ "$status" -eq 0 ]
		[[ $output == *"remove  "*"$id "*" 64K  64K "* ]]
		[[ $output == *"remove  "*"$a "*" 1.0M    0 "* ]]
	done
}

@test "rm: --json tells what became of each" {
	make_segment 64K
	a=$id
	make_segment
	hold "$id"
	key=$(of_id key "$a")
	run --separate-stderr shmtool rm --json "$a" "$id" 99999 0x4d2 id:0x10
	[ "$status" -eq 1 ]
	[ "$(json_of segments)" = 5 ]
	[ "$(json_of segments.0.id)" = "$a" ]
	[ "$(json_of segments.0.key)" = "$((key))" ]
	[ "$(json_of segments.0.key_hex)" = "$key" ]
	[ "$(json_of segments.0.size)" = 65536 ]
	[ "$(json_of segments.0.result)" = removed ]
	[ "$(json_of segments.0.reason)" = null ]
	[ "$(json_of segments.1.result)" = kept ]
	[[ $(json_of segments.1.reason) == "attached by $holder (perl), "* ]]
	[ "$(json_of segments.1.attachments)" = 1 ]
	[ "$(json_of segments.1.attachments.0.pid)" = "$holder" ]
	[ "$(json_of segments.1.attachments.0.command)" = perl ]
	[ "$(json_of segments.1.attachments.0.access)" = rw ]
	[ "$(json_of segments.2.result)" = absent ]
	[ "$(json_of segments.2.id)" = 99999 ]
	[ "$(json_of segments.2.key)" = null ]
	[ "$(json_of segments.2.size)" = null ]
	[ "$(json_of segments.3.id)" = null ]
	[ "$(json_of segments.3.key)" = 1234 ]
	[ "$(json_of segments.4.id)" = 16 ]
	run --separate-stderr shmtool rm --json -f "$id"
	[ "$status" -eq 0 ]
	[ "$(json_of segments.0.result)" = marked ]
}

@test "rm: -v beside --json: its lines go to stderr" {
	make_segment
	a=$id
	make_segment
	run --separate-stderr shmtool rm -v -f --json "$a" "$id" 99999
	[ "$status" -eq 0 ]
	[ "$(json_of segments)" = 3 ]
	[[ $output == "{"* && $output != *$'\n'* ]]
	[[ ${stderr_lines[0]} == "removed $a ("* ]]
	[[ ${stderr_lines[1]} == "removed $id ("* ]]
	[ "${stderr_lines[2]}" = "absent 99999" ]
}

@test "rm: --json knows the key that marking has taken away" {
	needs_mounts
	make_segment
	key=$(of_id key "$id")
	hold "$id"
	run --separate-stderr shmtool rm --json -f "$id"
	[ "$(json_of segments.0.result)" = marked ]
	[ "$(json_of segments.0.key_hex)" = "$key" ]
	run --separate-stderr shmtool rm --json -f "$id"
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(json_of segments.0.key_hex)" = "$key" ]
	[ "$(json_of segments.0.key)" = "$((key))" ]
	# Where nobody can be asked it is not 0, which would be a private one.
	[ "$(id -u)" -eq 0 ] && is_plain || return 0
	# shellcheck disable=SC2016
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool rm --json -f "$1"' \
		- "$id"
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(json_of segments.0.key_hex)" = null ]
	[ "$(json_of segments.0.key)" = null ]
	[ "$(json_of segments.0.size)" = 4096 ]
}

@test "rm: --json with --dry-run tells what would become" {
	make_segment
	a=$id
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm --json -n -f "$a" "$id"
	[ "$status" -eq 0 ]
	[ "$(json_of segments.0.result)" = would-remove ]
	[ "$(json_of segments.1.result)" = would-mark ]
	run --separate-stderr shmtool rm --json -n "$id"
	[ "$status" -eq 5 ]
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(segments)" -eq 2 ]
}

@test "rm: a wrong command line is 2 and removes nothing" {
	make_segment
	local line
	local -a wrong=(
		"" "$id 0x" "$id 12x" "$id --frob" "-i -y $id" "-i -n $id"
		"$id --all" "$id --save" "--yes" "--json" "$id 0x0" "-q $id"
	)
	are_wrong rm "${wrong[@]}"
	[ "$(segments)" -eq 1 ]
}
