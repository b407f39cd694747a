# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# read: raw bytes, dumps and values.

load ../common
load segment

@test "read: offsets and lengths at every edge" {
	make_random 12289
	local o n
	for o in 0 1 4095 4096 4097 8191 12288 12289; do
		for n in 0 1 2 4095 4096 4097 8192; do
			[ $((o + n)) -le 12289 ] || continue
			shmtool read -o $o -n $n "$id" |
				cmp - <(tail -c +$((o + 1)) data | head -c $n)
		done
	done
}

@test "read: beyond the end is 1, with the figures" {
	make_segment 5000
	run --separate-stderr shmtool read -o 4000 -n 1001 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id:" 1001 4000 1000 5000
	run --separate-stderr shmtool read -o 5001 "$id"
	[ "$status" -eq 1 ]
	message_has 5001 5000
}

@test "read: -x is hexdump -C, folded lines and short ends included" {
	make_random 4099
	shmtool read -x "$id" | cmp - <(hexdump -C data)
	shmtool read -x -o 5 -n 77 "$id" | cmp - <(hexdump -C -s 5 -n 77 data)
	for n in 1 15 16 17 31 32 33 64 4096 70000; do
		make_segment $n
		shmtool read "$id" >zeros
		shmtool read -x "$id" | cmp - <(hexdump -C zeros)
		shmtool write -o $((n - 1)) -s x "$id"
		shmtool read "$id" >most
		shmtool read -x "$id" | cmp - <(hexdump -C most)
	done
}

@test "read: -t prints what od prints, -v its offset" {
	make_random 4096
	local t
	local types=(d1 d2 d4 d8 u1 u2 u4 u8 x1 x2 x4 x8 f4 f8)
	# That of the Rust coreutils writes floating-point numbers otherwise.
	od --version | grep -q GNU || types=("${types[@]:0:12}")
	for t in "${types[@]}"; do
		shmtool read -t "$t" "$id" |
			cmp - <(od -An -v -t"$t" -w"${t:1}" data | tr -d ' ')
	done
	shmtool read -t c "$id" |
		cmp - <(od -An -v -tc -w1 data | sed 's/^ \{1,3\}//')
	shmtool read -t a "$id" |
		cmp - <(od -An -v -ta -w1 data | sed 's/^ \{1,3\}//')
	shmtool read -v -t x2 -o 4 -n 4 "$id" >got
	od -v -Ax -tx2 -w2 -j4 -N4 data | sed '$d; s/^/00/' | cmp - got
}

@test "read: -s ends at the first NUL" {
	make_segment 70000
	[ "$(shmtool read -s "$id" | od -c -An | tr -d ' ')" = '\n' ]
	shmtool write -s 'hello' "$id"
	[ "$(shmtool read -s "$id" | od -c -An | tr -d ' ')" = 'hello\n' ]
	shmtool write -s $'line\n' "$id"
	[ "$(shmtool read -s "$id" | od -c -An | tr -d ' ')" = 'line\n' ]
	shmtool write -zA "$id"
	[ "$(shmtool read -s "$id" | wc -c)" -eq 70001 ]
}

@test "read: an absent segment is 3, a forbidden one 4" {
	run --separate-stderr shmtool read 99999
	[ "$status" -eq 3 ]
	message_has "read: 99999:" "no such segment"
	! is_valgrind || skip "valgrind makes EINVAL of it"
	make_segment 10 0000
	run --separate-stderr without_privilege shmtool read "$id"
	[ "$status" -eq 4 ] || needs_root "an owner may read his own"
	message_has "read permission" "0000"
}

@test "read: -v tells how much was read, and from where" {
	make_random 5000
	run --separate-stderr shmtool read -v -O copy -o 100 -n 200 "$id"
	[ "$status" -eq 0 ]
	# shellcheck disable=SC2154
	[ "$stderr" = "read 200 bytes at 100" ]
	cmp copy <(tail -c +101 data | head -c 200)
}

