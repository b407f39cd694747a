# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2016,SC2154

load ../common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	pid=
}

test_teardown() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
}

# The bytes of a segment, by a program that is not ours.
bytes_of() {
	perl -e 'shmread($ARGV[0], $b, 0, $ARGV[1]) or die; print $b' "$1" \
		"$(of_id bytes "$1")"
}

finish() {
	status=0
	wait "$pid" || status=$?
	pid=
}

no_segment() {
	[ "$(segments)" -eq 0 ]
}

@test "create: prints the id, alone, of a private segment" {
	run --separate-stderr shmtool create -s 10000
	[ "$status" -eq 0 ]
	[[ $output =~ ^[0-9]+$ ]]
	[ -z "$stderr" ]
	[ "$(of_id key "$output")" = 0x00000000 ]
	[ "$(of_id bytes "$output")" -eq 10000 ]
	[ "$(of_id perms "$output")" = 600 ]
	[ "$(of_id nattch "$output")" -eq 0 ]
	[ "$(segments)" -eq 1 ]
}

@test "create: sizes with suffixes" {
	[ "$(of_id bytes "$(shmtool create -s 1.5K)")" -eq 1536 ]
	[ "$(of_id bytes "$(shmtool create --size=2MB)")" -eq 2000000 ]
	[ "$(of_id bytes "$(shmtool create -s 1)")" -eq 1 ]
}

@test "create: -k takes a key in each notation" {
	[ "$(of_id key "$(shmtool create -s 1 -k 0x4d2)")" = 0x000004d2 ]
	[ "$(of_id key "$(shmtool create -s 1 --key=1235)")" = 0x000004d3 ]
	[ "$(of_id key "$(shmtool create -s 1 -k 0xffffffff)")" = 0xffffffff ]
	[ "$(of_id key "$(shmtool create -s 1 -k -2)")" = 0xfffffffe ]
}

@test "create: a key is exclusive" {
	id=$(shmtool create -s 4096 -k 0x4d2)
	run --separate-stderr shmtool create -s 1 -k 0x4d2
	[ "$status" -eq 5 ]
	[ -z "$output" ]
	message_has "create: 0x4d2:" "segment $id" "size 4096" \
		"shmtool stat $id"
	[ "$(segments)" -eq 1 ]
}

@test "create: -f makes the key that ftok(3) makes" {
	perl -MIPC::SysV=ftok -e1 2>/dev/null || skip "no perl IPC::SysV"
	touch file a:b
	key() { perl -MIPC::SysV=ftok -e 'printf "0x%08x", ftok($ARGV[0], 0 + $ARGV[1])' "$@"; }
	[ "$(of_id key "$(shmtool create -s 1 -f file)")" = "$(key file 1)" ]
	[ "$(of_id key "$(shmtool create -s 1 -f file:7)")" = "$(key file 7)" ]
	[ "$(of_id key "$(shmtool create -s 1 --file=a:b:9)")" = \
		"$(key a:b 9)" ]
	run --separate-stderr shmtool create -s 1 -f absent
	[ "$status" -eq 1 ]
	message_has "create: absent:" "No such file"
	[ "$(segments)" -eq 3 ]
}

@test "create: -m, octal and symbolic" {
	[ "$(of_id perms "$(shmtool create -s 1 -m 0640)")" = 640 ]
	[ "$(of_id perms "$(shmtool create -s 1 --mode=g+r,u-w)")" = 440 ]
	[ "$(of_id perms "$(shmtool create -s 1 -m 0)")" = 0 ]
	(umask 077 && [ "$(of_id perms "$(shmtool create -s 1 -m 666)")" = 666 ])
}

@test "create: -u gives it away" {
	needs_root
	id=$(shmtool create -s 1 -u nobody)
	[ "$(ipcs -m -i "$id" | grep -c 'uid=65534	gid=0	cuid=0')" -eq 1 ]
	id=$(shmtool create -s 1 -m 640 --owner=nobody:nogroup)
	[ "$(ipcs -m -i "$id" | grep -c 'uid=65534	gid=65534	cuid=0')" -eq 1 ]
	[ "$(of_id perms "$id")" = 640 ]
}

