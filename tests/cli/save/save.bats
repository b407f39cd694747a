# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# save: the two files, what they hold, and that both are there or neither,
# whatever happens.  perl's shmread, sha256sum and the shell are the judges.

load ../common

setup() {
	dir=$BATS_TEST_TMPDIR/dir
	mkdir -m 0755 "$dir"
}

test_teardown() {
	release
	ipcrm --all=sem
	[ -z "${open_dir:-}" ] || rm -rf "$open_dir"
}

# A folder that processes without privilege get to, as $dir.
reachable_dir() {
	open_dir=$(mktemp -d)
	dir=$open_dir
	chmod "$1" "$dir"
	without_privilege test -x "$dir" ||
		skip "no folder that others get to"
}

# A segment of SIZE bytes, random where it has any, its id in $id.
make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
	key=$(of_id key "$id")
	name=$id-$key
}

fill() {
	shmtool write -f /dev/urandom -n "$1" -o "${2:-0}" "$id"
}

# The bytes of a segment, by perl.
by_perl() {
	perl -e 'shmread($ARGV[0], my $b, 0, $ARGV[1]) or die $!; print $b' \
		"$id" "$(of_id bytes "$id")"
}

meta() {
	sed -n "s/^$1 //p" "$dir/$name.meta"
}

# Names in the folder, of the hidden ones too.
names() {
	find "$dir" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' '
}

@test "save: the contents beside a .meta, for the owner's eyes" {
	make_segment 10000 0640
	fill 10000
	run --separate-stderr shmtool save "$dir" "$id"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(names)" = "$name.meta $name.shm " ]
	[ "$(stat -c %a "$dir"/* | sort -u)" = 600 ]
	cmp "$dir/$name.shm" <(by_perl)
}

@test "save: the .meta tells what ipcs tells" {
	make_segment 12345 0640
	pids=$(awk -v id="$id" '$2 == id { print $5, $6 }' /proc/sysvipc/shm)
	shmtool save "$dir" "$id"
	[ "$(head -n 1 "$dir/$name.meta")" = "shmtool-saved 1" ]
	[ "$(meta id)" = "$id" ]
	[ "$(meta key)" = "$key" ]
	[ "$(meta size)" = 12345 ]
	[ "$(meta perms)" = 0640 ]
	[ "$(meta uid) $(meta gid)" = "$(id -u) $(id -g)" ]
	[ "$(meta cuid) $(meta cgid)" = "$(id -u) $(id -g)" ]
	# As it was before save attached it.
	[ "$(meta cpid) $(meta lpid)" = "$pids" ]
	[ "$(meta atime)" = "0 never" ]
	[ "$(meta dtime)" = "0 never" ]
	when=$(meta ctime)
	[ "${when#* }" = "$(date -u -d "@${when% *}" +%Y-%m-%dT%H:%M:%SZ)" ]
	[ "$(meta status)" = - ]
	[ "$(wc -l <"$dir/$name.meta")" -eq 17 ]
}

@test "save: the digests are those of sha256sum" {
	make_segment 5000
	fill 100 4000
	shmtool save "$dir" "$id"
	[ "$(meta sha256)  -" = "$(by_perl | sha256sum)" ]
	[ "$(meta meta-sha256)  -" = \
		"$(head -n -1 "$dir/$name.meta" | sha256sum)" ]
}

@test "save: above 256 MiB the digest is that of the parts' digests" {
	id=$(shmtool create -s 270M --no-reserve)
	name=$id-0x00000000
	fill 5000 1000000
	shmtool save "$dir" "$id"
	[ -z "$(meta sha256)" ]
	[ "$(meta sha256-1M)  -" = "$(split -b 1M --filter=sha256sum \
		"$dir/$name.shm" | sha256sum)" ]
}

@test "save: holes stay holes, in the segment and in the file" {
	! is_valgrind || skip "valgrind has no room for 64 GiB"
	id=$(shmtool create -s 64G --no-reserve)
	name=$id-0x00000000
	for offset in 0 5000000000 68719476735; do
		printf x | shmtool write -o "$offset" "$id"
	done
	rss() {
		awk -v id="$id" '$2 == id { print $15 }' /proc/sysvipc/shm
	}
	before=$(rss)
	shmtool save "$dir" "$id"
	[ "$(rss)" = "$before" ]
	[ "$(stat -c %s "$dir/$name.shm")" = 68719476736 ]
	[ "$(du -k "$dir/$name.shm" | cut -f1)" -le 64 ]
	[ "$(dd if="$dir/$name.shm" bs=1 skip=68719476735 status=none)" = x ]
}

