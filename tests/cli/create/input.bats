# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2016,SC2154
#
# create -i: the first contents of a segment.

load ../common
load ../saved

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	pid=
	device=
}

test_teardown() {
	[ -z "$device" ] || losetup -d "$device"
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

@test "create: -i FILE, and the size is the file's" {
	head -c 10000 /dev/urandom >file
	id=$(shmtool create -i file)
	[ "$(of_id bytes "$id")" -eq 10000 ]
	cmp file <(bytes_of "$id")
	id=$(shmtool create --input=file -s 12000)
	[ "$(of_id bytes "$id")" -eq 12000 ]
	cmp <(cat file; head -c 2000 /dev/zero) <(bytes_of "$id")
}

@test "create: -i allocates no memory for what is zero in FILE" {
	truncate -s 16M sparse
	printf x | dd of=sparse bs=1 seek=5000000 conv=notrunc status=none
	id=$(shmtool create -i sparse)
	[ "$(shmtool stat --tsv --no-heading -o RSS "$id")" -le 2097152 ]
	cmp sparse <(bytes_of "$id")
}

@test "create: -i - is standard input, from where it stands" {
	head -c 10000 /dev/urandom >file
	id=$(shmtool create -i - <file)
	cmp file <(bytes_of "$id")
	id=$( (head -c 4000 >/dev/null; shmtool create -i -) <file)
	[ "$(of_id bytes "$id")" -le 10000 ]
	cmp <(tail -c "$(of_id bytes "$id")" file) <(bytes_of "$id")
	id=$(perl -e 'open STDIN, "<", "file"; sysseek STDIN, 9000, 0;
		exec qw(shmtool create -i -)')
	[ "$(of_id bytes "$id")" -eq 1000 ]
	cmp <(tail -c 1000 file) <(bytes_of "$id")
}

@test "create: -i from a pipe, with and without a size" {
	head -c 200000 /dev/urandom >file
	id=$(dd if=file status=none | shmtool create -i -)
	cmp file <(bytes_of "$id")
	id=$(dd if=file status=none | shmtool create -i - -s 200000)
	cmp file <(bytes_of "$id")
	mkfifo pipe
	cat file >pipe &
	id=$(shmtool create -i pipe)
	cmp file <(bytes_of "$id")
	id=$(shmtool create -i /proc/version)
	cmp /proc/version <(bytes_of "$id")
}

@test "create: -i from a device that never ends takes what fits" {
	id=$(shmtool create -i /dev/zero -s 5000)
	cmp <(head -c 5000 /dev/zero) <(bytes_of "$id")
	run --separate-stderr shmtool create -i /dev/zero
	[ "$status" -eq 2 ]
	message_has "create: /dev/zero:" --size
}

@test "create: -i from a block device takes what fits" {
	needs_root "a loop device is set up"
	truncate -s 1M disk
	echo hello | dd of=disk conv=notrunc status=none
	device=$(losetup -f --show disk) || skip "no loop device can be had here"
	id=$(shmtool create -i "$device" -s 5000)
	cmp <(head -c 5000 disk) <(bytes_of "$id")
}

@test "create: -i of a file that grows, what it held at first" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	head -c 50000 /dev/urandom >file
	cp file grows
	# It is written to as soon as its size is known.
	strace -qq -o calls -e trace=shmget \
		-e inject=shmget:delay_enter=500000 \
		shmtool create -i grows >id &
	pid=$!
	wait_for grep -q shmget calls || skip "strace cannot inject here"
	echo more >>grows
	finish
	[ "$status" -eq 0 ]
	cmp file <(bytes_of "$(cat id)")
}

@test "create: -i, and a mode that shuts everyone out" {
	printf text >file
	id=$(without_privilege shmtool create -i - -m 0 <file)
	[ "$(of_id perms "$id")" = 0 ]
	id=$(without_privilege shmtool create -i - -m 0444 <file)
	[ "$(of_id perms "$id")" = 444 ]
	[ "$(bytes_of "$id")" = text ]
}

@test "create: nobody else gets at it before it is filled" {
	mkfifo pipe
	shmtool create -i pipe -s 100 -m 0666 -k 0x4d2 >out 3>&- &
	pid=$!
	exec 4>pipe
	is_there() { [ "$(segments)" -eq 1 ]; }
	wait_for is_there
	[ "$(ipcs -m | awk '/0x000004d2/ { print $4 }')" = 600 ]
	printf x >&4
	exec 4>&-
	finish
	[ "$status" -eq 0 ]
	[ "$(of_id perms "$(cat out)")" = 666 ]
}

@test "create: an input that cannot be used leaves nothing" {
	head -c 10000 /dev/urandom >file
	: >empty
	mkdir dir
	run --separate-stderr shmtool create -i file -s 9999
	[ "$status" -eq 1 ]
	message_has "create: file:" "10000 bytes" 9999
	run --separate-stderr bash -c 'cat file | shmtool create -i - -s 9999'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "create: -:" "longer" "9999 bytes"
	run --separate-stderr shmtool create -i empty
	[ "$status" -eq 1 ]
	message_has "create: empty:" "at least 1 byte"
	run --separate-stderr shmtool create -i absent
	[ "$status" -eq 1 ]
	message_has "create: absent:" "No such file"
	run --separate-stderr shmtool create -i dir -s 1
	[ "$status" -eq 1 ]
	message_has "create: dir:" "Is a directory"
	run --separate-stderr bash -c 'shmtool create -i - -s 10 <&-'
	[ "$status" -eq 1 ]
	message_has "create: -:"
	chmod 0 file
	run --separate-stderr without_privilege shmtool create -i "$PWD/file"
	[ "$status" -eq 4 ]
	message_has "Permission denied"
	[ "$(segments)" -eq 0 ]
}

@test "create: a pipe longer than RLIMIT_FSIZE is told, and makes nothing" {
	is_plain || skip "an instrumented program writes files of its own"
	# Where it tells no length it is put into a file in memory first.
	run --separate-stderr bash -c 'head -c 200000 /dev/zero |
		(ulimit -f 64; shmtool create -i -)'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "create: -: File too large"
	[ "$(segments)" -eq 0 ]
}

@test "create: a signal while it is being filled takes it away" {
	local sig
	mkfifo pipe
	for sig in HUP INT TERM; do
		env --default-signal=INT shmtool create -i pipe -s 1M \
			>out 2>&1 3>&- &
		pid=$!
		exec 4>pipe
		printf x >&4
		is_there() { [ "$(segments)" -eq 1 ]; }
		wait_for is_there
		kill -"$sig" "$pid"
		finish
		exec 4>&-
		[ "$status" -eq $((128 + $(kill -l $sig))) ]
		[ ! -s out ]
		[ "$(segments)" -eq 0 ]
	done
}

@test "create: -i killed at every system call, nothing is left of it" {
	can_inject
	head -c 20000 /dev/urandom >data
	local call line
	none_left() { [ "$(segments)" -eq 0 ]; }
	for line in "-i data" "-k 0x4d2 -m 0640 -i data"; do
		# shellcheck disable=SC2086 # words
		changing_calls shmtool create $line >calls
		ipcrm --all=shm
		grep -q shmget calls
		while read -r call; do
			# shellcheck disable=SC2086
			killed_at "$call" shmtool create $line
			[ -s printed ] || wait_for none_left ||
				{ echo "$line: $call"; return 1; }
			ipcrm --all=shm
		done <calls
	done
}

@test "create: a signal while a pipe is being measured" {
	mkfifo pipe
	shmtool create -i pipe >out 2>&1 3>&- &
	pid=$!
	exec 4>pipe
	printf x >&4
	sleep 0.3
	kill -TERM "$pid"
	finish
	exec 4>&-
	[ "$status" -eq 143 ]
	[ ! -s out ]
	[ "$(segments)" -eq 0 ]
}

@test "create: a signal while a pipe is read that is never empty" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	run --separate-stderr bash -c 'head -c 20M /dev/zero |
		strace -qq -o calls -e trace=read \
		-e inject=read:signal=TERM:when=10 shmtool create -i -'
	grep -q SIGTERM calls || skip "strace cannot inject here"
	[ "$status" -eq 143 ]
	[ -z "$output" ]
	[[ $stderr != *"shmtool: "* ]]
	# All of it is 320 times what a pipe holds.
	[ "$(grep -c '^read(0,' calls)" -le 10 ]
}

