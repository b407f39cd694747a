#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat of POSIX objects: the kinds and names that filters choose, the columns,
# who uses an object, and the proof that it is stale.

load ../common

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	clear_shm
}

# make_object NAME BYTES: an object of so many bytes, all of them written.
make_object() {
	head -c "$2" /dev/zero | tr '\0' x >"/dev/shm/$1"
}

# The IDs that stat lists, joined by commas.
ids() {
	shmtool stat "$@" --tsv --no-heading -o ID 2>/dev/null | paste -sd,
}

# column NAME COLUMN: one value of an object.
column() {
	shmtool stat "$1" --tsv --no-heading -o "$2" 2>/dev/null
}

# The part $PART of the JSON read, as JSON.
json() {
	perl -MJSON::PP -0ne '
		print JSON::PP->new->canonical->allow_nonref->encode(
			eval "decode_json(\$_)->$ENV{PART}"), "\n"'
}

@test "stat: POSIX objects are listed only where they are asked for" {
	local id
	id=$(shmtool create -s 4096)
	make_object psm_1 10000
	[ "$(ids)" = "$id" ]
	[ "$(ids --kind sysv)" = "$id" ]
	[ "$(ids --kind posix)" = /psm_1 ]
	[ "$(ids --kind sysv,posix)" = "$id,/psm_1" ]
	[ "$(ids --kind posix,sysv)" = "$id,/psm_1" ]
	[ "$(ids --kind posix,sysv --sort ID --reverse)" = "/psm_1,$id" ]
	[ "$(ids --kind sysv,posix --not --kind posix)" = "$id" ]
	[ "$(ids --kind sysv,posix --unattached --min-size 4097)" = /psm_1 ]
}

@test "stat: /dev/shm leads to the list of what is in it" {
	for operand in /dev/shm /dev/shm/; do
		run --separate-stderr shmtool stat "$operand"
		[ "$status" -eq 2 ]
		message_has "stat: $operand: a directory: shmtool stat --kind posix"
	done
}

@test "stat: the columns of POSIX objects, KIND first of several kinds" {
	make_object psm_1 10000
	shmtool stat --kind posix 2>/dev/null >"$BATS_TEST_TMPDIR/out"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/out" | xargs)" = \
		"ID OWNER PERMS SIZE RSS NATTCH FDS IDLE PROCS STATUS" ]
	[[ $(sed -n 2p "$BATS_TEST_TMPDIR/out" | xargs) == \
		"/psm_1 $(id -un) 0644 9.8K 12K 0 0 "*s" 0 -" ]]
	shmtool stat --kind all 2>/dev/null >"$BATS_TEST_TMPDIR/out"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/out" | xargs)" = \
		"KIND ID OWNER PERMS SIZE RSS NATTCH FDS IDLE PROCS STATUS" ]
	[ "$(column /psm_1 KIND,KEY,CREATOR,CPID,CCOMMAND,LPID,DTIME | xargs)" = \
		"posix - - - - - -" ]
	[ "$(column /dev/shm/psm_1 ID)" = /psm_1 ]
	touch -d '2 days ago' /dev/shm/psm_1
	[ "$(column /psm_1 MTIME,CTIME,ATIME,BTIME | xargs)" = \
		"$(stat -c '%Y %Z %X %W' /dev/shm/psm_1 | sed 's/ 0$/ -/')" ]
}

@test "stat --kind: unknown kinds are refused" {
	local kind
	for kind in nothing '' 'posix,'; do
		run --separate-stderr shmtool stat --kind "$kind"
		[ "$status" -eq 2 ]
		message_has --kind
	done
	run --separate-stderr shmtool stat --not --kind sysv
	[ "$status" -eq 2 ]
	run --separate-stderr shmtool stat --kind sysv --name x
	[ "$status" -eq 2 ]
	message_has --name
}

@test "stat --name: a pattern, a leading dot and a leading slash" {
	local name
	shmtool create -s 4096
	for name in psm_1 psm_2 .psm other; do make_object "$name" 1; done
	[ "$(ids --name 'psm_*')" = /psm_1,/psm_2 ]
	[ "$(ids --name '/psm_*')" = /psm_1,/psm_2 ]
	[ "$(ids --name '*psm*')" = /.psm,/psm_1,/psm_2 ]
	[ "$(ids --name 'psm_?' --name other)" = /other,/psm_1,/psm_2 ]
	[ "$(ids --name '*' --not --name 'psm_[12]')" = /.psm,/other ]
	# A System V segment has no name, so neither form holds.
	[ "$(ids --kind all --not --name 'psm_*')" = /.psm,/other ]
	run --separate-stderr shmtool stat --name ''
	[ "$status" -eq 2 ]
}