@test "save: several, by id, key and ftok; a failure does not stop it" {
	make_segment
	a=$name
	make_segment
	run --separate-stderr shmtool save "$dir" 99999 "${a%-*}" "$key"
	[ "$status" -eq 3 ]
	message_has "save: 99999:" "no such segment"
	[ "$(names | wc -w)" -eq 4 ]
	[ -e "$dir/$a.meta" ] && [ -e "$dir/$name.meta" ]
}

@test "save: options after operands, and -v tells each" {
	make_segment
	run --separate-stderr shmtool save "$dir" -v "$id"
	[ "$status" -eq 0 ]
	[ "$output" = "$id: saved as $dir/$name" ]
	run --separate-stderr shmtool save "$dir" "$id" --verbose --force
	[ "$status" -eq 0 ]
	[ "$output" = "$id: saved as $dir/$name" ]
}

@test "save: never over an existing file, but with -f" {
	make_segment
	fill 4096
	shmtool save "$dir" "$id"
	cp "$dir/$name.shm" "$BATS_TEST_TMPDIR/old"
	fill 4096
	run --separate-stderr shmtool save "$dir" "$id"
	[ "$status" -eq 5 ]
	message_has "save: $id:" "$name.shm" "exists" "--force"
	cmp "$dir/$name.shm" "$BATS_TEST_TMPDIR/old"
	rm "$dir/$name.shm"
	run --separate-stderr shmtool save "$dir" "$id"
	[ "$status" -eq 5 ]
	message_has "$name.meta" "exists"
	shmtool save -f "$dir" "$id"
	shmtool save --force "$dir" "$id"
	[ "$(names)" = "$name.meta $name.shm " ]
	cmp "$dir/$name.shm" <(by_perl)
}

