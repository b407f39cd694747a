# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154

load ../common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# A segment with this key, for what ipcmk cannot do.
make_key() {
	id=$(perl -e 'print shmget(hex shift, shift, 0600 | 01000) // die $!' \
		"$1" "${2:-4096}")
}

# cell ID COLUMN[,COLUMN]: values with tabs between.
cell() {
	shmtool stat --tsv --no-heading -o "$2" "id:$1"
}

# Runs a script where the first segment has id 0 and the next ones follow.
anew() {
	unshare --ipc bash -euc "make() {
		perl -e 'shmget(0, shift, 0600 | 01000) // die \$!' \"\$1\"
	}
	hold() {
		perl -MIPC::SysV=shmat -e 'shmat(shift, undef, 0) // die \$!;
			open my \$f, \">\", shift; sleep 60' \"\$1\" \
			$BATS_TEST_TMPDIR/held 3>&- >&2 &
		until test -e $BATS_TEST_TMPDIR/held; do sleep 0.05; done
		trap \"kill \$!\" EXIT
	}
	ids() { shmtool stat --tsv --no-heading -o ID \"\$@\" | xargs; }
	$1"
}

# The first line of the last run's output, its words with one blank between.
heading() {
	# shellcheck disable=SC2086 # words
	set -- ${lines[0]}
	echo "$*"
}

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

