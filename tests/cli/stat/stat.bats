# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat: the rows and columns of the table, and what ipcs says of the same.

load ../common
load rows

@test "stat: without segments a heading alone, and nothing without it" {
	run --separate-stderr shmtool stat
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$(heading)" = "ID KEY OWNER PERMS SIZE RSS NATTCH IDLE CPID CCOMMAND STATUS" ]
	[ -z "$stderr" ]
	[ -z "$(shmtool stat --no-heading)" ]
	[ "$(shmtool stat --tsv)" = "$(tr ' ' '\t' <<<"$(heading)")" ]
}

@test "stat: a row for each segment, as ipcs has them" {
	make_segment 4096 0600
	make_segment 5000 0644
	make_segment 100000 0
	make_key fffffff0 12
	[ "$(shmtool stat --tsv --no-heading -o KEY,ID,OWNER,PERMS,SIZE,NATTCH)" = \
		"$(ipcs -m | awk '/^0x/ { printf "%s\t%s\t%s\t%04d\t%s\t%s\n",
			$1, $2, $3, $4, $5, $6 }')" ]
}

@test "stat: id 0, and the kernel's order" {
	run anew '
		for i in 1 2 3; do make 4096; done
		ids
		ids 0
		ipcrm -m 1
		for i in $(seq 64); do make 1; done
		shmtool stat --no-heading -o ID | xargs
		ipcs -m | awk "/^0x/ { print \$2 }" | xargs'
	[ "${lines[0]}" = "0 1 2" ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = "${lines[3]}" ]
	[[ ${lines[2]} == "0 "*" "*" "* ]]
}

@test "stat: the times are those of ipcs -t" {
	make_segment
	[ "$(cell "$id" ATIME,DTIME)" = $'-\t-' ]
	hold "$id"
	# No two of the three times are the same.
	sleep 1.1
	release
	wait_for sh -c "! shmtool stat -t --no-heading $id | grep -q ' - '"
	perl -MPOSIX=strftime -e '
		my ($a, $d, $c) = split /\t/, $ARGV[0];
		printf "%-20s %-20s %-20s\n", map {
			strftime "%b %e %H:%M:%S", gmtime $_ } $a, $d, $c' \
		"$(cell "$id" ATIME,DTIME,CTIME)" >"$BATS_TEST_TMPDIR/ours"
	ipcs -mt | awk -v id="$id" '$1 == id { $1 = $2 = ""; print }' |
		xargs >"$BATS_TEST_TMPDIR/theirs"
	[ "$(xargs <"$BATS_TEST_TMPDIR/ours")" = \
		"$(cat "$BATS_TEST_TMPDIR/theirs")" ]
	run shmtool stat -t
	[ "$(heading)" = "ID KEY OWNER ATIME DTIME CTIME IDLE" ]
	[[ ${lines[1]} =~ \ 20[0-9]{2}-[0-9]{2}-[0-9]{2}\ [0-9]{2}:[0-9]{2}:[0-9]{2}\  ]]
}

@test "stat: the processes are those of ipcs -p" {
	make_segment
	[ "$(cell "$id" CPID,LPID)" = \
		"$(ipcs -mp | awk -v id="$id" '$1 == id { print $3 "\t-" }')" ]
	hold "$id"
	[ "$(cell "$id" CPID,LPID)" = \
		"$(ipcs -mp | awk -v id="$id" '$1 == id { print $3 "\t" $4 }')" ]
	[ "$(cell "$id" LPID)" = "$holder" ]
	run shmtool stat -p
	[ "$(heading)" = "ID KEY OWNER CPID CCOMMAND LPID LCOMMAND" ]
}

@test "stat: creators and owners are those of ipcs -c" {
	needs_root
	make_segment
	shmtool set -u nobody:nogroup "$id"
	[ "$(cell "$id" CREATOR,CGROUP,OWNER,GROUP)" = \
		"$(ipcs -mc | awk -v id="$id" '$1 == id {
			print $3 "\t" $4 "\t" $5 "\t" $6 }')" ]
	[ "$(cell "$id" CREATOR,CGROUP,OWNER,GROUP)" = \
		$'root\troot\tnobody\tnogroup' ]
	[ "$(cell "$id" UID,GID,CUID,CGID)" = $'65534\t65534\t0\t0' ]
	run shmtool stat -c
	[ "$(heading)" = "ID KEY PERMS CREATOR CGROUP OWNER GROUP" ]
}

