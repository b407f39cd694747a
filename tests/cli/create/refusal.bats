# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2016,SC2154
#
# Each cause of a refused create, provoked, and the command that it proposes.

load ../common

file_setup() {
	local name
	for name in shmmax shmall shmmni; do
		cat "/proc/sys/kernel/$name" >"$BATS_FILE_TMPDIR/$name"
	done
}

# A limit of this namespace; teardown sets it back.
lower() {
	[ -w "/proc/sys/kernel/$1" ] || skip "kernel.$1 cannot be set here"
	echo "$2" >"/proc/sys/kernel/$1"
}

test_teardown() {
	local name
	for name in shmmax shmall shmmni; do
		[ ! -w "/proc/sys/kernel/$name" ] ||
			cat "$BATS_FILE_TMPDIR/$name" >"/proc/sys/kernel/$name"
	done
}

refused() {
	run --separate-stderr shmtool create "$@"
	[ -z "$output" ]
}

# Runs the command that the message ends with.
do_as_told() {
	local told=${stderr##*: }
	told=${told##*, }
	eval "${told% makes room}"
}

@test "refusal: above shmmax, EINVAL" {
	lower shmmax 65536
	refused -s 65537
	[ "$status" -eq 6 ]
	message_has "create: 65537:" "65537 bytes requested" \
		"kernel.shmmax allows 65536" "shmtool limits --set shmmax=65537"
	do_as_told
	shmtool create -s 65537
}

@test "refusal: one byte is one byte" {
	echo 0 >/proc/sys/kernel/shmmax
	run --separate-stderr shmtool create -s 1
	[ "$status" -eq 6 ]
	message_has "create: 1: 1 byte requested, kernel.shmmax allows 0"
}

@test "refusal: the existing one is smaller, EINVAL" {
	id=$(shmtool create -s 4096 -k 0x4d2)
	refused -s 8192 -k 0x4d2 -e
	[ "$status" -eq 5 ]
	message_has "create: 0x4d2:" "8192 bytes requested" \
		"segment $id of $(id -un) has 4096" "shmtool stat $id"
	# Not taken for a size above shmmax, though it is that too.
	lower shmmax 5000
	refused -s 8192 -k 0x4d2 -e
	message_has "segment $id"
}

@test "refusal: a size of 0, EINVAL" {
	refused -s 0 -k 0x4d2 -e
	[ "$status" -eq 1 ]
	message_has "create: 0x4d2:" "at least 1 byte"
}

@test "refusal: more than a segment can be, EINVAL" {
	refused -s 9223372036854775808
	[ "$status" -eq 6 ]
	message_has 9223372036854775808 "more than any segment"
}

@test "refusal: too many segments, ENOSPC" {
	lower shmmni 3
	shmtool create -s 1
	shmtool create -s 1
	shmtool create -s 1
	refused -s 1 -k 0x4d2
	[ "$status" -eq 6 ]
	message_has "create: 0x4d2: segments: 3 in use" \
		"kernel.shmmni allows 3" "shmtool rm --stale -n" \
		"shmtool limits --set shmmni=32"
	do_as_told
	shmtool create -s 1 -k 0x4d2
}

@test "refusal: as many segments as any kernel allows, ENOSPC" {
	lower shmmni 32768
	perl -e 'for (1 .. 32768) { shmget(0, 1, 0600) // die $! }'
	refused -s 1
	[ "$status" -eq 6 ]
	message_has "create: 1: segments: 32768 in use" \
		"kernel.shmmni allows 32768, the maximum" \
		"shmtool rm --stale -n shows candidates"
	shmtool rm --all --yes
}

@test "refusal: too many pages, ENOSPC" {
	lower shmall 10
	shmtool create -s 32K
	refused -s 8193
	[ "$status" -eq 6 ]
	message_has "create: 8193: pages: 3 requested, 8 in use" \
		"kernel.shmall allows 10" "shmtool limits --set shmall=11"
	do_as_told
	shmtool create -s 8193
}

@test "refusal: what the figures do not prove is likely, no limit lowered" {
	lower shmall 10
	echo 1000000 >"$BATS_TEST_TMPDIR/shmall"
	needs_mounts
	run --separate-stderr unshare -m sh -c '
		mount --bind "$1" /proc/sys/kernel/shmall &&
		shmtool create -s 64K' sh "$BATS_TEST_TMPDIR/shmall"
	[ "$status" -eq 6 ]
	message_has "likely pages: 16 requested" "allows 1000000" \
		"shmtool limits --set shmall=1000016"
}

@test "refusal: more than memory and swap, ENOMEM" {
	! is_32_bit || skip "it asks for 4 GiB at the most"
	[ "$(cat /proc/sys/vm/overcommit_memory)" -eq 0 ] ||
		skip "vm.overcommit_memory is not 0"
	local total
	total=$(awk '/^(MemTotal|SwapTotal):/ { n += $2 }
		END { printf "%.0f", n * 1024 }' /proc/meminfo)
	refused -s 60T
	[ "$status" -eq 6 ]
	message_has "create: 60T:" "65970697666560 bytes requested" "$total" \
		"vm.overcommit_memory is 0" --no-reserve
	shmtool create -s 60T --no-reserve
}

@test "refusal: more than may be promised in mode 2, ENOMEM" {
	! is_32_bit || skip "it asks for 4 GiB at the most"
	[ "$(cat /proc/sys/vm/overcommit_memory)" -eq 0 ] ||
		skip "vm.overcommit_memory is not 0"
	needs_mounts
	# The mode is the machine's: only what is read of it is changed.
	echo 2 >"$BATS_TEST_TMPDIR/mode"
	printf '%s\n' 'MemTotal: 100 kB' 'CommitLimit: 2000 kB' \
		'Committed_AS: 500 kB' >"$BATS_TEST_TMPDIR/meminfo"
	run --separate-stderr unshare -m sh -c '
		mount --bind "$1/mode" /proc/sys/vm/overcommit_memory &&
		mount --bind "$1/meminfo" /proc/meminfo &&
		shmtool create -s 60T' sh "$BATS_TEST_TMPDIR"
	[ "$status" -eq 6 ]
	message_has "Committed_AS is 512000" "CommitLimit is 2048000" \
		"vm.overcommit_memory is 2" "vm.overcommit_kbytes="
	[[ $stderr != *likely* ]]
	# A user's share is smaller by admin_reserve_kbytes and more.
	[ "${stderr##*=}" -ge $((500 + (60 << 30) + 8192)) ]
	# The figures do not prove it: the limit was not seen when it refused.
	echo "CommitLimit: $((80 << 30)) kB" >"$BATS_TEST_TMPDIR/meminfo"
	run --separate-stderr unshare -m sh -c '
		mount --bind "$1/mode" /proc/sys/vm/overcommit_memory &&
		mount --bind "$1/meminfo" /proc/meminfo &&
		shmtool create -s 60T' sh "$BATS_TEST_TMPDIR"
	message_has "create: 60T: likely "
	[ "${stderr##*=}" -gt $((80 << 30)) ]
}

@test "refusal: not so many huge pages, ENOMEM" {
	! is_32_bit || skip "it asks for 4 GiB at the most"
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	needs_root "for CAP_IPC_LOCK"
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] ||
		skip "no huge pages here"
	refused -s 1T --huge=2M
	[ "$status" -eq 6 ]
	message_has "huge pages of 2097152 bytes: 524288 requested" "in use" \
		"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
	refused -s 1T --huge
	message_has "huge pages" "sysctl vm.nr_hugepages="
}

# create_with_huge_pages FIGURE...: free and total number of the machine, as
# its files would tell.
create_with_huge_pages() {
	local there=$BATS_TEST_TMPDIR/hugepages name
	rm -rf "$there"
	mkdir -p "$there/hugepages-2048kB"
	if [ $# -gt 0 ]; then
		for name in nr free resv surplus nr_overcommit; do
			echo 0 >"$there/hugepages-2048kB/${name}_hugepages"
		done
		echo "$1" >"$there/hugepages-2048kB/free_hugepages"
		echo "$1" >"$there/hugepages-2048kB/nr_hugepages"
	fi
	run --separate-stderr unshare -m sh -c '
		mount --bind "$1" /sys/kernel/mm/hugepages &&
		shmtool create -s 1T --huge=2M' sh "$there"
	[ "$status" -eq 6 ]
}

@test "refusal: huge pages whose figures do not prove it, ENOMEM" {
	! is_32_bit || skip "it asks for 4 GiB at the most"
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	needs_root "for CAP_IPC_LOCK"
	needs_mounts
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] ||
		skip "no huge pages here"
	create_with_huge_pages 1000000
	message_has "likely huge pages of 2097152 bytes: 524288 requested" \
		"echo 1524288 >"
	# No figures, no command: how many there are now is not known.
	create_with_huge_pages
	message_has "likely too few huge pages: 1099511627776 bytes requested"
	[[ $stderr != *echo* ]]
}

@test "refusal: a kernel without huge pages, EINVAL" {
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	needs_root "for CAP_IPC_LOCK"
	needs_mounts
	# The refusal is for the size, which the figures hide.
	lower shmmax 65536
	echo 1000000 >"$BATS_TEST_TMPDIR/shmmax"
	echo 'MemTotal: 100 kB' >"$BATS_TEST_TMPDIR/meminfo"
	run --separate-stderr unshare -m sh -c '
		mount --bind "$1/shmmax" /proc/sys/kernel/shmmax &&
		mount --bind "$1/meminfo" /proc/meminfo &&
		shmtool create -s 100000 --huge' sh "$BATS_TEST_TMPDIR"
	[ "$status" -eq 1 ]
	message_has "create: 100000: likely this kernel has no huge pages"
}

@test "refusal: no huge pages of that size, EINVAL" {
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	needs_root "for CAP_IPC_LOCK"
	[ -d /sys/kernel/mm/hugepages ] || skip "no huge pages here"
	refused -s 1M --huge=64M
	[ "$status" -eq 1 ]
	message_has "no huge pages of 67108864 bytes"
}

@test "refusal: no huge page for the contents, when none was reserved" {
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	needs_root "for CAP_IPC_LOCK"
	[ "$(awk '/HugePages_Free/ { print $2 }' /proc/meminfo)" = 0 ] &&
		[ "$(cat /proc/sys/vm/nr_overcommit_hugepages)" -eq 0 ] ||
		skip "a huge page is free here, or none can be had"
	echo hello >"$BATS_TEST_TMPDIR/file"
	run --separate-stderr shmtool create --huge --no-reserve -s 2M \
		-i "$BATS_TEST_TMPDIR/file"
	[ "$status" -eq 6 ]
	[ -z "$output" ]
	message_has "create: $BATS_TEST_TMPDIR/file: no free huge page" \
		"after 0 bytes"
	[ "$(segments)" -eq 0 ]
}

@test "refusal: huge pages without the right to them, EPERM" {
	! is_valgrind || skip "valgrind ignores SHM_HUGETLB"
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] ||
		skip "no huge pages here"
	run --separate-stderr without_privilege prlimit --memlock=0 \
		shmtool create -s 2M --huge
	[ "$status" -eq 4 ]
	message_has "create: 2M:" CAP_IPC_LOCK vm.hugetlb_shm_group
}

@test "refusal: more than RLIMIT_MEMLOCK, ENOMEM, and none at all, EPERM" {
	run --separate-stderr without_privilege prlimit --memlock=65536 \
		shmtool create -s 1M --lock
	[ "$status" -eq 6 ]
	message_has "create: 1M:" "1048576 bytes to lock" \
		"RLIMIT_MEMLOCK allows 65536" "ulimit -l"
	run --separate-stderr without_privilege prlimit --memlock=0 \
		shmtool create -s 4K --lock
	[ "$status" -eq 6 ]
	message_has "4096 bytes to lock" "RLIMIT_MEMLOCK allows 0"
	[ "$(segments)" -eq 0 ]
	without_privilege prlimit --memlock=65536 shmtool create -s 4K --lock
}

# A user that no other test is: what is locked counts for the whole machine.
as_31337=(setpriv --reuid=31337 --regid=31337 --clear-groups
	--bounding-set=-all --inh-caps=-all)

@test "refusal: what is locked in another IPC namespace is not seen, ENOMEM" {
	needs_root
	local there kib
	mkfifo "$BATS_TEST_TMPDIR/locked"
	unshare --ipc "${as_31337[@]}" prlimit --memlock=65536 sh -c '
		shmtool create -s 60K --lock && exec sleep 60' \
		>"$BATS_TEST_TMPDIR/locked" 3>&- &
	holders+=($!)
	read -r there <"$BATS_TEST_TMPDIR/locked"
	[ "$there" -ge 0 ]
	run --separate-stderr "${as_31337[@]}" prlimit --memlock=65536 \
		shmtool create -s 8K --lock
	[ "$status" -eq 6 ]
	message_has "create: 8K: likely 8192 bytes to lock, 0 locked already" \
		"RLIMIT_MEMLOCK allows 65536: ulimit -l "
	kib=${stderr##* }
	"${as_31337[@]}" prlimit --memlock=$((kib * 1024)) \
		shmtool create -s 8K --lock
}

@test "refusal: more than RLIMIT_AS, ENOMEM" {
	is_plain || skip "instrumented programs have an address space of their own"
	run --separate-stderr prlimit --as=100000000 \
		shmtool create -s 1G -- touch "$BATS_TEST_TMPDIR/ran"
	[ "$status" -eq 125 ]
	message_has "create: 1G:" "1073741824 bytes to attach" \
		"RLIMIT_AS allows 100000000" "ulimit -v"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	[ "$(segments)" -eq 0 ]
}

@test "refusal: the existing one's mode, EACCES" {
	id=$(shmtool create -s 4096 -k 0x4d2 -m 0400)
	run --separate-stderr without_privilege shmtool create -s 1 -k 0x4d2 \
		-e -m 0600
	[ "$status" -eq 4 ]
	message_has "create: 0x4d2:" "segment $id" "mode 0400" "0600" \
		"shmtool stat $id"
}

@test "refusal: it was removed before it could be attached" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	run --separate-stderr strace -f -qq -o "$BATS_TEST_TMPDIR/calls" \
		-e trace=shmat -e inject=shmat:error=EIDRM \
		shmtool create -s 4096 -- true
	grep -q INJECTED "$BATS_TEST_TMPDIR/calls" ||
		skip "strace cannot inject here"
	[ "$status" -eq 125 ]
	message_has "create: 4096: no such segment"
}
