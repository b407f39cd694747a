# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154
#
# save: a pair of files is complete or absent, and with -f the old or the new
# one, whatever happens: full disks, calls that fail, signals, SIGKILL at any
# system call, several at once.

load ../common
load ../saved

setup() {
	dir=$BATS_TEST_TMPDIR/dir
	mkdir -m 0755 "$dir"
}

# Runs a command in a mount namespace with a small tmpfs over $dir.
with_tmpfs() {
	# shellcheck disable=SC2016
	unshare -m sh -ec '
		mount -t tmpfs -o "size=$1,mode=0777" none "$2"
		shift 2
		"$@"' sh "$1" "$dir" "${@:2}" || return
}

@test "save: a full disk leaves nothing, and says so" {
	with_tmpfs 64k true || skip "no tmpfs can be mounted here"
	make_segment 1M
	fill 1M
	# shellcheck disable=SC2016
	run --separate-stderr with_tmpfs 256k sh -c '
		shmtool save "$0" "$1"
		s=$?
		ls -A "$0"
		exit $s' "$dir" "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "save: $id:" ".shm" "No space left" "1048576 bytes"
}

@test "save: a disk that is full at any step leaves nothing" {
	with_tmpfs 64k true || skip "no tmpfs can be mounted here"
	make_segment 16K
	fill 16K
	# From room for nothing up to room for all; inodes are short as well.
	# shellcheck disable=SC2016
	run with_tmpfs 1m sh -c '
		for size in 4k 8k 16k 20k 24k 64k; do
			for inodes in 1 2 3 4; do
				mount -t tmpfs -o \
				    "size=$size,nr_inodes=$inodes" none "$0"
				shmtool save "$0" "$1" >/dev/null 2>&1
				echo "$? $(ls -A "$0" | wc -l)"
				umount "$0"
			done
		done' "$dir" "$id"
	[ "$status" -eq 0 ]
	[ "$(sort -u <<<"$output" | tr '\n' ',')" = "0 2,1 0," ]
}