@test "save: by filter, all of them, none of them" {
	make_segment 4096
	small=$name
	make_segment 8192
	shmtool save "$dir" --min-size 8K
	[ "$(names)" = "$name.meta $name.shm " ]
	run --separate-stderr shmtool save "$dir" --min-size 1M
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	rm "$dir"/*
	shmtool save --all "$dir"
	[ "$(names | wc -w)" -eq 4 ]
	[ -e "$dir/$small.meta" ]
}

@test "save: a wrong command line is 2, and nothing is saved" {
	make_segment
	local -a wrong=(
		"" "$dir" "$dir 0x" "$dir $id 12x" "$dir $id --all"
		"$dir --all --stale" "-x $dir $id"
		"$dir $id --lock-timeout 5" "$dir $id --lock-with x"
		"$dir $id --lock-with 1:70000" "$dir $id --lock-with"
		"$dir $id --lock-with 1 --lock-timeout 5y" "$dir --min-size x"
	)
	for line in "${wrong[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool save $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		message_has "shmtool: save:"
	done
	[ -z "$(names)" ]
}

@test "save: a segment that may not be read is 4" {
	! is_valgrind || skip "valgrind makes EINVAL of it"
	make_segment 4096 0200
	reachable_dir 0777
	run --separate-stderr without_privilege shmtool save "$dir" "$id"
	[ "$status" -eq 4 ]
	message_has "save: $id:" "may not be read" "mode 0200"
	[ -z "$(names)" ]
}

@test "save: a folder that cannot be written into is 4" {
	make_segment 4096 0666
	reachable_dir 0555
	run --separate-stderr without_privilege shmtool save "$dir" "$id"
	[ "$status" -eq 4 ]
	message_has "save: $id:" "$dir" "Permission denied"
	[ -z "$(names)" ]
}

@test "save: what is no folder is 1" {
	make_segment
	run --separate-stderr shmtool save "$dir/none" "$id"
	[ "$status" -eq 1 ]
	message_has "save: $id:" "$dir/none" "No such file"
	run --separate-stderr shmtool save /dev/null "$id"
	[ "$status" -eq 1 ]
	message_has "/dev/null" "Not a directory"
}

@test "save: the folder may be given by a symbolic link" {
	make_segment
	ln -s "$dir" "$BATS_TEST_TMPDIR/link"
	shmtool save "$BATS_TEST_TMPDIR/link" "$id"
	[ "$(names)" = "$name.meta $name.shm " ]
}

@test "save: links laid at the names are not followed" {
	make_segment
	victim=$BATS_TEST_TMPDIR/victim
	for ending in shm meta; do
		for target in "$victim" "$BATS_TEST_TMPDIR/absent"; do
			echo precious >"$victim"
			ln -s "$target" "$dir/$name.$ending"
			run --separate-stderr shmtool save "$dir" "$id"
			[ "$status" -eq 5 ]
			[ "$(names)" = "$name.$ending " ]
			shmtool save -f "$dir" "$id"
			[ "$(names)" = "$name.meta $name.shm " ]
			[ ! -L "$dir/$name.$ending" ]
			[ "$(cat "$victim")" = precious ]
			[ ! -e "$BATS_TEST_TMPDIR/absent" ]
			rm "$dir"/*
		done
	done
}

@test "save: a folder at one of the names is refused, with -f too" {
	make_segment
	mkdir "$dir/$name.meta"
	run --separate-stderr shmtool save -f "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "$name.meta" "Is a directory"
	[ "$(names)" = "$name.meta " ]
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
	message_has "save: $id:" "$name.shm" "No space left" "1048576 bytes"
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
				shmtool save "$0" "$1" 2>/dev/null
				echo "$? $(ls -A "$0" | wc -l)"
				umount "$0"
			done
		done' "$dir" "$id"
	[ "$status" -eq 0 ]
	[ "$(sort -u <<<"$output" | tr '\n' ',')" = "0 2,1 0," ]
}

@test "save: a file larger than RLIMIT_FSIZE is a message, not a signal" {
	make_segment 1M
	run --separate-stderr prlimit --fsize=65536 shmtool save "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "save: $id:" "RLIMIT_FSIZE" "1048576"
	[ -z "$(names)" ]
	run --separate-stderr prlimit --fsize=1048576 shmtool save "$dir" "$id"
	[ "$status" -eq 0 ]
}

@test "save: killed at random moments, it is complete or absent" {
	make_segment 16M
	fill 16M
	good=0
	rounds=30
	! is_valgrind || rounds=5
	for ((i = 0; i < rounds; i++)); do
		shmtool save "$dir" "$id" &
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 150)))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		# Without a name until it is complete: no temporaries.
		[ "$(names | wc -w)" -le 2 ]
		if [ -e "$dir/$name.meta" ]; then
			cmp "$dir/$name.shm" <(by_perl)
			[ "$(meta sha256)  -" = \
				"$(sha256sum <"$dir/$name.shm")" ]
			good=$((good + 1))
		else
			run shmtool restore -k 0x5a5a5a "$dir/$name"
			[ "$status" -eq 1 ]
		fi
		rm -f "$dir"/*
	done
	echo "# $good of $rounds were complete"
}

# Runs save under strace, a system call failing at its Nth time.
with_failing() {
	strace -f -qq -o /dev/null -e trace="$1" \
		-e inject="$1:error=$2:when=$3" "${@:4}"
}

can_inject() {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "only the program itself is to fail"
	with_failing fsync EIO 1 true || skip "strace does not work here"
}

@test "save: whatever call fails, it is complete or absent" {
	can_inject
	make_segment 16K
	fill 16K
	for call in openat ftruncate pread64 write fsync linkat; do
		strace -f -qq -e trace="$call" -o "$BATS_TEST_TMPDIR/calls" \
			shmtool save "$dir" "$id"
		calls=$(wc -l <"$BATS_TEST_TMPDIR/calls")
		[ "$calls" -gt 0 ]
		for ((n = 1; n <= calls; n++)); do
			rm -f "$dir"/*
			status=0
			with_failing "$call" EIO "$n" shmtool save "$dir" \
				"$id" 2>/dev/null || status=$?
			# 127: not the program's call but the loader's.
			case "$status:$(names)" in
			1: | 127:) ;;
			"0:$name.meta $name.shm ")
				# It knew another way.
				cmp "$dir/$name.shm" <(by_perl)
				[ "$(meta sha256)  -" = \
					"$(sha256sum <"$dir/$name.shm")" ]
				;;
			*) echo "$call $n: $status: $(names)"; return 1 ;;
			esac
		done
		rm -f "$dir"/*
	done
}

@test "save: when -f fails half way the old files come back" {
	can_inject
	make_segment 16K
	fill 16K
	shmtool save "$dir" "$id"
	cp "$dir/$name.shm" "$BATS_TEST_TMPDIR/old"
	fill 16K
	run with_failing renameat2 EIO 2 shmtool save -f "$dir" "$id"
	[ "$status" -eq 1 ]
	[ "$(names)" = "$name.meta $name.shm " ]
	cmp "$dir/$name.shm" "$BATS_TEST_TMPDIR/old"
	[ "$(meta sha256)  -" = "$(sha256sum <"$BATS_TEST_TMPDIR/old")" ]
}

@test "save: a signal ends it with nothing left behind" {
	id=$(shmtool create -s 256M)
	fill 256M
	for signal in INT TERM HUP; do
		# A background job of a script has SIGINT ignored.
		perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV or die' \
			shmtool save "$dir" "$id" 2>"$BATS_TEST_TMPDIR/err" &
		pid=$!
		is_saving() {
			find "/proc/$pid/fd" -lname "$dir*" | grep -q .
		}
		wait_for is_saving
		kill -"$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
		stderr=$(cat "$BATS_TEST_TMPDIR/err")
		message_has "save: $id:" "interrupted, not saved"
		[ -z "$(names)" ]
	done
}

@test "save: a segment removed meanwhile is still saved whole" {
	id=$(shmtool create -s 64M)
	name=$id-0x00000000
	fill 64M
	by_perl | sha256sum >"$BATS_TEST_TMPDIR/sum"
	shmtool save "$dir" "$id" &
	pid=$!
	attached() {
		[ "$(of_id nattch "$id")" = 1 ] || ! kill -0 "$pid"
	}
	wait_for attached
	ipcrm -m "$id" || true
	wait "$pid"
	[ "$(meta sha256)  -" = "$(cat "$BATS_TEST_TMPDIR/sum")" ]
	[ "$(segments)" -eq 0 ]
}

@test "save: one that is marked for removal" {
	make_segment
	fill 4096
	hold "$id"
	ipcrm -m "$id"
	shmtool save "$dir" "$id"
	name=$id-0x00000000
	[ "$(meta status)" = dest ]
	[ "$(meta key)" = 0x00000000 ]
}

@test "save: a locked one" {
	needs_root "to lock"
	make_segment
	shmtool set --lock "$id"
	shmtool save "$dir" "$id"
	[ "$(meta status)" = locked ]
}

@test "save: a full stdout is 1 with -v" {
	make_segment
	run --separate-stderr bash -c "shmtool save -v $dir $id >/dev/full"
	[ "$status" -eq 1 ]
	message_has "standard output" "No space left"
}

# A semaphore set of one, free, its id in $sem.
make_semaphore() {
	sem=$(perl -e 'my $s = semget(0, 1, 0600) // die $!;
		semctl($s, 0, 16, 1) // die $!; print $s + 0')
}

# Holds it until killed; $holder is the pid.
hold_semaphore() {
	local ready="$BATS_TEST_TMPDIR/held"
	perl -e 'semop($ARGV[0], pack("s3", 0, -1, 0x1000)) or die $!;
		open my $f, ">", $ARGV[1]; close $f; sleep 1 while 1' \
		"$sem" "$ready" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$ready"
	rm "$ready"
}

@test "save: --lock-with waits so long, and names who has it" {
	make_semaphore
	make_segment
	hold_semaphore
	run --separate-stderr shmtool save --lock-with "$sem" \
		--lock-timeout 0 "$dir" "$id"
	[ "$status" -eq 5 ]
	message_has "save: $sem:" "not free within 0 s" "process $holder"
	[ -z "$(names)" ]
	kill -KILL "$holder"
	# A killed holder does not keep it.
	shmtool save --lock-with "$sem" --lock-timeout 20 "$dir" "$id"
	[ "$(names | wc -w)" -eq 2 ]
	# Nor does save.
	shmtool save -f --lock-with "$sem:0" --lock-timeout 0 "$dir" "$id"
}

@test "save: --lock-with what is not there" {
	make_semaphore
	make_segment
	run --separate-stderr shmtool save --lock-with 99999 "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "save: 99999:" "no such semaphore set" "ipcs -s"
	run --separate-stderr shmtool save --lock-with 0x99999 "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "save: 0x99999:" "no such semaphore set"
	run --separate-stderr shmtool save --lock-with "$sem:1" "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "save: $sem:1:" "no semaphore 1"
	[ -z "$(names)" ]
}

@test "save: --lock-with a set that is not ours is 4" {
	make_segment 4096 0666
	reachable_dir 0777
	sem=$(perl -e 'my $s = semget(0, 1, 0) // die $!; print $s + 0')
	run --separate-stderr without_privilege shmtool save \
		--lock-with "$sem" "$dir" "$id"
	[ "$status" -eq 4 ]
	message_has "save: $sem:" "permission"
}

@test "save: with --lock-with no writer's block is torn" {
	make_semaphore
	make_segment 1M
	for letter in a b; do
		perl -e 'my ($sem, $id, $letter) = @ARGV;
			while (1) {
				semop($sem, pack("s3", 0, -1, 0x1000)) or die;
				for (my $at = 0; $at < 1048576; $at += 65536) {
					shmwrite($id, $letter x 65536, $at,
					    65536) or die;
				}
				semop($sem, pack("s3", 0, 1, 0x1000)) or die;
			}' "$sem" "$id" "$letter" 3>&- &
		holders+=("$!")
	done
	first_written() {
		[ "$(by_perl | head -c 1 | tr -d '\0')" ]
	}
	wait_for first_written
	for ((i = 0; i < 20; i++)); do
		shmtool save -f --lock-with "$sem" "$dir" "$id"
		[ "$(fold -w 4096 "$dir/$name.shm" | tr -s ab | sort -u |
			wc -l)" -eq 1 ]
	done
}

# Of huge pages, where none is free, or of any where memory is short.
@test "save: a page that cannot be had is 6, and nothing is left" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	make_segment 16384
	shmtool write -zA "$id"
	run --separate-stderr setpriv --bounding-set=-all --inh-caps=-all \
		strace -qq -o /dev/null -e trace=write \
		-e inject=write:error=EFAULT:when=1 shmtool save "$dir" "$id"
	[ "$status" -eq 6 ]
	message_has "save: $id: a page cannot be had"
	[ -z "$(ls -A "$dir")" ]
}

@test "save: the semaphore is free again before the disk is waited for" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "an instrumented program makes other calls"
	make_semaphore
	make_segment 64K
	strace -qq -e trace=semop,semtimedop,fsync -o "$BATS_TEST_TMPDIR/trace" \
		shmtool save --lock-with "$sem" "$dir" "$id" ||
		skip "strace does not work here"
	[ "$(sed 's/(.*//' "$BATS_TEST_TMPDIR/trace" | uniq | tr '\n' ' ')" = \
		"semtimedop fsync " ]
	[ "$(grep -c semtimedop "$BATS_TEST_TMPDIR/trace")" -eq 2 ]
	# Each file before it gets its name, the folder after each.
	[ "$(grep -c fsync "$BATS_TEST_TMPDIR/trace")" -eq 4 ]
}

