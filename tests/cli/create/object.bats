#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# create /NAME: POSIX objects that are reserved, complete before their name
# appears, and gone after the command that they were made for.

load ../common
load ../saved

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	clear_shm
	drop_group
}

# refused STATUS ARGUMENT...: nothing is printed and nothing is left.
refused() {
	local expected=$1 before
	shift
	before=$(ls -A /dev/shm)
	run --separate-stderr shmtool create "$@"
	[ "$status" -eq "$expected" ] || {
		echo "exit $status: $stderr"
		return 1
	}
	[ -z "$output" ]
	[ "$(ls -A /dev/shm)" = "$before" ]
}

# A smaller /dev/shm for the rest of a test, in a mount namespace of its own:
# in_shm OPTIONS COMMAND...
in_shm() {
	local options=$1
	shift
	unshare --mount sh -c 'mount -t tmpfs -o "mode=1777,$0" tmpfs \
		/dev/shm && exec "$@"' "$options" "$@"
}

@test "create /NAME: reserved, mode 0600 whatever the umask, name printed" {
	umask 0777
	[ "$(shmtool create /x -s 1M)" = /x ]
	[ "$(stat -c '%a %s %b' /dev/shm/x)" = "600 1048576 2048" ]
	[ "$(shmtool create /dev/shm/y -s 5 -m 0666)" = /y ]
	[ "$(stat -c '%a %s' /dev/shm/y)" = "666 5" ]
	[ "$(shmtool create /z -s 1M --no-reserve -m u=rw,g+r)" = /z ]
	[ "$(stat -c '%a %s %b' /dev/shm/z)" = "640 1048576 0" ]
}

@test "create /NAME: owner and group" {
	needs_root "gives an object away"
	shmtool create /x -s 1 -u nobody:12345 -m 0604
	[ "$(stat -c '%U %g %a' /dev/shm/x)" = "nobody 12345 604" ]
	run --separate-stderr without_privilege "$(command -v shmtool)" \
		create /y -s 1 -u root
	[ "$status" -eq 4 ]
	message_has "create: /y:"
	[ ! -e /dev/shm/y ]
}

@test "create /NAME: contents are complete before the name appears" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool create /x -s 10 -i "$BATS_TEST_TMPDIR/in" 3>&- &
	local pid=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	echo hello >&9
	settle "$pid"
	[ -z "$(ls -A /dev/shm)" ]
	exec 9>&-
	wait "$pid"
	[ "$(shmtool read -s /x)" = hello ]
	printf 'no newline' | shmtool create /y -i -
	[ "$(cat /dev/shm/y)" = 'no newline' ]
	[ "$(stat -c %s /dev/shm/y)" = 10 ]
}

@test "create /NAME: killed while it is filled, it leaves nothing" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool create /x -s 1M -i "$BATS_TEST_TMPDIR/in" 3>&- &
	local pid=$! signal
	exec 9>"$BATS_TEST_TMPDIR/in"
	settle "$pid"
	kill -9 "$pid"
	wait "$pid" || true
	exec 9>&-
	[ -z "$(ls -A /dev/shm)" ]
	[ "$(df --output=used /dev/shm | tail -n 1)" -eq 0 ]
	for signal in INT TERM; do
		perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' shmtool create \
			/x -s 1M -i "$BATS_TEST_TMPDIR/in" 3>&- &
		pid=$!
		exec 9>"$BATS_TEST_TMPDIR/in"
		settle "$pid"
		kill -s "$signal" "$pid"
		wait "$pid" || true
		exec 9>&-
		[ -z "$(ls -A /dev/shm)" ]
	done
}

@test "create /NAME -i: killed at every system call, complete or absent" {
	can_inject
	head -c 20000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	export FROM=/dev/shm
	local create=(shmtool create /x -i "$BATS_TEST_TMPDIR/in")
	for way in nameless named; do
		rm -f /dev/shm/x
		if [ "$way" = named ]; then
			refuse_nameless "${create[@]}"
			rm /dev/shm/x
		fi
		calls=$(changing_calls "${create[@]}" | grep -v ^openat)
		[ "$(wc -l <<<"$calls")" -ge 3 ]
		for call in $calls; do
			rm -f /dev/shm/x
			killed_at "$call" "${create[@]}" || {
				echo "not killed at $call"
				return 1
			}
			# Others cannot open what is not complete.
			case $way:$(find /dev/shm -type f -printf '%f:%m ') in
			*: | named:x:0\ ) ;;
			*:x:600\ ) cmp /dev/shm/x "$BATS_TEST_TMPDIR/in" ;;
			*) ls -lA /dev/shm; return 1 ;;
			esac
		done
	done
}

