# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# limits --advise.

load actions

# advice RAM PROFILE SHMMAX SHMALL: as comments, for the limits are higher.
advice() {
	local text
	text=$(shmtool limits "--advise=$2" --ram "$1")
	echo "$*: $text"
	grep -qx "#kernel.shmmax = $3" <<<"$text"
	grep -qx "#kernel.shmall = $(($4 * 4096 / page))" <<<"$text"
}

@test "advise: the figures for 8, 32 and 128 GB" {
	local profile
	for profile in general postgresql; do
		advice 8G $profile 4294967296 1048576
		advice 32G $profile 17179869184 4194304
		advice 128G $profile 68719476736 16777216
	done
	advice 8G analytics 6442450944 1572864
	advice 32G analytics 25769803776 6291456
	advice 128G analytics 103079215104 25165824
	advice 8G db2 8589934592 2097152
	is_32_bit || advice 512M db2 1073741824 262144
	cmp <(shmtool limits --advise --ram 8G) \
		<(shmtool limits --advise=general --ram 8589934592)
}

@test "advise: db2 has rules for messages and semaphores" {
	echo "200 100 10 3" >"$sysctl/sem"
	shmtool limits --advise=db2 --ram 8G >text
	grep -qx "kernel.sem = 250 256000 32 1024" text
	grep -qx "kernel.msgmax = 65536" text
	grep -qx "kernel.msgmnb = 65536" text
	echo "300 600000 500 2000" >"$sysctl/sem"
	echo 70000 >"$sysctl/msgmax"
	shmtool limits --advise=db2 --ram 8G >text
	# Nothing of these has to be raised.
	grep -qx "#kernel.sem = 300 600000 500 2000" text
	grep -qx "#kernel.msgmax = 70000" text
	echo "300 600000 31 2000" >"$sysctl/sem"
	shmtool limits --advise=db2 --ram 8G |
		grep -qx "kernel.sem = 300 600000 32 2000"
	echo "32000 1024000000 500 32000" >"$sysctl/sem"
	echo 8192 >"$sysctl/msgmax"
}

@test "advise: half of this machine's memory by default" {
	local kb
	kb=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
	[ "$(shmtool limits --advise | awk '/^#kernel.shmmax/ { print $3 }')" \
		-eq $((kb * 1024 / 2 / page * page)) ]
}

@test "advise: says when nothing needs raising, and when something does" {
	shmtool limits --advise --ram 8G >text
	grep -q "Nothing needs raising" text
	grep -q "already higher; this line would only cap it" text
	run ! grep '^[^#]' text
	echo 4294967295 >"$sysctl/shmmax"
	shmtool limits --advise --ram 8G >text
	run ! grep "Nothing needs raising" text
	grep -q "now 4294967295, to be raised" text
	[ "$(grep '^[^#]' text)" = "kernel.shmmax = 4294967296" ]
	echo 4294967296 >"$sysctl/shmmax"
	shmtool limits --advise --ram 8G | grep -q "as it should be"
}

@test "advise: says when lowering would break what runs" {
	perl -e 'defined shmget(0, 600 << 20, 0600 | 010000) or die "$!\n"'
	shmtool limits --advise --ram 1G >text
	grep -q "a segment has 629145600 bytes.*would break" text
	grep -qx "#kernel.shmmax = 536870912" text
	grep -qx "#kernel.shmall = $((536870912 / page))" text
	shmtool limits --advise --ram 1G --json |
		grep -q '"shmmax".*"verdict": "would-break"'
	shmtool limits --advise --ram 2G >text
	grep -qx "#kernel.shmmax = 1073741824" text
	grep -q "this line would only cap it" text
}

@test "advise: the lines go back through sysctl -p" {
	local profile sysctl_bin
	sysctl_bin=$(PATH=$PATH:/usr/sbin:/sbin command -v sysctl) ||
		skip "no sysctl"
	echo 1 >"$sysctl/shmmax"
	echo 1 >"$sysctl/shmall"
	for profile in general db2; do
		shmtool limits --advise=$profile --ram 8G >advice.conf
		"$sysctl_bin" -q -p advice.conf
	done
	[ "$(limit shmmax)" -eq 8589934592 ]
	[ "$(limit shmall)" -eq $((8589934592 / page)) ]
	[ "$(limit msgmax)" -eq 65536 ]
	shmtool limits --advise=db2 --ram 8G | grep -q "Nothing needs raising"
	echo 8192 >"$sysctl/msgmax"
	echo 16384 >"$sysctl/msgmnb"
}

@test "advise: --json carries name, current, recommended and reason" {
	shmtool limits --advise=db2 --ram 32G --json | perl -MJSON::PP -e '
		local $/; my $a = decode_json(<STDIN>)->{advice};
		@$a == 8 or die;
		for (@$a) {
			/\S/ or die for @$_{qw(name current recommended reason)}
		}
		$a->[0]{name} eq "shmmax" && $a->[0]{recommended} ==
		    34359738368 && "$a->[0]{current}" eq "18446744073692774399"
		    or die;'
}

@test "limits: a profile in a word of its own is told of" {
	run --separate-stderr shmtool limits --advise postgresql
	[ "$status" -eq 2 ]
	message_has "postgresql: limits takes no operand" "--advise=postgresql"
}