@test "stat: the sum is that of ipcs -u" {
	make_segment 4096
	make_segment 5000
	local larger=$id
	make_segment 1
	hold "$id"
	shmtool write -s x "$id"
	run shmtool stat -u --tsv
	[ "${lines[0]}" = $'SEGMENTS\tUNATTACHED\tDEST\tSIZE\tPAGES\tRSS\tSWAP\tLARGEST' ]
	[ "${lines[1]}" = $'3\t2\t0\t9097\t4\t4096\t0\t5000' ]
	[ "$(ipcs -mu | awk '/allocated|resident/ { printf "%s ", $NF }')" = \
		"3 4 1 " ]
	[ "$(shmtool stat -u --tsv --no-heading -o SEGMENTS,SIZE --unattached)" = \
		$'2\t9096' ]
	[ "$(shmtool stat -u --tsv --no-heading -o SEGMENTS,SIZE "$id" "$larger")" = \
		$'2\t5001' ]
	ipcrm -m "$id"
	[ "$(shmtool stat -u --tsv --no-heading -o SEGMENTS,DEST)" = $'3\t1' ]
}

@test "stat: a sum that is too large for 64 bits is the largest there is" {
	for _ in 1 2 3 4; do
		shmtool create -s 4E --no-reserve ||
			skip "no segment of 4 EiB can be made here"
	done
	[ "$(shmtool stat -u --tsv --no-heading -o SIZE,PAGES)" = \
		$'18446744073709551615\t4503599627370496' ]
	[ "$(shmtool stat -u --no-heading -o SIZE)" = 16.0E ]
	shmtool rm -n --all | grep -q '^would remove 4 of 4, 16.0E$'
}

@test "stat: what cannot be known of memory is unknown, not 0" {
	make_segment
	shmtool write -s x "$id"
	needs_mounts
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc/sysvipc || exit 9
		shmtool stat --tsv --no-heading -o ID,RSS,SWAP
		shmtool stat -u --tsv --no-heading -o SIZE,RSS,SWAP
		shmtool stat -u --json; shmtool stat "$1"' - "$id"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$id"$'\t-\t-' ]
	[ "${lines[1]}" = $'4096\t-\t-' ]
	[[ ${lines[2]} == *'"rss": null, "swap": null'* ]]
	grep -q '^resident  *unknown$' <<<"$output"
}

@test "stat: resident pages are counted" {
	make_segment 1M
	[ "$(cell "$id" RSS,SWAP)" = $'0\t0' ]
	head -c 10000 /dev/zero | shmtool write "$id"
	[ "$(cell "$id" RSS,SWAP)" = $'12288\t0' ]
}

@test "stat: of every size what is resident is known, and no huge page" {
	local size page
	page=$(getconf PAGESIZE)
	for size in 1 4095 4097 61440 61441 65000 65535 65537 1440000 \
		2097151 2097153; do
		make_segment "$size"
		shmtool write -z "$id"
		[ "$(cell "$id" RSS,STATUS)" = \
			"$(((size + page - 1) / page * page))"$'\t-' ]
	done
	[ "$(shmtool stat -u --tsv --no-heading -o RSS)" -gt 0 ]
}

@test "stat: /proc/sysvipc/shm is read once, however many are removed" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "what instruments it is not to be traced"
	local i
	for ((i = 0; i < 20; i++)); do make_segment; done
	strace -f -e trace=open,openat -o "$BATS_TEST_TMPDIR/opens" \
		shmtool rm --all --yes ||
		skip "no tracing here"
	[ "$(grep -c sysvipc/shm "$BATS_TEST_TMPDIR/opens")" -le 1 ]
	[ "$(segments)" -eq 0 ]
}

@test "stat: status words, and what marking does" {
	make_segment
	[ "$(cell "$id" STATUS)" = - ]
	shmtool set --lock "$id"
	[ "$(cell "$id" STATUS)" = locked ]
	hold "$id"
	ipcrm -m "$id"
	[ "$(cell "$id" STATUS)" = dest,locked ]
}

@test "stat: every column is there" {
	local columns=KEY,ID,OWNER,GROUP,CREATOR,CGROUP,UID,GID,CUID,CGID
	columns+=,PERMS,SIZE,RSS,SWAP,NATTCH,STATUS,CPID,CCOMMAND,LPID,LCOMMAND
	columns+=,ATIME,DTIME,CTIME,IDLE,PROCS,NS
	make_segment
	run shmtool stat --tsv -o "$columns"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$(tr , '\t' <<<"$columns")" ]
	[ "$(awk -F'\t' '{ print NF }' <<<"${lines[1]}")" -eq 26 ]
	[ "$(cell "$id" NS)" = "$(readlink /proc/self/ns/ipc | tr -dc 0-9)" ]
}