@test "stat: an IPC namespace that cannot be told is unknown, and that is 1" {
	is_plain || skip "what instruments it needs /proc itself"
	make_segment
	needs_mounts
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc || exit 9
		shmtool stat --tsv --no-heading -o ID,NS,NSPID'
	[ "$status" -eq 1 ]
	[ "$output" = "$id"$'\t-\t-' ]
	message_has "cannot tell the IPC namespace"
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

@test "stat: the key that marking took is given back" {
	make_key 4d2
	hold "$id"
	ipcrm -m "$id"
	[ "$(of_id key "$id")" = 0x00000000 ]
	[ "$(cell "$id" KEY)" = 0x000004d2 ]
	shmtool stat "$id" | grep -q 'key .*0x000004d2 until it was marked'
}

@test "stat: a dead creator shows, and a live one by its name" {
	make_segment
	[ "$(cell "$id" CCOMMAND)" = "(gone)" ]
	# One segment after the other is not of one creator for that.
	perl -e '$0 = "creating"; shmget(7, 4096, 0600 | 01000) // die $!;
		system("ipcmk -M 4096 >&2") == 0 or die;
		shmget(8, 4096, 0600 | 01000) // die $!;
		open my $f, ">", shift; sleep 1 while 1' \
		"$BATS_TEST_TMPDIR/made" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/made"
	[ "$(shmtool stat --tsv --no-heading -o CPID,CCOMMAND 0x7)" = \
		"$!"$'\tcreating' ]
	[ "$(shmtool stat --tsv --no-heading -o CCOMMAND | xargs)" = \
		"(gone) creating (gone) creating" ]
}

@test "stat: a last user that nobody was, is, or was" {
	make_segment
	[ "$(cell "$id" LCOMMAND)" = - ]
	NAME=using hold "$id"
	[ "$(cell "$id" LCOMMAND)" = using ]
	release
	[ "$(cell "$id" LCOMMAND)" = "(gone)" ]
}

@test "stat: a reused number is not taken for the creator" {
	[ -w /proc/sys/kernel/ns_last_pid ] && [ "$(id -u)" -eq 0 ] ||
		skip "cannot choose a pid here: ns_last_pid is not writable"
	needs_mounts
	# In a PID namespace of its own numbers are easily had again, on what
	# seems to be a machine where they have all been used.
	awk '$1 == "processes" { $2 = "4000000000" } 1' /proc/stat \
		>"$BATS_TEST_TMPDIR/stat"
	run unshare --pid --fork --mount-proc bash -c '
		mount --bind "$0" /proc/stat || exit
		id=$(perl -e "print shmget(0, 4096, 0600 | 01000)")
		pid=$(shmtool stat --tsv --no-heading -o CPID "id:$id")
		sleep 4
		for try in 1 2 3 4 5; do
			echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
			sleep 30 &
			[ $! -eq "$pid" ] && break
		done
		[ $! -eq "$pid" ] || { echo no luck; exit; }
		until grep -q sleep "/proc/$pid/comm"; do sleep 0.05; done
		shmtool stat --tsv --no-heading -o CCOMMAND "id:$id"
		shmtool stat --json "id:$id"
		shmtool stat "id:$id"' "$BATS_TEST_TMPDIR/stat"
	[ "${lines[0]}" != "no luck" ] || skip "the number was not had again"
	[ "${lines[0]}" = "(reused)" ]
	[[ ${lines[1]} == *'"ccommand": null, "ccommand_life": "reused"'* ]]
	[[ $output == *"gone (the number is now that of sleep)"* ]]
}

@test "stat: -o chooses, adds, and takes small letters" {
	make_segment 4096
	run shmtool stat -o size,ID
	[ "$(heading)" = "SIZE ID" ]
	run shmtool stat -o +group,ID
	[ "$(heading)" = "ID KEY OWNER PERMS SIZE RSS NATTCH IDLE CPID CCOMMAND STATUS GROUP" ]
	run shmtool stat -t --output=+SIZE
	[ "$(heading)" = "ID KEY OWNER ATIME DTIME CTIME IDLE SIZE" ]
	run shmtool stat -o ID,id,Id
	[ "$(heading)" = "ID" ]
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

@test "stat: operands select rows, in their order, and as often as named" {
	make_segment
	local a=$id
	make_key 4d2
	local b=$id
	make_segment
	[ "$(shmtool stat --tsv --no-heading -o ID "$id" key:1234 "id:$id" "$a" |
		xargs)" = "$id $b $id $a" ]
}

@test "stat: everything about one" {
	make_key 4d2 1572864
	hold "$id"
	run --separate-stderr shmtool stat 0x4d2
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	local owner
	owner=$(id -un)
	for line in "id  *$id" "key  *0x000004d2" \
		"owner  *$owner ($(id -u)), group $(id -gn) ($(id -g))" \
		"creator  *$owner" "perms  *0600" "size  *1.5M (1572864 bytes)" \
		"resident  *0 bytes, swapped 0 bytes" "status  *-" \
		"created by  *[0-9]*, gone" "last used by  *$holder (perl), alive" \
		"attach  *20.* ago" "detach  *never" "change  *20.* ago" \
		"attached  *1 mapping, 1 process seen" \
		" *$holder  $owner  perl  *rw  *0x[0-9a-f]*  1.5M  *1"; do
		grep -q "^$line" <<<"$output" || { echo "no $line"; return 1; }
	done
}

@test "stat: details of several have an empty line between them" {
	make_segment
	local first=$id
	make_segment
	run shmtool stat "$first" "$id"
	[ "$(grep -c '^id ' <<<"$output")" -eq 2 ]
	[ "$(grep -c '^$' <<<"$output")" -eq 1 ]
}

@test "stat: a private segment says so" {
	id=$(shmtool create -s 1)
	shmtool stat "$id" | grep -q '^key  *none (private)$'
	[ "$(cell "$id" KEY)" = 0x00000000 ]
}

@test "stat: each part of the proof of staleness" {
	id=$(shmtool create -s 4096)
	run shmtool stat "$id"
	[[ $output =~ stale\ +no:\ not\ attached\;\ not\ marked\;\ creator\ [0-9]+,\ gone\;\ never\ attached\;\ idle\ [0-9]+s\ of\ 1h00m ]]
	hold "$id"
	shmtool stat "$id" |
		grep -q "^stale  *no: attached;.*last attach by $holder (perl), alive"
	release
	shmtool stat "$id" | grep -q "last detach by [0-9]*, gone"
	hold "$id"
	ipcrm -m "$id"
	shmtool stat "$id" | grep -q "^stale  *no: attached; marked for removal;"
}

@test "stat: stale ones, with --idle 0 at once" {
	id=$(shmtool create -s 4096)
	[ -z "$(shmtool stat --stale --no-heading)" ]
	[ "$(shmtool stat --stale --idle 0 --tsv --no-heading -o ID,STATUS)" = \
		"$id"$'\tstale' ]
	[ "$(cell "$id" STATUS)" = - ]
	hold "$id"
	[ -z "$(shmtool stat --stale --idle 0 --no-heading)" ]
}

@test "stat: filters hold together" {
	run anew '
		make 100; make 5000
		perl -e "shmget(0x4d2, 5000, 0600 | 01000) // die"
		hold 1
		ids --min-size 101
		ids --max-size 100
		ids --min-size 101 --unattached
		ids --key 0x4d2
		ids --private
		ids --pid $!
		ids --owner "$(id -un)" --creator "$(id -u)"
		ids --creator-dead --unattached
		ids --idle 0
		ids --owner 4242
		ids --idle 1d
		ipcrm -m 1
		ids --dest'
	[ "$status" -eq 0 ]
	[ "$output" = "1 2
0
2
2
0 1
1
0 1 2
0 2
0 1 2


1" ]
}

@test "stat: an absent segment is 3, and the others are shown" {
	make_segment
	run --separate-stderr shmtool stat --tsv --no-heading -o ID 99999 "$id"
	[ "$status" -eq 3 ]
	[ "$output" = "$id" ]
	message_has "stat: 99999: no such segment"
	run --separate-stderr shmtool stat 0xdead
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	message_has "stat: 0xdead: no such segment"
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

@test "stat: names are never cut" {
	needs_root
	local name=a-very-long-user-name-of-32-bytes
	needs_mounts
	make_segment
	shmtool set -u 4242:4343 "$id"
	cp /etc/passwd /etc/group "$BATS_TEST_TMPDIR"
	echo "$name:x:4242:4343::/:/bin/sh" >>"$BATS_TEST_TMPDIR/passwd"
	echo "$name-group:x:4343:" >>"$BATS_TEST_TMPDIR/group"
	run unshare --mount sh -c '
		mount --bind "$1/passwd" /etc/passwd
		mount --bind "$1/group" /etc/group
		shmtool stat --no-heading -o OWNER,GROUP' - "$BATS_TEST_TMPDIR"
	[ "$output" = "$name  $name-group" ]
	[ "$(cell "$id" OWNER,GROUP)" = $'4242\t4343' ]
}

@test "stat: names beyond ASCII and hostile ones are safe on a terminal" {
	needs_root
	needs_mounts
	make_segment
	shmtool set -u 4242 "$id"
	local first=$id
	make_segment
	shmtool set -u 4243 "$id"
	make_segment
	shmtool set -u 4244 "$id"
	cp /etc/passwd "$BATS_TEST_TMPDIR"
	printf '%b:0::/:/bin/sh\n' 'm\0303\0274ller:x:4242' \
		'a\033[2J\tb\\c:x:4243' 'bad\0377\0302:x:4244' \
		>>"$BATS_TEST_TMPDIR/passwd"
	run unshare --mount sh -c '
		mount --bind "$1/passwd" /etc/passwd
		export LC_ALL=C.UTF-8
		shmtool stat --no-heading -o OWNER,PERMS
		shmtool stat --tsv --no-heading -o OWNER,PERMS
		LC_ALL=C shmtool stat --no-heading -o OWNER "$2"' \
		- "$BATS_TEST_TMPDIR" "$first"
	[[ ${lines[0]} == m$'\xc3\xbc'"ller "* ]]
	[[ ${lines[1]} == 'a\^[[2J\tb\\c '* ]]
	[[ ${lines[2]} == 'bad\M'* ]]
	[[ ${lines[4]} == 'a\^[[2J\tb\\c'$'\t0600' ]]
	[[ ${lines[6]} == 'm\M-'* ]]
	[[ $output != *$'\033'* && $output != *$'\377'* ]]
	# Aligned by characters, not bytes.
	[ "$(LC_ALL=C.UTF-8 bash -c 'echo ${#1}' - "${lines[0]}")" -eq \
		"${#lines[1]}" ]
}

@test "stat: hidden characters in names are shown by their bytes" {
	make_segment
	local code c
	# Those that turn direction, those that are invisible, and one that
	# cannot be printed.
	for code in 061c 200e 200f 202a 202b 202c 202d 202e 2066 2067 2068 2069 \
		2029 00ad 034f 115f 180b 200b 200c 200d 2060 2064 3164 fe0f \
		feff ffa0 1d173 e0001 e007f; do
		c=$(LC_ALL=C.UTF-8 printf %b "\\U000$code")
		NAME="a${c}b" hold "$id"
		run env LC_ALL=C.UTF-8 shmtool stat -P --no-heading -o COMMAND,PID
		[[ $output == 'a\M'*"b  $holder" ]]
		run env LC_ALL=C.UTF-8 shmtool stat -P --no-heading --tsv -o COMMAND
		[[ $output == 'a\M'*b ]]
		run env LC_ALL=C.UTF-8 shmtool rm "$id"
		[[ $output == *"$holder (a\\M"*"b), nattch 1;"* ]]
		run env LC_ALL=C.UTF-8 shmtool stat "$c"
		[[ $output != *"$c"* && $output == *'stat: \M'* ]]
		shmtool stat -P --json -o COMMAND >"$BATS_TEST_TMPDIR/json"
		LC_ALL=C grep -q '"a\\u[0-9a-f\\u]*b"' "$BATS_TEST_TMPDIR/json"
		[ "$(perl -MJSON::PP -0ne 'printf "%x", ord substr
			decode_json($_)->{attachments}[0]{command}, 1' \
			"$BATS_TEST_TMPDIR/json")" = "$(printf %x "0x$code")" ]
		release
	done
	# Others pass, those beside them too.
	for code in 061b 061d 2010 202f 2070 fdff fe10 00fc; do
		c=$(LC_ALL=C.UTF-8 printf %b "\\U000$code")
		NAME="a${c}b" hold "$id"
		run env LC_ALL=C.UTF-8 shmtool stat -P --no-heading -o COMMAND
		[ "$output" = "a${c}b" ] || { echo "$output"; return 1; }
		run shmtool stat -P --json -o COMMAND
		[[ $output == *"\"a${c}b\""* ]]
		release
	done
}

@test "stat: a command's name is safe on a terminal" {
	make_segment
	NAME=$'a\033]0;b\na\tb' hold "$id"
	run shmtool stat --no-heading -o LCOMMAND,ID "$id"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output != *$'\033'* && $output != *$'\t'* ]]
	[ "$(cell "$id" LCOMMAND,ID | awk -F'\t' '{ print NF }')" -eq 2 ]
	run shmtool stat "$id"
	[[ $output != *$'\033'* ]]
	# One without a name is still not a dead one.
	NAME='' hold "$id"
	[ "$(cat "/proc/$holder/comm")" = "" ]
	[ "$(cell "$id" LCOMMAND)" = "?" ]
	shmtool stat --json "$id" |
		grep -q '"lcommand": null, "lcommand_life": "alive"'
}

@test "stat: every IPC namespace, with a process of each" {
	needs_root
	make_segment
	unshare --ipc sh -c 'ipcmk -M 8192 >/dev/null; touch "$1"; exec sleep 60' \
		- "$BATS_TEST_TMPDIR/there" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/there"
	wait_for grep -qx sleep "/proc/$!/comm"
	local other here
	other=$(readlink "/proc/$!/ns/ipc" | tr -dc 0-9)
	here=$(readlink /proc/self/ns/ipc | tr -dc 0-9)
	run --separate-stderr shmtool stat --all-ns --tsv --no-heading \
		-o NS,NSPID,NSCOMMAND,SIZE
	grep -qx "$other	$!	sleep	8192" <<<"$output"
	grep -q "^$here	.*	4096$" <<<"$output"
	# Not shmtool itself, which is no more.
	[ -d "/proc/$(awk -v here="$here" '$1 == here { print $2 }' \
		<<<"$output")" ]
	run --separate-stderr shmtool stat --all-ns
	[[ $(heading) == "NS NSPID NSCOMMAND ID KEY "* ]]
	run --separate-stderr shmtool stat --all-ns -u --tsv --no-heading \
		-o NS,SEGMENTS,SIZE
	grep -qx "$other	1	8192" <<<"$output"
	grep -qx "$here	1	4096" <<<"$output"
	run --separate-stderr shmtool stat --all-ns 0
	grep -q "^namespace  *$other, of $! (sleep)" <<<"$output"
	[ "$(shmtool stat --all-ns --tsv --no-heading -o SIZE --min-size 8192 \
		2>/dev/null | sort -u | grep -cx 8192)" -eq 1 ]
}

@test "stat: another namespace by --ns" {
	needs_root
	unshare --ipc sh -c 'ipcmk -M 8192 >/dev/null; touch "$1"; exec sleep 60' \
		- "$BATS_TEST_TMPDIR/there" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/there"
	[ "$(shmtool --ns "$!" stat --tsv --no-heading -o SIZE)" = 8192 ]
	[ -z "$(shmtool stat --no-heading)" ]
}

@test "stat: what may not be entered is told" {
	needs_root
	unshare --ipc sleep 60 3>&- &
	holders+=("$!")
	run --separate-stderr without_privilege shmtool stat --all-ns --json
	[ "$status" -eq 0 ]
	[[ $stderr == *"--all-ns:"*"may not be asked for"* ]]
	[[ $output == '{"complete": false,'* ]]
}

@test "stat: a namespace that may be seen and not entered is told" {
	needs_root
	# One's own process, in a namespace that is the superuser's.
	unshare --ipc sh -c 'touch "$1"; exec setpriv --reuid=65534 \
		--regid=65534 --clear-groups sleep 60' - \
		"$BATS_TEST_TMPDIR/there" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/there"
	wait_for grep -qx sleep "/proc/$!/comm"
	run --separate-stderr without_privilege shmtool stat --all-ns --json
	[ "$status" -eq 0 ]
	[[ $output == '{"complete": false,'* ]]
	[[ $stderr =~ --all-ns:\ [0-9]+\ IPC\ namespaces?\ may\ not\ be\ entered ]]
}

@test "stat: a full standard output is 1" {
	make_segment
	local what
	for what in "" --json --tsv "$id" -P -u; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c 'exec shmtool stat "$@" >/dev/full' \
			- $what
		[ "$status" -eq 1 ]
		message_has "stat: standard output: No space left on device"
	done
}

@test "stat: a closed standard output is 1" {
	make_segment
	run --separate-stderr bash -c 'exec shmtool stat >&-'
	[ "$status" -eq 1 ]
	message_has "standard output"
}

@test "stat: a wrong command line is 2, with the reason" {
	make_segment
	local line
	local -a wrong=(
		"-x" "-o" "-o FOO" "-o ID,,KEY" "-o +" "--sort" "--sort FOO"
		"--json --tsv" "-t -p" "-P -u" "-t -o ID" "-c -o SIZE,ID"
		"--owner nosuchuser" "--idle 5x" "--min-size -1" "--key 0x"
		"--min-size 2 --max-size 1" "--key 1 --private"
		"12x" "0x" "id:" "/a/b" ""
		"--sort ID $id" "--reverse $id" "--no-heading $id"
		"-w0" "-wx" "-w -t" "-w -P" "-w -u" "-w -o ID" "-w --sort ID"
		"-w --reverse" "-w --all-ns" "-w --json --tsv" "--json=x"
		"-u -o ID" "-P -o OWNER" "-P --sort OWNER" "--pid 0" "--pid x"
	)
	for line in "${wrong[@]}"; do
		if [ -n "$line" ]; then
			# shellcheck disable=SC2086
			run --separate-stderr shmtool stat $line
		else
			run --separate-stderr shmtool stat ""
		fi
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		[ -z "$output" ]
		message_has "shmtool: stat:"
	done
}

@test "stat: options after operands, and -- before them" {
	make_segment
	[ "$(shmtool stat "$id" --tsv -o ID --no-heading)" = "$id" ]
	[ "$(shmtool stat --tsv -o ID --no-heading -- "$id")" = "$id" ]
}

# Members of the objects in an array of the JSON read, once each.
members() {
	perl -MJSON::PP -0ne '
		my %names;
		for my $row (@{decode_json($_)->{$ENV{ROWS}}}) {
			for my $r ($ENV{NESTED} ? @{$row->{$ENV{NESTED}}} : $row) {
				$names{$_} = 1 for keys %$r;
			}
		}
		print join " ", sort keys %names;'
}

# combination VIEW COLUMN OPERANDS...: a view in each format, as it is, with
# columns chosen and added, and sorted.
# shellcheck disable=SC2086 # views, formats and options are words
combination() {
	local view=$1 column=$2 format options lower=${2,,}
	shift 2
	for format in '' --tsv --json; do
		for options in '' "-o $column" "-o +$column" \
			"--sort $column" "-o $column --sort $column --reverse"; do
			if [[ $options == "-o $column"* && $view == -[tpc] ]]; then
				refused $view $format $options "$@"
				continue
			fi
			# In detail there is nothing to sort.
			if [[ -z $view$format && $options == --sort* && $# -gt 0 ]]
			then
				refused $format $options "$@"
				continue
			fi
			run --separate-stderr shmtool stat $view $format \
				$options "$@"
			[[ $status -eq 0 && -n $output && -z $stderr ]] || {
				echo "$status: $view $format $options $*: $stderr"
				return 1
			}
			case $format in
			--json)
				[[ $options != -o* ]] ||
					grep -q "\"$lower\": " <<<"$output"
				perl -MJSON::PP -0ne 'decode_json($_)' \
					<<<"$output"
				;;
			--tsv)
				[[ $options != -o* ]] ||
					grep -qw "$column" <<<"${lines[0]}"
				;;
			esac
		done
	done
}

refused() {
	run --separate-stderr shmtool stat "$@"
	[[ $status -eq 2 && -z $output ]] || {
		echo "$status: $*"
		return 1
	}
	message_has "shmtool: stat:"
}

# shellcheck disable=SC2086 # views, formats and options are words
@test "stat: every view with every format, columns and operands" {
	make_segment
	hold "$id"
	local first=$id operands view
	make_segment
	for operands in '' "$first" "$first $id"; do
		for view in '' -t -p -c; do
			combination "$view" SIZE $operands
		done
		combination -u LARGEST $operands
		combination -P PID $operands
		combination -P ADDRESS $operands
	done
}

@test "stat: -P --json with operands has the chosen columns in each segment" {
	make_segment
	hold "$id"
	local first=$holder
	hold "$id"
	export ROWS=segments NESTED=
	[[ $(shmtool stat -P --json -o PID "$id" | members) == *" ccommand "* ]]
	NESTED=attachments
	[ "$(shmtool stat -P --json -o PID,KEY "$id" | members)" = \
		"key key_hex pid" ]
	[ "$(shmtool stat -P --json "$id" | members)" = \
		"access address command maps pid size user" ]
	[ "$(shmtool stat -P --json -o PID --sort PID --reverse "$id" |
		grep -o '"pid": [0-9]*' | xargs)" = \
		"pid: $(printf '%s\n' "$first" "$holder" | sort -nr | head -n 1) \
pid: $(printf '%s\n' "$first" "$holder" | sort -n | head -n 1)" ]
}

@test "stat: views go together with formats, filters and operands" {
	make_segment
	local first=$id view
	make_segment
	hold "$id"
	for view in -t -p -c -u -P; do
		shmtool stat "$view" --unattached >/dev/null
		shmtool stat "$view" --sort SIZE --reverse -b >/dev/null
	done
	[ "$(shmtool stat -t --unattached --no-heading --tsv -o +ID |
		cut -f1)" = "$first" ]
	[ "$(shmtool stat -c "$id" --no-heading --tsv | cut -f1)" = "$id" ]
}

@test "stat: an unknown column is named with its option and those there are" {
	for option in --output --sort; do
		run --separate-stderr shmtool stat "$option" FOO
		[ "$status" -eq 2 ]
		message_has "$option: FOO: no such column" " ID KEY OWNER "
		run --separate-stderr shmtool stat -u "$option" ID
		[ "$status" -eq 2 ]
		message_has "$option: ID: no such column" " SEGMENTS "
	done
}

# What was made and left two hours ago, as by dead processes.
@test "stat: an hour makes it stale, in the words, the filter and the proof" {
	make_later
	make_segment
	local stale=$id
	make_segment 8192
	hold "$id"
	[ -z "$(shmtool stat --stale --no-heading)" ]
	[ "$(later shmtool stat --stale --tsv --no-heading -o ID)" = "$stale" ]
	[ "$(later shmtool stat --tsv --no-heading -o STATUS | xargs)" = \
		"stale -" ]
	# --idle overrides the hour, both ways.
	[ -z "$(later shmtool stat --stale --idle 3h --no-heading)" ]
	[ "$(later shmtool stat --idle 3h --tsv --no-heading -o ID,STATUS)" = "" ]
	run later shmtool stat "$stale"
	[[ $output =~ status\ +stale ]]
	[[ $output =~ stale\ +yes:\ not\ attached.*idle\ 2h00m$'\n' ]]
	later shmtool stat --json "$stale" |
		grep -q '"stale": true.*"last_user_gone": true, "idle_enough": true'
}

@test "stat: how long idle, in minutes, hours and days" {
	local seconds
	make_segment
	for seconds in 150:2m 7260:2h01m 183700:2d03h; do
		make_later "${seconds%:*}"
		[ "$(later shmtool stat --no-heading -o IDLE | xargs)" = \
			"${seconds#*:}" ]
		run later shmtool stat "$id"
		[[ $output == *"idle ${seconds#*:}"* ]]
	done
}

@test "stat: a holder that the pid namespace hides is told of" {
	local space=(unshare --pid --fork --kill-child --mount-proc)
	"${space[@]}" true 2>/dev/null ||
		skip "no PID namespace can be made here"
	make_segment
	hold "$id"
	run --separate-stderr "${space[@]}" shmtool stat --tsv --no-heading \
		-o ID,NATTCH,PROCS
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\t1\t0' ]
	message_has "stat: attachments of 1 segment are not all known" \
		"in a PID namespace not seen from here"
}

@test "stat: a creator and a user that the pid namespace hides are unknown" {
	make_segment
	local pids='unshare --pid --fork --kill-child'
	$pids true 2>/dev/null || skip "no PID namespace can be made here"
	hold "$id"
	release
	# With the /proc of the namespace above numbers mean nothing.
	run $pids shmtool stat --tsv --no-heading -o CPID,CCOMMAND,LPID,LCOMMAND \
		"$id"
	[ "$output" = $'-\t-\t-\t-' ]
	run $pids shmtool stat "$id"
	[[ $output =~ created\ by\ +a\ process\ that\ cannot\ be\ seen ]]
	[[ $output =~ last\ used\ by\ +a\ process\ that\ cannot\ be\ seen ]]
	run $pids shmtool stat --json "$id"
	[[ $output == *'"ccommand": null, "ccommand_life": "unknown"'* ]]
	[[ $output == *'"stale": false'* && $output == *'"creator_gone": false'* ]]
	[ -z "$($pids shmtool stat --stale --idle 0 --no-heading)" ]
	[ "$(shmtool stat --stale --idle 0 --tsv --no-heading -o ID)" = "$id" ]
}

@test "stat: without /proc a process may have exited" {
	needs_mounts
	! is_valgrind || skip "valgrind needs /proc"
	make_segment
	perl -e 'shmread($ARGV[0], my $bytes, 0, 1) or die;
		open my $f, ">", $ARGV[1];
		close $f; sleep 60' "$id" "$BATS_TEST_TMPDIR/looked" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/looked"
	run unshare --mount sh -c 'mount -t tmpfs none /proc &&
		exec shmtool stat "$1"' - "$id"
	grep -Eq "^last used by +$!, may have exited$" <<<"$output"
	grep -Eq "^stale +no: .*; last detach by $!, may have exited; idle" \
		<<<"$output"
}

@test "stat: a lost key that nobody tells is unknown" {
	id=$(shmtool create -k 0x4d2 -s 1)
	hold "$id"
	ipcrm -m "$id"
	run without_privilege shmtool stat "$id"
	grep -Eq '^key +unknown: lost when it was marked for removal$' \
		<<<"$output"
	run shmtool stat "$id"
	grep -Eq '^key +0x000004d2 until it was marked for removal$' \
		<<<"$output"
}

@test "stat: what logind removes at logout is marked so" {
	needs_root
	needs_mounts
	make_segment
	local ours=$id
	make_segment
	shmtool set -u 4242 "$id"
	# Where no logind runs.
	run unshare --mount sh -c 'mount -t tmpfs none /run &&
		shmtool stat "$1" && shmtool stat --json "$1"' - "$id"
	[ "$status" -eq 0 ]
	[[ $output != *"at logout"* && $output == *'"logout_removes": false'* ]]
	# As where logind runs, with its defaults.
	run unshare --mount sh -c '
		mount -t tmpfs none /run && mount -t tmpfs none /etc &&
		mkdir -p /run/systemd/users /etc/systemd &&
		shmtool stat "$1" && echo --- && shmtool stat "$2" &&
		shmtool stat --json "$1" "$2"' - "$id" "$ours"
	[ "$status" -eq 0 ]
	grep -q '^at logout  *systemd-logind removes it' <<<"${output%%---*}"
	[ "$(grep -c '^at logout' <<<"$output")" -eq 1 ]
	[ "$(grep -o '"logout_removes": [a-z]*' <<<"$output" | xargs)" = \
		"logout_removes: true logout_removes: false" ]
	# Switched off.
	run unshare --mount sh -c '
		mount -t tmpfs none /run && mount -t tmpfs none /etc &&
		mkdir -p /run/systemd/users /etc/systemd &&
		printf "[Login]\nRemoveIPC=no\n" >/etc/systemd/logind.conf &&
		shmtool stat "$1" && shmtool stat --json "$1"' - "$id"
	[ "$status" -eq 0 ]
	[[ $output != *"at logout"* ]]
	[[ $output == *'"logout_removes": false'* ]]
}
