# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The list of segments, and who has them attached.
. "${0%/*}/common.sh"

make_segments 4096
row "stat, 4096 segments" "lsipc -m" 0.25 shmtool stat -- lsipc -m
row "stat --json, 4096 segments" "lsipc -m -J" 0.25 \
	shmtool stat --json -- lsipc -m -J
no_segments

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