@test "create /NAME: without O_TMPFILE, linkat or /proc, by another way" {
	can_inject
	echo hello >"$BATS_TEST_TMPDIR/in"
	local refused option
	for refused in linkat:error={ENOSYS,EPERM}; do
		for option in "-s 6" "-i $BATS_TEST_TMPDIR/in" \
			"-s 6 -e" "-s 6 -- cp $BATS_TEST_TMPDIR/in /dev/shm/x"
		do
			# shellcheck disable=SC2086
			run --separate-stderr with_failing "$refused" \
				shmtool create /x $option
			[ "$status" -eq 0 ]
			[ -z "$stderr" ]
			if [[ $option == *--* ]]; then
				[ ! -e /dev/shm/x ]
				continue
			fi
			[ "$(stat -c '%a %s %b' /dev/shm/x)" = "600 6 8" ]
			[[ $option != -i* ]] || [ "$(cat /dev/shm/x)" = hello ]
			[ "$option" != "-s 6" ] ||
				[ "$(tr '\0' 0 </dev/shm/x)" = 000000 ]
			run with_failing "$refused" shmtool create /x -s 1
			[ "$status" -eq 5 ]
			rm /dev/shm/x
		done
	done
	run unshare -m sh -c 'mount -t tmpfs none /proc &&
		exec shmtool create /x -i "$0"' "$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ] || skip "nothing can be mounted here"
	[ "$(cat /dev/shm/x)" = hello ]
}

@test "create /NAME: input longer than the size is refused" {
	head -c 100 /dev/zero >"$BATS_TEST_TMPDIR/in"
	refused 1 /x -s 99 -i "$BATS_TEST_TMPDIR/in"
	refused 1 /x -s 99 -i - <"$BATS_TEST_TMPDIR/in"
	shmtool create /x -s 101 -i "$BATS_TEST_TMPDIR/in"
	[ "$(stat -c %s /dev/shm/x)" = 101 ]
}

@test "create /NAME: a name that is taken is refused, with its users" {
	shmtool create /x -s 4096
	hold_open x
	refused 5 /x -s 1
	message_has "create: /x: the name is taken" "4096 bytes of $(id -un)" \
		"used by $holder (perl): shmtool stat /x"
	release
	refused 5 /dev/shm/x -s 1
	message_has "create: /dev/shm/x:" "not in use"
	[ "$(stat -c %s /dev/shm/x)" = 4096 ]
}

@test "create /NAME: what is no object takes a name too" {
	local option
	mkdir /dev/shm/dir
	mkfifo /dev/shm/fifo
	ln -s nothing /dev/shm/link
	for option in '' -e; do
		refused 5 /dir -s 1 $option
		message_has "a directory has this name"
		refused 5 /fifo -s 1 $option
		message_has "a FIFO, a socket or a device has this name"
		refused 5 /link -s 1 $option
		message_has "a symbolic link has this name"
	done
	[ ! -e /dev/shm/nothing ]
}

@test "create /NAME -e: the existing one, if it is large enough" {
	run --separate-stderr shmtool create /x -s 4096 -e -v
	[ "$status" -eq 0 ]
	[ "$output" = /x ]
	message_has "created object /x, 4096 bytes"
	echo kept >/dev/shm/x
	run --separate-stderr shmtool create /x -s 5 -e -v -m 0666
	[ "$output" = /x ]
	message_has "opened object /x, 5 bytes"
	[ "$(stat -c %a /dev/shm/x)" = 600 ]
	[ "$(cat /dev/shm/x)" = kept ]
	refused 5 /x -s 6 -e
	message_has "6 bytes requested" "the existing object has 5 bytes of" \
		"shmtool stat /x"
	refused 2 /x -s 1 -e -- true
}