@test "save: whatever call fails, it is complete or absent" {
	can_inject
	make_segment 16K
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/all"
	for call in $(system_calls shmtool save "$dir" "$id" |
		cut -d' ' -f1 | grep -Ev '^(close|read|getpid|rt_|madv)'); do
		rm -f "$dir"/* "$dir"/.[!.]*
		status=0
		with_failing "${call%:*}:error=EIO:when=${call#*:}" \
			shmtool save "$dir" "$id" >"$BATS_TEST_TMPDIR/out" \
			2>/dev/null || status=$?
		case $status:$(names | wc -w) in
		[1-6]:0) ;;
		# It knew another way; or only the last fsync(2) or the
		# printing failed.
		[016]:2)
			name=$(cd "$dir" && echo *.meta)
			name=${name%.meta}
			restores_to "$BATS_TEST_TMPDIR/all"
			;;
		*) echo "$call: $status: $(names)"; return 1 ;;
		esac
	done
}

@test "save: -f that fails at the commit leaves the old pair" {
	can_inject
	make_segment 16K
	fill 16K
	save
	by_perl >"$BATS_TEST_TMPDIR/old"
	fill 16K
	# Neither renameat2(2) nor its flags are needed.
	run strace -qq -o /dev/null -e inject=renameat2:error=EINVAL \
		-e inject=renameat,rename:error=EIO shmtool save -f "$dir" "$id"
	[ "$status" -eq 1 ]
	[ "$(names)" = "$name.meta $name.shm " ]
	restores_to "$BATS_TEST_TMPDIR/old"
	strace -qq -o /dev/null -e inject=renameat2:error=EINVAL \
		shmtool save -f "$dir" "$id"
	by_perl >"$BATS_TEST_TMPDIR/new"
	restores_to "$BATS_TEST_TMPDIR/new"
}

@test "save: -f that fails names the file that it writes" {
	make_segment 4096
	name=$(shmtool save "$dir" "$id")
	run --separate-stderr strace -qq -o "$dir.calls" -e inject=fsync:error=EIO \
		shmtool save -f "$dir" "$id"
	grep -q INJECTED "$dir.calls" || skip "strace cannot inject here"
	[ "$status" -eq 1 ]
	message_has "save: $id: $name.1.shm: Input/output error"
}

@test "save: without O_TMPFILE, linkat or /proc, by another way" {
	can_inject
	make_segment 16K
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/all"
	for error in ENOSYS EPERM EINVAL; do
		rm -f "$dir"/*
		strace -qq -o /dev/null \
			-e inject=linkat,renameat2:error=$error \
			shmtool save "$dir" "$id"
		name=$(cd "$dir" && echo *.meta)
		name=${name%.meta}
		[ "$(names | wc -w)" -eq 2 ]
		restores_to "$BATS_TEST_TMPDIR/all"
	done
	# shellcheck disable=SC2016
	run unshare -m sh -c 'mount -t tmpfs none /proc &&
		shmtool save -f "$0" "$1"' "$dir" "$id"
	[ "$status" -eq 0 ] || skip "nothing can be mounted here"
	[ "$(names | wc -w)" -eq 4 ] # in a place of its own, boot unknown
}

# Kills a save -f at each of its system calls.  The segment is as the file "new"
# says; $name has been saved as "old" says, where there is that file.
kill_at_each() {
	local call calls
	cp -a "$dir" "$BATS_TEST_TMPDIR/before"
	calls=$(changing_calls shmtool save -f "$dir" "$id")
	[ "$(wc -l <<<"$calls")" -gt 12 ]
	for call in $calls; do
		rm -rf "$dir"
		cp -a "$BATS_TEST_TMPDIR/before" "$dir"
		killed_at "$call" shmtool save -f "$dir" "$id" || {
			echo "not killed at $call"
			return 1
		}
		if [ -e "$dir/$name.meta" ]; then
			restores_to "$BATS_TEST_TMPDIR/new" 2>/dev/null ||
				restores_to "$BATS_TEST_TMPDIR/old" || {
				echo "killed at $call: $(names)"
				return 1
			}
		else
			[ ! -e "$BATS_TEST_TMPDIR/old" ]
		fi
		# A later run clears what is left over.
		save -f
		restores_to "$BATS_TEST_TMPDIR/new"
		[ "$(names | wc -w)" -eq 2 ] || {
			echo "left over from $call: $(names)"
			return 1
		}
	done
}

@test "save: killed at every system call, it is complete or absent" {
	can_inject
	make_segment 16K
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/new"
	save
	rm "$dir"/*
	kill_at_each
}

@test "save: -f killed at every system call, the old or the new pair" {
	can_inject
	make_segment 16K
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/old"
	save
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/new"
	kill_at_each
}

@test "save: the same on a file system where a file must have a name" {
	can_inject
	make_segment 16K
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/old"
	save
	fill 16K
	by_perl >"$BATS_TEST_TMPDIR/new"
	# linkat(2) is refused, so that a file without a name is of no use.
	strace_options=(-e inject=linkat:error=EPERM)
	kill_at_each
}

@test "save: -f killed 200 times at random moments" {
	make_segment 1M
	fill 1M
	save
	rounds=200
	! is_valgrind || rounds=3
	# How long one takes, so that the moments lie in it; each is a
	# sequence of its own: the segment, and the digest of what was saved.
	perl -e '
		use strict; use Time::HiRes qw(time sleep);
		my ($dir, $id, $meta, $rounds) = @ARGV;
		open STDERR, ">/dev/null"; open STDOUT, ">/dev/null";
		my $start = time;
		system "shmtool", "save", "-f", $dir, $id;
		my $length = time - $start;
		for my $n (1 .. $rounds) {
			shmwrite($id, pack("L", $n) x 65536, 0, 262144) or die;
			my $pid = fork;
			if (!$pid) {
				exec "shmtool", "save", "-f", $dir, $id or die;
			}
			sleep rand($length * 1.5);
			kill KILL => $pid;
			waitpid $pid, 0;
			system("shmtool restore -k 0x5afe5afe $meta") == 0
			    or exit 1;
			system("shmtool rm 0x5afe5afe") == 0 or exit 2;
		}' "$dir" "$id" "$dir/$name" "$rounds"
	save -f
	[ "$(names | wc -w)" -eq 2 ]
	by_perl >"$BATS_TEST_TMPDIR/new"
	restores_to "$BATS_TEST_TMPDIR/new"
}

@test "save: a signal ends it with nothing left behind" {
	can_inject
	make_segment 1M
	fill 1M
	for signal in INT TERM HUP; do
		status=0
		with_failing "pwrite64:signal=$signal:when=3" \
			shmtool save "$dir" "$id" 2>"$BATS_TEST_TMPDIR/err" ||
			status=$?
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
		# And what bash says of it.
		stderr=$(head -n 1 "$BATS_TEST_TMPDIR/err")
		message_has "save: $id:" "interrupted, not saved"
		[ -z "$(names)" ]
	done
}

@test "save: the directory is removed meanwhile" {
	can_inject
	make_segment 1M
	fill 1M
	# Stopped while it copies.
	setpriv --bounding-set=-all --inh-caps=-all strace -qq -o /dev/null \
		-e inject=process_vm_readv:signal=STOP:when=1 \
		shmtool save "$dir" "$id" >/dev/null \
		2>"$BATS_TEST_TMPDIR/err" &
	pid=$!
	attached() {
		[ "$(of_id nattch "$id")" = 1 ] || ! kill -0 "$pid"
	}
	wait_for attached
	rmdir "$dir"
	pkill -CONT -P "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	message_has "save: $id:" "No such file or directory"
}

@test "save: of two at once without -f the second to end is refused" {
	can_inject
	make_segment 16K
	fill 16K
	# Before the commit, the third fsync(2) is that of the directory.
	stopped_at fsync:when=3 "shmtool write -zB $id
		shmtool save '$dir' $id >'$dir.name'" shmtool save "$dir" "$id"
	[ "$status" -eq 5 ]
	name=$(cat "$dir.name")
	name=${name##*/}
	message_has "save: $id: $dir/$name.meta exists; --force replaces it"
	[ "$(names)" = "$name.1.shm $name.meta " ]
	by_perl >"$BATS_TEST_TMPDIR/new"
	restores_to "$BATS_TEST_TMPDIR/new"
}

