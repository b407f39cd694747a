# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load ../common

make_segment() {
	id=$(ipcmk -M "$1" -p "${2:-0600}" | tr -dc 0-9)
}

file_setup() {
	cd "$BATS_FILE_TMPDIR" || return
	head -c 300001 /dev/urandom >data
}

@test "write: a file, standard input as file and as pipe" {
	make_segment 300001
	shmtool write -f data "$id"
	shmtool read "$id" | cmp - data
	shmtool write -z "$id"
	shmtool write "$id" <data
	shmtool read "$id" | cmp - data
	shmtool write -z "$id"
	# shellcheck disable=SC2002 # a pipe is meant
	cat data | shmtool write "$id"
	shmtool read "$id" | cmp - data
	shmtool write -z "$id"
	shmtool write -f - "$id" <data
	shmtool read "$id" | cmp - data
}

@test "write: the same without any capability" {
	make_segment 300001 0666
	without_privilege shmtool write "$id" <data
	shmtool read "$id" | cmp - data
	shmtool write -z "$id"
	# shellcheck disable=SC2002
	cat data | without_privilege shmtool write "$id"
	shmtool read "$id" | cmp - data
	without_privilege shmtool write -z7 "$id"
	[ "$(shmtool read "$id" | tr -d '\7' | wc -c)" -eq 0 ]
}

@test "write: a string, with and without its NUL" {
	make_segment 16
	shmtool write -zx "$id"
	shmtool write -s abc "$id"
	[ "$(shmtool read "$id" | tr '\0' 0)" = abcxxxxxxxxxxxxx ]
	shmtool write -o 4 -s abc -0 "$id"
	[ "$(shmtool read "$id" | tr '\0' 0)" = abcxabc0xxxxxxxx ]
}

@test "write: -z fills with a number or a character, in the range alone" {
	make_segment 10
	shmtool write -zA "$id"
	shmtool write -o 2 -n 3 --fill=0x42 "$id"
	shmtool write -o 9 -z67 "$id"
	[ "$(shmtool read "$id")" = AABBBAAAAC ]
}

@test "write: -v tells what was written" {
	make_segment 300001
	[ "$(shmtool write -v -o 7 -s hello "$id")" = "wrote 5 bytes at 7" ]
	[ "$(shmtool write -v -n 100 -f data "$id")" = "wrote 100 bytes at 0" ]
	[ "$(shmtool write -v "$id" </dev/null)" = "wrote 0 bytes at 0" ]
	[ "$(shmtool write -v -s x "$id")" = "wrote 1 byte at 0" ]
}

@test "write: input known not to fit changes nothing" {
	make_segment 1000
	shmtool write -zk "$id"
	local -a ways=("-f data" "-o 995 -s longer" "-o 999 -s a -0"
		"-o 500 -n 501 -z" "-o 1001 -z")
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool write $way "$id"
		[ "$status" -eq 1 ] || { echo "$status: $way"; return 1; }
		message_has "write: $id:"
	done
	run --separate-stderr shmtool write "$id" <data
	[ "$status" -eq 1 ]
	message_has 300001 1000 "nothing was written"
	[ "$(shmtool read "$id" | tr -d k | wc -c)" -eq 0 ]
}

@test "write: of a pipe what fits is written, and it is 1" {
	make_segment 1000
	run --separate-stderr bash -c "cat data | shmtool write -o 10 $id"
	[ "$status" -eq 1 ]
	message_has "write: $id:" 990 10
	shmtool read -o 10 "$id" | cmp - <(head -c 990 data)
}

@test "write: --length leaves the rest of the input to others" {
	make_segment 10
	printf 'abcdefgh' | { shmtool write -n 4 "$id"; cat >rest; }
	[ "$(cat rest)" = efgh ]
	[ "$(shmtool read -s "$id")" = abcd ]
}

@test "write: perl reads what we write and we read what perl writes" {
	perl -e 'exit !defined shmget(0, 1, 0600)' || skip "perl has no shmget"
	make_segment 300001
	for o in 0 1 4095 4096 4097 8191 299999 300000; do
		for n in 1 2 4096 4097; do
			[ $((o + n)) -le 300001 ] || continue
			head -c $n data | shmtool write -o $o "$id"
			perl -e 'shmread($ARGV[0], $b, $ARGV[1], $ARGV[2]);
				print $b' "$id" $o $n | cmp - <(head -c $n data)
			tail -c $n data >ending
			perl -e 'local $/; $d = <STDIN>;
				shmwrite($ARGV[0], $d, $ARGV[1], length $d)' \
				"$id" $o <ending
			shmtool read -o $o -n $n "$id" | cmp - ending
		done
	done
}

@test "write: around 2 GiB, 4 GiB and the last byte" {
	! is_32_bit || skip "it has no room for 4 GiB"
	id=$(perl -e 'print shmget(0, (5 << 30) + 1, 010600)')
	[ -n "$id" ] || skip "no segment of 5 GiB can be made here"
	local o
	for o in $(((1 << 31) - 3)) $((1 << 31)) $(((1 << 32) - 3)) \
		$((1 << 32)) $(((5 << 30) - 6)); do
		head -c 7 data | shmtool write -o $o "$id"
		shmtool read -o $o -n 7 "$id" | cmp - <(head -c 7 data)
		shmtool set -m 0666 "$id"
		tail -c 7 data | without_privilege shmtool write -o $o "$id"
		without_privilege shmtool read -o $o -n 7 "$id" |
			cmp - <(tail -c 7 data)
	done
	[ "$(awk -v id="$id" '$2 == id { print $15 }' /proc/sysvipc/shm)" -le \
		40960 ]
}

