# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# The README shows what happens: the program prints the samples of output, the
# examples run as they stand, and the example of the library compiles.

load common

setup() {
	readme=$BATS_TEST_DIRNAME/../../README.md
	cd "$BATS_TEST_TMPDIR" || return 1
}

test_teardown() {
	clear_shm
}

# block FENCE [N]: the Nth block of the README that is fenced as FENCE, or all.
block() {
	awk -v fence="\`\`\`$1" -v want="${2:-0}" '
		/^```/ {
			inside = !inside && $0 == fence &&
			    (++n == want || !want)
			open = !open
			if (!open) inside = 0
			next
		}
		inside' "$readme"
}

# Runs the commands of a dialogue, and prints them with their output, but for
# what it says where even root may not look into every process.
play() {
	sed -n 's/^\$ //p' "$1" | while read -r line; do
		printf '$ %s\n' "$line"
		sh -c "$line" </dev/null 2>&1 | grep -v 'may have more users' |
			sed 's/, and by hidden processes//'
	done
}

# Numbers, keys and times differ from run to run, and so does the alignment.
without_numbers() {
	sed -E 's/[0-9]+d[0-9]+h|[0-9]+h[0-9]+m/TIME/g; s/0x[0-9a-f]+/KEY/g
		s/[0-9.]+/1/g; s/^ +//; s/ +/ /g; s/ $//'
}

# The first test, since the ids of a namespace go up.
@test "readme: the dialogue about a limit, line by line" {
	needs_mounts
	[ -w /proc/sys/kernel/shmmni ] ||
		skip "the limits of this namespace are fixed"
	[ -d /etc/sysctl.d ] || skip "no /etc/sysctl.d"
	block console 3 >expected
	[ "$(grep -c '^\$ ' expected)" -ge 4 ]
	perl -e 'shmget(0, 1, 0600) // die for 1 .. 4096'
	export -f play
	timeout 60 unshare -m bash -euc 'mount -t tmpfs none /etc/sysctl.d
		play expected' >played
	diff expected played
}

# Two segments and two objects of other users, two days old.
make_samples() {
	local _
	make_later 183600
	printf '%s:x:%s::/:/bin/sh\n' root 0:0 postgres 777:777 \
		jenkins 778:778 nobody 65534:65534 >passwd
	printf '%s:x:%s:\n' root 0 postgres 777 jenkins 778 >group
	perl -MIPC::SysV=shmat -e '$0 = "postgres";
		my $id = shmget(0x00a82792, 56, 01600) // die $!;
		defined shmat($id, undef, 0) or die $!;
		open F, "+>", "/dev/shm/PostgreSQL.3042" or die $!;
		print F "x" x 1048576;
		close STDOUT; sleep 1 while 1' 3>&- &
	holders+=("$!")
	wait_for shmtool stat 0x00a82792
	for _ in 1 2; do NAME=postgres hold "$(shmtool stat --tsv \
		--no-heading -o ID 0x00a82792)"; done
	shmtool write -s x 0x00a82792
	shmtool set -u 777 0x00a82792
	shmtool write -z "$(shmtool create -s 24M -u 65534)"
	head -c 18M /dev/zero >/dev/shm/psm_8c21
	chown 777:777 /dev/shm/Post*
	chown 778:778 /dev/shm/psm_8c21
	chmod 600 /dev/shm/*
}

@test "readme: the program prints the samples of stat and rm" {
	needs_root "segments of other users are made"
	needs_mounts
	needs_own_shm
	needs_all_processes
	make_samples
	block console 1 >picture
	block console 2 >>picture
	[ "$(grep -c '^\$ shmtool' picture)" -ge 4 ]
	export -f play
	# shellcheck disable=SC2016
	later unshare -m bash -c 'mount --bind passwd /etc/passwd
		mount --bind group /etc/group
		play picture' >played
	diff <(without_numbers <picture) <(without_numbers <played)
}

@test "readme: the dialogue about a full /dev/shm" {
	needs_root "objects of other users are made"
	needs_mounts
	needs_own_shm
	needs_all_processes
	make_samples
	mount -o remount,size=19m /dev/shm
	block console 5 >expected
	[ "$(grep -c '^\$ shmtool' expected)" -eq 3 ]
	export -f play
	# shellcheck disable=SC2016
	later unshare -m bash -c 'mount --bind passwd /etc/passwd
		mount --bind group /etc/group
		play expected' >played
	mount -o remount,size=1g /dev/shm
	diff <(without_numbers <expected) <(without_numbers <played)
}

@test "readme: the examples run as they stand" {
	needs_own_shm
	mkdir bin backups
	printf '#!/bin/sh\n' >bin/program
	chmod +x bin/program
	head -c 4096 /dev/zero >/dev/shm/psm_8c21
	# One runs until it is interrupted, and one asks at a terminal.
	block "" | grep -v -e ' read -w ' -e '# asks' |
		sed "s|/var/backups|$PWD/backups|" >examples
	[ "$(grep -c '^id=\|^shmtool ' examples)" -ge 20 ]
	pid=$$ PATH=$PWD/bin:$PATH timeout 60 sh -eux examples </dev/null
	[ "$(find backups -name "*.meta" | wc -l)" -eq 2 ]
	cmp /dev/shm/cache /dev/shm/copy
}

@test "readme: the example of the library compiles" {
	command -v cc >/dev/null || skip "no compiler"
	{
		printf '#include <err.h>\n#include <stdio.h>\n'
		printf '#include <stdlib.h>\n#include <shmtool.h>\n'
		printf 'int main(void) {\n'
		block c
		printf 'return 0; }\n'
	} >fragment.c
	cc -Wall -Wextra -Werror -I "$BATS_TEST_DIRNAME/../../lib" \
		-fsyntax-only fragment.c
}
