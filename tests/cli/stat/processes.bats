# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# Who is attached: stat -P, PROCS, the list in stat SEGMENT.

load ../common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# Runs perl with shmat and friends at hand, a script that calls ready() when
# there is something to see and then waits; $holder is its pid.
attach_by() {
	local ready="$BATS_TEST_TMPDIR/ready.$RANDOM$RANDOM"
	READY=$ready perl -MIPC::SysV=shmat,shmdt,SHM_RDONLY -e '
		sub ready {
			open my $f, ">", $ENV{READY} or die $!;
			close $f;
			sleep 1 while 1;
		}'"$1" "${@:2}" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$ready"
}

# rows [COLUMN,...]: the table of -P, columns with tabs between.
rows() {
	shmtool stat -P --tsv --no-heading -o "$@"
}

@test "processes: a row for each process and segment" {
	make_segment 100
	local first=$id
	make_segment 8192
	NAME=one hold "$first" "$id"
	local one=$holder
	NAME=two hold "$id"
	run --separate-stderr shmtool stat -P
	[ -z "$stderr" ]
	[[ ${lines[0]} =~ ^ID\ +KEY\ +PID\ +USER\ +COMMAND\ +ACCESS\ +ADDRESS\ +SIZE\ +MAPS$ ]]
	[ "${#lines[@]}" -eq 4 ]
	[ "$(rows ID,PID,COMMAND,ACCESS,SIZE,MAPS | sort)" = "$(sort <<-TXT
		$first	$one	one	rw	4096	1
		$id	$one	one	rw	8192	1
		$id	$holder	two	rw	8192	1
	TXT
	)" ]
	[ "$(rows KEY,USER "$first")" = \
		"$(of_id key "$first")"$'\t'"$(id -un)" ]
}

@test "processes: the address is where it is mapped" {
	make_segment
	hold "$id"
	[ "$(rows ADDRESS)" = "0x$(awk -v id="$id" \
		'$5 == id && /SYSV/ { sub("-.*", "", $1); sub("^0*", "", $1); print $1 }' \
		"/proc/$holder/maps")" ]
}

@test "processes: PROCS counts processes, NATTCH mappings" {
	make_segment
	attach_by 'shmat($ARGV[0], undef, 0) // die $! for 1, 2; ready()' "$id"
	hold "$id"
	[ "$(shmtool stat --tsv --no-heading -o NATTCH,PROCS)" = $'3\t2' ]
	[ "$(rows PID,SIZE,MAPS --sort MAPS --reverse | head -n 1)" = \
		"${holders[0]}"$'\t8192\t2' ]
	shmtool stat "$id" | grep -q '^attached  *3 mappings, 2 processes seen$'
}

@test "processes: a fork is one more" {
	make_segment
	attach_by 'shmat($ARGV[0], undef, 0) // die $!;
		my $child = fork // die $!;
		if (!$child) { sleep 60; exit }
		$SIG{TERM} = sub { kill KILL => $child; exit };
		ready()' "$id"
	[ "$(rows PID | wc -l)" -eq 2 ]
	rows PID | grep -qx "$holder"
	[ "$(shmtool stat --tsv --no-heading -o NATTCH,PROCS)" = $'2\t2' ]
}

@test "processes: threads are one process" {
	make_segment
	perl -Mthreads -e 1 2>/dev/null || skip "perl has no threads here"
	attach_by 'use threads; shmat($ARGV[0], undef, 0) // die $!;
		threads->create(sub { sleep 60 })->detach for 1 .. 3; ready()' \
		"$id"
	[ "$(find "/proc/$holder/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 4 ]
	[ "$(rows PID,MAPS)" = "$holder"$'\t1' ]
}

@test "processes: a mapping split in two is still one process" {
	make_segment 12288
	local whole=$id
	make_segment 4096
	# Its middle page is replaced by another segment: SHM_REMAP, 040000.
	attach_by 'my $at = shmat($ARGV[0], undef, 0) // die $!;
		my $middle = pack "J", 4096 + unpack "J", $at;
		shmat($ARGV[1], $middle, 040000) // die $!; ready()' "$whole" "$id"
	[ "$(of_id nattch "$whole")" -eq 2 ]
	[ "$(rows ID,PID,SIZE,MAPS "$whole")" = "$whole"$'\t'"$holder"$'\t8192\t2' ]
	[ "$(rows ID,PID,SIZE,MAPS "$id")" = "$id"$'\t'"$holder"$'\t4096\t1' ]
	[[ $(shmtool stat -P --json) == '{"complete": true,'* ]]
}