@test "create /NAME -e: one that another process made first is opened" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool create /x -s 10 -e -v -i "$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	local pid=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	settle "$pid"
	shmtool create /x -s 20
	exec 9>&-
	wait "$pid"
	grep -q 'opened object /x, 20 bytes' "$BATS_TEST_TMPDIR/out"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = /x ]
	# Without -e it is taken by then.
	rm /dev/shm/x
	shmtool create /x -s 10 -i "$BATS_TEST_TMPDIR/in" \
		2>"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	settle "$pid"
	shmtool create /x -s 20
	exec 9>&-
	local code=0
	wait "$pid" || code=$?
	[ "$code" -eq 5 ]
	grep -q 'the name is taken' "$BATS_TEST_TMPDIR/out"
	[ "$(stat -c %s /dev/shm/x)" = 20 ]
}

@test "create /NAME -e: one that was removed again is created after all" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	cd "$BATS_TEST_TMPDIR"
	# The name is taken as it is given, and free when it is looked up.
	run --separate-stderr strace -qq -o calls -e trace=linkat \
		-e inject=linkat:error=EEXIST:when=2 \
		shmtool create /x -s 10 -e -v -i - <<<"contents"
	grep -q INJECTED calls || skip "strace cannot inject here"
	[ "$status" -eq 0 ]
	[ "$output" = /x ]
	message_has "created object /x, 10 bytes"
	[ "$(head -n 1 /dev/shm/x)" = contents ]
	# It is free before, too.
	run --separate-stderr strace -qq -o calls -e trace=statx \
		-e inject=statx:retval=0:when=1 shmtool create /y -s 10 -e
	grep -q INJECTED calls
	[ "$output" = /y ]
}

@test "create /NAME -e: another user's object needs its permission" {
	needs_root "becomes another user"
	shmtool create /x -s 4096 -m 0644
	run --separate-stderr without_privilege "$(command -v shmtool)" \
		create /x -s 1 -e
	[ "$status" -eq 4 ]
	message_has "create: /x: mode 0644 of root:root does not permit it"
	[ "$(without_privilege "$(command -v shmtool)" create /x -s 1 -e \
		-m 0400)" = /x ]
}

@test "create /NAME: protected_regular is named where it matters" {
	needs_root "becomes another user"
	needs_mounts
	shmtool create /x -s 1 -u 12345
	echo 2 >"$BATS_TEST_TMPDIR/protected"
	run --separate-stderr unshare --mount sh -c '
		mount --bind "$0" /proc/sys/fs/protected_regular &&
		shmtool create /x -s 1' "$BATS_TEST_TMPDIR/protected"
	[ "$status" -eq 5 ]
	message_has "of 12345" "O_CREAT of it is refused" \
		"fs.protected_regular is 2"
	[ "$(shmtool create /x -s 1 -e)" = /x ]
}

@test "create /NAME: two at once, each name is made once" {
	local i
	for ((i = 0; i < 8; i++)); do
		shmtool create /x -s 1M >>"$BATS_TEST_TMPDIR/made" \
			2>>"$BATS_TEST_TMPDIR/refused" 3>&- &
		shmtool create /y -s 1M -e >>"$BATS_TEST_TMPDIR/opened" 3>&- &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR/made")" = /x ]
	[ "$(grep -c 'the name is taken' "$BATS_TEST_TMPDIR/refused")" = 7 ]
	[ "$(grep -c '^/y$' "$BATS_TEST_TMPDIR/opened")" = 8 ]
}

@test "create /NAME: options of System V segments are usage errors" {
	refused 2 /x -s 1 --huge
	refused 2 /x -s 1 --huge=2M
	refused 2 /x -s 1 --lock
	refused 2 /x -s 1 --id 5
	refused 2 /x -s 1 -k 0x4d2
	message_has "create: --key: is for System V segments"
	refused 2 /x -s 1 -f /
	refused 2 /x
	refused 2 /x -s 0
	refused 2 /x /y -s 1
	refused 2 x -s 1
	refused 2 / -s 1
	refused 2 /a/b -s 1
	refused 2 /.. -s 1
	refused 2 "/$(printf '%0256d' 0)" -s 1
	message_has "not a segment: " "/NAME"
	run --separate-stderr shmtool --ns $$ create /x -s 1 -- true
	[ "$status" -eq 2 ]
}

@test "create: a path to memory without a name is a usage error" {
	refused 2 -s 4096 "/proc/$$/fd/0" < /dev/null
	[[ $stderr == *": leads to memory without a name; "* ]]
}

