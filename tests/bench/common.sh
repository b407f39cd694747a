# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the benches share.  tests/bench/run runs each in an IPC namespace of
# its own, with the shmtool to measure first in PATH and pair in $PAIR.  A
# bench prints rows with `row`, and judges nothing.
#
#	row WORK PEER REACH [pair's options] OURS... -- THEIRS...
#
# runs both in turn and prints one line of the table: work, peer, ratio,
# reach ("-" for none), and both medians in microseconds.

set -euo pipefail

# Fewer and smaller when the whole must stay under a minute.
if [ -n "${BENCH_QUICK:-}" ]; then
	rounds=5 seconds=2 big=128M
else
	rounds=100 seconds=10 big=1G
fi
export rounds seconds big

row() {
	local work=$1 peer=$2 reach=$3 figures
	shift 3
	figures=$("$PAIR" -n "$rounds" -t "$seconds" "$@") || {
		printf '%s\t%s\tfailed\t%s\t-\t-\n' "$work" "$peer" "$reach"
		return 0
	}
	# shellcheck disable=SC2086 # three words
	set -- $figures
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$work" "$peer" "$3" "$reach" \
		"$1" "$2"
}

# Says that a row could not be measured, and why.
no_row() {
	printf '%s\t%s\tskipped: %s\t%s\t-\t-\n' "$1" "$2" "$4" "$3"
}

# COUNT private segments of SIZE bytes (4096), none of them touched.
make_segments() {
	perl -e 'for (1 .. $ARGV[0]) {
		defined shmget(0, $ARGV[1], 0600) or die "shmget: $!\n"
	}' "$1" "${2:-4096}"
}

# As many segments as the kernel can have, in this namespace alone.
allow_segments() {
	echo 32768 >/proc/sys/kernel/shmmni
}

no_segments() {
	ipcrm --all=shm
}

# crowd [-n] COUNT [ATTACHED [FDS]]: the processes of crowd.c, until crowd_gone.
crowd() {
	# shellcheck disable=SC2153 # tests/bench/run sets it
	coproc crowd { "$CROWD" "$@"; }
	# shellcheck disable=SC2154 # coproc sets it
	read -r -u "${crowd[0]}" _
}

crowd_gone() {
	echo >&"${crowd[1]}"
	wait
	no_segments
}
