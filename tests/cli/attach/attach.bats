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

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# Starts shmtool attach in the background and waits until it holds.
start() {
	shmtool attach "$@" >out 2>err 3>&- &
	pid=$!
	wait_for test -s out -o -s err
}

# The status of what start has started.
finish() {
	status=0
	wait "$pid" || status=$?
	pid=
}

no_process() {
	! kill -0 "$1" 2>/dev/null
}

@test "attach: a line tells id, address, size and access while it holds" {
	make_segment 10000
	start "$id"
	[[ $(cat out) =~ ^$id\ (0x[0-9a-f]+)\ 10000\ rw$ ]]
	[ ! -s err ]
	grep -q "^0*${BASH_REMATCH[1]#0x}-.* rw-s .*SYSV" "/proc/$pid/maps"
	[ "$(of_id nattch "$id")" -eq 1 ]
	kill -TERM "$pid"
	finish
	[ "$status" -eq 0 ]
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "attach: SIGINT, SIGTERM and SIGHUP end it, with 0" {
	local sig
	make_segment
	for sig in INT TERM HUP; do
		rm -f out err
		start "$id"
		kill -"$sig" "$pid"
		finish
		[ "$status" -eq 0 ] || { echo "$sig: $status"; return 1; }
		[ "$(of_id nattch "$id")" -eq 0 ]
	done
}

@test "attach: under nohup a hang-up does not end it" {
	make_segment
	(trap '' HUP; exec shmtool attach "$id" >out 2>err 3>&-) &
	pid=$!
	wait_for test -s out
	kill -HUP "$pid"
	sleep 0.3
	[ "$(of_id nattch "$id")" -eq 1 ]
	kill -TERM "$pid"
	finish
	[ "$status" -eq 0 ]
}

@test "attach: the keyboard of a shell that put it in the background" {
	# SIGINT is ignored then, and yet kill -INT is meant for it.
	make_segment
	(trap '' INT; exec shmtool attach "$id" >out 2>err 3>&-) &
	pid=$!
	wait_for test -s out
	kill -INT "$pid"
	finish
	[ "$status" -eq 0 ]
}

@test "attach: -t lets go after the time" {
	make_segment
	run --separate-stderr shmtool attach -t 0 "$id"
	[ "$status" -eq 0 ]
	[[ $output == "$id 0x"* ]]
	run --separate-stderr shmtool attach --time=1s "$id"
	[ "$status" -eq 0 ]
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "attach: -r and -x, alone and together" {
	make_segment 4096 0700
	start -r "$id"
	[[ $(cat out) == *" 4096 r" ]]
	grep -q ' r--s .*SYSV' "/proc/$pid/maps"
	kill "$pid"
	finish
	start --exec "$id"
	wait_for grep -q ' rwx$' out
	grep -q ' rwxs .*SYSV' "/proc/$pid/maps"
	kill "$pid"
	finish
	start -rx "$id"
	wait_for grep -q ' rx$' out
	grep -q ' r-xs .*SYSV' "/proc/$pid/maps"
	kill "$pid"
	finish
}

@test "attach: -a there, --round to the page below" {
	make_segment
	run --separate-stderr shmtool attach -t 0 -a 0x20000000 "$id"
	[ "$status" -eq 0 ]
	[ "$output" = "$id 0x20000000 4096 rw" ]
	run --separate-stderr shmtool attach -t 0 -a 0x20000123 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "attach: $id:" 0x20000123 "multiple of 4096" --round
	run --separate-stderr shmtool attach -t 0 -a 0x20000123 --round "$id"
	[ "$status" -eq 0 ]
	[ "$output" = "$id 0x20000000 4096 rw" ]
}

# The read-only data of a library that nobody uses, at the same address in
# every run.
spare_address() {
	libm=$(ldconfig -p | awk '/libm\.so\.6 .*x86-64/ { print $NF; exit }')
	[ -n "$libm" ] || skip "no libm to map something over"
	setarch -R env LD_PRELOAD="$libm" shmtool attach "$1" >out 2>err 3>&- &
	pid=$!
	wait_for test -s out
	address=0x$(awk '/libm/ && $2 == "r--p" && code { print $1; exit }
		{ code = /libm/ && $2 == "r-xp" }' "/proc/$pid/maps")
	address=${address%-*}
	kill "$pid"
	finish
}

@test "attach: an address in use is refused, --remap takes it" {
	! is_32_bit || skip "the library beside it is one of 64 bits"
	is_plain || skip "instrumented programs have an address space of their own"
	make_segment
	setarch -R true || skip "addresses cannot be fixed here"
	spare_address "$id"
	run --separate-stderr setarch -R env LD_PRELOAD="$libm" \
		shmtool attach -t 0 -a "$address" "$id"
	[ "$status" -eq 1 ]
	message_has "attach: $id:" "4096 bytes" "$address" --remap
	run --separate-stderr setarch -R env LD_PRELOAD="$libm" \
		shmtool attach -t 0 -a "$address" --remap "$id"
	[ "$status" -eq 0 ]
	[ "$output" = "$id $address 4096 rw" ]
}

@test "attach: an address that no process has is not a lack of memory" {
	local address option
	! is_32_bit || skip "the addresses are of 64 bits"
	make_segment 8192
	for address in 0x7ffff0000000000 0xfffffffffffff000; do
		for option in "" --remap; do
			# shellcheck disable=SC2086
			run --separate-stderr shmtool attach -t 0 \
				-a "$address" $option "$id"
			[ "$status" -eq 1 ]
			message_has "attach: $id: 8192 bytes at address \
$address: beyond the address space"
		done
	done
}

@test "attach: where it cannot wait, that is a failure" {
	command -v strace >/dev/null && is_plain && ! is_32_bit ||
		skip "needs strace, and the program alone"
	make_segment
	local words
	for words in "" "-- sleep 60"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 20 strace -qq -o /dev/null \
			-e inject=rt_sigtimedwait:error=EPERM \
			shmtool attach -r "$id" $words
		[[ $stderr != *strace:* ]] || skip "strace does not work here"
		[ "$status" -eq 1 ]
		[[ $stderr == *"shmtool: attach: cannot wait for signals: "* ]]
		[ "$(of_id nattch "$id")" -eq 0 ]
	done
}

@test "attach: several segments, a line for each" {
	make_segment 4096
	a=$id
	make_segment 8192
	start "$a" "id:$id"
	wait_for [ "$(wc -l <out)" -eq 2 ]
	[ "$(awk '{ print $1, $3, $4 }' out)" = "$a 4096 rw
$id 8192 rw" ]
	[ "$(of_id nattch "$a")" -eq 1 ]
	[ "$(of_id nattch "$id")" -eq 1 ]
	kill "$pid"
	finish
	[ "$status" -eq 0 ]
	[ "$(of_id nattch "$a")" -eq 0 ]
}

@test "attach: all of them or none, and every failure told" {
	make_segment
	run --separate-stderr shmtool attach -t 0 "$id" 99999 99998 "$id"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	[ "$stderr" = "shmtool: attach: 99999: no such segment
shmtool: attach: 99998: no such segment" ]
	[ "$(of_id nattch "$id")" -eq 0 ]
	run shmtool attach "$id" 99999 -- touch ran
	[ "$status" -eq 125 ]
	run shmtool attach ftok:absent -- touch ran
	[ "$status" -eq 125 ]
	run shmtool --ns absent attach "$id" -- touch ran
	[ "$status" -eq 125 ]
	run shmtool --ns absent attach "$id"
	[ "$status" -eq 1 ]
	run shmtool attach --absent "$id" -- touch ran
	[ "$status" -eq 2 ]
	[ ! -e ran ]
}

@test "attach: a key that no segment has is 3" {
	run --separate-stderr shmtool attach -t 0 0x999
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	message_has "attach: 0x999: no such segment"
}

@test "attach: a mode that does not allow it is 4, and -r may help" {
	! is_valgrind || skip "valgrind makes EINVAL of it"
	make_segment 4096 0444
	run --separate-stderr without_privilege shmtool attach -t 0 "$id"
	[ "$status" -eq 4 ]
	message_has "attach: $id:" "mode 0444" "rw access" "-r"
	run --separate-stderr without_privilege shmtool attach -t 0 -r "$id"
	[ "$status" -eq 0 ]
	make_segment 4096 0
	run --separate-stderr without_privilege shmtool attach -t 0 -r "$id"
	[ "$status" -eq 4 ]
	message_has "mode 0000" "r access"
}

@test "attach: failures of several kinds are 1" {
	make_segment 4096 0
	run without_privilege shmtool attach -t 0 "$id" 99999
	[ "$status" -eq 1 ]
}

@test "attach: RLIMIT_AS is 6, with the figures" {
	is_plain || skip "instrumented programs have an address space of their own"
	make_segment 1G
	run --separate-stderr prlimit --as=100000000 shmtool attach -t 0 "$id"
	[ "$status" -eq 6 ]
	message_has "attach: $id:" "1073741824 bytes to attach" \
		"RLIMIT_AS allows 100000000" "ulimit -v"
	make_segment 64M
	run prlimit --as=100000000 shmtool attach -t 0 "$id"
	[ "$status" -eq 0 ]
}

@test "attach: a segment marked for removal, by its id" {
	make_segment
	start "$id"
	ipcrm -m "$id"
	run --separate-stderr shmtool attach -t 0 "$id"
	[ "$status" -eq 0 ]
	[[ $output == "$id 0x"*" 4096 rw" ]]
	message_has "attach: $id:" "marked for removal"
	kill "$pid"
	finish
	[ "$(segments)" -eq 0 ]
}

@test "attach: COMMAND finds the segments in its environment" {
	id=$(shmtool create -k 0x4d2 -s 10000)
	run --separate-stderr shmtool attach "$id" -- \
		sh -c 'echo "$SHMTOOL_ID $SHMTOOL_KEY $SHMTOOL_SIZE"'
	[ "$status" -eq 0 ]
	[ "$output" = "$id 0x000004d2 10000" ]
	# The lines about what is held do not mix with COMMAND's output.
	[[ $stderr =~ ^$id\ 0x[0-9a-f]+\ 10000\ rw$ ]]
	a=$id
	id=$(shmtool create -s 4096)
	run --separate-stderr shmtool attach "$a" "$id" -- \
		sh -c 'echo "$SHMTOOL_ID,$SHMTOOL_KEY,$SHMTOOL_SIZE"'
	[ "$output" = "$a $id,0x000004d2 0x00000000,10000 4096" ]
}

@test "attach: it holds while COMMAND runs, and passes its status on" {
	make_segment
	run --separate-stderr shmtool attach "$id" -- \
		sh -c 'ipcs -m | awk -v id="$SHMTOOL_ID" "\$2 == id { print \$6 }"
			exit 42'
	[ "$status" -eq 42 ]
	[ "$output" = 1 ]
	[ "$(of_id nattch "$id")" -eq 0 ]
	run shmtool attach "$id" -- true
	[ "$status" -eq 0 ]
	run shmtool attach "$id" -- sh -c 'kill -KILL $$'
	[ "$status" -eq 137 ]
	run shmtool attach "$id" -- sh -c 'kill -SEGV $$'
	[ "$status" -eq 139 ]
}

@test "attach: COMMAND that cannot be run is 126, an absent one 127" {
	make_segment
	touch plain
	run --separate-stderr shmtool attach "$id" -- ./plain
	[ "$status" -eq 126 ]
	[[ $stderr == *"shmtool: attach: ./plain: Permission denied" ]]
	run -127 --separate-stderr shmtool attach "$id" -- ./absent
	[[ $stderr == *"shmtool: attach: ./absent: No such file or directory" ]]
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "attach: what is sent to it goes on to COMMAND" {
	local sig
	make_segment
	for sig in HUP INT QUIT TERM USR1 USR2; do
		rm -f ready got
		env --default-signal=INT,QUIT shmtool attach "$id" -- \
			bash -c 'trap "touch got; exit 9" '$sig'
				touch ready
				while :; do sleep 0.1; done' 2>err 3>&- &
		pid=$!
		wait_for test -e ready
		kill -"$sig" "$pid"
		finish
		[ "$status" -eq 9 ] || { echo "$sig: $status"; return 1; }
		[ -e got ]
	done
}

@test "attach: COMMAND killed by a signal is 128 and its number" {
	make_segment
	shmtool attach "$id" -- sh -c 'echo $$ >child; exec sleep 60' \
		2>err 3>&- &
	pid=$!
	wait_for test -s child
	kill -TERM "$pid"
	finish
	[ "$status" -eq 143 ]
}

@test "attach: COMMAND starts with the signals that we were started with" {
	! is_valgrind || skip "valgrind changes what is ignored"
	make_segment
	local look='/^Sig(Blk|Ign)/ { print }'
	awk "$look" /proc/self/status >plain
	shmtool attach "$id" -- awk "$look" /proc/self/status >got 2>err
	diff plain got
	(
		trap '' CHLD HUP USR1 PIPE
		awk "$look" /proc/self/status >plain
		shmtool attach "$id" -- awk "$look" /proc/self/status \
			>got 2>err
	)
	diff plain got
}

@test "attach: a key of the keyboard reaches COMMAND once" {
	needs_terminal
	make_segment
	# Not a shell, which ignores the key if its child ends in that moment.
	cat >./command <<-'X'
		#!/usr/bin/perl
		$SIG{INT} = sub {
			open my $got, '>>', 'got';
			print $got "interrupted\n";
		};
		open my $ready, '>', 'ready';
		for (1 .. 200) {
			select undef, undef, undef, 0.05;
			exit 11 if -e 'enough';
		}
	X
	chmod +x command
	keys() {
		wait_for test -e ready
		printf '\003'
		wait_for test -e got
		sleep 0.5
		touch enough
		sleep 0.5
	}
	status=0
	keys | script -qec "exec shmtool attach $id -- ./command" /dev/null \
		>out 2>&1 || status=$?
	[ "$status" -eq 11 ]
	[ "$(cat got)" = interrupted ]
}

@test "attach: -t with COMMAND lets go early and still waits for it" {
	make_segment
	shmtool attach -t 0 "$id" -- sh -c \
		'while [ ! -e go ]; do sleep 0.05; done; exit 3' 2>err 3>&- &
	pid=$!
	wait_for grep -q "^$id" err
	is_free() { [ "$(of_id nattch "$id")" -eq 0 ]; }
	wait_for is_free
	kill -0 "$pid"
	touch go
	finish
	[ "$status" -eq 3 ]
}

@test "attach: killed with -9 it holds nothing, and COMMAND is ended" {
	make_segment
	shmtool attach "$id" -- sh -c 'echo $$ >child; exec sleep 60' \
		2>err 3>&- &
	pid=$!
	wait_for test -s child
	wait_for grep -q sleep "/proc/$(cat child)/cmdline"
	kill -9 "$pid"
	finish
	wait_for no_process "$(cat child)"
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "attach: a line that cannot be printed is 1, and nothing is held" {
	make_segment
	run --separate-stderr bash -c "shmtool attach $id >/dev/full"
	[ "$status" -eq 1 ]
	message_has "standard output" "No space left"
	run --separate-stderr bash -c "shmtool attach $id >&-"
	[ "$status" -eq 1 ]
	message_has "standard output"
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "attach: killed before COMMAND runs, COMMAND does not run" {
	is_plain || skip "an instrumented program takes no preload"
	command -v cc >/dev/null || skip "no C compiler"
	make_segment
	cat >kill.c <<-'TXT'
	#include <signal.h>
	#include <sys/prctl.h>
	#include <unistd.h>

	int
	prctl(int option, ...)
	{
		pid_t parent = getppid();

		if (option == PR_SET_PDEATHSIG) {
			kill(parent, SIGKILL);
			while (getppid() == parent)
				usleep(1000);
		}
		return 0;
	}
	TXT
	cc -shared -fPIC -o kill.so kill.c
	# This ends when nobody has its output open any more.
	run env LD_PRELOAD="$PWD/kill.so" shmtool attach "$id" -- touch ran
	[ "$status" -eq 137 ]
	[ ! -e ran ]
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "attach: a wrong command line is 2" {
	make_segment
	local -a wrong=(
		"" "-q $id" "-a $id" "-a 0 $id" "-a x $id" "-t $id" "-t x $id"
		"--round $id" "--remap $id" "-a 0x10000000 $id $id" "nothing"
		"0x0" "$id --" "-a 0x10000000000000000 $id" "$id -- "
		"$id 99999999999"
	)
	are_wrong attach "${wrong[@]}"
}

@test "attach: what is no address is called so" {
	id=$(shmtool create -s 1)
	for address in zz 0 -1 1.5x; do
		run --separate-stderr shmtool attach -a "$address" -t 0 "$id"
		[ "$status" -eq 2 ]
		message_has "--address: $address: not an address (0x"
	done
}
