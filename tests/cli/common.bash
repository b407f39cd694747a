# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# What the bats files share.  SHMTOOL_BIN is the folder of the shmtool to
# test; a file run by hand takes build/.

setup_file() {
	bats_require_minimum_version 1.5.0
	export SHMTOOL_BIN=${SHMTOOL_BIN:-$PWD/build}
	export PATH="$SHMTOOL_BIN:$PATH"
	# Never outside a namespace of our own: teardown removes segments.
	if [ -z "${SHMTOOL_HOST_IPC:-}" ] ||
		[ "$(readlink /proc/self/ns/ipc)" = "$SHMTOOL_HOST_IPC" ]; then
		echo "not in an IPC namespace of its own: use tests/run" >&2
		return 1
	fi
	if declare -F file_setup >/dev/null; then file_setup; fi
}

teardown() {
	if declare -F test_teardown >/dev/null; then test_teardown; fi
	release
	[ -z "${SHMTOOL_HOST_IPC:-}" ] || ipcrm --all=shm
}

# Processes that hold() started, and the last of them.
holders=()
holder=

# The whole of stderr of the last `run --separate-stderr` is one message of
# the form shmtool: COMMAND: ..., holding every word given.
message_has() {
	local word
	[[ $stderr == shmtool:* && $stderr != *$'\n'* ]] || {
		echo "not one line of ours: $stderr" >&2
		return 1
	}
	for word; do
		[[ $stderr == *"$word"* ]] || {
			echo "no '$word' in: $stderr" >&2
			return 1
		}
	done
}

# Number of segments there are.
segments() {
	ipcs -m | grep -c '^0x' || true
}

# A column of ipcs -m of one id: key owner perms bytes nattch.
of_id() {
	local n
	case $1 in
	key) n=1 ;; owner) n=3 ;; perms) n=4 ;; bytes) n=5 ;; nattch) n=6 ;;
	*) return 1 ;;
	esac
	ipcs -m | awk -v id="$2" -v n="$n" '$2 == id { print $n }'
}

