# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016
#
# From "shmget failed: No space left on device" to a machine that is mended,
# by nothing but the two commands that shmtool itself proposes.

load ../common

setup() {
	[ -w /proc/sys/kernel/shmmni ] ||
		skip "the limits of this namespace are fixed"
	[ -d /etc/sysctl.d ] || skip "no /etc/sysctl.d"
	cd "$BATS_TEST_TMPDIR" || return 1
}

test_teardown() {
	echo 18446744073692774399 >/proc/sys/kernel/shmall
	echo 4096 >/proc/sys/kernel/shmmni
}

# The command that an answer proposes.
proposed() {
	grep -oE 'shmtool limits( --persist)? --set( [a-z]+=[0-9]+)+' "$1"
}

# What a person does: see the failure, ask shmtool, take its word twice.
# $1 is the limit that was hit.
dialogue() {
	local one two status=0
	ipcmk -M 65536 2>failure && return 1
	grep -q "No space left on device" failure

	shmtool create -s 65536 >id 2>refusal || status=$?
	[ "$status" -eq 6 ]
	[ ! -s id ]
	grep -q "kernel.$1" refusal

	one=$(proposed refusal)
	[[ $one == "shmtool limits --set $1="* ]]
	$one >answer

	two=$(proposed answer)
	[[ $two == "shmtool limits --persist --set $1="* ]]
	$two
	ipcmk -M 65536
}

# A boot, as far as limits go: the old one, and then what sysctl.d says.
boot() {
	local name value
	echo "$2" >"/proc/sys/kernel/$1"
	while read -r name value; do
		echo "$value" >"/proc/sys/kernel/$name"
	done < <(sed -n 's/^kernel\.\([a-z]*\) = /\1 /p' /etc/sysctl.d/*.conf)
	[ "$(cat "/proc/sys/kernel/$1")" -gt "$2" ]
}

# talk NAME OLD: with an /etc/sysctl.d of its own.
talk() {
	export -f proposed dialogue boot
	timeout 60 unshare -m bash -euc 'mount -t tmpfs none /etc/sysctl.d
		dialogue "$@"
		boot "$@"' talk "$@"
}

@test "dialogue: too many segments" {
	needs_mounts
	echo 3 >/proc/sys/kernel/shmmni
	perl -e 'shmget(0, 1, 0600) // die for 1 .. 3'
	talk shmmni 3
	[ "$(segments)" -eq 4 ]
}

@test "dialogue: too many pages" {
	needs_mounts
	echo 5 >/proc/sys/kernel/shmall
	perl -e 'shmget(0, 1, 0600) // die for 1 .. 3'
	talk shmall 5
	[ "$(segments)" -eq 4 ]
}
