# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# In a memory cgroup at its limit a process that needs a page is killed: a
# transfer that cannot fit is refused beforehand, with the figures.

load ../common

file_setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

test_teardown() {
	[ -z "${memory:-}" ] || rm -rf "$memory"
	ipcrm --all=shm
	drop_group
}

# Segments of so many MiB for anybody, the first written, the second not.
make_segments() {
	id=$(shmtool create -s "$1M" -m 0666)
	shmtool write -zA "$id"
	empty=$(shmtool create -s "$1M" -m 0666)
}

# A folder in memory.
make_memory() {
	memory=$(mktemp -d /dev/shm/shmtool.XXXXXX) ||
		skip "no folder in memory can be made here"
	[ "$(stat -f -c %T "$memory")" = tmpfs ] || skip "/dev/shm is no tmpfs"
	chmod 777 "$memory"
}

# The last run was out of memory, and a message names the group and a limit.
is_told() {
	[ "$status" -eq 6 ] || {
		echo "status $status: $output$stderr" >&2
		return 1
	}
	message_has "$1" "memory cgroup /${group##*/} has" "left of $2"
}

# So that the segment is reached through its mapping.
plain='setpriv --bounding-set=-all --inh-caps=-all'

@test "write: in a full memory cgroup it is 6, whatever the input is" {
	make_segments 64
	shmtool read -O data "$id"
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		run --separate-stderr in_group $as shmtool write -zA "$empty"
		is_told "write: $empty:" 24M
		shmtool rm "$empty"
		empty=$(shmtool create -s 64M -m 0666)
		# shellcheck disable=SC2086
		run --separate-stderr in_group $as \
			shmtool write -f data "$empty"
		is_told "write: $empty:" 24M
		shmtool rm "$empty"
		empty=$(shmtool create -s 64M -m 0666)
		# shellcheck disable=SC2086
		run --separate-stderr in_group $as \
			shmtool write "$empty" < <(cat data)
		is_told "write: $empty:" 24M
		shmtool rm "$empty"
		empty=$(shmtool create -s 64M -m 0666)
	done
	rm data
}

@test "read: to a file in memory it is 6, and -O leaves nothing" {
	make_segments 64
	make_memory
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		run --separate-stderr in_group $as \
			shmtool read -O "$memory/file" "$id"
		is_told "read: $id:" 24M
		[ -z "$(ls -A "$memory")" ]
		# shellcheck disable=SC2086
		run --separate-stderr in_group $as bash -c \
			"exec shmtool read $id >$memory/file"
		is_told "read: $id:" 24M
		cmp -n "$(stat -c %s "$memory/file")" "$memory/file" \
			<(shmtool read "$id")
		rm "$memory/file"
		# Zeros that no hole can stand for.
		echo there >"$memory/file"
		# shellcheck disable=SC2086
		run --separate-stderr in_group $as bash -c \
			"exec shmtool read $empty 1<>$memory/file"
		is_told "read: $empty:" 24M
		rm "$memory/file"
	done
}

@test "read, write: terabytes that do not fit are refused at once" {
	! is_valgrind || skip "valgrind has no room for 15 TiB"
	! is_32_bit || skip "it has no room for 15 TiB"
	make_memory
	id=$(shmtool create -s 15T --no-reserve)
	printf x | shmtool write -o 14T "$id"
	echo there >"$memory/file"
	# Its pages are not counted to the end: zeros are written for holes too.
	# shellcheck disable=SC2086 # words
	run --separate-stderr timeout -k 5 60 $plain bash -c \
		"exec shmtool read $id >>$memory/file"
	[ "$status" -eq 6 ]
	message_has "read: $id: not enough memory for 15T"
	# shellcheck disable=SC2086
	run --separate-stderr timeout -k 5 60 $plain shmtool write -z "$id"
	[ "$status" -eq 6 ]
	message_has "write: $id: not enough memory for 15T"
}

@test "read: what is appended to a file in memory is 6" {
	make_segments 64
	make_memory
	make_group 24
	for as in "" "$plain"; do
		echo there >"$memory/file"
		# shellcheck disable=SC2086 # words, or none
		run --separate-stderr in_group $as bash -c \
			"exec shmtool read $id >>$memory/file"
		is_told "read: $id: not enough memory for 64M" 24M
		[ "$(cat "$memory/file")" = there ]
		rm "$memory/file"
	done
}