@test "create: an owner that the user namespace has not undoes it" {
	needs_user_namespace
	run --separate-stderr unshare -Ur --ipc sh -c \
		'shmtool create -s 1 -u 12345; echo $?; ipcs -m | grep -c ^0x'
	[ "$output" = "1
0" ]
	message_has "create: 12345:" "not in this user namespace"
}

@test "create: nor is its own user there, whose segment it sets last" {
	needs_user_namespace
	echo text >file
	chmod 0644 file
	run --separate-stderr unshare -U --ipc shmtool create -i file -m 0640
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "create: file: its owner is not in this user namespace"
}

@test "create: -e opens what is there, and -v tells which it was" {
	run --separate-stderr shmtool create -s 4096 -k 0x4d2 -e -v
	[ "$status" -eq 0 ]
	id=$output
	message_has "create: 0x4d2:" "created segment $id" "4096 bytes"
	run --separate-stderr shmtool create -s 100 -k 0x4d2 --existing-ok \
		--verbose
	[ "$status" -eq 0 ]
	[ "$output" = "$id" ]
	message_has "create: 0x4d2:" "opened segment $id" "4096 bytes"
	run --separate-stderr shmtool create -s 0 -k 0x4d2 -e
	[ "$output" = "$id" ]
	[ -z "$stderr" ]
	[ "$(segments)" -eq 1 ]
}

@test "create: -e with -i requests the access of -m, too" {
	echo text >file
	chmod 0644 file
	id=$(shmtool create -s 4096 -k 0x4d2 -m 0444)
	run --separate-stderr without_privilege shmtool create -k 0x4d2 -e \
		-i file -m 0444
	[ "$status" -eq 0 ]
	[ "$output" = "$id" ]
	run --separate-stderr without_privilege shmtool create -k 0x4d2 -e \
		-i file -m 0664
	[ "$status" -eq 4 ]
	message_has "create: 0x4d2: segment $id of" "what 0664 requests"
	# A new one is filled, and has the mode at the end.
	id=$(without_privilege shmtool create -k 0x4d3 -e -i file -m 0444)
	[ "$(bytes_of "$id")" = text ]
	[ "$(of_id perms "$id")" = 444 ]
}

@test "create: -e leaves what is there as it is" {
	printf old >old
	printf new >new
	id=$(shmtool create -i old -k 0x4d2 -m 0660)
	[ "$(shmtool create -i new -k 0x4d2 -m 0600 --lock -u 0 -e)" = "$id" ]
	[ "$(bytes_of "$id")" = old ]
	[ "$(of_id perms "$id")" = 660 ]
	run ! grep -q locked <(ipcs -m)
	run bash -c "shmtool create -s 1 -k 0x4d2 -e >/dev/full"
	[ "$status" -eq 1 ]
	[ "$(segments)" -eq 1 ]
}

@test "create: --no-reserve makes more than there is memory" {
	! is_32_bit || skip "it asks for 4 GiB at the most"
	[ "$(cat /proc/sys/vm/overcommit_memory)" -eq 0 ] ||
		skip "vm.overcommit_memory is not 0"
	run shmtool create -s 60T
	[ "$status" -eq 6 ]
	id=$(shmtool create -s 60T --no-reserve)
	[ "$(of_id bytes "$id")" -eq 65970697666560 ]
}

@test "create: --huge takes huge pages, of the size asked for" {
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	needs_root "for CAP_IPC_LOCK"
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] ||
		skip "no huge pages here"
	# Without a reservation it needs no free page.
	id=$(shmtool create -s 4M --huge --no-reserve)
	[ "$(of_id bytes "$id")" -eq 4194304 ]
	shmtool attach -r "$id" >out 3>&- &
	pid=$!
	wait_for test -s out
	grep -A 30 SYSV "/proc/$pid/smaps" | grep -q 'KernelPageSize: *2048 kB'
	kill "$pid"
	finish
	id=$(shmtool create -s 1M --huge=2M --no-reserve)
	[ "$(of_id bytes "$id")" -eq 1048576 ]
}

@test "create: --lock" {
	id=$(shmtool create -s 4096 --lock)
	ipcs -m | grep -q "^0x00000000 $id .*locked"
}

