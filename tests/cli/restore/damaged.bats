# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154
#
# restore: files that were edited, damaged or exchanged make nothing.

load ../common
load ../saved
load pairs

# The restore of $name fails with 1, a message that has the words, and makes
# nothing.
refused() {
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 1 ] || {
		echo "status $status: $*" >&2
		return 1
	}
	message_has "restore: $name:" "$@"
	[ -z "$output" ]
	[ "$(segments)" -eq 0 ]
}

@test "restore: a .meta with any line edited is refused" {
	make_saved
	cp "$name.meta" good
	[ "$(wc -l <good)" -eq 19 ]
	step=1
	! is_valgrind || step=4
	for ((n = 1; n <= 19; n += step)); do
		sed "${n}d" good >"$name.meta"
		refused "line $n of the .meta"
		sed "${n}s/\$/ /" good >"$name.meta"
		refused "line $n of the .meta"
		sed "${n}s/^/#/" good >"$name.meta"
		refused "line $n of the .meta"
		sed "${n}p" good >"$name.meta"
		refused "line $((n + 1)) of the .meta"
		sed "${n}s/[0-9a-f]\$/x/" good >"$name.meta"
		cmp -s good "$name.meta" || refused "line $n of the .meta"
	done
	sed 's/^perms 0600/perms 0666/' good >"$name.meta"
	refused "edited" "line 19"
	sed 's/^uid .*/uid 0x0/' good >"$name.meta"
	refused "line 7 of the .meta"
	cat good good >"$name.meta"
	refused "line 20 of the .meta"
	: >"$name.meta"
	refused "line 1 of the .meta"
	head -c 100000 /dev/urandom >"$name.meta"
	refused "of the .meta"
	head -c -1 good >"$name.meta"
	refused "line 19 of the .meta"
	cp good "$name.meta"
	shmtool restore "$name"
}

@test "restore: sizes in an edited .meta with a fitting digest are not believed" {
	can_forge
	make_saved
	for size in 9999 10001 4096 1000000000 4611686018427387904; do
		sed "s/^size .*/size $size/" "$name.meta" | head -n -1 >body
		forge forged.meta
		cp "$name.shm" forged.shm
		run --separate-stderr shmtool restore forged
		[ "$status" -eq 1 ]
		message_has "the .shm has 10000 bytes" "says $size"
		[ "$(segments)" -eq 0 ]
	done
}

@test "restore: a size that no segment can have is refused at once" {
	can_forge
	make_saved
	sed 's/^size .*/size 9223372036854775807/' "$name.meta" |
		head -n -1 >body
	forge forged.meta
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t tmpfs none /mnt && cp forged.meta /mnt &&
		truncate -s 9223372036854775807 /mnt/forged.shm &&
		prlimit --cpu=2 shmtool restore /mnt/forged' 2>err ||
		status=$?
	stderr=$(<err)
	[[ $stderr == shmtool:* ]] || skip "no tmpfs can be mounted here"
	[ "$status" -eq 6 ]
	message_has "restore: /mnt/forged: 9223372036854775807 bytes" \
		"more than a process can attach"
	[ "$(segments)" -eq 0 ]
}

@test "restore: a file that is one hole costs nothing" {
	! is_valgrind || skip "valgrind has no room for it"
	id=$(shmtool create -s 15T --no-reserve)
	save || skip "no file can be so large here"
	shmtool rm "$id"
	prlimit --cpu=2 shmtool restore "$name" 2>err
}

@test "restore: of another version of the format, which the message names" {
	make_saved
	sed -i 's/^shmtool-saved 2/shmtool-saved 1/' "$name.meta"
	refused "version 1 of the format" "reads 2"
}

@test "restore: contents that lie in NAME.1.shm" {
	make_segment 10000
	save
	fill 10000
	save -f
	by_perl >contents
	ipcrm -m "$id"
	[ "$(contents)" = "./$name.1.shm" ]
	for file in "$name" "$name.meta" "$name.1.shm" "$name.shm"; do
		new=$(shmtool restore "$file")
		cmp contents <(by_perl "$new")
		ipcrm -m "$new"
	done
	run --separate-stderr shmtool restore "$name"*
	[ "$(wc -l <<<"$output")" -eq 1 ]
	mv "$name.1.shm" "$name.shm"
	new=$output
	ipcrm -m "$new"
	refused "the .1.shm: No such file"
}

@test "restore: damaged contents are refused" {
	make_saved
	cp "$name.shm" good
	for at in 0 4095 4096 9999; do
		perl -e 'open my $f, "+<", $ARGV[0]; seek $f, $ARGV[1], 0;
			read $f, my $c, 1; seek $f, $ARGV[1], 0;
			print $f $c ^ "\x10"' "$name.shm" "$at"
		refused "the .shm is damaged"
		cp good "$name.shm"
	done
	truncate -s 9999 "$name.shm"
	refused "the .shm has 9999 bytes" "says 10000"
	truncate -s 0 "$name.shm"
	refused "the .shm has 0 bytes"
	cp good "$name.shm"
	echo >>"$name.shm"
	refused "the .shm has 10001 bytes"
	rm "$name.shm"
	refused "the .shm: No such file"
}

@test "restore: files that changed places are refused" {
	make_saved
	one=$name
	make_saved
	mv "$one.shm" other
	mv "$name.shm" "$one.shm"
	mv other "$name.shm"
	refused "of another segment"
	name=$one
	refused "of another segment"
}

@test "restore: links, pipes and folders are refused" {
	make_saved
	for ending in meta shm; do
		mv "$name.$ending" kept
		ln -s kept "$name.$ending"
		refused "the .$ending is a symbolic link"
		rm "$name.$ending"
		mkfifo "$name.$ending"
		refused "the .$ending is not a regular file"
		rm "$name.$ending"
		mkdir "$name.$ending"
		refused "the .$ending is not a regular file"
		rmdir "$name.$ending"
		mv kept "$name.$ending"
	done
}

@test "restore: a file that may not be read is 4" {
	make_saved
	open_dir=$(mktemp -d)
	cp "$name".* "$open_dir"
	chmod 0755 "$open_dir"
	chmod 0000 "$open_dir"/*
	run --separate-stderr without_privilege shmtool restore \
		"$open_dir/$name"
	rm -r "$open_dir"
	[ "$status" -eq 4 ]
	message_has "the .meta: Permission denied"
}

@test "restore: of a directory, a message to name the files in it" {
	mkdir saved
	shmtool save saved "$(shmtool create -s 4K)"
	for folder in saved saved/; do
		run --separate-stderr shmtool restore "$folder"
		[ "$status" -eq 1 ]
		message_has "restore: $folder: a directory: name the files in it"
		[ -z "$output" ]
	done
	run --separate-stderr shmtool restore saved/*
	[ "$status" -eq 0 ]
}