@test "save: progress on a terminal, and on nothing else" {
	needs_terminal
	# Nothing is shown in the first second.
	size=300M
	! is_valgrind || size=64M
	id=$(shmtool create -s "$size")
	fill "$size"
	run script -qec "shmtool save $dir $id" /dev/null
	[ "$status" -eq 0 ]
	[[ $output =~ of\ $size\ +[0-9]+% ]]
	run --separate-stderr shmtool save -f "$dir" "$id"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "save: while others write, every byte is one that was there" {
	local as low high
	id=$(shmtool create -s 1M -m 0666)
	# Number after number, each into every page from the first to the last.
	perl -e 'for ($n = 1; ; $n++) {
			for ($o = 0; $o < 1 << 20; $o += 4096) {
				shmwrite($ARGV[0], pack("L", $n) x 1024, $o,
				    4096) or exit;
			}
		}' "$id" 3>&- &
	wait_for bash -c "shmtool read -o 1044480 $id | grep -q '[^\0]'"
	for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
		low=$(shmtool read -o 1048572 -t u4 "$id")
		$as shmtool save -f "$dir" "$id"
		high=$(shmtool read -n 4 -t u4 "$id")
		perl -e '($low, $high) = @ARGV; local $/;
			@n = unpack "L*", <STDIN>; @n == 262144 or die;
			for (@n) { die "$_ not in $low..$high\n"
			    if $_ < $low || $_ > $high }' \
			"$low" "$high" <"$dir/$id-0x00000000.shm"
	done
	kill %1
}