@test "create: --id gives exactly this id, or none" {
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id here"
	[ "$(shmtool create -s 1 --id 77)" = 77 ]
	[ "$(shmtool create -s 1 -k 0x4d2 --id 1234567)" = 1234567 ]
	run --separate-stderr shmtool create -s 1 --id 77
	[ "$status" -eq 5 ]
	message_has "segment 77" "this id"
	# The place of 77, in another round of the kernel's count.
	run --separate-stderr shmtool create -s 1 --id $((77 + 32768))
	[ "$status" -eq 5 ]
	message_has "id 32845 is not free" "its place in the kernel's table"
	run --separate-stderr shmtool create -s 1 -k 0x4d2 --id 99
	[ "$status" -eq 5 ]
	message_has "segment 1234567" "this key"
	[ "$(segments)" -eq 2 ]
	# The refused wish is not left to the next one.
	[ "$(shmtool create -s 1)" -ne 99 ]
}

@test "create: --id without the right to ask is 4" {
	run --separate-stderr without_privilege shmtool create -s 1 --id 77
	[ "$status" -eq 4 ]
	message_has "id 77" CAP_CHECKPOINT_RESTORE shm_next_id
	[ "$(segments)" -eq 0 ]
}

@test "create: an id that cannot be printed is taken back" {
	run --separate-stderr bash -c 'shmtool create -s 1 >/dev/full'
	[ "$status" -eq 1 ]
	message_has "standard output" "No space left"
	run --separate-stderr bash -c 'shmtool create -s 1 >&-'
	[ "$status" -eq 1 ]
	message_has "standard output"
	run --separate-stderr bash -c '
		mkfifo pipe
		exec 4<>pipe 5>pipe 4<&-
		shmtool create -s 1 >&5'
	[ "$status" -eq 1 ]
	message_has "standard output" "Broken pipe"
	[ "$(segments)" -eq 0 ]
}