@test "create /NAME: the size of /dev/shm, and the command that raises it" {
	needs_mounts
	run --separate-stderr in_shm size=1m shmtool create /x -s 2M
	[ "$status" -eq 6 ]
	message_has "create: /x: 2097152 bytes requested" \
		"/dev/shm has 1048576, 0 used and 1048576 free" \
		"shmtool limits --set dev_shm_size=2097152"
	# What the message says helps, and a reserved object is filled to its
	# last byte.
	in_shm size=1m sh -c '
		head -c 700K /dev/urandom >"$0" &&
		shmtool create /x -i "$0" && cmp "$0" /dev/shm/x &&
		shmtool write /x -f "$0" && rm /dev/shm/x &&
		shmtool create /y -s 1M && rm /dev/shm/y &&
		shmtool limits --set dev_shm_size=2097152 &&
		shmtool create /x -s 2M' "$BATS_TEST_TMPDIR/in"
}

@test "create /NAME: the inodes of /dev/shm" {
	needs_mounts
	run --separate-stderr in_shm nr_inodes=2 sh -c '
		shmtool create /x -s 1 >/dev/null; shmtool create /y -s 1'
	[ "$status" -eq 6 ]
	message_has "create: /y: /dev/shm has inodes for 2 files" \
		"mount -o remount,nr_inodes=4 /dev/shm"
	needs_root "remounts with another number of inodes"
	in_shm nr_inodes=2 sh -c 'shmtool create /x -s 1 &&
		mount -o remount,nr_inodes=4 /dev/shm &&
		shmtool create /y -s 1'
}

@test "create /NAME: ENOSPC where there is room: a moment, or the commit limit" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	needs_mounts
	local refused='exec strace -qq -o "$1/calls" -e trace=fallocate \
		-e inject=fallocate:error=ENOSPC shmtool create -s 1M /x'
	run --separate-stderr in_shm size=64m sh -c "$refused" sh \
		"$BATS_TEST_TMPDIR"
	grep -q INJECTED "$BATS_TEST_TMPDIR/calls" ||
		skip "strace cannot inject here"
	[ "$status" -eq 6 ]
	message_has "create: /x: likely /dev/shm was full for a moment" \
		"1048576 bytes requested, 67108864 are free now"
	# The mode is the machine's: only what is read of it is changed.
	echo 2 >"$BATS_TEST_TMPDIR/mode"
	printf '%s\n' 'MemTotal: 100 kB' 'CommitLimit: 2000 kB' \
		'Committed_AS: 1900 kB' >"$BATS_TEST_TMPDIR/meminfo"
	# Also where /dev/shm has no size.
	for size in 64m 0; do
		run --separate-stderr in_shm size=$size sh -c '
			mount --bind "$1/mode" \
				/proc/sys/vm/overcommit_memory &&
			mount --bind "$1/meminfo" /proc/meminfo && '"$refused" \
			sh "$BATS_TEST_TMPDIR"
		[ "$status" -eq 6 ]
		message_has "create: /x: 1048576 bytes requested" \
			"Committed_AS is" "CommitLimit is 2048000" \
			"vm.overcommit_kbytes="
		[[ $stderr != *likely* ]]
	done
}

@test "create /NAME: RLIMIT_FSIZE is told, and is no signal" {
	refused_by_limit() {
		(ulimit -f 100 && shmtool create /x -s 1M "$@")
	}
	run --separate-stderr refused_by_limit
	[ "$status" -eq 6 ]
	message_has "create: /x: 1048576 bytes requested" \
		"RLIMIT_FSIZE allows 102400: ulimit -f unlimited"
	run --separate-stderr refused_by_limit --no-reserve
	[ "$status" -eq 6 ]
	[ -z "$(ls -A /dev/shm)" ]
	refused 6 /x -s 9223372036854775808
	message_has "more than any object can hold"
}

@test "create /NAME: more than a memory cgroup can hold is refused" {
	make_group 24
	run --separate-stderr in_group shmtool create /x -s 64M
	[ "$status" -eq 6 ]
	message_has "create: /x: no memory for 67108864 bytes" \
		"memory cgroup" "left of 24M"
	[ -z "$(ls -A /dev/shm)" ]
	[ "$(in_group shmtool create /x -s 8M)" = /x ]
}

