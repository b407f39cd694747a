# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The list of segments, and who has them attached.
. "${0%/*}/common.sh"

make_segments 4096
row "stat, 4096 segments" "lsipc -m" 0.30 shmtool stat -- lsipc -m
row "stat --json, 4096 segments" "lsipc -m -J" 0.30 \
	shmtool stat --json -- lsipc -m -J
no_segments

# Processes that each have one segment attached.
processes=2000
[ -z "${BENCH_QUICK:-}" ] || processes=500
coproc holders {
	perl -MIPC::SysV=shmat -e '
		$| = 1;
		my $id = shmget(0, 4096, 0600) // die $!;
		shmat($id, undef, 0) // die $!;
		my @children = map {
			my $child = fork // die $!;
			if (!$child) { sleep 600; exit }
			$child } 2 .. $ARGV[0];
		print "ready\n";
		<STDIN>;
		kill KILL => @children' "$processes"
}
# shellcheck disable=SC2154 # coproc sets it
read -r -u "${holders[0]}" _
rounds=$((rounds / 10 + 1))
if command -v lsof >/dev/null; then
	row "stat -P, $processes processes" "lsof" 0.10 \
		shmtool stat -P -- lsof -n -w
else
	no_row "stat -P, $processes processes" "lsof" 0.10 "no lsof"
fi
if command -v lsfd >/dev/null; then
	row "stat -P, $processes processes" "lsfd" - shmtool stat -P -- lsfd
fi
echo >&"${holders[1]}"
wait
no_segments
