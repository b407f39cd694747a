# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The report of all segments, and the one of a few in a table that was full.
. "${0%/*}/common.sh"

# As users have it: ipcs then loads a locale.
export LC_ALL=C.UTF-8
export LANG=C.UTF-8

allow_segments
for at in 0:0.85 100:0.60 4096:0.09 32768:0.07; do
	count=${at%:*} reach=${at#*:}
	# ipcs takes a third of a second for a full table.
	[ "$count" -lt 32768 ] || [ -z "${BENCH_QUICK:-}" ] || rounds=3
	make_segments "$count"
	row "limits -m, $count segments" "ipcs -m" "$reach" \
		shmtool limits -m -- ipcs -m
	no_segments
done

# 512 left of 32768 slots.
perl -e 'my @id = map { shmget(0, 4096, 0600) } 1 .. 32768;
	for my $i (0 .. $#id) { shmctl($id[$i], 0, 0) if $i % 64 }'
row "limits -m, 512 in 32768 slots" "ipcs -m" - \
	shmtool limits -m -- ipcs -m
no_segments
row "limits -l" "ipcs -l" - shmtool limits -l -- ipcs -l