@test "processes: access is r, rw, rx or rwx" {
	make_segment 4096 0700
	READONLY=1 hold "$id"
	[ "$(rows ACCESS)" = r ]
	release
	hold "$id"
	[ "$(rows ACCESS)" = rw ]
	release
	# SHM_EXEC is 0100000.
	attach_by 'shmat($ARGV[0], undef, 0100000 | SHM_RDONLY) // die $!; ready()' \
		"$id"
	[ "$(rows ACCESS)" = rx ]
	release
	attach_by 'shmat($ARGV[0], undef, 0100000) // die $!; ready()' "$id"
	[ "$(rows ACCESS)" = rwx ]
}

@test "processes: a segment marked for removal has its key back" {
	id=$(shmtool create -k 0x4d2 -s 4096)
	hold "$id"
	ipcrm -m "$id"
	[ "$(rows ID,KEY,PID)" = "$id"$'\t0x000004d2\t'"$holder" ]
	[ "$(shmtool stat --tsv --no-heading -o KEY,STATUS)" = $'0x000004d2\tdest' ]
	# Its key may be that of another one by now.
	shmtool create -k 0x4d2 -s 4096
	[ "$(shmtool stat --tsv --no-heading -o KEY | uniq -c | xargs)" = \
		"2 0x000004d2" ]
	[ "$(shmtool stat --dest --tsv --no-heading -o ID --key 0x4d2)" = "$id" ]
}

@test "processes: a private segment marked for removal has no key to give" {
	id=$(shmtool create -s 4096)
	hold "$id"
	ipcrm -m "$id"
	[ "$(shmtool stat --tsv --no-heading -o KEY)" = 0x00000000 ]
}

@test "processes: huge pages show" {
	needs_root
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	# Without a reservation it needs no free page.
	id=$(shmtool create --huge -s 2M --no-reserve 2>/dev/null) ||
		skip "no huge pages here"
	hold "$id"
	[ "$(rows PID,SIZE)" = "$holder"$'\t2097152' ]
	shmtool stat "$id" | grep -q '^status  *huge$'
	[ "$(shmtool stat --tsv --no-heading -o STATUS,PROCS)" = $'huge\t1' ]
}

@test "processes: the same id in another namespace is not ours" {
	needs_root
	make_segment
	unshare --ipc perl -MIPC::SysV=shmat -e '
		my $id;
		do {
			shmctl($id, 0, 0) if defined $id;
			$id = shmget(0, 4096, 0600 | 01000) // die $!;
		} while ($id < $ARGV[1]);
		shmat($id, undef, 0) // die $!;
		open my $f, ">", $ARGV[0]; print $f $id; close $f;
		sleep 60' "$BATS_TEST_TMPDIR/there" "$id" 3>&- &
	holders+=("$!")
	wait_for test -s "$BATS_TEST_TMPDIR/there"
	[ "$(cat "$BATS_TEST_TMPDIR/there")" = "$id" ]
	[ -z "$(rows PID)" ]
	[ "$(shmtool --ns "$!" stat -P --tsv --no-heading -o PID)" = "$!" ]
	run --separate-stderr shmtool stat --all-ns -P --tsv --no-heading \
		-o NS,PID,ID --idle 0
	grep -qx "$(readlink "/proc/$!/ns/ipc" | tr -dc 0-9)	$!	$id" <<<"$output"
}

@test "processes: others' may not be looked into, and that is said" {
	needs_root
	make_segment
	hold "$id"
	run --separate-stderr without_privilege shmtool stat -P
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	message_has "stat: 1 segment may have more users" \
		"unreadable process"
	run --separate-stderr without_privilege shmtool stat -P --json
	[[ $output == '{"complete": false, "attachments": []}' ]]
	run --separate-stderr without_privilege shmtool stat --json "$id"
	[[ $output == '{"complete": false, '* ]]
	run --separate-stderr without_privilege shmtool stat "$id"
	message_has "may have more users"
	grep -q '^attached  *1 mapping, 0 processes seen$' <<<"$output"
	# What is not asked for is not missing.
	run --separate-stderr without_privilege shmtool stat --json
	[[ $output == '{"complete": true, '* && -z $stderr ]]
}

# In a PID namespace with just COUNT processes of root's, one of which has
# the segment, and a dead one, what shmtool stat says to a user without rights.
among() {
	local count=$1
	shift
	rm -f "$BATS_TEST_TMPDIR/among"
	run --separate-stderr unshare --pid --fork --mount-proc \
		bash -c "$(declare -f without_privilege)"'
		perl -MIPC::SysV=shmat -e "
			shmat(\$ARGV[0], undef, 0) // die;
			fork || exit;
			open F, q(>), \$ARGV[1]; sleep 60" "$1" "$2" 3>&- &
		until test -e "$2"; do sleep 0.05; done
		shift 2
		for ((n = $1; n > 2; n--)); do sleep 60 3>&- & done
		shift
		without_privilege shmtool stat "$@"
		exit' bash "$id" "$BATS_TEST_TMPDIR/among" "$count" "$@"
}