@test "save: two with -f at once, again and again, lose nothing" {
	make_segment 64K
	fill 64K
	by_perl >"$BATS_TEST_TMPDIR/new"
	save
	rounds=20
	! is_valgrind || rounds=2
	for who in 1 2 3; do
		for ((i = 0; i < rounds; i++)); do
			shmtool save -f "$dir" "$id" >/dev/null
		done 2>"$BATS_TEST_TMPDIR/err$who" &
		pids+=("$!")
	done
	for ((i = 0; i < rounds; i++)); do
		restores_to "$BATS_TEST_TMPDIR/new"
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	[ "$(names | wc -w)" -eq 2 ]
	restores_to "$BATS_TEST_TMPDIR/new"
}

@test "rm: --save by two at once loses nothing and never gets stuck" {
	rounds=3
	! is_valgrind || rounds=1
	for ((round = 0; round < rounds; round++)); do
		perl -e 'for (1 .. 20) {
			my $id = shmget($_, 65536, 01600) // die;
			shmwrite($id, "number $_", 0, 12) or die }'
		shmtool rm -y --unattached --save "$dir" 2>/dev/null &
		pid=$!
		shmtool rm -y --unattached --save "$dir" 2>/dev/null || true
		wait "$pid" || true
		# What one of them has disturbed, the other has kept.
		shmtool rm -y --unattached --save "$dir"
		[ "$(segments)" -eq 0 ]
		[ "$(names | wc -w)" -eq 40 ]
		for file in "$dir"/*.meta; do
			new=$(shmtool restore "$file")
			shmtool read -s "$new"
			echo
			shmtool rm "$new"
		done | tr -d '\0' | grep . | sort -V >"$BATS_TEST_TMPDIR/got"
		cmp "$BATS_TEST_TMPDIR/got" <(seq -f 'number %g' 20)
		rm "$dir"/*
	done
}

@test "rm: --save killed before the removal is not stuck afterwards" {
	can_inject
	make_segment
	fill 4096
	by_perl >"$BATS_TEST_TMPDIR/new"
	# As the last fsync(2) ends, that of the directory.
	calls=$(changing_calls shmtool save "$dir" "$id" | grep -c fsync)
	rm "$dir"/*
	killed_at "fsync:$calls" shmtool rm --save "$dir" "$id"
	[ "$(names | wc -w)" -eq 2 ]
	shmtool rm --save "$dir" "$id"
	[ "$(segments)" -eq 0 ]
	[ "$(names | wc -w)" -eq 2 ]
	name=$(cd "$dir" && echo *.meta)
	name=${name%.meta}
	restores_to "$BATS_TEST_TMPDIR/new"
}

@test "save: a signal ends the search of a large hole, too" {
	! is_valgrind || skip "valgrind has no room for 15 TiB"
	id=$(shmtool create -s 15T --no-reserve)
	printf x | shmtool write -o 14T "$id"
	# A mapping is searched page by page.
	run --separate-stderr timeout -k 20 0.5 setpriv --bounding-set=-all \
		--inh-caps=-all shmtool save "$dir" "$id"
	[ "$status" -eq 124 ]
	message_has "save: $id: interrupted, not saved"
	[ -z "$(names)" ]
}

@test "save: a full disk is named, though the segment goes meanwhile" {
	can_inject
	needs_root "the segment is looked at five times before it is copied"
	make_segment 1M
	shmtool write -zA "$id"
	run --separate-stderr strace -qq -o /dev/null -e trace=all \
		-e inject=pwrite64:error=ENOSPC \
		-e inject=shmctl:error=EIDRM:when=6+ shmtool save "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "No space left on device"
}