@test "stat: what a POSIX object does not have satisfies neither form" {
	local filter
	make_object psm_1 1
	for filter in --private --dest "--creator root" "--key 1" \
		--creator-dead; do
		# shellcheck disable=SC2086 # words
		[ -z "$(ids --kind posix $filter)" ]
		# shellcheck disable=SC2086 # words
		[ -z "$(ids --kind posix --not $filter)" ]
	done
	[ "$(ids --kind posix --owner "$(id -un)")" = /psm_1 ]
}

@test "stat: links, FIFOs, directories and sockets are no objects" {
	local name
	make_object psm_1 1
	ln -s psm_1 /dev/shm/link
	mkfifo /dev/shm/fifo
	mkdir /dev/shm/dir
	perl -MIO::Socket::UNIX -e \
		'IO::Socket::UNIX->new(Local => "/dev/shm/sock", Listen => 1)'
	[ "$(ids --kind posix)" = /psm_1 ]
	for name in link:link fifo:FIFO dir:directory sock:socket; do
		run --separate-stderr timeout 10 shmtool stat "/${name%:*}"
		[ "$status" -eq 3 ]
		message_has "/${name%:*}" "${name#*:}"
	done
	run --separate-stderr shmtool stat /absent /psm_1
	[ "$status" -eq 3 ]
	message_has "/absent: no such object"
	[[ $output == *"name          /psm_1"* ]]
}

@test "stat: hostile names are safe on a terminal and in JSON" {
	local long escape
	long=$(printf 'x%.0s' {1..255})
	escape=$'a\nb\033[31m'
	make_object "$long" 1
	make_object "$escape" 1
	make_object -n 1
	make_object $'\377' 1
	[ "$(ids --kind posix --name 'x*')" = "/$long" ]
	[ "$(ids --kind posix --name -n)" = /-n ]
	[ "$(ids --kind posix --name 'a*')" = '/a\nb\^[[31m' ]
	[ "$(shmtool stat --kind posix 2>/dev/null | wc -l)" -eq 5 ]
	run shmtool stat --kind posix "/$escape"
	[[ $output != *$'\033'* ]]
	PART='{segments}[0]{name_hex}'
	export PART
	[ "$(shmtool stat --json $'/\377' 2>/dev/null | json)" = '"2fff"' ]
	PART='{segments}[0]{path}'
	[ "$(shmtool stat --json $'/\377' 2>/dev/null | json)" = null ]
	[ "$(shmtool stat --json /-n 2>/dev/null | json)" = '"/-n"' ]
	PART='{segments}[0]{name}'
	[ "$(shmtool stat --json "/$escape" 2>/dev/null | json)" = \
		'"/a\nb\u001b[31m"' ]
}

@test "stat: in use by a descriptor, and by a mapping alone" {
	command -v python3 >/dev/null || skip "no python3, which can map files"
	make_object open 4096
	make_object mapped 4096
	make_object idle 4096
	perl -e 'open F, "<", "/dev/shm/open" or die; close STDIN; sleep 60' \
		3>&- >/dev/null 2>&1 &
	holders+=($!)
	local opener=$!
	python3 -c 'if True:
		import mmap, os, time
		f = os.open("/dev/shm/mapped", os.O_RDWR)
		m = mmap.mmap(f, 0)
		os.close(f)
		time.sleep(60)' 3>&- >/dev/null 2>&1 &
	holders+=($!)
	local mapper=$!
	wait_for grep -q /dev/shm/mapped "/proc/$mapper/maps"
	wait_for test /proc/$opener/fd/3 -ef /dev/shm/open
	[ "$(column /open NATTCH,FDS,PROCS | xargs)" = "0 1 1" ]
	[ "$(column /idle NATTCH,FDS,PROCS | xargs)" = "0 0 0" ]
	[ "$(column /mapped NATTCH,PROCS | xargs)" = "1 1" ] ||
		[ "$(column /mapped NATTCH,PROCS | xargs)" = "2 1" ]
	[ "$(ids --kind posix --unattached)" = /idle ]
	[ "$(ids --kind posix --not --unattached)" = /mapped,/open ]
	[ "$(ids --kind posix --pid "$opener")" = /open ]
	[[ $(shmtool stat --kind posix -P --tsv --no-heading -o ID,PID,ADDRESS \
		2>/dev/null) == *"/open"$'\t'"$opener"$'\t'"-"* ]]
	export PART='{segments}[0]{in_use}'
	[ "$(shmtool stat --json /open 2>/dev/null | json)" = true ]
	[ "$(shmtool stat --json /idle 2>/dev/null | json)" = false ]
	[[ $(shmtool stat /open 2>/dev/null) == *"no: in use;"*"used by       1 process, 0 mappings, 1 descriptor"* ]]
}