# Runs a command without any capability, so that permission bits count even
# for mapped root.  With real root it becomes nobody.
without_privilege() {
	if [ "$(awk '{ print $3; exit }' /proc/self/uid_map)" -gt 1 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			--bounding-set=-all --inh-caps=-all "$@"
	else
		setpriv --bounding-set=-all --inh-caps=-all "$@"
	fi
}

# Waits up to thirty seconds for a command to succeed.
wait_for() {
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "waited in vain for: $*" >&2
	return 1
}

# in_hidepid SCRIPT: runs it in a PID namespace in which /proc does not list the
# processes of other users.
in_hidepid() {
	needs_root "/proc is mounted with hidepid"
	needs_mounts
	run --separate-stderr unshare --mount --pid --fork bash -euc "
		$(declare -f without_privilege)
		mount -t proc -o hidepid=2 proc /proc
		$1"
}

# Whether a process sleeps, and has done nothing else since the last time.
is_resting() {
	local before=$rest
	rest=$(grep -E '^State|ctxt' "/proc/$1/status")
	[[ $rest == *'(sleeping)'* && $rest == "$before" ]] || {
		sleep 0.2
		return 1
	}
}

# Waits until the process that was just started, or the one of this number,
# has nothing to do: a stat -w or read -w has then looked for the first time,
# under valgrind too.
settle() {
	local rest=
	wait_for is_resting "${1:-$!}"
}

# Whether shmtool is a script that runs it under valgrind; whether it runs as
# it is, without sanitizers too.
is_valgrind() {
	head -c 2 "$(command -v shmtool)" | grep -q '#!'
}

is_plain() {
	! is_valgrind && ! grep -q __asan_init "$(command -v shmtool)"
}

# Whether shmtool is a program of 32 bits, which can neither ask for nor attach
# 4 GiB, and to which system calls tell limits that fit it.
is_32_bit() {
	[ "$(od -An -tu1 -j4 -N1 "$(command -v shmtool)")" -eq 1 ]
}

# Skips the test unless this is real root.
needs_root() {
	has_root || skip "needs real root${1:+: $1}"
}

has_root() {
	[ "$(id -u)" -eq 0 ] &&
		[ "$(awk '{ print $3; exit }' /proc/self/uid_map)" -gt 1 ]
}

# Skips the test where /dev/shm is the machine's.
needs_own_shm() {
	[ -n "${SHMTOOL_OWN_SHM:-}" ] || skip "no /dev/shm of its own"
}

# Removes all that is in a /dev/shm of our own.
clear_shm() {
	[ -z "${SHMTOOL_OWN_SHM:-}" ] || find /dev/shm -mindepth 1 -delete
}

# Skips the test where no mount namespace can be made: in a plain chroot, /
# is no mount point.
needs_mounts() {
	unshare --mount true 2>/dev/null ||
		skip "no mount namespace can be made here"
}

# Skips the test where no user namespace can be made: in a chroot, say.
needs_user_namespace() {
	unshare --user true 2>/dev/null ||
		skip "no user namespace can be made here"
}

# Skips the test where a process may be hidden: in a PID namespace of its own
# no object is ever stale.
needs_all_processes() {
	[ "$(readlink /proc/self/ns/pid)" = "pid:[4026531836]" ] ||
		skip "only in the first PID namespace is no process hidden"
}

# Skips the test without script(1) or without pseudo-terminals for it.
needs_terminal() {
	script -qec true /dev/null </dev/null >/dev/null 2>&1 ||
		skip "no terminal can be made here"
}

# A process of its own that attaches the segments, its name NAME where that
# is set, until the test ends; $holder is its pid.  READONLY=1 as it says.
hold() {
	local ready="$BATS_TEST_TMPDIR/holding.$RANDOM$RANDOM"
	perl -MIPC::SysV=shmat,SHM_RDONLY -e '
		$0 = $ENV{NAME} if defined $ENV{NAME};
		my $ready = shift;
		for (@ARGV) {
			defined shmat($_, undef, $ENV{READONLY} ?
			    SHM_RDONLY : 0) or die "shmat $_: $!";
		}
		open my $f, ">", $ready or die $!;
		close $f;
		sleep 1 while 1;' "$ready" "$@" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$ready"
}

# Each of these lines of words behind COMMAND is a wrong command line.
are_wrong() {
	local command=$1 line
	shift
	for line; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool "$command" $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		[ -z "$output" ]
		message_has "shmtool: $command:"
	done
}

# A process that has the POSIX object NAME open until the test ends; $holder is
# its pid.
hold_open() {
	local ready="$BATS_TEST_TMPDIR/holding.$RANDOM$RANDOM"
	perl -e '
		open my $o, "<", "/dev/shm/$ARGV[0]" or die $!;
		open my $f, ">", $ARGV[1] or die $!;
		close $f;
		sleep 1 while 1;' "$1" "$ready" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$ready"
}

# Ends them; the teardown of a test does, too.
release() {
	((${#holders[@]} > 0)) || return 0
	kill "${holders[@]}" 2>/dev/null || true
	wait "${holders[@]}" 2>/dev/null || true
	holders=()
}

# make_later [SECONDS]: makes LATER the preload under which it is two hours
# later, or more, so that what was just made has been idle for more than the
# hour that staleness takes.
make_later() {
	command -v "${CC:-cc}" >/dev/null ||
		skip "no C compiler for a later clock"
	LATER=$BATS_TEST_TMPDIR/later.so
	"${CC:-cc}" -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -shared -fPIC \
		-DLATER="${1:-7200}" -o "$LATER" -x c - <<-TXT
	#define _GNU_SOURCE
	#include <time.h>
	time_t time(time_t *t)
	{
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		now.tv_sec += LATER;
		if (t) *t = now.tv_sec;
		return now.tv_sec;
	}
	TXT
}

# Runs a command that much later.
later() {
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 \
		LD_PRELOAD=$LATER "$@"
}

# Makes 96 MiB of swap, $swap; skips where that cannot be.
make_swap() {
	swap=$(mktemp /var/tmp/shmtool-swap.XXXXXX)
	dd if=/dev/zero of="$swap" bs=1M count=96 status=none
	{ mkswap "$swap" && swapon "$swap"; } >/dev/null 2>&1 || {
		rm -f "$swap"
		swap=
		skip "no swap file can be had here"
	}
}

# Makes a memory cgroup of so many MiB; skips where that cannot be.  What is
# run by in_group is in it; drop_group ends it.
make_group() {
	needs_root "a memory cgroup is made"
	is_plain || skip "an instrumented program needs more than that itself"
	local folder=/sys/fs/cgroup/memory/shmtool-$$-$RANDOM
	local limit=memory.limit_in_bytes
	if [ ! -d /sys/fs/cgroup/memory ]; then
		folder=/sys/fs/cgroup/shmtool-$$-$RANDOM
		limit=memory.max
	fi
	mkdir "$folder" 2>/dev/null || skip "no memory cgroup can be made here"
	group=$folder
	echo $(($1 << 20)) >"$group/$limit" || skip "no limit can be set here"
	# Nor may it go into swap that another test has made.
	if [ -e "$group/memory.memsw.limit_in_bytes" ]; then
		echo $(($1 << 20)) >"$group/memory.memsw.limit_in_bytes"
	elif [ -e "$group/memory.swap.max" ]; then
		echo 0 >"$group/memory.swap.max"
	fi
}

in_group() {
	bash -c "echo \$\$ >$group/cgroup.procs && exec \"\$@\"" bash "$@"
}

drop_group() {
	local i
	[ -n "${group:-}" ] || return 0
	for ((i = 0; i < 100; i++)); do
		rmdir "$group" 2>/dev/null && break
		sleep 0.1
	done
	group=
}
