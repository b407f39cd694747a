# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154
#
# save of POSIX objects: the files, their names, what happens to an object
# meanwhile, and SIGKILL at any system call.

load ../common
load ../saved

setup() {
	objects_setup
}

test_teardown() {
	clear_shm
	[ -z "${open_dir:-}" ] || rm -rf "$open_dir"
}

@test "save: an object becomes contents and a .meta, and its pair is printed" {
	make_object psm_1 10000
	chmod 0640 /dev/shm/psm_1
	atime=$(stat -c %X /dev/shm/psm_1)
	run --separate-stderr shmtool save "$dir" /psm_1
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	name=${output##*/}
	[ "$output" = "$dir/$name" ]
	[[ $name =~ ^psm_1-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$ ]]
	[ "$(names)" = "$name.meta $name.shm " ]
	[ "$(stat -c %a "$dir"/* | sort -u)" = 600 ]
	cmp "$dir/$name.shm" /dev/shm/psm_1
	[ "$(cut -d' ' -f1 "$dir/$name.meta" | paste -sd' ')" = "shmtool-saved \
kind name size allocated perms uid gid atime mtime ctime btime contents \
xxh3-128 meta-xxh3-128" ]
	[ "$(meta shmtool-saved):$(meta kind):$(meta name)" = 3:posix:/psm_1 ]
	[ "$(meta size):$(meta allocated):$(meta perms)" = 10000:12288:0640 ]
	[ "$(meta uid):$(meta gid)" = "$(id -u):$(id -g)" ]
	[[ $(meta mtime) == "$(stat -c %Y /dev/shm/psm_1) "* ]]
	[[ $(meta atime) == "$atime "* ]]
}

@test "save: of an object holes stay holes, and atime is left alone" {
	truncate -s 64M /dev/shm/a
	printf x | dd of=/dev/shm/a bs=1 seek=20M conv=notrunc status=none
	touch -ad '2020-01-01' /dev/shm/a
	save_object a
	[ "$(stat -c %s "$(contents)")" -eq $((64 << 20)) ]
	[ "$(stat -c %b "$(contents)")" -le 16 ]
	[ "$(stat -c %b /dev/shm/a)" -le 8 ]
	[ "$(stat -c %X /dev/shm/a)" = "$(date -d 2020-01-01 +%s)" ]
	cmp /dev/shm/a "$(contents)"
	: >/dev/shm/empty
	save_object empty
	[ "$(stat -c %s "$(contents)")" -eq 0 ]
}

@test "save: names that are no plain file names are encoded" {
	long=$(printf 'n%.0s' {1..255})
	wild=$(printf '\377%.0s' {1..255})
	list=($'a\nb' $'\033[1m' -n .hidden 'a b%' $'\377' "$long" "$wild" ...)
	for object in "${list[@]}"; do
		make_object "$object" 100
		save_object "$object"
		[[ $name =~ ^[a-zA-Z0-9_%][a-zA-Z0-9_.%-]*$ ]]
		[ "${#name}" -le 230 ]
		cmp "/dev/shm/$object" "$dir/$name.shm"
		cp "/dev/shm/$object" "$BATS_TEST_TMPDIR/was"
		rm "/dev/shm/$object"
		shmtool restore "$dir/$name" >"$BATS_TEST_TMPDIR/out"
		cmp "$BATS_TEST_TMPDIR/out" <(printf '/%s\n' "$object")
		cmp "$BATS_TEST_TMPDIR/was" "/dev/shm/$object"
	done
	[ "$(names | wc -w)" -eq $((2 * ${#list[@]})) ]
	[[ $(names) == *"%2Dn-"*"%2Ehidden-"*"a%0Ab-"*"a%20b%25-"* ]]
	# Of two long names of the same beginning both are kept.
	make_object "${long}" 10
	mv "/dev/shm/$long" "/dev/shm/${long%n}m"
	save_object "${long%n}m"
	[ "$(names | wc -w)" -eq $((2 * ${#list[@]} + 2)) ]
}

@test "save: two lives of one name are two pairs, one life is one" {
	make_object a
	save_object a
	first=$name
	run --separate-stderr shmtool save "$dir" /a
	[ "$status" -eq 5 ]
	message_has "save: /a: $dir/$name.meta exists" --force
	if [ "$(stat -c %W /dev/shm/a)" -ne 0 ]; then
		sleep 1.1
		printf y >>/dev/shm/a
		save_object a -f
		[ "$name" = "$first" ]
		cmp /dev/shm/a "$(contents)"
	fi
	rm /dev/shm/a
	make_object a
	save_object a
	[ "$name" != "$first" ]
	# Within a second the inode tells them apart.
	mv /dev/shm/a /dev/shm/b
	make_object a
	second=$name
	save_object a
	[ "$name" != "$second" ]
	[ "$(names | wc -w)" -eq 6 ]
}

@test "save: filters choose objects, with those of several kinds and --name" {
	make_object psm_1
	make_object psm_2
	make_object other
	hold_open psm_2
	make_segment
	shmtool save "$dir" --name 'psm_*' --unattached >"$BATS_TEST_TMPDIR/out"
	[[ $(cat "$BATS_TEST_TMPDIR/out") == "$dir"/psm_1-* ]]
	[ "$(names | wc -w)" -eq 2 ]
	shmtool save "$dir" --kind posix --idle 1h
	[ "$(names | wc -w)" -eq 2 ]
	make_later
	later shmtool save "$dir" --name 'psm_?' --idle 1h --not --unattached
	[[ $(names) == *psm_2* ]]
	LC_ALL=C shmtool save "$dir" --kind posix --not --name 'psm_*' -v \
		>"$BATS_TEST_TMPDIR/out"
	[[ $(cat "$BATS_TEST_TMPDIR/out") == "/other: saved as $dir/other-"* ]]
	shmtool save -f "$dir" --kind sysv,posix >"$BATS_TEST_TMPDIR/out" 2>/dev/null
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 4 ]
	shmtool save -f "$dir" /psm_1 --min-size 1M 2>"$BATS_TEST_TMPDIR/err"
	grep -q '/psm_1: not saved: it does not pass' "$BATS_TEST_TMPDIR/err"
}

@test "save: an object is looked for where DIR should be; a lost DIR is named" {
	make_object a
	run --separate-stderr shmtool save /a
	[ "$status" -eq 2 ]
	message_has "/a: a segment, but DIR comes first"
	run --separate-stderr shmtool save /nowhere /a
	[ "$status" -eq 1 ]
	message_has "save: /a: /nowhere: No such file or directory"
	run --separate-stderr shmtool save "$dir" /b
	[ "$status" -eq 3 ]
	message_has "save: /b: no such object"
	ln -s a /dev/shm/link
	mkfifo /dev/shm/fifo
	for object in /link /fifo; do
		run --separate-stderr timeout 20 shmtool save "$dir" "$object"
		[ "$status" -eq 3 ]
		message_has "save: $object: not an object:"
	done
	[ -z "$(names)" ]
}

@test "save: an object of another user needs read permission" {
	needs_root "for two users"
	make_object a
	chmod 0600 /dev/shm/a
	open_dir=$(mktemp -d)
	dir=$open_dir
	chmod 0777 "$dir"
	run --separate-stderr without_privilege shmtool save "$dir" /a
	[ "$status" -eq 4 ]
	message_has "save: /a: no read permission" "mode 0600, owner root"
	chmod 0644 /dev/shm/a
	run --separate-stderr without_privilege shmtool save "$dir" /a
	[ "$status" -eq 0 ]
}

@test "save: an object that shrinks, goes or is replaced meanwhile is an error" {
	can_inject
	# At the first block, and when all of the 16 are copied.
	for block in 1 16; do
		make_object a 1M
		stopped_at "pwrite64:when=$block" \
			'truncate -s 4096 /dev/shm/a' shmtool save "$dir" /a
		[ "$status" -eq 1 ]
		message_has "save: /a: became shorter than its 1048576 bytes"
		[ -z "$(names)" ]
	done
	make_object a 1M
	stopped_at pwrite64:when=1 'rm /dev/shm/a' \
		shmtool save "$dir" /a
	[ "$status" -eq 3 ]
	message_has "save: /a: was removed before it was saved"
	[ -z "$(names)" ]
	make_object a 1M
	make_object b 1M
	stopped_at pwrite64:when=1 'mv /dev/shm/b /dev/shm/a' \
		shmtool save "$dir" /a
	[ "$status" -eq 3 ]
	message_has "save: /a: was removed before it was saved"
	[ -z "$(names)" ]
}

@test "save: an object replaced between the look and the save is not saved" {
	can_inject
	make_object a
	make_object b
	# At its first look at the directory: the object was looked at before.
	strace_options=(-P "$dir")
	stopped_at openat:when=1 'mv /dev/shm/b /dev/shm/a' \
		shmtool save "$dir" /a
	[ "$status" -eq 3 ]
	message_has "save: /a: was removed before it was saved"
	[ -z "$(names)" ]
}

@test "save: of an object into a full tmpfs leaves nothing" {
	needs_mounts
	make_object a 1M
	# shellcheck disable=SC2016
	run --separate-stderr unshare -m sh -c '
		mount -t tmpfs -o size=256k none "$0" || exit 77
		shmtool save "$0" /a
		s=$?
		ls -A "$0"
		exit $s' "$dir"
	[ "$status" -ne 77 ] || skip "no tmpfs can be mounted here"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "save: /a:" .shm "No space left" "1048576 bytes"
}

@test "save: of an object into /dev/shm itself" {
	make_object a
	mkdir /dev/shm/archive
	dir=/dev/shm/archive
	save_object a
	cp /dev/shm/a "$BATS_TEST_TMPDIR/a"
	restores_object "$BATS_TEST_TMPDIR/a"
}

@test "save: -f of an object killed at every call, the old or the new pair" {
	can_inject
	make_object a 16K
	save_object a
	cp /dev/shm/a "$BATS_TEST_TMPDIR/old"
	head -c 16K /dev/urandom | dd of=/dev/shm/a conv=notrunc status=none
	cp /dev/shm/a "$BATS_TEST_TMPDIR/new"
	cp -a "$dir" "$BATS_TEST_TMPDIR/before"
	calls=$(changing_calls shmtool save -f "$dir" /a)
	[ "$(wc -l <<<"$calls")" -gt 8 ]
	for call in $calls; do
		rm -rf "$dir"
		cp -a "$BATS_TEST_TMPDIR/before" "$dir"
		killed_at "$call" shmtool save -f "$dir" /a || {
			echo "not killed at $call"
			return 1
		}
		restores_object "$BATS_TEST_TMPDIR/new" 2>/dev/null ||
			restores_object "$BATS_TEST_TMPDIR/old"
		save_object a -f
		restores_object "$BATS_TEST_TMPDIR/new"
		[ "$(names | wc -w)" -eq 2 ] || {
			echo "left over from $call: $(names)"
			return 1
		}
	done
}

@test "save: two -f of an object at once lose nothing" {
	make_object a 64K
	cp /dev/shm/a "$BATS_TEST_TMPDIR/new"
	save_object a
	for who in 1 2; do
		for ((i = 0; i < 20; i++)); do
			shmtool save -f "$dir" /a >/dev/null
		done 2>"$BATS_TEST_TMPDIR/err$who" 3>&- &
		pids+=("$!")
	done
	for ((i = 0; i < 10; i++)); do
		restores_object "$BATS_TEST_TMPDIR/new"
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	[ "$(names | wc -w)" -eq 2 ]
	restores_object "$BATS_TEST_TMPDIR/new"
}