@test "create: -i - waits for standard input that does not block" {
	run --separate-stderr bash -c '(sleep 0.3; echo hello; sleep 0.3
			echo again) | perl -MFcntl -e "
			fcntl STDIN, F_SETFL, O_NONBLOCK or die;
			exec @ARGV" shmtool create -i -'
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(of_id bytes "$output")" -eq 12 ]
	[ "$(bytes_of "$output")" = "hello
again" ]
}

@test "create: -i of a pipe where memfd_create(2) is refused" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	local error
	for error in ENOSYS EPERM EINVAL; do
		run --separate-stderr bash -c "echo hello |
			strace -qq -o calls -e trace=memfd_create \
			-e inject=memfd_create:error=$error shmtool create -i -"
		grep -q INJECTED calls || skip "strace cannot inject here"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(bytes_of "$output")" = hello ]
	done
}

@test "create: -i of a pipe, and no memory for its first byte" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	run --separate-stderr bash -c "echo hello |
		strace -qq -o calls -e trace=write \
		-e inject=write:error=ENOMEM:when=1 shmtool create -i -"
	grep -q INJECTED calls || skip "strace cannot inject here"
	[ "$status" -eq 6 ]
	[ -z "$output" ]
	message_has "create: -:" "not enough memory after 0 bytes"
	[ "$(segments)" -eq 0 ]
}

@test "create: -i, and the address space is too small: why, and the command" {
	is_plain || skip "instrumented programs have an address space of their own"
	echo hello >file
	run --separate-stderr prlimit --as=100000000 \
		shmtool create -s 1G -i file
	[ "$status" -eq 6 ]
	[ -z "$output" ]
	message_has "create: 1G:" "1073741824 bytes to attach" \
		"RLIMIT_AS allows 100000000" "ulimit -v"
	[ "$(segments)" -eq 0 ]
}
