# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2154
#
# What the bats files of the actions of limits share.

load ../common

setup() {
	sysctl=/proc/sys/kernel
	[ -w $sysctl/shmmni ] || skip "the limits of this namespace are fixed"
	cd "$BATS_TEST_TMPDIR" || return 1
	export sysctl
	# The page size, for tests.
	# shellcheck disable=SC2034
	page=$(getconf PAGESIZE)
}

# Each test has the kernel's own limits, as all begin with.
test_teardown() {
	release
	drop_group
	echo 18446744073692774399 >"$sysctl/shmmax"
	echo 18446744073692774399 >"$sysctl/shmall"
	echo 4096 >"$sysctl/shmmni"
	echo 0 >"$sysctl/shm_rmid_forced"
}

# COUNT private segments of SIZE bytes.
make() {
	perl -e 'for (1 .. $ARGV[0]) {
		defined shmget(0, $ARGV[1], 0600) or die "shmget: $!\n"
	}' "$1" "${2:-1}"
}

limit() {
	cat "$sysctl/$1"
}

# A shell in a mount namespace of its own.
apart() {
	timeout 60 unshare -m bash -euc "$@"
}

# A command, with a tmpfs of these options on /dev/shm and without any memory
# cgroup, so that nothing of the machine is in the figures.
with_dev_shm() {
	timeout 60 unshare -m bash -euc 'mount -t tmpfs -o "$0" tmpfs /dev/shm
		[ ! -d /sys/fs/cgroup ] || mount -t tmpfs none /sys/fs/cgroup
		exec "$@"' "$@"
}
