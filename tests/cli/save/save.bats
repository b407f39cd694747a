# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# save: the two files and what they hold.  perl's shmread, xxhsum and the shell
# are the judges.  A save that is disturbed is in commit.bats.

load ../common
load ../saved

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

@test "save: the contents beside a .meta, readable by the owner alone" {
	make_segment 10000 0640
	fill 10000
	run --separate-stderr shmtool save "$dir" "$id"
	[ "$status" -eq 0 ]
	name=${output##*/}
	[ "$output" = "$dir/$name" ]
	[[ $name =~ ^$id-$key-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$ ]]
	[ "$(names)" = "$name.meta $name.shm " ]
	[ "$(stat -c %a "$dir"/* | sort -u)" = 600 ]
	cmp "$dir/$name.shm" <(by_perl)
}

@test "save: where nothing has it attached, a note on the idle time, once" {
	make_segment
	a=$id
	make_segment
	run --separate-stderr shmtool save "$dir" "$a" "$id"
	[ "$status" -eq 0 ]
	message_has "save: $a:" "idle time starts again" "rm --stale --save"
	hold "$a" "$id"
	run --separate-stderr shmtool save -f "$dir" "$a" "$id"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "save: the printed name is exact in a pipe, and safe on a terminal" {
	needs_terminal
	make_segment
	dir=$dir/$'a\033[1m'
	mkdir "$dir"
	save
	[ -e "$dir/$name.meta" ]
	run --separate-stderr shmtool save -f "$dir" "$id"
	[ "$output" = "$dir/$name" ]
	run script -qec "shmtool save -f '$dir' $id" /dev/null
	[[ $output == *'a\^[[1m/'"$name"* && $output != *$'\033'* ]]
}

@test "save: the .meta tells what ipcs tells" {
	make_segment 12345 0640
	pids=$(awk -v id="$id" '$2 == id { print $5, $6 }' /proc/sysvipc/shm)
	save
	[ "$(head -n 1 "$dir/$name.meta")" = "shmtool-saved 2" ]
	[ "$(meta kind)" = sysv ]
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
	[ "$(meta contents)" = .shm ]
	[ "$(wc -l <"$dir/$name.meta")" -eq 19 ]
}

@test "save: the digests are those of xxhsum" {
	command -v xxhsum >/dev/null || skip "no xxhsum here"
	make_segment 200000
	fill 100 4000
	fill 4000 196000
	save
	# Each block of 64 KiB that is not all zero, behind its number.
	[ "$(meta xxh3-128)  stdin" = "$(by_perl | perl -e 'binmode STDIN;
		for (my $n = 0; read(STDIN, my $block, 65536); $n++) {
			print pack("Q<", $n), $block if $block =~ /[^\0]/;
		}' | xxhsum -H2)" ]
	[ "$(meta meta-xxh3-128)  stdin" = \
		"$(head -n -1 "$dir/$name.meta" | xxhsum -H2)" ]
}

@test "save: zeros and holes have the same digest, and become holes" {
	id=$(shmtool create -s 16M)
	fill 100 5000000
	save
	digest=$(meta xxh3-128)
	shmtool write -z -n 4M "$id"
	save -f
	[ "$(meta xxh3-128)" = "$digest" ]
	[ "$(du -k "$(contents)" | cut -f1)" -le 16 ]
}

@test "save: holes stay holes, in the segment and in the file" {
	! is_valgrind || skip "valgrind has no room for 64 GiB"
	id=$(shmtool create -s 64G --no-reserve)
	for offset in 0 5000000000 68719476735; do
		printf x | shmtool write -o "$offset" "$id"
	done
	rss() {
		awk -v id="$id" '$2 == id { print $15 }' /proc/sysvipc/shm
	}
	before=$(rss)
	save
	[ "$(rss)" = "$before" ]
	[ "$(stat -c %s "$dir/$name.shm")" = 68719476736 ]
	[ "$(du -k "$dir/$name.shm" | cut -f1)" -le 64 ]
	[ "$(dd if="$dir/$name.shm" bs=1 skip=68719476735 status=none)" = x ]
}

@test "save: a hole costs nothing, however large" {
	! is_valgrind || skip "valgrind has no room for 15 TiB"
	needs_root "without a capability holes are found page by page"
	id=$(shmtool create -s 15T --no-reserve)
	printf x | shmtool write -o 14T "$id"
	# A digest of each MiB took eight seconds of processor time.
	run prlimit --cpu=2 shmtool save "$dir" "$id"
	[ "$status" -eq 0 ]
}

@test "save: several, by id, key and ftok; a failure does not stop it" {
	make_segment
	a=$id
	make_segment
	run --separate-stderr shmtool save "$dir" 99999 "$a" "$key"
	[ "$status" -eq 3 ]
	[[ ${stderr%%$'\n'*} == *"save: 99999:"*"no such segment"* ]]
	[ "$(wc -l <<<"$output")" -eq 2 ]
	[[ $output == "$dir/$a-"*$'\n'"$dir/$id-$key-"* ]]
	[ "$(names | wc -w)" -eq 4 ]
}

@test "save: options after operands, and -v prints the id too" {
	make_segment
	save
	run --separate-stderr shmtool save -f "$dir" -v "$id"
	[ "$status" -eq 0 ]
	[ "$output" = "$id: saved as $dir/$name" ]
	run --separate-stderr shmtool save "$dir" "$id" --verbose --force
	[ "$status" -eq 0 ]
	[ "$output" = "$id: saved as $dir/$name" ]
}

@test "save: never over an existing pair, but with -f" {
	make_segment
	fill 4096
	save
	cp "$(contents)" "$BATS_TEST_TMPDIR/old"
	fill 4096
	before=$(of_id nattch "$id" && awk -v id="$id" \
		'$2 == id { print $6 }' /proc/sysvipc/shm)
	run --separate-stderr shmtool save "$dir" "$id"
	[ "$status" -eq 5 ]
	message_has "save: $id:" "$name.meta exists" "--force"
	[ -z "$output" ]
	# Nor was it attached.
	[ "$(of_id nattch "$id" && awk -v id="$id" '$2 == id { print $6 }' \
		/proc/sysvipc/shm)" = "$before" ]
	restores_to "$BATS_TEST_TMPDIR/old"
	for option in -f --force -f; do
		save "$option"
		[ "$(names | wc -w)" -eq 2 ]
		cmp "$(contents)" <(by_perl)
		by_perl >"$BATS_TEST_TMPDIR/new"
		restores_to "$BATS_TEST_TMPDIR/new"
	done
}

@test "save: two segments of one id and key within a second have two names" {
	for letter in a b c; do
		# shellcheck disable=SC2016
		unshare --ipc sh -ec '
			id=$(shmtool create -k 0x4d2 -s 4K)
			shmtool write -s "$1" "$id"
			shmtool rm --save "$0" "$id"' "$dir" "$letter"
	done
	[ "$(names | wc -w)" -eq 6 ]
	for file in "$dir"/0-0x000004d2-*.meta; do
		new=$(shmtool restore "$file")
		shmtool read -s "$new"
		shmtool rm "$new"
	done >"$BATS_TEST_TMPDIR/all"
	[ "$(grep -o . "$BATS_TEST_TMPDIR/all" | sort | tr -d '\n')" = abc ]
}

@test "save: by filter, all of them, none of them" {
	make_segment 4096
	small=$id
	make_segment 8192
	shmtool save "$dir" --min-size 8K
	[[ "$(names)" == "$id-$key-"*".meta $id-$key-"*".shm " ]]
	run --separate-stderr shmtool save "$dir" --min-size 1M
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	rm "$dir"/*
	shmtool save --all "$dir"
	[ "$(names | wc -w)" -eq 4 ]
	[[ "$(names)" == *"$small-"* ]]
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
	are_wrong save "${wrong[@]}"
	[ -z "$(names)" ]
}

@test "save: a segment that may not be read is 4" {
	! is_valgrind || skip "valgrind makes EINVAL of it"
	make_segment 4096 0200
	reachable_dir 0777
	run --separate-stderr without_privilege shmtool save "$dir" "$id"
	[ "$status" -eq 4 ]
	message_has "save: $id:" "no read permission" "mode 0200"
	[ -z "$(names)" ]
}

@test "save: a directory that cannot be written into is 4" {
	make_segment 4096 0666
	reachable_dir 0555
	run --separate-stderr without_privilege shmtool save "$dir" "$id"
	[ "$status" -eq 4 ]
	message_has "save: $id:" "$dir" "Permission denied"
	[ -z "$(names)" ]
}

@test "save: what is no directory is 1" {
	make_segment
	run --separate-stderr shmtool save "$dir/none" "$id"
	[ "$status" -eq 1 ]
	message_has "save: $id:" "$dir/none" "No such file"
	run --separate-stderr shmtool save /dev/null "$id"
	[ "$status" -eq 1 ]
	message_has "/dev/null" "Not a directory"
}

@test "save: the directory may be given by a symbolic link" {
	make_segment
	ln -s "$dir" "$BATS_TEST_TMPDIR/link"
	shmtool save "$BATS_TEST_TMPDIR/link" "$id"
	[ "$(names | wc -w)" -eq 2 ]
}

@test "save: links laid at the names are not followed" {
	make_segment
	victim=$BATS_TEST_TMPDIR/victim
	save
	rm "$dir"/*
	for target in "$victim" "$BATS_TEST_TMPDIR/absent"; do
		echo precious >"$victim"
		ln -s "$target" "$dir/$name.shm"
		ln -s "$target" "$dir/.$name.1.tmp"
		save
		[ "$(meta contents)" = .1.shm ]
		rm "$dir"/*
		ln -s "$target" "$dir/$name.meta"
		run --separate-stderr shmtool save "$dir" "$id"
		[ "$status" -eq 5 ]
		[ "$(names)" = "$name.meta " ]
		save -f
		[ ! -L "$dir/$name.meta" ]
		[ "$(names)" = "$name.meta $name.shm " ]
		[ "$(cat "$victim")" = precious ]
		[ ! -e "$BATS_TEST_TMPDIR/absent" ]
		rm "$dir"/*
	done
}

@test "save: a directory at the name of the .meta is refused, with -f too" {
	make_segment
	save
	rm "$dir"/*
	mkdir "$dir/$name.meta"
	run --separate-stderr shmtool save -f "$dir" "$id"
	[ "$status" -eq 1 ]
	message_has "$name.meta" "Is a directory"
	[ "$(names)" = "$name.meta " ]
}

@test "save: a file larger than RLIMIT_FSIZE is a message, not a signal" {
	make_segment 1M
	run --separate-stderr prlimit --fsize=65536 shmtool save "$dir" "$id"
	[ "$status" -eq 6 ]
	message_has "save: $id:" "RLIMIT_FSIZE" "1048576"
	[ -z "$(names)" ]
	run --separate-stderr prlimit --fsize=1048576 shmtool save "$dir" "$id"
	[ "$status" -eq 0 ]
}

@test "save: whichever look at it fails, the message has the reason" {
	can_inject
	make_segment
	failed=0
	for look in 1 2 3 4 5 6; do
		run --separate-stderr with_failing "shmctl:error=EPERM:when=$look" \
			shmtool save -f "$dir" "$id"
		[ "$status" -ne 0 ] || continue
		message_has "save: $id: Operation not permitted"
		failed=$((failed + 1))
	done
	[ "$failed" -ge 3 ]
}

@test "save: a segment removed meanwhile is still saved whole" {
	can_inject
	make_segment 1M
	fill 1M
	by_perl >"$BATS_TEST_TMPDIR/all"
	# Removed when it is attached, and before anything is read.
	setpriv --bounding-set=-all --inh-caps=-all strace -qq -o /dev/null \
		-e inject=process_vm_readv:signal=STOP:when=1 \
		shmtool save "$dir" "$id" >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err" &
	pid=$!
	attached() {
		[ "$(of_id nattch "$id")" = 1 ] || ! kill -0 "$pid"
	}
	wait_for attached
	ipcrm -m "$id"
	pkill -CONT -P "$pid"
	wait "$pid"
	name=$(<"$BATS_TEST_TMPDIR/out")
	name=${name##*/}
	[ "$(segments)" -eq 0 ]
	restores_to "$BATS_TEST_TMPDIR/all"
}

@test "save: one that is marked for removal" {
	make_segment
	fill 4096
	hold "$id"
	ipcrm -m "$id"
	save
	[ "$(meta status)" = dest ]
	[ "$(meta key)" = 0x00000000 ]
}

@test "save: a locked one" {
	needs_root "to lock"
	make_segment
	shmtool set --lock "$id"
	save
	[ "$(meta status)" = locked ]
}

@test "save: a full stdout is 1" {
	make_segment
	hold "$id"
	for option in "" -v; do
		run --separate-stderr bash -c \
			"shmtool save -f $option $dir $id >/dev/full"
		[ "$status" -eq 1 ]
		message_has "standard output" "No space left"
	done
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
		save -f --lock-with "$sem"
		[ "$(fold -w 4096 "$(contents)" | tr -s ab | sort -u |
			wc -l)" -eq 1 ]
	done
}

# A huge page, where none is free, or any page where memory is short.
@test "save: a page that cannot be allocated is 6, and nothing is left" {
	can_inject
	make_segment 16384
	shmtool write -zA "$id"
	run --separate-stderr setpriv --bounding-set=-all --inh-caps=-all \
		strace -qq -o /dev/null -e trace=process_vm_readv \
		-e inject=process_vm_readv:error=EFAULT:when=1 \
		shmtool save "$dir" "$id"
	[ "$status" -eq 6 ]
	message_has "save: $id: cannot allocate a page"
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
	# Each file before it gets its name, the directory after each.
	[ "$(grep -c fsync "$BATS_TEST_TMPDIR/trace")" -eq 4 ]
}

@test "save: progress on a terminal, and on nothing else" {
	needs_terminal
	can_inject
	make_segment 1M
	hold "$id"
	fill 1M
	# Nothing is shown in the first second.
	run script -qec "strace -qq -o /dev/null -e trace=pwrite64 -e \
		inject=pwrite64:delay_enter=1100000:when=2 \
		shmtool save $dir $id" /dev/null
	[ "$status" -eq 0 ]
	[[ $output =~ of\ 1.0M\ +[0-9]+% ]]
	run --separate-stderr shmtool save -f "$dir" "$id"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "save: the progress of an object that has grown is never above 100 %" {
	needs_terminal
	can_inject
	needs_own_shm
	make_semaphore
	hold_semaphore
	head -c 64K /dev/urandom >/dev/shm/x
	script -qec "strace -qq -o /dev/null -e trace=pwrite64 -e \
		inject=pwrite64:delay_enter=1100000:when=2 shmtool save \
		--lock-with $sem $dir --name x" /dev/null \
		>"$BATS_TEST_TMPDIR/seen" 3>&- &
	pid=$!
	waits() {
		# GETNCNT
		[ "$(perl -e 'print semctl($ARGV[0], 0, 14, 0)' "$sem")" = 1 ]
	}
	wait_for waits
	head -c 1M /dev/urandom >>/dev/shm/x
	kill -KILL "$holder"
	wait "$pid"
	[[ $(<"$BATS_TEST_TMPDIR/seen") == *" 100% "* ]]
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
		name=$($as shmtool save -f "$dir" "$id" 2>/dev/null)
		name=${name##*/}
		high=$(shmtool read -n 4 -t u4 "$id")
		perl -e '($low, $high) = @ARGV; local $/;
			@n = unpack "L*", <STDIN>; @n == 262144 or die;
			for (@n) { die "$_ not in $low..$high\n"
			    if $_ < $low || $_ > $high }' \
			"$low" "$high" <"$(contents)"
	done
	kill %1
}
