# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Bare Debian systems in folders, for those tests that need one.  A release
# is fetched once: build/distros/SUITE.tar is what debootstrap made, and
# build/distros/SUITE.debs are the packages that were installed since.

MIRROR=${MIRROR:-http://deb.debian.org/debian}
roots=build/distros

# needs_debootstrap NAME: ends a script that cannot do its work here, or makes
# the folder for it.
needs_debootstrap() {
	if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
		echo "$1: needs root and debootstrap" >&2
		exit 1
	fi
	mkdir -p "$roots"
}

# make_root SUITE FOLDER: a bare system, as debootstrap --variant=minbase
# leaves it, with this machine's ways to the packages (proxy, stale mirrors).
make_root() {
	local suite=$1 root=$2 tarball=$roots/$1.tar
	mkdir -p "$roots/$suite.debs/partial"
	if [ ! -f "$tarball" ]; then
		rm -rf --one-file-system "$roots/$suite.new"
		debootstrap --variant=minbase "$suite" "$roots/$suite.new" \
			"$MIRROR" >"$roots/$suite.log" 2>&1 || {
			tail -n 5 "$roots/$suite.log" >&2
			return 1
		}
		rm -f "$roots/$suite.new"/var/cache/apt/archives/*.deb
		tar -C "$roots/$suite.new" -cf "$tarball.new" .
		mv "$tarball.new" "$tarball"
		rm -rf --one-file-system "$roots/$suite.new"
	fi
	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	tar -C "$root" -xpf "$tarball"
	cp -L /etc/resolv.conf "$root/etc/"
	apt-config dump | grep -E '^Acquire::(https?|Check)' \
		>"$root/etc/apt/apt.conf.d/90machine" || true
}

# in_root SUITE FOLDER COMMAND...: runs it there as on a machine of its own:
# the folder is the root of its mount namespace, and processes, segments and
# /dev/shm are its own.
in_root() {
	local suite=$1 root=$2
	shift 2
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --ipc --uts --pid --fork --kill-child sh -euc '
		mount --bind "$1" "$1"
		mount --bind "$2" "$1/var/cache/apt/archives"
		cd "$1"
		shift 2
		mount -t proc proc proc
		mount --rbind /sys sys
		mount --rbind /dev dev
		mount -t tmpfs -o mode=1777 tmpfs dev/shm
		pivot_root . .
		umount -l .
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' \
		sh "$root" "$roots/$suite.debs" "$@"
}

# in_chroot FOLDER COMMAND...: runs it there as chroot(8) does, with /proc
# alone: / is no mount point, there are no pseudo-terminals, and no user
# namespace can be made.
in_chroot() {
	local root=$1
	shift
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --ipc --pid --fork --kill-child sh -euc '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LC_ALL=C.UTF-8 "$@"' sh "$root" "$@"
}

# copy_sources FOLDER: this tree, without what was built.
copy_sources() {
	mkdir -p "$1"
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$1" \
		--no-same-owner
}
