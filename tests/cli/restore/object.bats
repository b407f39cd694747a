# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154
#
# restore of POSIX objects: complete before the name appears, by another name
# or kind, and what a taken name, a full /dev/shm and SIGKILL leave.

load ../common
load ../saved

setup() {
	objects_setup
	cd "$dir" || return 1
}

test_teardown() {
	drop_group
	clear_shm
}

# make_saved [BYTES]: the object /a, saved as $name and removed; its bytes are
# in the file "was".
make_saved() {
	make_object a "$@"
	cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
	save_object a
	rm /dev/shm/a
}

# What is in /dev/shm.
objects() {
	find /dev/shm -mindepth 1 -printf '%f\n' | sort | tr '\n' ' '
}

# Runs a command in a mount namespace whose /dev/shm has so many bytes, inodes:
# with_shm OPTIONS COMMAND...
with_shm() {
	# shellcheck disable=SC2016
	unshare -m sh -ec '
		mount -t tmpfs -o "mode=1777,$1" tmpfs /dev/shm
		shift
		"$@"
		' sh "$@"
}

@test "restore: an object under its name, with mode and contents" {
	make_object psm_1 10000
	chmod 0640 /dev/shm/psm_1
	cp /dev/shm/psm_1 "$BATS_TEST_TMPDIR/was"
	save_object psm_1
	rm /dev/shm/psm_1
	umask 077
	run --separate-stderr shmtool restore "$name.shm"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$output" = /psm_1 ]
	cmp /dev/shm/psm_1 "$BATS_TEST_TMPDIR/was"
	[ "$(stat -c %a:%h /dev/shm/psm_1)" = 640:1 ]
	[ "$(objects)" = "psm_1 " ]
	[ "$(segments)" -eq 0 ]
}

@test "restore: reserved or sparse, as the object was" {
	truncate -s 8M /dev/shm/sparse
	printf x | dd of=/dev/shm/sparse bs=1 seek=1M conv=notrunc status=none
	fallocate -l 8M /dev/shm/reserved
	for object in sparse reserved; do
		save_object "$object"
		cp --sparse=always "/dev/shm/$object" "$BATS_TEST_TMPDIR/was"
		rm "/dev/shm/$object"
		shmtool restore "$name"
		cmp "/dev/shm/$object" "$BATS_TEST_TMPDIR/was"
	done
	[ "$(stat -c %s:%b /dev/shm/sparse)" = $((8 << 20)):8 ]
	[ "$(stat -c %s:%b /dev/shm/reserved)" = $((8 << 20)):$((8 << 11)) ]
	: >/dev/shm/empty
	save_object empty
	rm /dev/shm/empty
	[ "$(shmtool restore "$name")" = /empty ]
	[ "$(stat -c %s /dev/shm/empty)" -eq 0 ]
}

@test "restore: the owner of an object, by root; others are told" {
	needs_root "for two users"
	make_object a
	chown nobody:nogroup /dev/shm/a
	chmod 0604 /dev/shm/a
	save_object a
	rm /dev/shm/a
	run --separate-stderr shmtool restore "$name"
	[ -z "$stderr" ]
	[ "$(stat -c %U:%G:%a /dev/shm/a)" = nobody:nogroup:604 ]
	chown root:root /dev/shm/a
	save_object a -f
	rm /dev/shm/a
	open_dir=$(mktemp -d)
	cp "$dir/$name".* "$open_dir"
	chmod 0755 "$open_dir"
	chmod 0644 "$open_dir"/*
	run --separate-stderr without_privilege shmtool restore \
		"$open_dir/$name"
	rm -r "$open_dir"
	[ "$status" -eq 0 ]
	[ "$output" = /a ]
	message_has "restored as /a, but not with its owner 0:0"
	[ "$(stat -c %u /dev/shm/a)" = 65534 ]
}

@test "restore: an owner that cannot be given is told to root, too" {
	needs_root "gives an object away"
	command -v xxhsum >/dev/null || skip "no xxhsum here"
	local line
	make_saved
	cp "$name.shm" forged.shm
	for line in "uid 4294967295" "gid 4294967295"; do
		sed "s/^${line% *} .*/$line/" "$name.meta" | head -n -1 >body
		{
			cat body
			echo "meta-xxh3-128 $(xxhsum -H2 <body | cut -d' ' -f1)"
		} >forged.meta
		run --separate-stderr shmtool restore --as /b forged
		[ "$status" -eq 0 ]
		message_has "restored as /b, but not with its owner" 4294967295
		[ "$(stat -c %u:%g /dev/shm/b)" = 0:0 ]
		rm /dev/shm/b
	done
}