@test "read: -t of a range that is not a whole number of values is 1" {
	make_random 257
	run --separate-stderr shmtool read -t d4 -n 6 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id: 6 bytes:" "not a whole number of d4" "--length 4"
	run --separate-stderr shmtool read -t d8 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id: 257 bytes:" "--length 256"
	run --separate-stderr timeout 10 shmtool read -w -t u2 -o 1 -n 3 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	shmtool read -t d8 -o 1 "$id" |
		cmp - <(od -An -v -td8 -w8 -j1 data | tr -d ' ')
}

@test "read: -t, the shortest text of a floating point number" {
	local -a numbers=(0 1 -1 0.1 1e15 1e16 123456789012345678 1e-5 5e-324
		2.2250738585072014e-308 1.7976931348623157e+308 0.3 nan inf)
	od --version | grep -q GNU || skip "another od has other forms"
	make_segment $((8 * ${#numbers[@]}))
	perl -e 'print pack "d*", @ARGV' "${numbers[@]}" >data
	shmtool write -f data "$id"
	shmtool read -t f8 "$id" |
		cmp - <(od -An -v -tf8 -w8 data | tr -d ' ')
	shmtool read -t f8 "$id" | grep -qx 0.1
	shmtool read -t f8 "$id" | grep -qx 5e-324
	perl -e 'print pack "f*", 0, 1, 0.1, 1e-45, 3.4028235e38, 16777217' \
		>data
	shmtool write -f data "$id"
	shmtool read -t f4 -n 24 "$id" |
		cmp - <(od -An -v -tf4 -w4 data | tr -d ' ')
}

@test "read: -w prints at first and then what changed" {
	make_segment 4
	shmtool read -w0.1 -t d4 "$id" >log 2>err &
	pid=$!
	wait_for grep -q ' 00000000 0$' log
	printf '\7\0\0\0' | shmtool write "$id"
	wait_for grep -q ' 00000000 7$' log
	kill -TERM $pid
	run wait $pid
	[ "$(wc -l <log)" -eq 2 ]
	[ ! -s err ]
}

@test "read: -w takes intervals up to 2147483647 seconds" {
	make_segment 10
	for seconds in 2147483648 1000000d; do
		run --separate-stderr shmtool read "-w$seconds" "$id"
		[ "$status" -eq 2 ]
		message_has "read: --watch: $seconds: out of range"
	done
}

@test "read: -w marks what changed, and ends when the segment goes" {
	make_segment 64
	shmtool read -w -x "$id" >log 2>err &
	pid=$!
	wait_for grep -q '^00000040' log
	shmtool write -o 17 -s hi "$id"
	wait_for grep -q hi log
	grep -qx ' *^^ ^^' log
	[ "$(grep -c '^00000010' log)" -eq 1 ]
	ipcrm -m "$id"
	wait_for grep -q removed err
	status=0
	wait $pid || status=$?
	[ "$status" -eq 3 ]
}

@test "read: --lock-with never sees half a block, whoever is killed" {
	make_segment 1000000
	sem=$(perl -MIPC::SysV=IPC_PRIVATE,S_IRUSR,S_IWUSR,SETVAL -e \
		'$s = semget(IPC_PRIVATE, 1, 0600); semctl($s, 0, SETVAL, 1);
		print $s' 2>/dev/null) || skip "perl has no IPC::SysV"
	writer() {
		while :; do
			shmtool write -z"$1" --lock-with "$sem" "$id"
		done
	}
	shmtool write -zA "$id"
	writer A &
	a=$!
	writer B &
	b=$!
	for _ in {1..20}; do
		[ "$(shmtool read --lock-with "$sem" "$id" | fold -w 1000 |
			sort -u | wc -l)" -eq 1 ]
	done
	kill -9 $a $b
	wait || true
	shmtool write -zC --lock-with "$sem" --lock-timeout 20 "$id"
	ipcrm -s "$sem"
}

@test "read: a wrong command line is 2" {
	make_segment 100
	local line
	are_wrong read "" "$id $id" "-x -s $id" "-t d3 $id" "-t x1 --raw $id" \
		"-w0 $id" "-wx $id" "-w -O f $id" "-o -1 $id" "-n x $id" \
		"--zero-copy -x $id" "--zero-copy -O f $id" \
		"--zero-copy --lock-with 1 $id" "--lock-timeout 1 $id" \
		"--lock-with x $id" "--lock-with /x $id" "--nosuch $id" \
		"-n 18446744073709551615 $id"
	[ ! -e f ]
	run --separate-stderr shmtool read --zero-copy "$id" >out
	run --separate-stderr bash -c "shmtool read --zero-copy $id >out"
	[ "$status" -eq 2 ]
	message_has "pipe"
}

@test "read: the seconds of -w in a word of their own are told of" {
	id=$(shmtool create -s 8)
	run --separate-stderr timeout 5 shmtool read -w 2 "$id"
	[ "$status" -eq 2 ]
	message_has "$id: one segment at a time" "-w2"
}

nothing_swapped() {
	awk '/^SwapTotal:/ { total = $2 } /^SwapFree:/ { free = $2 }
		END { exit total != free }' /proc/meminfo
}

@test "read: a hole stays a hole where /proc is not there" {
	local try
	# Another test may swap out, and without /proc a hole then looks like a
	# page of this segment that is in swap.
	for try in {1..5}; do
		wait_for nothing_swapped
		id=$(shmtool create -s 16M)
		# shellcheck disable=SC2016
		run unshare -m sh -c 'mount -t tmpfs none /proc &&
			setpriv --bounding-set=-all --inh-caps=-all \
			shmtool read "$0" | wc -c' "$id"
		[ "$output" = 16777216 ] || skip "nothing can be mounted here"
		run shmtool stat --no-heading -b -o RSS "$id"
		[ "${output// /}" != 0 ] || return 0
		echo "try $try, resident: $output"
	done
	false
}

@test "read: a dump costs nothing by the hole" {
	! is_32_bit || skip "it has no room for 64 GiB"
	! is_valgrind || skip "valgrind has no room for 64 GiB"
	local as size line
	line="00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00"
	for size in $((64 << 30)) $((15 << 40)); do
		id=$(perl -e 'print shmget(0, $ARGV[0], 010666)' "$size")
		[ -n "$id" ] || continue
		for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
			# shellcheck disable=SC2086 # words, or none
			run timeout 5 $as shmtool read -x "$id"
			[ "$status" -eq 0 ]
			[ "$output" = "$line  |................|"$'\n*\n'"$(
				printf %x "$size")" ]
			# shellcheck disable=SC2086
			[ "$(timeout 5 $as shmtool read -s "$id")" = "" ]
		done
		ipcrm -m "$id"
	done
	id=$(perl -e 'print shmget(0, 64 << 30, 010666)')
	[ -n "$id" ] || skip "no segment of 64 GiB can be made here"
	for line in 5 20000000 40000000; do
		shmtool write -o $line -s here "$id"
	done
	for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
		# shellcheck disable=SC2086
		timeout 5 $as shmtool read -x "$id" >out
		[ "$(grep -c here out)" -eq 3 ]
		[ "$(wc -l <out)" -eq 10 ]
		# From an odd offset on as well.
		# shellcheck disable=SC2086
		timeout 5 $as shmtool read -x -o 7 -n 40000003 "$id" >out
		# hexdump of util-linux 2.42 begins a line behind each hole.
		shmtool read -n 40000010 "$id" | cat >raw
		cmp out <(hexdump -C -s 7 raw)
	done
}

@test "read: a size that cannot be attached is refused at once" {
	! is_32_bit || skip "a size of 64 bits"
	id=$(perl -e 'print shmget(0, 1 << 47, 010600)')
	[ -n "$id" ] || skip "no segment of 128 TiB can be made here"
	run --separate-stderr timeout 5 shmtool read -x "$id"
	[ "$status" -eq 6 ]
	[ -z "$output" ]
	message_has "read: $id:"
}