@test "create: COMMAND has a segment, and nothing is left" {
	run --separate-stderr shmtool create -s 10000 -- sh -c '
		echo "$SHMTOOL_KEY $SHMTOOL_SIZE"
		ipcs -m | awk -v id="$SHMTOOL_ID" "\$2 == id { print \$6, \$7 }"
		perl -e "shmwrite(\$ENV{SHMTOOL_ID}, q(x), 0, 1) or die"
		exit 7'
	[ "$status" -eq 7 ]
	# No id of ours in COMMAND's output.
	[ "$output" = "0x00000000 10000
1 dest" ]
	[ -z "$stderr" ]
	[ "$(segments)" -eq 0 ]
}

@test "create: COMMAND's segment keeps its key as long as COMMAND runs" {
	run --separate-stderr shmtool create -s 10000 -k 0x4d2 -m 0640 -- sh -c '
		echo "$SHMTOOL_KEY $SHMTOOL_SIZE"
		ipcs -m | awk -v id="$SHMTOOL_ID" "\$2 == id { print \$1, \$4, \$6 }"
		exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = "0x000004d2 10000
0x000004d2 640 1" ]
	[ -z "$stderr" ]
	[ "$(segments)" -eq 0 ]
}

@test "create: COMMAND with all the rest" {
	printf text >file
	run --separate-stderr shmtool create -i file -s 4096 -m 0 --lock -v -- \
		sh -c 'ipcs -m | awk -v id="$SHMTOOL_ID" \
			"\$2 == id { print \$4, \$7, \$8 }"'
	[ "$status" -eq 0 ]
	[ "$output" = "0 dest locked" ]
	message_has "created segment" "4096 bytes"
	run shmtool create -i file -k 0x4d2 -- perl -e \
		'shmread($ENV{SHMTOOL_ID}, $b, 0, 4) or die; print $b'
	[ "$output" = text ]
	[ "$(segments)" -eq 0 ]
}

@test "create: COMMAND's status, 125, 126, 127 and 128 + N" {
	local key
	touch plain
	for key in "" "-k 0x4d2"; do
		# shellcheck disable=SC2086
		{
			run shmtool create -s 1 $key -- true
			[ "$status" -eq 0 ]
			run --separate-stderr shmtool create -s 1 $key -- ./plain
			[ "$status" -eq 126 ]
			message_has "create: ./plain:" "Permission denied"
			run -127 --separate-stderr \
				shmtool create -s 1 $key -- ./absent
			message_has "create: ./absent:" "No such file"
			run shmtool create -s 1 $key -- sh -c 'kill -KILL $$'
			[ "$status" -eq 137 ]
			run shmtool create -s 8000P $key -- touch ran
			[ "$status" -eq 125 ]
			run shmtool create -i absent $key -- touch ran
			[ "$status" -eq 125 ]
		}
	done
	run shmtool create -f absent -s 1 -- touch ran
	[ "$status" -eq 125 ]
	run shmtool --ns absent create -s 1 -- touch ran
	[ "$status" -eq 125 ]
	run shmtool --ns absent create -s 1
	[ "$status" -eq 1 ]
	run shmtool create -f absent -s 1
	[ "$status" -eq 1 ]
	run shmtool create -s 1 --absent -- touch ran
	[ "$status" -eq 2 ]
	run shmtool create -s 1 -h -- touch ran
	[ "$status" -eq 0 ]
	[ ! -e ran ]
	[ "$(segments)" -eq 0 ]
}

@test "create: COMMAND may remove its segment itself" {
	run --separate-stderr shmtool create -s 1 -k 0x4d2 -- \
		sh -c 'ipcrm -m "$SHMTOOL_ID"; exit 4'
	[ "$status" -eq 4 ]
	[ -z "$stderr" ]
	[ "$(segments)" -eq 0 ]
}

@test "create: killed with -9 it leaves nothing, and COMMAND is ended" {
	local key
	for key in "" "-k 0x4d2"; do
		rm -f child
		# shellcheck disable=SC2086
		shmtool create -s 1M $key -- sh -c \
			'echo $$ >child; exec sleep 60' 3>&- &
		pid=$!
		wait_for test -s child
		wait_for grep -q sleep "/proc/$(cat child)/cmdline"
		[ "$(segments)" -eq 1 ]
		kill -9 "$pid"
		finish
		[ "$status" -eq 137 ]
		wait_for no_segment
		gone() { ! kill -0 "$(cat child)" 2>/dev/null; }
		wait_for gone
	done
}

@test "create: killed with -9 before its reaper is informed it leaves nothing" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	local key
	other=$(shmtool create -s 1)
	for key in "" "-k 0x4d2"; do
		# What comes next after shmget(2) waits.
		# shellcheck disable=SC2086 # words, or none
		strace -f -qq -o calls -e trace=shmat \
			-e inject=shmat:delay_enter=2000000 \
			shmtool create $key -s 4K -- touch ran \
			>out 2>&1 3>&- &
		is_there() { [ "$(segments)" -eq 2 ]; }
		wait_for is_there
		kill -KILL "$(shmtool stat --tsv --no-heading --min-size 4K \
			-o CPID)"
		is_gone() { [ "$(segments)" -eq 1 ]; }
		wait_for is_gone
		wait $! || true
		[ ! -e ran ]
	done
	[ "$(of_id bytes "$other")" -eq 1 ]
}

@test "create: COMMAND killed with -9 leaves nothing" {
	local key
	for key in "" "-k 0x4d2"; do
		rm -f child
		# shellcheck disable=SC2086
		shmtool create -s 1M $key -- sh -c \
			'echo $$ >child; exec sleep 60' 3>&- &
		pid=$!
		wait_for test -s child
		kill -9 "$(cat child)"
		finish
		[ "$status" -eq 137 ]
		[ "$(segments)" -eq 0 ]
	done
}

@test "create: the whole process group killed with -9 leaves nothing" {
	setsid shmtool create -s 1M -k 0x4d2 -- \
		sh -c 'echo $PPID >leader; exec sleep 60' 3>&- &
	wait_for test -s leader
	[ "$(segments)" -eq 1 ]
	kill -9 -- "-$(cat leader)"
	wait_for no_segment
}