@test "stat: a file with the same inode number elsewhere is no use of it" {
	local other=$BATS_TEST_TMPDIR/other
	mkdir "$other"
	mount -t tmpfs tmpfs "$other" 2>/dev/null || skip "cannot mount here"
	make_object x 4096
	# The numbers of each tmpfs go up from 2.
	perl -e 'my $inode = (stat "/dev/shm/x")[1];
		do {
			open $f, ">", "$ARGV[0]/" . $n++ or die $!;
		} until (stat $f)[1] >= $inode;
		rename "$ARGV[0]/" . ($n - 1), "$ARGV[0]/same" or die $!' "$other"
	[ "$(stat -c %i "$other/same")" = "$(stat -c %i /dev/shm/x)" ]
	sleep 60 5<"$other/same" 3>&- &
	holders+=($!)
	wait_for grep -qx sleep "/proc/$!/comm"
	[ "$(column /x FDS,PROCS | xargs)" = "0 0" ]
	release
	umount -l "$other"
}

@test "stat: stale, once the owner has no process and the kernel agrees" {
	needs_root "changes owners"
	needs_all_processes
	make_object left 4096
	chown 5151:5151 /dev/shm/left
	make_object sem.left 32
	chown 5151:5151 /dev/shm/sem.left
	make_object ours 4096
	make_object linked 4096
	chown 5151:5151 /dev/shm/linked
	mkdir /dev/shm/dir
	ln /dev/shm/linked /dev/shm/dir/second
	wait_for sh -c '[ "$(date +%s)" -gt "$(($(stat -c %Z \
		/dev/shm/linked) + 1))" ]'
	[ -z "$(ids --kind posix --stale)" ]
	[ "$(ids --kind posix --stale --idle 0)" = /left ]
	[ "$(ids --name 'sem.*' --stale --idle 0)" = "" ]
	[ "$(column /sem.left STATUS)" = sem ]
	[[ $(shmtool stat /left 2>/dev/null) == *"stale         no: not in use; no semaphore; no process of its owner is as old as it; idle "* ]]
	[[ $(shmtool stat /linked 2>/dev/null) == *"more than one name"* ]]
	[[ $(shmtool stat /ours 2>/dev/null) == *"of its owner is as old"* ]]
	# A process of the owner that is older may come back for it.
	setpriv --reuid=5151 --clear-groups sleep 60 3>&- >/dev/null 2>&1 &
	holders+=($!)
	wait_for sh -c "[ \"\$(stat -c %u /proc/$!)\" = 5151 ]"
	touch /dev/shm/left
	chown 5151:5151 /dev/shm/left
	wait_for sh -c '[ "$(date +%s)" -gt "$(($(stat -c %Z \
		/dev/shm/left) + 1))" ]'
	[ -z "$(ids --kind posix --stale --idle 0)" ]
	[ "$(ids --kind posix --not --stale --idle 0)" = \
		/left,/linked,/ours,/sem.left ]
}

@test "stat: another user cannot ask the kernel, and nothing is guessed" {
	needs_root "becomes another user"
	make_object foreign 4096
	run --separate-stderr without_privilege shmtool stat /foreign
	[ "$status" -eq 0 ]
	[[ $output == *"use unknown"*"used by       no process that can be seen" ]]
	run --separate-stderr without_privilege shmtool stat --json /foreign
	[[ $output == *'"in_use": null'*'"unused": null'* ]]
	[ "$(without_privilege shmtool stat --kind posix --unattached \
		--tsv --no-heading -o ID 2>/dev/null)" = "" ]
	[ "$(without_privilege shmtool stat --kind posix --not --unattached \
		--tsv --no-heading -o ID 2>/dev/null)" = "" ]
	# The pid may be that of a process that may not be looked into.
	[ "$(without_privilege shmtool stat --kind posix --not --pid 1 \
		--tsv --no-heading -o ID 2>/dev/null)" = "" ]
	[ "$(without_privilege shmtool stat --kind posix \
		--tsv --no-heading -o ID 2>/dev/null)" = /foreign ]
}

# A user outside of the PID namespace of who looks.
in_pid_namespace() {
	unshare --pid --fork --mount-proc "$@"
}

