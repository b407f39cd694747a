# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# limits --set dev_shm_size: a remount of /dev/shm, in mount namespaces of our
# own.

load actions

setup() {
	needs_mounts
	is_valgrind && skip "valgrind does not know fsconfig(2)"
	cd "$BATS_TEST_TMPDIR" || return 1
	page=$(getconf PAGESIZE)
	with_dev_shm size=1M shmtool limits --set dev_shm_size=1M \
		>/dev/null || skip "/dev/shm cannot be remounted here"
}

test_teardown() {
	release
}

# Sets in a /dev/shm of 1 MiB, and prints its size afterwards.
set_size() {
	run --separate-stderr with_dev_shm size=1M,nosuid,nodev sh -c '
		code=0
		shmtool limits --set "$@" || code=$?
		stat -f -c "%b %S" /dev/shm | awk "{ printf \"now %.0f\\n\", \$1 * \$2 }"
		grep -c " /dev/shm rw,nosuid,nodev" /proc/self/mountinfo
		exit $code' sh "$@"
}

@test "dev_shm_size: larger, old and new, and how to keep it" {
	set_size dev_shm_size=64M
	[ "$status" -eq 0 ]
	[ "$output" = "dev_shm_size: 1048576 -> 67108864
until the next boot; to keep it: shmtool limits --persist --set dev_shm_size=64M
now 67108864
1" ]
	[ -z "$stderr" ]
}

@test "dev_shm_size: a size, a percentage and the default" {
	local memory
	memory=$(awk '/^MemTotal/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)
	set_size dev_shm_size=100000
	[[ $output == *"now $(((100000 + page - 1) / page * page))"* ]]
	for value in 50% default; do
		set_size dev_shm_size=$value
		[ "$status" -eq 0 ]
		[[ $output == *"now $(((memory / 2 + page - 1) / page * page))"* ]]
	done
	set_size dev_shm_size=1%
	[[ $output == *"now $(((memory / 100 + page - 1) / page * page))"* ]]
	for value in 0% 101% 0000050% 100000000000000000000%; do
		set_size "dev_shm_size=$value"
		[ "$status" -eq 2 ]
		message_has "$value: out of range"
	done
}

@test "dev_shm_size: -n changes nothing" {
	set_size dev_shm_size=64M -n
	[ "$status" -eq 0 ]
	[[ $output == "dev_shm_size: 1048576 -> 67108864
nothing was changed (--dry-run)
now 1048576"* ]]
}

@test "dev_shm_size: smaller than what is used is refused by the kernel" {
	run --separate-stderr with_dev_shm size=1M sh -c '
		head -c 500000 /dev/zero >/dev/shm/file
		shmtool limits --set dev_shm_size=100K'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "limits: dev_shm_size: 102400: " "Too small a size"
}

@test "dev_shm_size: -n says what the kernel would refuse" {
	run --separate-stderr with_dev_shm size=1M sh -c '
		head -c 409600 /dev/zero >/dev/shm/file
		shmtool limits --set dev_shm_size=64K -n'
	[ "$status" -eq 0 ]
	[[ $output == "dev_shm_size: 1048576 -> 65536"* ]]
	message_has "limits: dev_shm_size: 409600 bytes are in use" \
		"more than 65536: the kernel would refuse it"
	run --separate-stderr with_dev_shm size=0 \
		shmtool limits --set dev_shm_size=64M -n
	[ "$status" -eq 0 ]
	message_has "without a limit: the kernel would refuse one"
}

@test "dev_shm_size: set back where a later value is refused" {
	[ -w /proc/sys/kernel/shmmni ] || skip "the limits are fixed"
	set_size dev_shm_size=64M shmmni=99999999
	[ "$status" -eq 1 ]
	[[ $stderr == *"shmmni: 99999999: the kernel counts no more"* ]]
	[[ $stderr == *"dev_shm_size: is 1048576 again"* ]]
	[[ $output == "now 1048576"* ]]
}

@test "dev_shm_size: refused where the same tmpfs is mounted elsewhere" {
	mkdir "other place"
	run --separate-stderr with_dev_shm size=1M sh -c '
		mount --bind /dev/shm "other place"
		shmtool limits --set dev_shm_size=64M "$@"
		code=$?
		stat -f -c "%b %S" /dev/shm | awk "{ printf \"%.0f\\n\", \$1 * \$2 }"
		exit $code' sh -n
	[ "$status" -eq 5 ]
	[ "$output" = 1048576 ]
	message_has "dev_shm_size: the same tmpfs is mounted at" \
		"$PWD/other place, whose size would change too"
}

@test "dev_shm_size: refused where /dev/shm is a directory of another mount" {
	run --separate-stderr apart 'mount -t tmpfs none /dev
		mkdir /dev/shm
		exec shmtool limits --set dev_shm_size=64M'
	[ "$status" -eq 5 ]
	message_has "the same tmpfs is mounted at /dev, "
}

@test "dev_shm_size: no tmpfs is 1" {
	run --separate-stderr apart 'mount --rbind /proc /dev/shm
		exec shmtool limits --set dev_shm_size=64M'
	[ "$status" -eq 1 ]
	message_has "dev_shm_size: no tmpfs is mounted at /dev/shm"
}

@test "dev_shm_size: without the right it is 4, and what else sets it" {
	needs_root
	run --separate-stderr with_dev_shm size=1M sh -c "
		$(declare -f without_privilege)
		mount -t tmpfs none /run && touch /run/.containerenv
		without_privilege shmtool limits --set dev_shm_size=64M"
	[ "$status" -eq 4 ]
	message_has "dev_shm_size: Operation not permitted: only root" \
		"this container gets it by podman run --shm-size=SIZE"
	run --separate-stderr with_dev_shm size=1M sh -c "
		$(declare -f without_privilege)
		mount -t tmpfs none /run
		mkdir -p /run/secrets/kubernetes.io
		without_privilege shmtool limits --set dev_shm_size=64M"
	[ "$status" -eq 4 ]
	message_has "an emptyDir (medium: Memory) at /dev/shm"
}

@test "dev_shm_size: a kernel without fsconfig(2), and the command instead" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	run --separate-stderr with_dev_shm size=1M strace -qq -o calls \
		-e trace=fspick -e inject=fspick:error=ENOSYS \
		shmtool limits --set dev_shm_size=64M
	grep -q INJECTED calls || skip "strace cannot inject here"
	[ "$status" -eq 1 ]
	message_has "no fsconfig(2): mount -o remount,size=67108864 /dev/shm"
}

# A root directory of its own, in which no file says that this is a container.
in_bare_root() {
	mkdir root
	timeout 60 unshare -m bash -euc '
		mount -t tmpfs none root
		for dir in bin sbin lib lib64 lib32; do
			[ ! -L "/$dir" ] || cp -P "/$dir" root
		done
		for dir in /usr /bin /sbin /lib /lib64 /etc /proc /sys "$0"; do
			[ -d "$dir" ] && [ ! -L "$dir" ] || continue
			mkdir -p "root$dir"
			mount --rbind "$dir" "root$dir"
		done
		mkdir -p root/dev/shm root/tmp
		mount -t tmpfs -o size=1M,nosuid tmpfs root/dev/shm
		exec chroot root "$@"' "$(dirname "$(command -v shmtool)")" "$@"
}

@test "dev_shm_size: --persist prints the line of fstab and edits nothing" {
	run --separate-stderr in_bare_root shmtool limits \
		--set dev_shm_size=64M --persist -n
	[ "$status" -eq 0 ]
	[ "$output" = "dev_shm_size: 1048576 -> 67108864
dev_shm_size: to keep it, put this line into /etc/fstab:
tmpfs /dev/shm tmpfs rw,nosuid,relatime,size=67108864 0 0
nothing was changed (--dry-run)" ]
}

@test "dev_shm_size: the line of fstab has a size that mount(8) reads alike" {
	local pair
	for pair in 1.5G=1610612736 64MiB=67108864 010M=10485760 010%=10% \
		default=50%; do
		run --separate-stderr in_bare_root shmtool limits \
			--set "dev_shm_size=${pair%=*}" --persist -n
		[ "$status" -eq 0 ]
		[[ $output == *",size=${pair#*=} 0 0"* ]] || {
			echo "$pair: $output"
			return 1
		}
	done
}

@test "dev_shm_size: a line of fstab that cannot be made is a failure" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	run --separate-stderr in_bare_root strace -qq -o /tmp/calls \
		-P /proc/self/mountinfo -e trace=openat \
		-e inject=openat:error=ENOENT:when=2 \
		shmtool limits --set dev_shm_size=64M --persist
	[[ $output != *"tmpfs /dev/shm"* ]] || skip "strace cannot inject here"
	[ "$status" -eq 1 ]
	# strace has a line of its own.
	[[ $stderr == *"limits: dev_shm_size: No such file or directory" ]]
}

@test "dev_shm_size: the line of fstab keeps the other options" {
	local more=
	! has_root || more=,gid=1
	# shellcheck disable=SC2016
	run --separate-stderr in_bare_root bash -euc '
		umount /dev/shm
		mount -t tmpfs -o "size=1M,mode=0700,nr_inodes=1000$0" tmpfs \
			/dev/shm
		before=$(findmnt -no OPTIONS /dev/shm)
		shmtool limits --set dev_shm_size=2M --persist |
			grep "^tmpfs" >/tmp/fstab
		umount /dev/shm
		mount -T /tmp/fstab /dev/shm
		echo "$before"
		findmnt -no OPTIONS /dev/shm' "$more"
	[ "$status" -eq 0 ]
	[ "${lines[0]/size=1024k/size=2048k}" = "${lines[1]}" ]
	[[ ${lines[1]} == *,nr_inodes=1000,mode=700$more* ]]
}

@test "dev_shm_size: --persist in a container says what keeps it" {
	run --separate-stderr with_dev_shm size=1M sh -c '
		mount -t tmpfs none /run && touch /run/.containerenv
		shmtool limits --set dev_shm_size=64M --persist=file'
	[ "$status" -eq 0 ]
	[[ $output == *"this container keeps it by podman run --shm-size=SIZE" ]]
	[ ! -e file ]
}

@test "dev_shm_size: not of another namespace" {
	run --separate-stderr with_dev_shm size=1M \
		shmtool --ns $$ limits --set dev_shm_size=64M
	[ "$status" -eq 2 ]
	message_has "limits: --set: dev_shm_size: not with --ns"
}

@test "dev_shm_size: a wrong value is 2" {
	local value
	for value in 0 0% 101% % x -1 1x 50%% "" 16E; do
		run --separate-stderr with_dev_shm size=1M \
			shmtool limits --set "dev_shm_size=$value"
		[ "$status" -eq 2 ] || { echo "$value: $status"; return 1; }
		message_has "shmtool: limits: --set: dev_shm_size=$value: "
	done
}

# What a person does: see the message, ask shmtool for as much, and take its
# word twice.
bus_error() {
	cd /tmp || return
	"$1" -o program -x c - -lrt <<-'TXT'
	#include <sys/mman.h>
	#include <fcntl.h>
	#include <string.h>
	#include <unistd.h>
	int main(void)
	{
		int fd = shm_open("/frames", O_RDWR | O_CREAT | O_TRUNC, 0600);
		void *at;
		if (fd == -1 || ftruncate(fd, 16 << 20) == -1)
			return 1;
		at = mmap(NULL, 16 << 20, PROT_WRITE, MAP_SHARED, fd, 0);
		memset(at, 1, 16 << 20);
		return shm_unlink("/frames") == -1;
	}
	TXT
	local code=0 one two
	(ulimit -c 0 && ./program) || code=$?
	[ "$code" -eq 135 ]

	code=0
	shmtool create -s 16M /try >name 2>refusal || code=$?
	[ "$code" -eq 6 ]
	[ ! -s name ]
	code=0
	shmtool write -z /frames 2>same || code=$?
	[ "$code" -eq 6 ]
	grep -qF "shmtool limits --set dev_shm_size=" same

	one=$(grep -oE 'shmtool limits --set dev_shm_size=[0-9]+' refusal)
	$one >answer
	two=$(grep -oE 'shmtool limits --persist --set dev_shm_size=[0-9]+' \
		answer)
	$two >line
	./program
	# A boot: what fstab says is mounted.
	umount /dev/shm
	grep '^tmpfs /dev/shm' line >fstab
	mount -T "$PWD/fstab" /dev/shm
	./program
}

@test "dialogue: from a Bus error to a machine that is mended, in two commands" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	is_plain || skip "an instrumented program in a bare root"
	export -f bus_error
	in_bare_root bash -euc 'bus_error "$1"' bash "${CC:-cc}"
}