@test "processes: those that may not be looked into are counted" {
	needs_root
	needs_mounts
	make_segment
	among 2 -P
	[ "$stderr" = "shmtool: stat: 1 segment may have more users:\
 at least 2 unreadable processes" ]
	among 7 "$id"
	[ "$stderr" = "shmtool: stat: 1 segment may have more users:\
 at least 7 unreadable processes" ]
	among 5 --json -o +PROCS
	[ "$stderr" = "shmtool: stat: 1 segment may have more users:\
 at least 5 unreadable processes" ]
	[[ $output == '{"complete": false, '* ]]
	among 4 --all-ns -o NS
	[ "$stderr" = "shmtool: stat: --all-ns: the namespace of at least\
 4 processes may not be read" ]
	among 4 --all-ns --json -o NS
	[[ $output == '{"complete": false, '* ]]
}

# How many live processes would not tell their namespace, and how many threads
# of the kernel (PF_KTHREAD) would not.
shut() {
	without_privilege perl -e '
		my ($n, $kernel) = (0, 0);
		for (glob "/proc/[0-9]*") {
			next if readlink "$_/ns/ipc" or !$!{EACCES};
			open my $f, "<", "$_/stat" or next;
			my ($state, @rest) = split / /, <$f> =~ s/.*\) //r;
			if ($rest[5] & 0x200000) { $kernel++ }
			elsif ($state !~ /[ZX]/) { $n++ }
		}
		print "$n $kernel"'
}

@test "processes: threads of the kernel are not counted as hidden" {
	needs_root
	local said there kernel
	# Other processes come and go: a few more or less.
	for _ in {1..20}; do
		run --separate-stderr without_privilege shmtool stat --all-ns
		said=$(sed -n 's/.*of at least \([0-9]*\) process.* may not be read.*/\1/p' \
			<<<"$stderr")
		read -r there kernel <<<"$(shut)"
		[ "$kernel" -ge 10 ] || skip "hardly any kernel threads here"
		((2 * (said - there) >= kernel ||
			2 * (there - said) >= kernel)) || return 0
	done
	echo "said $said, there are $there, and $kernel of the kernel" >&2
	false
}

@test "processes: those that /proc does not list are not forgotten" {
	in_hidepid "without_privilege shmtool stat --kind memfd"
	[ "$status" -eq 0 ]
	message_has "stat: not listed: memory held only by at least 1 unreadable"
	in_hidepid "shmtool stat --kind memfd"
	[ -z "$stderr" ]
}

@test "processes: one's own are all that is needed, with others hidden" {
	needs_root
	without_privilege perl -MIPC::SysV=shmat -e '
		my $id = shmget(0, 4096, 0600 | 01000) // die $!;
		shmat($id, undef, 0) // die $!;
		$| = 1;
		print $$;
		sleep 60' >"$BATS_TEST_TMPDIR/pid" 3>&- &
	wait_for test -s "$BATS_TEST_TMPDIR/pid"
	holders+=("$(cat "$BATS_TEST_TMPDIR/pid")")
	run --separate-stderr without_privilege shmtool stat -P --json
	[[ $output == '{"complete": true, '*"\"pid\": ${holders[0]},"* ]]
	[ -z "$stderr" ]
}

@test "processes: with operands and filters" {
	make_segment
	local first=$id
	make_segment 8192
	hold "$first" "$id"
	[ "$(rows ID "$first")" = "$first" ]
	[ "$(rows ID --min-size 8192)" = "$id" ]
	[ -z "$(rows ID --unattached)" ]
	[ "$(rows ID --pid "$holder" | sort -n | xargs)" = \
		"$(printf '%s\n' "$first" "$id" | sort -n | xargs)" ]
}

@test "processes: those that end midway are no mistake" {
	make_segment
	hold "$id"
	for _ in 1 2 3 4; do
		(while sleep 0.01; do :; done) 3>&- &
		holders+=("$!")
	done
	for _ in 1 2 3 4 5; do
		run --separate-stderr shmtool stat -P --no-heading
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -eq 1 ]
		[ -z "$stderr" ]
	done
}

@test "processes: a command's name is safe on a terminal" {
	make_segment
	NAME=$'x\033[31m\n\t\xff' hold "$id"
	run shmtool stat -P --no-heading
	[ "${#lines[@]}" -eq 1 ]
	[[ $output != *[$'\033\t\xff']* ]]
	[ "$(rows PID,COMMAND,MAPS | awk -F'\t' '{ print NF }')" -eq 3 ]
}