@test "stat: sizes for people, in bytes with -b, and plain as TSV" {
	make_segment 1572864
	[ "$(shmtool stat --no-heading -o SIZE "$id")" = 1.5M ]
	[ "$(shmtool stat --no-heading -b -o SIZE "$id")" = 1572864 ]
	[ "$(cell "$id" SIZE)" = 1572864 ]
	shmtool stat "$id" | grep -q 'size  *1.5M (1572864 bytes)'
	shmtool stat -b "$id" | grep -q 'size  *1572864 bytes'
	run shmtool stat --tsv -o ID,SIZE
	[ "${lines[0]}" = $'ID\tSIZE' ]
	make_segment 1
	shmtool stat "$id" | grep -qx 'size  *1 byte'
	shmtool stat "$id" | grep -qx 'resident  *0 bytes, swapped 0 bytes'
	# Bytes are of sizes alone.
	[[ $(shmtool stat -b --no-heading -o IDLE "$id") =~ ^\ *[0-9]+s$ ]]
	[[ $(shmtool stat -b --no-heading -o CTIME "$id") == 20*-*-*:*:* ]]
}

@test "stat: sizes from one byte to the largest" {
	! is_32_bit || skip "it asks for 4 GiB at the most"
	local size
	for size in 1 1023 1024 1025 1048575 1048576 1099511627776; do
		id=$(shmtool create --no-reserve -s "$size")
		[ "$(cell "$id" SIZE)" = "$size" ]
		shmtool stat --no-heading -o SIZE "$id"
	done >"$BATS_TEST_TMPDIR/sizes"
	[ "$(xargs <"$BATS_TEST_TMPDIR/sizes")" = \
		"1 1023 1.0K 1.0K 1.0M 1.0M 1.0T" ]
}

@test "stat: columns are aligned, numbers to the right" {
	make_segment 100
	make_segment 100000000
	run shmtool stat -b -o ID,SIZE,OWNER,NATTCH
	[[ ${lines[0]} =~ ^\ *ID\ +SIZE\ \ OWNER\ \ +NATTCH$ ]]
	[ "${#lines[0]}" -eq "${#lines[1]}" ]
	[ "${#lines[1]}" -eq "${#lines[2]}" ]
	[[ ${lines[1]} == *"      100  "* && ${lines[2]} == *"100000000  "* ]]
	# A heading that is not there takes no room.
	run shmtool stat --no-heading -o NATTCH,PERMS,SIZE
	[ "${lines[0]}" = "0  0600  100" ]
}

@test "stat: sorting, backwards too, and equal ones keep their order" {
	run anew '
		for size in 5000 100 5000 70000 100 5000; do make "$size"; done
		ids
		ids --reverse
		ids --sort size
		ids --sort SIZE --reverse
		ids --sort ID --reverse
		ids --sort OWNER
		ids --sort SIZE 3 1 0'
	[ "${lines[0]}" = "0 1 2 3 4 5" ]
	[ "${lines[1]}" = "5 4 3 2 1 0" ]
	[ "${lines[2]}" = "1 4 0 2 5 3" ]
	[ "${lines[3]}" = "3 0 2 5 1 4" ]
	[ "${lines[4]}" = "5 4 3 2 1 0" ]
	[ "${lines[5]}" = "0 1 2 3 4 5" ]
	[ "${lines[6]}" = "1 0 3" ]
}

@test "stat: what is unknown is sorted last, both ways" {
	run anew 'make 1; make 1; make 1; hold 1
		ids --sort LPID; ids --sort LPID --reverse'
	[ "${lines[0]}" = "1 0 2" ]
	[ "${lines[1]}" = "1 0 2" ]
}

@test "stat: what one may not read is shown all the same" {
	needs_root
	make_segment 4096 0
	hold "$id"
	run --separate-stderr without_privilege shmtool stat --tsv --no-heading \
		-o ID,OWNER,PERMS,SIZE,NATTCH,RSS
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\troot\t0000\t4096\t1\t0' ]
	without_privilege shmtool stat "$id" | grep -q '^perms  *0000$'
}

@test "stat: looking leaves no trace" {
	make_key 4d2
	hold "$id"
	local before
	before=$(cat /proc/sysvipc/shm)
	sleep 1.1
	shmtool stat >/dev/null
	shmtool stat "$id" >/dev/null
	shmtool stat -P >/dev/null
	shmtool stat -u --json >/dev/null
	shmtool stat -t -o +PROCS --json 0x4d2 >/dev/null
	shmtool stat --all-ns >/dev/null 2>&1
	[ "$(cat /proc/sysvipc/shm)" = "$before" ]
}
