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

# crowd COUNT ATTACHED [FDS]: so many processes, how many of them have a
# segment, and how many descriptors each has.
crowd() {
	coproc holders {
		perl -MIPC::SysV=shmat -e '
			$| = 1;
			my ($count, $attached, $fds) = @ARGV;
			my (@children, @open);
			while (@open + 5 < $fds) {
				open my $file, "<", "/dev/null" or die $!;
				push @open, $file;
			}
			my $id = shmget(0, 4096, 0600) // die $!;
			for my $n (1 .. $count) {
				my $child = fork // die $!;
				if (!$child) {
					shmat($id, undef, 0) // die $!
						if $n <= $attached;
					sleep 600;
					exit;
				}
				push @children, $child;
			}
			sleep 1;
			print "ready\n";
			<STDIN>;
			kill KILL => @children' "$1" "$2" "${3:-0}"
	}
	# shellcheck disable=SC2154 # coproc sets it
	read -r -u "${holders[0]}" _
}

crowd_gone() {
	echo >&"${holders[1]}"
	wait
	no_segments
}

processes=2000
[ -z "${BENCH_QUICK:-}" ] || processes=500
rounds=$((rounds / 10 + 1))
for attached in $((processes / 20)) "$processes"; do
	work="stat -P, $processes processes, $attached attached"
	crowd "$processes" "$attached"
	if command -v lsof >/dev/null; then
		row "$work" "lsof" 0.10 shmtool stat -P -- lsof -n -w
	else
		no_row "$work" "lsof" 0.10 "no lsof"
	fi
	if command -v lsfd >/dev/null; then
		row "$work" "lsfd" - shmtool stat -P -- lsfd
	fi
	crowd_gone
done

work="stat -u --kind all, $processes processes"
crowd "$processes" 0 25
if command -v lsof >/dev/null; then
	row "$work" "lsof" 0.10 shmtool stat -u --kind all -- lsof -n -w
else
	no_row "$work" "lsof" 0.10 "no lsof"
fi
crowd_gone