@test "processes: without /proc of our own it is said, and the rest is shown" {
	needs_root
	is_plain || skip "what instruments it needs /proc itself"
	needs_mounts
	make_segment
	hold "$id"
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool stat -P'
	[ "$status" -ne 0 ]
	[[ $stderr == *"cannot find the attached processes"* ]]
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool stat --tsv --no-heading \
			-o ID,NATTCH,RSS'
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\t1\t-' ]
	# All that the system calls tell of one, and what is not known.
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool stat "$1"' - "$id"
	[ "$status" -eq 0 ]
	message_has "shmtool: stat: cannot find the attached processes"
	grep -Eq '^size +4.0K \(4096 bytes\)$' <<<"$output"
	grep -Eq '^attached +1 mapping, processes unknown$' <<<"$output"
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool stat --json "$1"' \
		- "$id"
	[ "$status" -eq 0 ]
	[[ $output == '{"complete": false, "segments": [{"id": '"$id, "* ]]
	[[ $output == *'"nattch": 1,'*'"attachments": null,'* ]]
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc &&
		exec shmtool stat --tsv --no-heading -o ID,PROCS'
	[ "$output" = "$id"$'\t-' ]
	# A lost key that cannot be found is no failure.
	ipcrm -m "$id"
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool stat --tsv --no-heading \
			-o ID,KEY'
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\t-' ]
	[ -z "$stderr" ]
}

@test "processes: each is looked at once, however many segments there are" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "an instrumented program makes other calls"
	local ids
	ids=$(perl -e 'print join " ", map { shmget(0, 1, 0600) // die } 1 .. 20')
	# shellcheck disable=SC2086
	hold $ids
	strace -f -qq -e trace=open,openat,openat2 -o "$BATS_TEST_TMPDIR/opens" \
		shmtool stat -P -o PID --tsv --no-heading \
		>"$BATS_TEST_TMPDIR/rows" || skip "strace does not work here"
	[ "$(grep -cx "$holder" "$BATS_TEST_TMPDIR/rows")" -eq 20 ]
	[ "$(grep -c "\"/*\(proc/\)*$holder/maps\"" \
		"$BATS_TEST_TMPDIR/opens")" -eq 1 ]
}

# Where there are many, threads share the work.
@test "processes: of a crowd each is found once, with and without threads" {
	local pids="$BATS_TEST_TMPDIR/pids" found="$BATS_TEST_TMPDIR/found" cpu
	make_segment
	attach_by 'open my $pids, ">", $ARGV[1] or die $!;
		my @children;
		for (1 .. 300) {
			my ($in, $out);
			pipe $in, $out or die $!;
			my $child = fork // die $!;
			if (!$child) {
				shmat($ARGV[0], undef, 0) // die $!;
				syswrite $out, "x";
				sleep 300;
				exit;
			}
			sysread $in, my $x, 1;
			print $pids "$child\n";
			push @children, $child;
		}
		close $pids;
		$SIG{TERM} = sub { kill KILL => @children; exit };
		ready()' "$id" "$pids"
	sort -o "$pids" "$pids"
	rows PID | sort >"$found"
	diff "$pids" "$found"
	[[ $(shmtool stat -P --json) == '{"complete": true,'* ]]
	cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
	taskset -c "$cpu" shmtool stat -P --tsv --no-heading -o PID |
		sort >"$found"
	diff "$pids" "$found"
	is_plain || return 0
	# No room for the stack of a thread.
	bash -c 'ulimit -s 40000000 && ulimit -v 1000000 &&
		exec shmtool stat -P --tsv --no-heading -o PID' |
		sort >"$found"
	diff "$pids" "$found"
}

@test "processes: where nothing is attached nobody is looked at" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "an instrumented program makes other calls"
	make_segment
	local way
	for way in -P "-o PROCS" "$id" "--json $id"; do
		# shellcheck disable=SC2086
		strace -qq -e trace=open,openat,openat2 \
			-o "$BATS_TEST_TMPDIR/opens" shmtool stat $way ||
			skip "strace does not work here"
		! grep '[0-9]/maps"' "$BATS_TEST_TMPDIR/opens" || return 1
	done
	# But for the one that is asked about.
	strace -qq -e trace=open,openat,openat2 \
		-o "$BATS_TEST_TMPDIR/opens" shmtool stat --pid "$$"
	[ "$(grep -c '[0-9]/maps"' "$BATS_TEST_TMPDIR/opens")" -eq 1 ]
}