@test "write: an absent segment is 3, a forbidden one 4, an absent file 1" {
	make_segment 10 0400
	run --separate-stderr shmtool write -s x 99999
	[ "$status" -eq 3 ]
	message_has "write: 99999:" "no such segment"
	run --separate-stderr shmtool write -f nosuchfile "$id"
	[ "$status" -eq 1 ]
	message_has "write: nosuchfile:" "No such file"
	run --separate-stderr shmtool write -f . "$id"
	[ "$status" -eq 1 ]
	message_has "write: .:" "directory"
	! is_valgrind || skip "valgrind makes EINVAL of it"
	run --separate-stderr without_privilege shmtool write -s x "$id"
	[ "$status" -eq 4 ]
	message_has "write: $id:" "write permission"
}

@test "write: a wrong command line is 2 and writes nothing" {
	make_segment 10
	local line
	are_wrong write "" "$id $id" "-s a -z $id" "-f data -s a $id" "-0 $id" \
		"-z256 $id" "-zab $id" "-z-1 $id" "-o x $id" "-n -1 $id" \
		"--lock-timeout 3 -z $id" "--lock-with a -z1 $id" "-z1 0x" \
		"-z1 -n 18446744073709551615 $id"
	[ "$(shmtool read "$id" | tr -d '\0' | wc -c)" -eq 0 ]
}

@test "write: the byte of -z in a word of its own is told of" {
	id=$(shmtool create -s 8)
	run --separate-stderr shmtool write -z 255 "$id"
	[ "$status" -eq 2 ]
	message_has "$id: one segment at a time" "-z255"
}

@test "write: text or a file as an operand is told its option" {
	id=$(shmtool create -s 8)
	run --separate-stderr shmtool write "$id" hello
	[ "$status" -eq 2 ]
	message_has "hello: one segment at a time; text comes after -s"
	run --separate-stderr shmtool write -s hello "$id" more
	[ "$status" -eq 2 ]
	message_has "more: one segment at a time ("
}

@test "write: of a file that grows, what it held at first" {
	is_plain || skip "the program has to be the child of strace"
	command -v strace >/dev/null || skip "needs strace"
	id=$(shmtool create -s 100000)
	head -c 50000 data >grows
	# It is written to as soon as its size is known.
	# shellcheck disable=SC2016 # the inner shell's
	strace -qq -o calls -e trace=shmat -e inject=shmat:delay_enter=500000 \
		shmtool write -v -f grows "$id" >out &
	wait_for grep -q shmat calls || skip "strace cannot inject here"
	tail -c 250001 data >>grows
	wait $!
	[ "$(cat out)" = "wrote 50000 bytes at 0" ]
	shmtool read -n 50000 "$id" | cmp - <(head -c 50000 data)
	[ "$(shmtool read -o 50000 "$id" | tr -d '\0' | wc -c)" -eq 0 ]
}

# Runs a command with a /dev/shm of its own of 4 MiB.
with_small_shm() {
	unshare --mount bash -c 'mount -t tmpfs -o size=4M none /dev/shm &&
		truncate -s 64M /dev/shm/object && shopt -s lastpipe && '"$1"
}

@test "write: into a full /dev/shm it is 6, and nothing known is written" {
	needs_own_shm
	head -c 20000000 /dev/zero >zeros
	run --separate-stderr with_small_shm 'shmtool write /object <zeros'
	[ "$status" -eq 6 ]
	message_has "write: /object: " "/dev/shm has 4194304" \
		"shmtool limits --set dev_shm_size="
	run --separate-stderr with_small_shm 'shmtool write -zA /object'
	[ "$status" -eq 6 ]
	message_has "write: /object: " "/dev/shm has 4194304" \
		"shmtool limits --set dev_shm_size="
	run --separate-stderr with_small_shm 'cat zeros | shmtool write /object'
	[ "$status" -eq 6 ]
	message_has "write: /object: " "shmtool limits --set dev_shm_size="
	run --separate-stderr with_small_shm 'ulimit -f 100 &&
		shmtool write -zA -n 1M /object'
	[ "$status" -eq 6 ]
	message_has "write: /object: longer than a file may be" "ulimit -f"
	# What has its memory can be written over.
	with_small_shm 'shmtool write -zA -n 4M /object &&
		shmtool write -zB -n 4M /object && shmtool write -s end -o 1 \
		/object && [ "$(shmtool read -n 5 /object)" = BendB ]'
}

@test "read: an object that becomes shorter is an error" {
	needs_own_shm
	run --separate-stderr with_small_shm 'shmtool read /object |
		(head -c 1 >/dev/null; truncate -s 100 /dev/shm/object
		cat >/dev/null); exit ${PIPESTATUS[0]}'
	[ "$status" -eq 1 ]
	message_has "read: /object: became shorter, after"
}