@test "restore: --as another name, of a System V archive too" {
	make_saved
	[ "$(shmtool restore --as /b "$name")" = /b ]
	[ "$(shmtool restore --as=/dev/shm/c "$name.meta")" = /c ]
	cmp /dev/shm/b "$BATS_TEST_TMPDIR/was"
	cmp /dev/shm/c "$BATS_TEST_TMPDIR/was"
	make_segment 8192 0644
	fill 4096
	by_perl >"$BATS_TEST_TMPDIR/segment"
	save
	shmtool rm "$id"
	[ "$(shmtool restore --as /d "$name")" = /d ]
	cmp /dev/shm/d "$BATS_TEST_TMPDIR/segment"
	# Reserved, as by create.
	[ "$(stat -c %a:%b /dev/shm/d)" = 644:16 ]
	[ "$(segments)" -eq 0 ]
	[ "$(objects)" = "b c d " ]
}

@test "restore: -k makes a segment of what was an object" {
	make_saved
	run --separate-stderr shmtool restore -k 0x77 "$name"
	[ "$status" -eq 0 ]
	[ "$(of_id key "$output")" = 0x00000077 ]
	cmp "$BATS_TEST_TMPDIR/was" <(by_perl "$output")
	[ -z "$(objects)" ]
	run --separate-stderr shmtool restore --id -k 0x78 "$name"
	[ "$status" -eq 1 ]
	message_has "restore: $name: it was not a System V segment, and has no id"
	[ "$(segments)" -eq 1 ]
	# Files of both kinds, as when the machine starts.
	run --separate-stderr shmtool restore --id "$name"
	[ "$status" -eq 0 ]
	[ "$output" = /a ]
}

@test "restore: --as is for one file, a name, and neither --id nor --key" {
	make_saved
	for options in "--as b" "--as /" "--as /a/b" "--as 0x4d2" "--as /." \
		"--id --as /b" "-k 1 --as /b" "--as /b other"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool restore $options "$name"
		[ "$status" -eq 2 ]
		message_has "restore: "
	done
	[ -z "$(objects)" ]
	[ "$(segments)" -eq 0 ]
}

@test "restore: a taken name is refused, with the command that overwrites it" {
	make_saved
	make_object a 20000
	cp /dev/shm/a "$BATS_TEST_TMPDIR/there"
	run --separate-stderr shmtool restore "$name.meta"
	[ "$status" -eq 5 ]
	message_has "object /a of 20000 bytes exists; to overwrite it: \
shmtool write -f $name.shm /a"
	cmp /dev/shm/a "$BATS_TEST_TMPDIR/there"
	sh -c "${stderr##*overwrite it: }"
	cmp -n 10000 /dev/shm/a "$BATS_TEST_TMPDIR/was"
	truncate -s 10 /dev/shm/a
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 5 ]
	message_has "of 10 bytes" "shmtool set -s 10000 /a, then shmtool write"
	rm /dev/shm/a
	mkdir /dev/shm/a
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 5 ]
	message_has "restore: $name: /a is taken: a directory has this name"
	rmdir /dev/shm/a
	ln -s nowhere /dev/shm/a
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 5 ]
	[ -L /dev/shm/a ]
}