@test "write: over pages that are there needs no memory" {
	make_segments 64
	shmtool read -O data "$id"
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		in_group $as shmtool write -f data "$id"
		# shellcheck disable=SC2086
		in_group $as shmtool write "$id" < <(cat data)
	done
	rm data
}

@test "write: page cache that can be given up counts as left" {
	local file
	make_segments 12
	make_group 24
	file=$(mktemp /var/tmp/shmtool.XXXXXX)
	in_group bash -c "head -c 20M /dev/zero >$file && sync $file &&
		cat $file >/dev/null"
	run --separate-stderr in_group shmtool write -zA "$empty"
	rm "$file"
	echo "$stderr"
	[ "$status" -eq 0 ]
}

@test "read: into memory, a pipe that has its name there is none" {
	make_segments 1
	make_memory
	make_group 24
	in_group dd if=/dev/zero of="$memory/full" bs=1M count=20 status=none
	shmtool write -f <(perl -e 'print pack "N*", 1 .. 1 << 18') "$id"
	mkfifo "$memory/pipe"
	sum <"$memory/pipe" >came &
	in_group shmtool read -x "$id" >"$memory/pipe"
	wait "$!"
	[ "$(cat came)" = "$(shmtool read -x "$id" | sum)" ]
}

@test "read: what fits is read, to a pipe all of it" {
	make_segments 64
	make_memory
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		in_group $as shmtool read -n 12M -O "$memory/file" "$id"
		cmp "$memory/file" <(shmtool read -n 12M "$id")
		rm "$memory/file"
		# shellcheck disable=SC2086
		in_group $as shmtool read "$id" | cmp - <(shmtool read "$id")
	done
}

@test "read, save: what fits is told without a look at each page" {
	local looks copy
	command -v strace >/dev/null || skip "no strace here"
	id=$(shmtool create -s 256M --no-reserve)
	printf x | shmtool write "$id"
	printf x | shmtool write -o 255M "$id"
	make_memory
	make_group 24
	# Four windows of 64M, each once.
	for copy in "read -O $memory/file" "save $memory"; do
		# shellcheck disable=SC2086 # words
		in_group $plain strace -qq -e mincore -o calls shmtool $copy \
			"$id"
		looks=$(grep -c mincore calls)
		echo "$copy: $looks"
		[ "$looks" -eq 4 ]
	done
}

@test "save: to a directory in memory it is 6, and nothing is left" {
	make_segments 64
	make_memory
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		run --separate-stderr in_group $as \
			shmtool save "$memory" "$id"
		is_told "save: $id: no memory for a copy of its 67108864" \
			"24M"
		[ -z "$(ls -A "$memory")" ]
	done
	shmtool save "$memory" "$id"
}

@test "create: -i of more than there is memory for is 6, and makes nothing" {
	make_segments 64
	shmtool read -O data "$id"
	ipcrm --all=shm
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		run --separate-stderr in_group $as shmtool create -i data
		is_told "create: data:" 24M
		[ -z "$output" ]
		# shellcheck disable=SC2086
		run --separate-stderr in_group $as shmtool create -i - \
			< <(cat data)
		is_told "create: -:" 24M
		[ -z "$output" ]
		# shellcheck disable=SC2086
		run --separate-stderr in_group $as \
			shmtool create -s 64M -i - < <(cat data)
		is_told "create: -:" 24M
		[ -z "$output" ]
		[ "$(segments)" -eq 0 ]
	done
	rm data
}

@test "restore: of more than there is memory for is 6, and makes nothing" {
	make_segments 64
	mkdir saved
	shmtool save saved "$id"
	ipcrm --all=shm
	make_group 24
	for as in "" "$plain"; do
		# shellcheck disable=SC2086 # words, or none
		run --separate-stderr in_group $as \
			shmtool restore saved/*.meta
		[ "$status" -eq 6 ]
		[ -z "$output" ]
		message_has "restore: saved/" "fill its 67108864 bytes" \
			"memory cgroup /${group##*/}" "left of 24M"
		[ "$(segments)" -eq 0 ]
	done
	rm -r saved
}
