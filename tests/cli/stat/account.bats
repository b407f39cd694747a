#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat -u --kind all: where the memory is that /proc/meminfo calls Shmem.

load ../common
load ../unnamed

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	release
	clear_shm
	ipcrm --all=shm
	[ -z "${mounted:-}" ] || umount "$mounted"
	[ -z "${swap:-}" ] || swapoff "$swap" || true
	rm -f "${swap:-}"
	drop_group
}

# The account, sizes in bytes: KIND COUNT SIZE RSS SWAP MOUNT.
account() {
	shmtool stat -u --kind all --tsv --no-heading 2>/dev/null
}

# value KIND COLUMN [MOUNT] <account: sums of a kind.
value() {
	awk -F '\t' -v kind="$1" -v n="$2" -v mount="${3:-}" '
		$1 == kind && (mount == "" || $6 == mount) { sum += $n }
		END { printf "%.0f\n", sum }'
}

# near A B WHOLE: they differ by at most 1 % of WHOLE.
near() {
	local difference=$(($1 - $2))
	((${difference#-} * 100 <= $3)) || {
		echo "$1 and $2 differ by more than 1 % of $3" >&2
		return 1
	}
}

# Memory of every kind.
make_all() {
	shmtool write -z "$(shmtool create -s 64M)"
	shmtool create /made -s 48M
	hold_unnamed deleted $((40 << 20))
	hold_unnamed memfd $((32 << 20))
	hold_unnamed anon $((24 << 20))
	mkdir /dev/shm/scratch
	head -c 20M /dev/zero >/dev/shm/scratch/file
	head -c 16M /dev/zero >"$mounted/file"
}

# Another tmpfs, without a size, so that it has to be walked.
mount_unlimited() {
	mounted=$BATS_TEST_TMPDIR/mount
	mkdir "$mounted"
	mount -t tmpfs -o size=0,nr_inodes=0 tmpfs "$mounted"
}

# unseen_grew WHOLE: what is not seen is more, or less, by 1 % of that.  Other
# tests that run meanwhile are seen, but for what changes during a look.
unseen_grew() {
	account >"$BATS_TEST_TMPDIR/after"
	! near "$(value unseen 4 <"$BATS_TEST_TMPDIR/after")" \
		"$(value unseen 4 <"$BATS_TEST_TMPDIR/before")" "$1"
}

# attempt WHOLE COMMAND...: up to six times, whether what a command makes is
# part of the lines.
attempt() {
	local _ whole=$1
	shift
	for _ in 1 2 3 4 5 6; do
		account >"$BATS_TEST_TMPDIR/before"
		"$@"
		unseen_grew "$whole" || return 0
		release
		clear_shm
		ipcrm --all=shm
		sleep 0.5
	done
	# Others may have memory in mount namespaces that are not looked into.
	account >"$BATS_TEST_TMPDIR/before"
	for _ in 1 2 3 4 5 6; do
		sleep 0.5
		! unseen_grew "$whole" || skip "this machine is not at rest"
	done
	return 1
}

@test "stat -u --kind all: the lines add up to Shmem, within 1 %" {
	local line
	needs_root "map_files, and a mount"
	mount_unlimited
	attempt $((244 << 20)) make_all
	for line in "sysv 64" "posix 48" "deleted 40" "memfd 32" "anon 24"; do
		[ "$(value "${line% *}" 4 <"$BATS_TEST_TMPDIR/after")" -ge \
			$((${line#* } << 20)) ]
	done
	# Each mount is told apart, without the objects and what was deleted.
	near "$(value tmpfs 4 "$mounted" <"$BATS_TEST_TMPDIR/after")" \
		$((16 << 20)) $((16 << 20))
	near "$(value tmpfs 4 /dev/shm <"$BATS_TEST_TMPDIR/after")" \
		$((20 << 20)) $((20 << 20))
	awk -F '\t' '$1 == "shmem" { shmem = $4 }
		$1 != "shmem" && $1 != "huge" { sum += $4 }
		END { exit shmem != sum }' "$BATS_TEST_TMPDIR/after"
}

# A process with a segment of so much in an IPC namespace of its own.
make_elsewhere() {
	local ready="$BATS_TEST_TMPDIR/ready"
	rm -f "$ready"
	unshare --ipc sh -c 'id=$(shmtool create -s 64M) &&
		shmtool write -z "$id" && : >"$1" && exec sleep 100' sh \
		"$ready" 3>&- &
	holders+=("$!")
	wait_for test -e "$ready"
}

@test "stat -u --kind all: the segments of other IPC namespaces count" {
	needs_root "another IPC namespace is entered"
	attempt $((64 << 20)) make_elsewhere
	[ "$(value sysv 4 <"$BATS_TEST_TMPDIR/after")" -ge $((64 << 20)) ]
}

@test "stat -u --kind all: sizes of more than 64 bits are the largest number" {
	needs_root "another IPC namespace is entered"
	! is_32_bit || skip "no segment has more than 64 bits together"
	mkfifo "$BATS_TEST_TMPDIR/made"
	# shellcheck disable=SC2016
	unshare --ipc sh -c '
		for _ in 1 2 3; do
			shmtool create --no-reserve -s 7E || exit
		done >"$0"
		exec sleep 300' "$BATS_TEST_TMPDIR/made" 3>&- &
	holders+=($!)
	[ "$(wc -l <"$BATS_TEST_TMPDIR/made")" -eq 3 ] ||
		skip "no such segments here"
	account | grep -q $'^sysv\t[0-9]*\t18446744073709551615\t'
}

@test "stat -u --kind all: swapped out, the lines still add up" {
	local seen
	needs_root "a swap file and a memory cgroup are made"
	make_group 16
	rmdir "$group"
	# In this group memory may be swapped out.
	mkdir "$group"
	if [ -e "$group/memory.limit_in_bytes" ]; then
		echo $((16 << 20)) >"$group/memory.limit_in_bytes"
	else
		echo $((16 << 20)) >"$group/memory.max"
	fi
	make_swap
	account >"$BATS_TEST_TMPDIR/before"
	mkdir /dev/shm/scratch
	in_group sh -c 'head -c 24M /dev/urandom >/dev/shm/object &&
		head -c 24M /dev/urandom >/dev/shm/scratch/file'
	account >"$BATS_TEST_TMPDIR/after"
	[ "$(awk '/^SwapTotal/ { n = $2 } /^SwapFree/ { n -= $2 }
		END { print n }' /proc/meminfo)" -gt 1024 ] ||
		skip "nothing was swapped out"
	for kind in posix tmpfs; do
		seen=$(value "$kind" 3 <"$BATS_TEST_TMPDIR/after")
		[ "$kind" = posix ] || seen=$(($(value "$kind" 4 /dev/shm \
			<"$BATS_TEST_TMPDIR/after") + $(value "$kind" 5 \
			/dev/shm <"$BATS_TEST_TMPDIR/after")))
		near "$seen" $((24 << 20)) $((24 << 20))
	done
	# What is swapped out is not resident.
	[ "$(value posix 4 <"$BATS_TEST_TMPDIR/after")" -lt $((24 << 20)) ]
}

@test "stat -u --kind all: what has several names counts once" {
	local whole=$((12 << 20)) now
	needs_root "mounts a tmpfs"
	mount_unlimited
	shmtool create /made -s 12M
	ln /dev/shm/made /dev/shm/other
	mkdir /dev/shm/scratch
	ln /dev/shm/made /dev/shm/scratch/file
	head -c 12M /dev/zero >"$mounted/1"
	ln "$mounted/1" "$mounted/2"
	account >"$BATS_TEST_TMPDIR/after"
	now=$(value posix 4 <"$BATS_TEST_TMPDIR/after")
	near "$now" $((whole * 2 / 3)) "$whole"
	now=$((now + $(value tmpfs 4 /dev/shm <"$BATS_TEST_TMPDIR/after")))
	near "$now" "$whole" "$whole"
	near "$(value tmpfs 4 "$mounted" <"$BATS_TEST_TMPDIR/after")" \
		"$whole" "$whole"
}

@test "stat -u --kind all: what is deleted in a mount that is walked" {
	needs_root "mounts a tmpfs"
	mount_unlimited
	head -c 12M /dev/zero >"$mounted/file"
	exec 4>"$mounted/deleted"
	head -c 8M /dev/zero >&4
	rm "$mounted/deleted"
	account >"$BATS_TEST_TMPDIR/after"
	exec 4>&-
	near "$(value tmpfs 4 "$mounted" <"$BATS_TEST_TMPDIR/after")" \
		$((12 << 20)) $((12 << 20))
}

@test "stat -u --kind all: huge pages have a line of their own" {
	local column before
	account >"$BATS_TEST_TMPDIR/before"
	hold_unnamed huge $((6 << 20))
	account >"$BATS_TEST_TMPDIR/after"
	for column in "2 1" "3 $((6 << 20))" "4 0"; do
		before=$(value huge "${column% *}" \
			<"$BATS_TEST_TMPDIR/before")
		[ "$(value huge "${column% *}" <"$BATS_TEST_TMPDIR/after")" \
			-eq $((before + ${column#* })) ]
	done
}

@test "stat -u --kind all: JSON has account, unseen, shmem, and huge apart" {
	shmtool create /made -s 1M
	shmtool stat -u --kind all --json 2>/dev/null >"$BATS_TEST_TMPDIR/json"
	perl -MJSON::PP -0ne '
		my $j = decode_json($_);
		my @kinds = map { $_->{kind} } @{$j->{account}};
		die "@kinds" if "@kinds" !~
		    /^sysv posix deleted memfd anon( tmpfs)*$/;
		die "members" if grep { join(" ", sort keys %$_) ne
		    "count kind mount rss size swap" } @{$j->{account}};
		die "numbers" if grep { !defined $j->{$_} }
		    qw(unseen shmem summary huge complete);
		my $sum = $j->{unseen};
		$sum += $_->{rss} for @{$j->{account}};
		die "$sum and $j->{shmem}" if $sum != $j->{shmem};
		my ($posix) = grep { $_->{kind} eq "posix" } @{$j->{account}};
		die "posix" if $posix->{count} != 1 ||
		    $posix->{rss} != 1 << 20 || defined $posix->{mount};
		' "$BATS_TEST_TMPDIR/json"
}

@test "stat -u --kind all: columns, and no account of a selection" {
	shmtool create /made -s 1M
	[ "$(shmtool stat -u --kind all 2>/dev/null | head -n 1 | xargs)" = \
		"KIND COUNT SIZE RSS SWAP MOUNT" ]
	[ "$(shmtool stat -u --kind all -o KIND,RSS --sort KIND 2>/dev/null |
		sed -n '1p;$p' | awk '{ print $1 }' | xargs)" = \
		"KIND unseen" ]
	[[ $(shmtool stat -u --kind all --min-size 1 2>/dev/null) == SEGMENTS* ]]
	[[ $(shmtool stat -u --kind posix 2>/dev/null) == SEGMENTS* ]]
	[[ $(shmtool stat -u 2>/dev/null) == SEGMENTS* ]]
	[[ $(shmtool stat -u --kind all /made 2>/dev/null) == SEGMENTS* ]]
}

@test "stat -u --by: OWNER, COMMAND, CGROUP and KIND of every kind" {
	local by
	shmtool create -s 4096
	shmtool create /made -s 8192
	hold_unnamed deleted 20000
	for by in OWNER COMMAND CGROUP KIND; do
		shmtool stat -u --by "$by" --kind all --tsv 2>/dev/null \
			>"$BATS_TEST_TMPDIR/out"
		head -n 1 "$BATS_TEST_TMPDIR/out" | grep -q "^$by	COUNT"
		[ "$(awk -F '\t' 'NR > 1 { n += $5 } END { print n }' \
			"$BATS_TEST_TMPDIR/out")" -ge $((4096 + 8192 + 20000)) ]
	done
	grep -qP '^deleted\t' "$BATS_TEST_TMPDIR/out"
	[ "$(shmtool stat -u --by COMMAND --kind deleted --pid "$holder" \
		--tsv --no-heading 2>/dev/null | cut -f1,5)" = $'perl\t20000' ]
}

@test "stat --kind posix: files in directories are told of on a terminal" {
	needs_terminal
	mkdir -p /dev/shm/scratch/deep
	head -c 1M /dev/zero >/dev/shm/scratch/1
	head -c 1M /dev/zero >/dev/shm/scratch/deep/2
	shmtool create /made -s 4096
	script -qec 'shmtool stat --kind posix' /dev/null </dev/null |
		grep -q 'also 2 files in directories of /dev/shm, 2.0M: no objects'
	script -qec 'shmtool stat --kind memfd' /dev/null </dev/null \
		>"$BATS_TEST_TMPDIR/out"
	run grep 'files in directories' "$BATS_TEST_TMPDIR/out"
	[ "$status" -ne 0 ]
}