@test "restore: a name taken while the contents are copied" {
	can_inject
	make_saved 1M
	stopped_at pwrite64:when=1 'echo other >/dev/shm/a' \
		shmtool restore "$name"
	[ "$status" -eq 5 ]
	message_has "object /a of 6 bytes exists"
	[ "$(cat /dev/shm/a)" = other ]
}

@test "restore: a full /dev/shm, with figures, and nothing is left" {
	needs_mounts
	make_saved 1M
	run --separate-stderr with_shm size=512k sh -c '
		shmtool restore "$0" || echo "$? $(ls -A /dev/shm)"' "$name"
	[ "$output" = "6 " ]
	message_has "restore: $name: 1048576 bytes requested" "/dev/shm has \
524288, 0 used" dev_shm_size
	# Sparse: it is full only when the contents are written.
	truncate -s 8M /dev/shm/a
	head -c 600K /dev/urandom | dd of=/dev/shm/a conv=notrunc status=none
	save_object a
	run --separate-stderr with_shm size=512k sh -c '
		shmtool restore "$0" || echo "$? $(ls -A /dev/shm)"' "$name"
	[ "$output" = "6 " ]
	message_has "restore: $name:" /dev/shm
	run --separate-stderr with_shm size=64m,nr_inodes=2 sh -c '
		: >/dev/shm/x
		shmtool restore "$0" || echo "$? $(ls -A /dev/shm)"' "$name"
	[ "$output" = "6 x" ]
	message_has "restore: $name:" inode
}

@test "restore: no /dev/shm, and a limit of the size of files" {
	needs_mounts
	make_saved
	run --separate-stderr unshare -m sh -c '
		mount -t ramfs none /dev/shm && shmtool restore "$0"' "$name"
	[ "$status" -eq 1 ]
	message_has "restore: $name: /dev/shm does not exist, or is not a tmpfs"
	run --separate-stderr bash -c 'ulimit -f 4; shmtool restore "$0"' \
		"$name"
	[ "$status" -eq 6 ]
	message_has "restore: $name:" RLIMIT_FSIZE
	[ -z "$(objects)" ]
}

@test "restore: more than the memory cgroup can hold is refused beforehand" {
	make_saved 24M
	make_group 16
	run --separate-stderr in_group shmtool restore "$name"
	[ "$status" -eq 6 ]
	message_has "restore: $name:" "memory cgroup"
	[ -z "$(objects)" ]
}

@test "restore: damaged files make no object" {
	make_saved
	printf damaged! | dd of="$name.shm" bs=1 seek=5000 conv=notrunc status=none
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 1 ]
	message_has "the .shm is damaged"
	[ -z "$(objects)" ]
	for line in "s|^name /a|name /b|" "s|^name /a|name /%61|" \
		"s|^name /a|name /a/b|" "s|^name /a|name a|" \
		"s|^name /a|name /%4|" "s|^name /a|name /.|" "/^name/d" \
		"s/^kind posix/kind sysv/" "s/saved 3/saved 2/"; do
		sed "$line" "$name.meta" >bad.meta
		cp "$name.shm" bad.shm
		run --separate-stderr shmtool restore bad
		[ "$status" -eq 1 ]
		message_has "restore: bad:" "edited"
	done
	sed "s/saved 3/saved 5/" "$name.meta" >bad.meta
	run --separate-stderr shmtool restore bad
	[ "$status" -eq 1 ]
	message_has "version 5 of the format, this program reads 2 to 4"
	[ -z "$(objects)" ]
}

@test "restore: an object whose name cannot be printed is removed again" {
	make_saved
	run --separate-stderr sh -c 'shmtool restore "$0" >/dev/full' "$name"
	[ "$status" -eq 1 ]
	[ -z "$(objects)" ]
}

@test "restore: killed at every system call, the object is complete or absent" {
	can_inject
	make_saved 16K
	calls=$(changing_calls shmtool restore "$name")
	[ "$(wc -l <<<"$calls")" -ge 5 ]
	for call in $calls; do
		rm -f /dev/shm/a
		killed_at "$call" shmtool restore "$name" || {
			echo "not killed at $call"
			return 1
		}
		[ -z "$(objects)" ] || cmp /dev/shm/a "$BATS_TEST_TMPDIR/was"
		[ "$(segments)" -eq 0 ]
	done
}

