# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154
#
# restore: what save wrote comes back.  perl's shmread and shmwrite check the
# contents, ipcs the rest.

load ../common
load ../saved
load pairs

resident() {
	awk -v id="$1" '$2 == id { print $15 }' /proc/sysvipc/shm
}

@test "restore: key, mode, size and contents, and the id alone on stdout" {
	make_saved 10000 0640
	run --separate-stderr shmtool restore "$name.meta"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output =~ ^[0-9]+$ ]]
	[ "$(of_id key "$output")" = "$key" ]
	[ "$(of_id perms "$output")" = 640 ]
	[ "$(of_id bytes "$output")" = 10000 ]
	[ "$(of_id nattch "$output")" = 0 ]
	cmp contents <(by_perl "$output")
	[ "$(segments)" -eq 1 ]
}

@test "restore: a mode that forbids writing is no obstacle" {
	for mode in 0000 0400 0444; do
		id=$(shmtool create -s 5000 -m "$mode")
		needed=$(shmtool stat -o PERMS --no-heading "$id")
		if ! save; then
			[ "$mode" = 0000 ] || return 1
			shmtool set -m 0400 "$id"
			save
			needed=0400
		fi
		shmtool rm "$id"
		new=$(shmtool restore "$name")
		[ "$((8#$(of_id perms "$new")))" -eq "$((needed))" ]
		shmtool rm "$new"
		rm ./*.shm ./*.meta
	done
}

@test "restore: FILE is the .meta, the .shm or the name of both" {
	make_saved
	mkdir deep
	mv "$name".* deep
	for file in "$name" "$name.meta" "$name.shm"; do
		for path in "deep/$file" "$PWD/deep/$file"; do
			new=$(shmtool restore "$path")
			cmp contents <(by_perl "$new")
			ipcrm -m "$new"
		done
	done
	# By any other name, too: nothing is read out of it.
	mv deep/"$name".meta deep/db.meta
	mv deep/"$name".shm deep/db.shm
	new=$(shmtool restore deep/db)
	[ "$(of_id key "$new")" = "$key" ]
}

@test "restore: owner and group, by root" {
	needs_root "to give away"
	id=$(shmtool create -s 4096 -k 0x1234 -u nobody:nogroup -m 0660)
	save
	shmtool rm "$id"
	run --separate-stderr shmtool restore "$name"
	[ -z "$stderr" ]
	ipcs -m -i "$output" | grep -q 'uid=65534	gid=65534	cuid=0	cgid=0'
	[ "$(of_id perms "$output")" = 660 ]
}

@test "restore: who is not root gets it, and is told" {
	needs_root "for two users"
	# A mode that forbids even its owner to fill it.
	id=$(shmtool create -s 4096 -k 0x1234 -m 0444)
	printf x | shmtool write "$id"
	open_dir=$(mktemp -d)
	dir=$open_dir
	save
	shmtool rm "$id"
	chmod 0755 "$open_dir"
	chmod 0644 "$open_dir"/*
	run --separate-stderr without_privilege shmtool restore \
		"$open_dir/$name"
	rm -r "$open_dir"
	[ "$status" -eq 0 ]
	message_has "not with its owner 0:0"
	ipcs -m -i "$output" | grep -q 'uid=65534'
	[ "$(of_id perms "$output")" = 444 ]
}

@test "restore: an owner that this user namespace does not have" {
	needs_root
	needs_user_namespace
	id=$(shmtool create -s 4096 -u nobody)
	save
	shmtool rm "$id"
	# shellcheck disable=SC2016
	run --separate-stderr unshare -Ur --ipc sh -c '
		shmtool restore "$0" && shmtool stat' "$name"
	[ "$status" -eq 0 ]
	message_has "not with its owner 65534"
}

@test "restore: the lock, where it is permitted" {
	needs_root "to lock"
	id=$(shmtool create -s 1M --lock)
	open_dir=$(mktemp -d)
	dir=$open_dir
	save
	shmtool rm "$id"
	new=$(shmtool restore "$open_dir/$name")
	ipcs -m | grep -q "^0x00000000 $new .*locked"
	shmtool rm "$new"
	chmod 0755 "$open_dir"
	chmod 0644 "$open_dir"/*
	run --separate-stderr without_privilege prlimit --memlock=65536 \
		shmtool restore "$open_dir/$name"
	rm -r "$open_dir"
	[ "$status" -eq 0 ]
	[[ $stderr == *"not locked as it was"* ]]
	run ! grep -q locked <(ipcs -m)
}

@test "restore: --id gives the same id, also after other segments" {
	make_saved
	for ((i = 0; i < 3; i++)); do
		shmtool rm "$(ipcmk -M 1 | tr -dc 0-9)"
	done
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id here"
	new=$(shmtool restore --id "$name")
	[ "$new" = "$id" ]
	cmp contents <(by_perl "$id")
	run --separate-stderr shmtool restore --id -k 0x77 "$name"
	[ "$status" -eq 5 ]
	message_has "restore: $name:" "segment $id" "has this id"
	[ "$(segments)" -eq 1 ]
	[ "$(cat /proc/sys/kernel/shm_next_id)" = -1 ]
}

@test "restore: --id without the privilege is 4, and nothing is made" {
	needs_root
	make_saved
	open_dir=$(mktemp -d)
	cp "$name".* "$open_dir"
	chmod 0755 "$open_dir"
	chmod 0644 "$open_dir"/*
	run --separate-stderr without_privilege shmtool restore --id \
		"$open_dir/$name"
	rm -r "$open_dir"
	[ "$status" -eq 4 ]
	message_has "id $id" "CAP_CHECKPOINT_RESTORE"
	[ "$(segments)" -eq 0 ]
}

@test "restore: -k gives another key" {
	make_saved
	for key in 0x77 0123 99 -1; do
		new=$(shmtool restore -k "$key" "$name")
		[ "$(printf '%d' "$(of_id key "$new")")" -eq \
			"$(perl -e 'print hex sprintf "%x",
				0xffffffff & ($ARGV[0] =~ /^0/ ? oct $ARGV[0] :
				$ARGV[0])' -- "$key")" ]
	done
	[ "$(segments)" -eq 4 ]
}

@test "restore: over an existing key is 5, and names who has it" {
	make_saved
	new=$(shmtool restore "$name")
	shmtool write -zx "$new"
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 5 ]
	message_has "restore: $name:" "segment $new" "has this key"
	[ "$(segments)" -eq 1 ]
	# The message has the command that puts the contents into it.
	command=${stderr#*overwrite it: }
	[[ $command == "shmtool write -f $name.shm 0x"* ]]
	$command
	cmp contents <(by_perl "$new")
}

@test "restore: several; a failure does not stop it" {
	make_saved
	one=$name
	make_saved 5000
	run --separate-stderr shmtool restore "$one" nothing "$name.shm"
	[ "$status" -eq 1 ]
	message_has "restore: nothing:" "the .meta" "No such file"
	[ "$(wc -l <<<"$output")" -eq 2 ]
	[ "$(of_id bytes "$(head -n 1 <<<"$output")")" = 10000 ]
	[ "$(of_id bytes "$(tail -n 1 <<<"$output")")" = 5000 ]
}

@test "restore: both files of a private segment named, it is made once" {
	a=$(shmtool create -s 1000)
	b=$(shmtool create -s 2000)
	mkdir saved
	shmtool save saved "$a" "$b"
	shmtool rm "$a" "$b"
	run --separate-stderr shmtool restore saved/*
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(wc -l <<<"$output")" -eq 2 ]
	[ "$(segments)" -eq 2 ]
}

@test "restore: a wrong command line is 2, and nothing is made" {
	make_saved
	local -a wrong=(
		"" "-k" "-k x $name" "-k 0 $name" "-k 0x1ffffffff $name"
		"-k 5 $name $name" "--id=5 $name" "-x $name"
	)
	are_wrong restore "${wrong[@]}"
	[ "$(segments)" -eq 0 ]
}

@test "restore: 64 GiB of which a few pages were written" {
	! is_valgrind || skip "valgrind has no room for 64 GiB"
	id=$(shmtool create -s 64G --no-reserve)
	for offset in 0 2147483647 2147483648 4294967295 4294967296 \
		68719476735; do
		printf x | shmtool write -o "$offset" "$id"
	done
	was=$(resident "$id")
	save
	shmtool rm "$id"
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ] || message_has "not reserved"
	[ "$(of_id bytes "$output")" = 68719476736 ]
	[ "$(resident "$output")" = "$was" ]
	for offset in 0 2147483647 2147483648 4294967295 4294967296 \
		68719476735; do
		[ "$(shmtool read -o "$offset" -n 1 --raw "$output")" = x ]
	done
}

@test "restore: a copy that lost its holes takes no more memory" {
	id=$(shmtool create -s 64M)
	for offset in 0 1000000 33554432 67108863; do
		printf x | shmtool write -o "$offset" "$id"
	done
	was=$(resident "$id")
	save
	shmtool rm "$id"
	cp --sparse=never "$name.shm" full
	mv full "$name.shm"
	[ "$(du -k "$name.shm" | cut -f1)" -ge 65536 ]
	# The second has no descriptor, and allocates ahead of the copy.
	for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
		# shellcheck disable=SC2086 # words
		new=$($as shmtool restore "$name")
		[ "$(resident "$new")" = "$was" ]
		for offset in 0 1000000 33554432 67108863; do
			[ "$(shmtool read -o "$offset" -n 1 --raw "$new")" = x ]
		done
		shmtool rm "$new"
	done
}

@test "restore: without huge pages, of ordinary ones, with a note" {
	can_forge
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	[ "$(awk '/HugePages_Free/ { print $2 }' /proc/meminfo)" -eq 0 ] ||
		skip "there are huge pages here"
	make_saved
	sed 's/^status -/status huge/' "$name.meta" | head -n -1 >body
	forge "$name.meta"
	run --separate-stderr shmtool restore "$name"
	[ "$status" -eq 0 ]
	message_has "restored as $output" "not of huge pages"
	cmp contents <(by_perl "$output")
}

# Saves and restores random bytes at random places of a segment of a size,
# all by perl.
round_trip() {
	perl -e '
		use strict;
		my $size = shift;
		my $id = shmget(0, $size, 0600) // die "shmget: $!";
		$id += 0;
		my $image = "\0" x $size;
		for (1 .. 4) {
			my $at = int rand $size;
			my $n = 1 + int rand($size - $at);
			$n = 9000 if $n > 9000;
			my $bytes = join "", map { chr int rand 256 } 1 .. $n;
			shmwrite($id, $bytes, $at, $n) or die "shmwrite: $!";
			substr($image, $at, $n) = $bytes;
		}
		# The first and the last byte, always.
		for my $at (0, $size - 1) {
			shmwrite($id, "\xa5", $at, 1) or die "shmwrite: $!";
			substr($image, $at, 1) = "\xa5";
		}
		my $name = `shmtool save -f . $id 2>&-`;
		$? == 0 or die "save";
		shmctl($id, 0, 0) or die "shmctl: $!";
		my $new = `shmtool restore $name` + 0;
		$? == 0 or die "restore";
		shmread($new, my $again, 0, $size) or die "shmread: $!";
		$again eq $image or die "not the same bytes";
		shmctl($new, 0, 0) or die "shmctl: $!";' "$1"
}

@test "restore: random bytes come back, at every boundary" {
	for size in 1 2 511 4095 4096 4097 8191 8192 8193 65535 65537 131071 \
		131072 131073 1048575 1048576 1048577 4194303 4194305; do
		round_trip "$size" || { echo "size $size"; return 1; }
	done
	rounds=10
	! is_valgrind || rounds=1
	for ((i = 0; i < rounds; i++)); do
		size=$((RANDOM * 32768 % 300000 + 1))
		round_trip "$size" || { echo "size $size"; return 1; }
	done
}

@test "restore: the same bytes beyond 2 GiB and 4 GiB, at odd places" {
	id=$(shmtool create -s 4297000001 --no-reserve)
	for offset in 1 2147480000 4294960001 4296990001; do
		shmtool write -f /dev/urandom -n 10000 -o "$offset" "$id"
	done
	save
	shmtool rm "$id"
	new=$(shmtool restore "$name" 2>/dev/null)
	for offset in 1 2147480000 4294960001 4296990001; do
		cmp <(shmtool read --raw -o "$((offset - 1))" -n 10001 "$new") \
			<(tail -c "+$offset" "$name.shm" | head -c 10001)
	done
	# perl can go as far as 2 GiB.
	perl -e 'shmread($ARGV[0], my $b, 2147480000, 3000) or die $!;
		print $b' "$new" | cmp - <(tail -c +2147480001 "$name.shm" |
		head -c 3000)
	mkdir again
	shmtool save again "$new"
	[ "$(grep ^xxh3 "$name.meta")" = \
		"$(grep ^xxh3 again/*.meta)" ]
}

@test "restore: progress on a terminal" {
	needs_terminal
	can_inject
	make_saved 1M
	# Nothing is shown in the first second.
	run script -qec "strace -qq -o /dev/null -e trace=shmat -e \
		inject=shmat:delay_enter=1100000:when=1 \
		shmtool restore $name" /dev/null
	[ "$status" -eq 0 ]
	[[ $output =~ of\ 1.0M\ +[0-9]+% ]]
}