@test "create /NAME: no tmpfs at /dev/shm" {
	needs_mounts
	needs_root "mounts a ramfs"
	run --separate-stderr unshare --mount sh -c '
		mount -t ramfs ramfs /dev/shm && shmtool create /x -s 1'
	[ "$status" -eq 1 ]
	message_has "create: /x: /dev/shm does not exist, or is not a tmpfs" \
		"mount -t tmpfs tmpfs /dev/shm"
}

@test "create /NAME: a directory that permits no new names" {
	needs_root "becomes another user"
	chmod 755 /dev/shm
	run --separate-stderr without_privilege "$(command -v shmtool)" \
		create /x -s 1
	chmod 1777 /dev/shm
	[ "$status" -eq 4 ]
	message_has "create: /x: /dev/shm does not permit new names"
}

@test "create /NAME -- COMMAND: the object lives for the run" {
	SHMTOOL_ID=7 run shmtool create /x -s 64K -- sh -c '
		echo "$SHMTOOL_NAME $SHMTOOL_SIZE ${SHMTOOL_ID-no id}" &&
		stat -c "%a %s" /dev/shm/x; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = "/x 65536 no id"$'\n'"600 65536" ]
	[ -z "$(ls -A /dev/shm)" ]
	run -127 shmtool create /x -s 1 -- /nowhere
	[ -z "$(ls -A /dev/shm)" ]
	shmtool create /x -s 1
	run --separate-stderr shmtool create /x -s 1 -- true
	[ "$status" -eq 125 ]
	[ -e /dev/shm/x ]
}

@test "create /NAME -- COMMAND: gone after kill -9, even though it is used" {
	shmtool create /x -s 64K -- sleep 60 3>&- &
	local pid=$!
	wait_for test -e /dev/shm/x
	hold_open x
	kill -9 "$pid"
	wait "$pid" || true
	wait_for test ! -e /dev/shm/x
}

@test "create /NAME -- COMMAND: what took the name meanwhile stays" {
	shmtool create /x -s 64K -- sh -c 'rm /dev/shm/x; echo new >/dev/shm/x'
	[ "$(cat /dev/shm/x)" = new ]
	rm /dev/shm/x
	shmtool create /x -s 64K -- sleep 60 3>&- &
	local pid=$! reaper
	wait_for test -e /dev/shm/x
	reaper=$(pgrep -P "$pid" shmtool)
	rm /dev/shm/x
	echo new >/dev/shm/x
	kill -9 "$pid"
	wait "$pid" || true
	wait_for test ! -e "/proc/$reaper"
	[ "$(cat /dev/shm/x)" = new ]
}

@test "create /NAME: an output that is lost takes the object along" {
	run --separate-stderr bash -c 'shmtool create /x -s 1 >/dev/full'
	[ "$status" -eq 1 ]
	message_has "standard output"
	[ -z "$(ls -A /dev/shm)" ]
	run --separate-stderr bash -c 'shmtool create /x -s 1 >&-'
	[ "$status" -eq 1 ]
	[ -z "$(ls -A /dev/shm)" ]
}

@test "create: what logind removes at logout is said on a terminal" {
	needs_root
	needs_mounts
	needs_terminal
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /run && mount -t tmpfs none /etc &&
		mkdir -p /run/systemd/users &&
		for name in "-m 0600" /name; do
			for user in 4242 0; do
				script -qec "setpriv --reuid=$user \
					--clear-groups shmtool create \
					-s 4096 $name" /dev/null </dev/null
				rm -f /dev/shm/name
			done
		done
		setpriv --reuid=4242 --clear-groups shmtool create -s 1 /name
		rm /dev/shm/name
		# That of another user is not removed.
		shmtool create -s 1 -m 0666 /name
		script -qec "setpriv --reuid=4242 --clear-groups shmtool \
			create -e -s 1 /name" /dev/null </dev/null
		rm /dev/shm/name'
	[ "$status" -eq 0 ]
	[ "$(grep -c 'systemd-logind removes it at logout (RemoveIPC)' \
		<<<"$output")" -eq 2 ]
	[ "$(grep -c logind <<<"$output")" -eq 2 ]
	[ -z "$stderr" ]
}