@test "restore --as: killed where each file needs a name, mode 0 or complete" {
	can_inject
	make_saved 16K
	refuse_nameless shmtool restore --as /b "$name"
	rm /dev/shm/b
	calls=$(changing_calls shmtool restore --as /b "$name" |
		grep -v ^openat)
	[ "$(wc -l <<<"$calls")" -ge 4 ]
	for call in $calls; do
		rm -f /dev/shm/b
		killed_at "$call" shmtool restore --as /b "$name" || {
			echo "not killed at $call"
			return 1
		}
		case $(find /dev/shm -type f -printf '%f:%m ') in
		"" | "b:0 ") ;;
		b:*) cmp /dev/shm/b "$BATS_TEST_TMPDIR/was" ;;
		*) return 1 ;;
		esac
	done
}

@test "restore: where linkat is refused, by another way" {
	can_inject
	make_object a
	save_object a
	for error in ENOSYS EPERM; do
		with_failing linkat:error=$error shmtool restore --as /b \
			"$dir/$name"
		[ "$(stat -c %a /dev/shm/b)" = "$(stat -c %a /dev/shm/a)" ]
		cmp /dev/shm/a /dev/shm/b
		rm /dev/shm/b
	done
	printf damage | dd of="$(contents)" conv=notrunc status=none
	run ! with_failing linkat:error=EPERM shmtool restore --as /b \
		"$dir/$name"
	[ "$(objects)" = "a " ]
}

@test "restore: whatever call fails, the object is complete or absent" {
	can_inject
	make_saved 16K
	for call in $(system_calls shmtool restore "$name" | cut -d' ' -f1 |
		grep -Ev '^(close|read|getpid|rt_|madv|wait4|clone|mmap)'); do
		rm -f /dev/shm/a
		status=0
		with_failing "${call%:*}:error=EIO:when=${call#*:}" \
			shmtool restore "$name" >"$BATS_TEST_TMPDIR/out" \
			2>"$BATS_TEST_TMPDIR/err" || status=$?
		case $status:$(objects) in
		[1-6]:) [ -s "$BATS_TEST_TMPDIR/err" ] ;;
		0:"a ") cmp /dev/shm/a "$BATS_TEST_TMPDIR/was" ;;
		*) echo "$call: $status: $(objects)"; return 1 ;;
		esac
	done
}

@test "restore: a signal ends it with nothing left" {
	can_inject
	make_saved 1M
	for signal in INT TERM HUP; do
		status=0
		with_failing "pwrite64:signal=$signal:when=3" \
			shmtool restore "$name" 2>"$BATS_TEST_TMPDIR/err" ||
			status=$?
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
		grep -q "restore: $name: interrupted, nothing was made" \
			"$BATS_TEST_TMPDIR/err"
		[ -z "$(objects)" ]
	done
}

@test "restore: stopped and continued while memory is reserved, it goes on" {
	can_inject
	make_saved 16K
	# As SIGSTOP and SIGCONT interrupt it.
	run --separate-stderr with_failing fallocate:error=EINTR:when=1 \
		shmtool restore "$name"
	[ "$status" -eq 0 ]
	[ "$output" = /a ]
	cmp /dev/shm/a "$BATS_TEST_TMPDIR/was"
}

@test "restore: two at once, one of them makes it" {
	make_saved 1M
	for ((i = 0; i < 20; i++)); do
		shmtool restore "$name" >one 2>/dev/null 3>&- &
		first=0 second=0
		shmtool restore "$name" >two 2>/dev/null || second=$?
		wait $! || first=$?
		[ "$((first + second))" -eq 5 ]
		[ "$(cat one two)" = /a ]
		cmp /dev/shm/a "$BATS_TEST_TMPDIR/was"
		rm /dev/shm/a
	done
}