@test "create: TERM, INT and HUP end COMMAND, and nothing is left" {
	local sig key
	for key in "" "-k 0x4d2"; do
		for sig in TERM INT HUP; do
			rm -f child
			# shellcheck disable=SC2086
			env --default-signal=INT shmtool create -s 1M $key -- \
				sh -c 'echo $$ >child; exec sleep 60' 3>&- &
			pid=$!
			wait_for test -s child
			kill -"$sig" "$pid"
			finish
			[ "$status" -eq $((128 + $(kill -l $sig))) ]
			[ "$(segments)" -eq 0 ]
		done
	done
}

@test "create: the terminal hangs up, and nothing is left" {
	local key
	needs_terminal
	for key in "" "-k 0x4d2"; do
		rm -f child
		script -qec "shmtool create -s 1M $key -- \
			sh -c 'echo \$\$ >child; exec sleep 60'" /dev/null \
			</dev/zero >/dev/null 2>&1 3>&- &
		pid=$!
		wait_for test -s child
		[ "$(segments)" -eq 1 ]
		kill -9 "$pid"
		finish
		wait_for no_segment
		gone() { ! kill -0 "$(cat child)" 2>/dev/null; }
		wait_for gone
	done
}

@test "create: what COMMAND has attached outlives a killed shmtool" {
	shmtool create -s 4096 -k 0x4d2 -- sh -c \
		'echo $$ >child
		echo $SHMTOOL_ID >name
		exec env --ignore-signal=TERM shmtool attach "$SHMTOOL_ID" \
			>held' 3>&- &
	pid=$!
	wait_for test -s held
	id=$(cat name)
	kill -9 "$pid"
	finish
	is_marked() { ipcs -m | grep -q "^0x00000000 $id .* 1 *dest"; }
	wait_for is_marked
	kill -9 "$(cat child)"
	wait_for no_segment
}

@test "create: a wrong command line is 2, and makes nothing" {
	shmtool create -s 4096 -k 0x4d2
	local -a wrong=(
		"" "-q" "-s" "-s x" "-s -1" "-s 0" "-s 1 extra" "-s 1 -m 8"
		"-s 1 -m 1777" "-s 1 -k 0" "-s 1 -k x" "-s 1 -k 1 -f /"
		"-s 1 -k 0x100000000" "-s 1 -f /:0" "-s 1 -f /:256"
		"-s 1 -u nosuchuser" "-s 1 -e" "-s 1 -e -k 0x4d2 --id 3"
		"-s 1 -e -k 0x4d2 -- true" "-s 1 --id -1" "-s 1 --id x"
		"-s 1 --id 2147483648" "-s 1 --huge=3M" "-s 1 --huge=0"
		"-s 1 --huge=x" "-s 1 --" "-s 18446744073709551616"
	)
	are_wrong create "${wrong[@]}"
	[ "$(segments)" -eq 1 ]
}

@test "create: a taken --id is named as it was asked for" {
	shmtool create -s 1 --id 77 || skip "no id can be asked for here"
	run --separate-stderr shmtool create -s 4096 --id 77
	[ "$status" -eq 5 ]
	message_has "create: 77: segment 77 of"
}

@test "create: no socket is needed to run COMMAND" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	run --separate-stderr strace -f -qq -o calls -e trace=socketpair \
		-e inject=socketpair:error=EAFNOSUPPORT \
		shmtool create -k 0x4d2 -s 1 -- true
	[ "$status" -eq 0 ]
	[ "$(segments)" -eq 0 ]
}

@test "create: --id where it cannot be asked for: why" {
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id here"
	needs_mounts
	run --separate-stderr unshare -m sh -c '
		mount --bind /proc/sys /proc/sys &&
		mount -o remount,bind,ro /proc/sys || exit 9
		exec shmtool create -s 1 --id 77'
	[ "$status" -eq 1 ]
	message_has "create: 77: id 77" "/proc/sys is mounted read-only here"
	[[ $stderr != *CAP_* ]]
	run --separate-stderr unshare -m sh -c '
		mount -t tmpfs none /proc/sys || exit 9
		exec shmtool create -s 1 --id 77'
	[ "$status" -eq 1 ]
	message_has "shm_next_id does not exist"
	[[ $stderr != *CAP_* ]]
	[ "$(segments)" -eq 0 ]
}