@test "stat: in use by processes that cannot be seen, in each form" {
	in_pid_namespace true 2>/dev/null ||
		skip "no PID namespace can be made here"
	make_object hidden 4096
	hold_open hidden
	local list=(in_pid_namespace shmtool stat --kind posix)
	[ "$("${list[@]}" --tsv --no-heading -o PROCS,STATUS 2>/dev/null)" = \
		$'0\tused' ]
	[ "$("${list[@]}" --unattached --tsv --no-heading 2>/dev/null)" = "" ]
	[[ $("${list[@]}" --color=always 2>/dev/null) == \
		*$'\n\033[31m/hidden '*used$'\033[m' ]]
	run --separate-stderr "${list[@]}" --json
	[[ $output == '{"complete": false, '* ]]
	message_has "stat: 1 segment may have more users"
	run --separate-stderr in_pid_namespace shmtool stat /hidden
	[[ $output == *"no: in use; "*"used by       processes that cannot be seen" ]]
}

@test "stat --json: each part of the proof that an object is stale" {
	local name
	for name in plain linked held; do make_object "$name" 33; done
	make_object sem.a 32
	ln /dev/shm/linked /dev/shm/second
	hold_open held
	# The creator is unknown within the second of the last change.
	proof() {
		PART='{segments}[0]{proof}' json < <(shmtool stat --json "/$1" \
			2>/dev/null) | sed 's/"creator_gone":null/"creator_gone":false/'
	}
	expect() {
		printf '{"creator_gone":false,"idle_enough":false,%s%s,%s%s,%s%s}' \
			'"no_semaphore":' "$1" '"one_name":' "$2" \
			'"stale":false,"unused":' "$3"
	}
	[ "$(proof plain)" = "$(expect true true true)" ]
	[ "$(proof linked)" = "$(expect true false true)" ]
	[ "$(proof held)" = "$(expect true true false)" ]
	[ "$(proof sem.a)" = "$(expect false true true)" ]
	[[ $(shmtool stat /sem.a 2>/dev/null) == *"; a semaphore; "* ]]
}

@test "stat: views, sums and the order of POSIX objects" {
	make_object a 10000
	make_object b 4096
	make_object c 20000
	[ "$(ids --kind posix --sort SIZE)" = /b,/a,/c ]
	[ "$(ids --kind posix --sort ID --reverse)" = /c,/b,/a ]
	[ "$(shmtool stat -u --kind posix -b --tsv --no-heading \
		-o SEGMENTS,UNATTACHED,SIZE,LARGEST 2>/dev/null | xargs)" = \
		"3 3 34096 20000" ]
	[ "$(shmtool stat -u --by KIND --kind sysv,posix --tsv --no-heading \
		2>/dev/null | cut -f1,2 | xargs)" = "posix 3" ]
	[ "$(shmtool stat -t --kind posix --tsv 2>/dev/null | head -n 1 |
		xargs)" = "ID OWNER ATIME MTIME CTIME BTIME IDLE" ]
}

@test "stat: looking leaves the times of an object as they are" {
	make_object psm_1 4096
	local before
	before=$(stat -c '%X %Y %Z' /dev/shm/psm_1)
	touch -a -d '2 days ago' /dev/shm/psm_1
	before=$(stat -c '%X %Y %Z' /dev/shm/psm_1)
	shmtool stat --kind posix >/dev/null 2>&1
	shmtool stat /psm_1 >/dev/null 2>&1
	[ "$(stat -c '%X %Y %Z' /dev/shm/psm_1)" = "$before" ]
}

@test "stat: a terminal also tells of what was not asked for" {
	needs_terminal
	local out=$BATS_TEST_TMPDIR/typescript
	make_object a 8192
	make_object b 4096
	script -qec 'shmtool stat' /dev/null </dev/null >"$out"
	grep -q 'also 2 POSIX objects, 12K: --kind posix' "$out"
	script -qec 'shmtool stat --kind sysv' /dev/null </dev/null >"$out"
	! grep -q also "$out" || false
	mkdir /dev/shm/dir
	head -c 4096 /dev/zero >/dev/shm/dir/file
	script -qec 'shmtool stat --kind posix' /dev/null </dev/null >"$out"
	grep -q 'also 1 file in directories of /dev/shm, 4.0K: no obj' "$out"
	grep -q '/dev/shm: 1.0G, [0-9.]*K used, .* free' "$out"
	run --separate-stderr shmtool stat
	[ -z "$stderr" ]
	rm /dev/shm/a /dev/shm/b
	script -qec 'shmtool stat' /dev/null </dev/null >"$out"
	! grep -q also "$out" || false
}
