# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# The README says what happens: its dialogue gives these very lines, and the
# fragment of the library compiles.

load common

setup() {
	readme=$BATS_TEST_DIRNAME/../../README.md
	cd "$BATS_TEST_TMPDIR" || return 1
}

# The blocks of the README that are fenced as $1.
block() {
	awk -v fence="\`\`\`$1" '
		$0 == "```" { inside = 0 }
		inside
		$0 == fence { inside = 1 }' "$readme"
}

@test "readme: the dialogue, line by line" {
	needs_mounts
	[ -w /proc/sys/kernel/shmmni ] ||
		skip "the limits of this namespace are fixed"
	[ -d /etc/sysctl.d ] || skip "no /etc/sysctl.d"
	block console >expected
	[ "$(grep -c '^\$ ' expected)" -ge 4 ]
	perl -e 'shmget(0, 1, 0600) // die for 1 .. 4096'
	sed -n 's/^\$ //p' expected >commands
	cat >talk.sh <<-'TXT'
		mount -t tmpfs none /etc/sysctl.d
		while read -r line; do
			printf '$ %s\n' "$line"
			sh -c "$line" </dev/null || true
		done <commands
	TXT
	timeout 60 unshare -m bash -eu talk.sh >said 2>&1
	diff expected said
}

# Numbers, keys and times differ from run to run, and so does the alignment.
without_numbers() {
	sed -E 's/[0-9]+d[0-9]+h|[0-9]+h[0-9]+m/TIME/; s/0x[0-9a-f]+/KEY/
		s/[0-9.]+/1/g; s/^ +//; s/ +/ /g; s/ $//'
}

@test "readme: the table in the picture is the program's own" {
	needs_root "segments of other users are made"
	needs_mounts
	make_later 183600
	printf '%s:x:%s::/:/bin/sh\n' root 0:0 postgres 777:777 \
		nobody 65534:65534 >passwd
	perl -MIPC::SysV=shmat -e '$0 = "postgres";
		my $id = shmget(0x00a82792, 56, 01600) // die $!;
		defined shmat($id, undef, 0) or die $!;
		print "$id\n"; close STDOUT; sleep 1 while 1' >made 3>&- &
	holders+=("$!")
	wait_for test -s made
	id=$(cat made)
	for _ in 1 2 3 4 5; do NAME=postgres hold "$id"; done
	shmtool set -u 777 "$id"
	shmtool write -z "$(shmtool create -s 24M -u 65534)"
	shmtool create -k 0x5eed -s 200M -u 65534
	shmtool write -s x "$id"
	block "" | sed -n '/^ID /,/^\$/p' | grep -v '^\$' |
		without_numbers >shown
	[ "$(wc -l <shown)" -eq 4 ]
	# shellcheck disable=SC2016
	later unshare -m sh -c 'mount --bind passwd /etc/passwd
		exec shmtool stat' | without_numbers >said
	diff shown said
}

@test "readme: the refusal in the picture is the program's own" {
	local key=0x00a82792
	id=$(shmtool create -k "$key" -s 56)
	for _ in 1 2 3 4 5 6; do NAME=postgres hold "$id"; done
	block "" | sed -n "s/^shmtool: rm: $key/&/p" | tr -s '[:digit:]' 1 >shown
	[ "$(wc -l <shown)" -eq 1 ]
	run --separate-stderr shmtool rm "$key"
	[ "$status" -eq 5 ]
	diff shown <(tr -s '[:digit:]' 1 <<<"$stderr")
}

@test "readme: the fragment of the library compiles" {
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
