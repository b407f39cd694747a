# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031

load common

# A process in an IPC namespace of its own, made by "$@" --ipc, that lives
# until the test ends: $there is its pid, $id the id of a segment of 8192
# bytes with key 0x77 in it.
make_space_by() {
	local ready="$BATS_TEST_TMPDIR/space.$RANDOM$RANDOM"
	: >"$ready"
	chmod 0666 "$ready"
	chmod 0711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." \
		"$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR"
	"$@" --ipc sh -c "
		echo \$\$ \$(shmtool create -k 0x77 -s 8192) >'$ready'
		exec sleep 1000" 3>&- &
	holders+=($!)
	wait_for test -s "$ready"
	read -r there id <"$ready"
	holders+=("$there")
}

make_space() {
	make_space_by unshare
}

# The same by an ordinary user, in a user namespace of its own.  Mapped root
# without capabilities may not map itself again, and need not.
make_rootless_space() {
	if [ "$(awk '{ print $3; exit }' /proc/self/uid_map)" -gt 1 ]; then
		make_space_by without_privilege unshare -Ur
	else
		make_space_by without_privilege unshare -U
	fi
}

@test "--ns: every command works in the namespace of a process" {
	make_space
	shmtool create -s 4096 >/dev/null
	cd "$BATS_TEST_TMPDIR"

	run --separate-stderr shmtool --ns "$there" stat --tsv -o KEY,SIZE,CPID
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == 0x00000077$'\t'8192$'\t'* ]]
	run --separate-stderr shmtool --ns "$there" limits -m
	[ "$status" -eq 0 ]
	[[ $output == *0x00000077*8192* ]]
	[ "$output" = "$(nsenter --ipc="/proc/$there/ns/ipc" ipcs -m)" ]

	shmtool --ns "$there" write -s hello 0x77
	run --separate-stderr shmtool --ns "$there" read -n 5 0x77
	[ "$output" = hello ]
	shmtool --ns "$there" set -m 0640 0x77
	[ "$(shmtool --ns "$there" stat --tsv --no-heading -o PERMS)" = 0640 ]
	run --separate-stderr shmtool --ns "$there" attach -t 0 0x77
	[ "$status" -eq 0 ]
	mkdir saved
	shmtool --ns "$there" save saved 0x77
	shmtool --ns "$there" rm 0x77
	shmtool --ns "$there" restore saved/*.meta
	[ "$(shmtool --ns "$there" read -n 5 0x77)" = hello ]
	run --separate-stderr shmtool --ns "$there" create -k 0x78 -s 4096
	[ "$status" -eq 0 ]
	[ "$(shmtool --ns "$there" stat --tsv --no-heading | wc -l)" -eq 2 ]
	# And ours has seen nothing of it.
	[ "$(segments)" -eq 1 ]
}

@test "--ns: the commands that messages suggest have it too" {
	make_space
	run --separate-stderr shmtool --ns "$there" create -k 0x77 -s 4096
	[ "$status" -eq 5 ]
	message_has ": shmtool --ns $there stat "
	cd "$BATS_TEST_TMPDIR"
	shmtool --ns "$there" save . 0x77
	run --separate-stderr shmtool --ns "$there" restore ./*.meta
	[ "$status" -eq 5 ]
	message_has ": shmtool --ns $there write -f ./"
	shmtool --ns "$there" limits --set shmmax=65536
	run --separate-stderr shmtool --ns "$there" create -s 65537
	[ "$status" -eq 6 ]
	message_has ": shmtool --ns $there limits --set shmmax=65537"
	shmtool create -s 65537
}

@test "--ns: the path of a namespace, by its link or bound to a file" {
	needs_mounts
	make_space
	[ "$(shmtool --ns="/proc/$there/ns/ipc" stat --tsv --no-heading \
		-o KEY)" = 0x00000077 ]
	# shellcheck disable=SC2016 # the inner shell's
	run unshare --mount sh -c '
		: >"$1/ns" && mount --bind "/proc/$2/ns/ipc" "$1/ns" || exit 9
		shmtool --ns "$1/ns" stat --tsv --no-heading -o KEY' \
		sh "$BATS_TEST_TMPDIR" "$there"
	[ "$status" -ne 9 ] || skip "may not bind a namespace to a file here"
	[ "$status" -eq 0 ]
	[ "$output" = 0x00000077 ]
}

@test "--ns: the namespace that one is in already is fine" {
	shmtool create -k 0x55 -s 1 >/dev/null
	[ "$(shmtool --ns self stat 2>&1)" != "" ]
	[ "$(shmtool --ns $$ stat --tsv --no-heading -o KEY)" = 0x00000055 ]
}

@test "--ns: a rootless container, entered by who made it" {
	needs_user_namespace
	make_rootless_space
	run --separate-stderr without_privilege shmtool --ns "$there" \
		stat --tsv --no-heading -o ID,KEY,SIZE
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\t'0x00000077$'\t'8192 ]
	# Its maker may do there what root may.
	without_privilege shmtool --ns "$there" write -s x 0x77
	run --separate-stderr without_privilege shmtool --ns "$there" rm -v 0x77
	[ "$status" -eq 0 ]
	run --separate-stderr without_privilege shmtool --ns "$there" \
		stat --tsv --no-heading
	[ -z "$output" ]
}

@test "--ns: nobody in a rootless container can trace who enters it" {
	local inside line="$BATS_TEST_TMPDIR/line"
	needs_user_namespace
	make_rootless_space
	inside=(without_privilege nsenter -t "$there" -U
		--preserve-credentials --)
	# There one may look into those of there.
	"${inside[@]}" readlink "/proc/$there/root" ||
		skip "the user namespace cannot be joined here"
	without_privilege shmtool --ns "$there" attach 0x77 >"$line" 3>&- &
	holders+=($!)
	wait_for test -s "$line"
	pid=$(shmtool --ns "$there" stat --tsv --no-heading -o LPID)
	holders+=("$pid")
	[ -d "/proc/$pid" ]
	run "${inside[@]}" readlink "/proc/$pid/root"
	[ "$status" -ne 0 ]
}

@test "--ns: a rootless container, entered by root" {
	needs_user_namespace
	make_rootless_space
	run --separate-stderr shmtool --ns "$there" stat --tsv --no-heading \
		-o ID,KEY,SIZE
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\t'0x00000077$'\t'8192 ]
	shmtool --ns "$there" rm 0x77
	[ -z "$(shmtool --ns "$there" stat --tsv --no-heading)" ]
}

@test "--ns: who is attached, in the namespace and not in ours" {
	make_space
	nsenter --ipc="/proc/$there/ns/ipc" shmtool attach "$id" 3>&- \
		>"$BATS_TEST_TMPDIR/out" &
	holders+=($!)
	pid=$!
	wait_for test -s "$BATS_TEST_TMPDIR/out"
	run --separate-stderr shmtool --ns "$there" stat -P --tsv --no-heading
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"$pid"* ]]
	[ "$(shmtool stat -P --tsv --no-heading | wc -l)" -eq 0 ]
	run --separate-stderr shmtool --ns "$there" rm 0x77
	[ "$status" -eq 5 ]
	message_has "rm: 0x77:" "attached by $pid ($(cat "/proc/$pid/comm"))"
}

@test "--ns: rm stays in one namespace" {
	make_space
	shmtool create -k 0x77 -s 8192 >/dev/null
	shmtool rm --all --yes
	[ "$(segments)" -eq 0 ]
	[ "$(shmtool --ns "$there" stat --tsv --no-heading -o KEY)" = \
		0x00000077 ]
	shmtool create -k 0x77 -s 8192 >/dev/null
	shmtool --ns "$there" rm --all --yes
	[ "$(segments)" -eq 1 ]
	[ -z "$(shmtool --ns "$there" stat --tsv --no-heading)" ]
}

@test "--ns: what is no IPC namespace is 1, named, and nothing runs" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	: >"$BATS_TEST_TMPDIR/file"
	local nothing="''"
	for which in 0 00 /proc/self/ns/net /proc/self/ns/user /dev/null \
		/nonexistent . "" -1 +1 "1 " 1x 99999999999999999999 \
		"$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/file"; do
		run --separate-stderr timeout 10 shmtool --ns "$which" create \
			-s 4096
		[ "$status" -eq 1 ] || { echo "$status: $which"; return 1; }
		[ -z "$output" ]
		message_has "shmtool: create: ${which:-$nothing}: "
	done
	[ "$(segments)" -eq 0 ]
}

@test "--ns: what is no namespace is not even opened" {
	cd "$BATS_TEST_TMPDIR"
	mkfifo fifo
	# Opened once somebody opens the other end.
	bash -c 'exec 5>fifo; : >opened' 3>&- &
	holders+=($!)
	wait_for grep -q '^State:.*[SD] ' "/proc/$!/status"
	ln -s fifo link
	run --separate-stderr timeout 10 shmtool --ns ./link stat
	[ "$status" -eq 1 ]
	message_has "not an IPC namespace"
	sleep 0.2
	[ ! -e opened ]
}

@test "--ns: a process that is not there is 1" {
	sh -c 'echo $$' >"$BATS_TEST_TMPDIR/pid"
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	run --separate-stderr shmtool --ns "$pid" stat
	[ "$status" -eq 1 ]
	message_has "stat: $pid:" "No such process"
}

@test "--ns: a process that /proc hides is 4, for it exists" {
	in_hidepid "without_privilege shmtool --ns 1 stat"
	[ "$status" -eq 4 ]
	message_has "stat: 1: IPC namespace: Permission denied"
}

@test "--ns: a process that has exited is 1, though it is not reaped" {
	perl -e 'if (($p = fork // die) == 0) { exit }
		print "$p\n"; close STDOUT; sleep 1000' \
		>"$BATS_TEST_TMPDIR/pid" 3>&- &
	holders+=($!)
	wait_for test -s "$BATS_TEST_TMPDIR/pid"
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	wait_for grep -q '^State:.Z' "/proc/$pid/status"
	run --separate-stderr shmtool --ns "$pid" stat
	[ "$status" -eq 1 ]
	message_has "stat: $pid:" "No such process"
}

@test "--ns: where ioctl(2) tells nothing of namespaces" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	make_space
	run --separate-stderr strace -qq -o "$BATS_TEST_TMPDIR/calls" \
		-e trace=ioctl -e inject=ioctl:error=ENOTTY \
		shmtool --ns "$there" stat --tsv --no-heading -o KEY
	[ "$status" -eq 0 ]
	[ "$output" = 0x00000077 ]
}

@test "--ns: without permission it is 4" {
	make_space
	run --separate-stderr without_privilege shmtool --ns "$there" stat
	[ "$status" -eq 4 ]
	message_has "stat: $there:" "ermi"
	[ -z "$output" ]
}

@test "--ns: a wrong command line is 2, whatever the namespace" {
	make_space
	run --separate-stderr shmtool --ns
	[ "$status" -eq 2 ]
	message_has "--ns" "needs a value"
	run --separate-stderr shmtool --ns "$there"
	[ "$status" -eq 2 ]
	message_has "which command"
	run --separate-stderr shmtool --ns /nonexistent stats
	[ "$status" -eq 2 ]
	message_has "stats: no such command"
	run --separate-stderr shmtool --ns "$there" rm --nonsense 0x77
	[ "$status" -eq 2 ]
	[ "$(shmtool --ns "$there" stat --tsv --no-heading | wc -l)" -eq 1 ]
}

@test "--ns: the last of several counts" {
	make_space
	[ "$(shmtool --ns /nonexistent --ns "$there" stat --tsv --no-heading \
		-o KEY)" = 0x00000077 ]
}

@test "stat --all-ns: each namespace's segments, with a process of each" {
	make_space
	first=$there
	make_space
	shmtool create -k 0x55 -s 1 >/dev/null
	run --separate-stderr shmtool stat --all-ns --tsv --no-heading \
		-o KEY,NS,NSPID
	[ "$status" -eq 0 ]
	local -A ns
	while IFS=$'\t' read -r key inode pid; do
		ns[$key.$pid]=$inode
	done <<<"$output"
	for pid in "$first" "$there"; do
		[ "${ns[0x00000077.$pid]}" = \
			"$(stat -Lc %i "/proc/$pid/ns/ipc")" ]
	done
	[[ $output == 0x00000055$'\t'"$(stat -Lc %i /proc/self/ns/ipc)"* ]]
}
