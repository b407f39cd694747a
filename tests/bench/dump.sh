# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Contents as text, beside xxd, hexdump and od on a file in memory; and a
# large segment with three pages, beside the same with nothing but these.
. "${0%/*}/common.sh"

rounds=$((rounds < 10 ? rounds : 10))
bytes=64M few=8M
[ -z "${BENCH_QUICK:-}" ] || bytes=8M few=2M
memory=$(mktemp -d /dev/shm/bench.XXXXXX)
trap 'rm -rf "$memory"; no_segments' EXIT
few_bytes=$((${few%M} << 20))

id=$(shmtool create -s "$bytes")
head -c "$bytes" /dev/urandom >"$memory/f"
shmtool write -f "$memory/f" "$id"

if command -v xxd >/dev/null; then
	row "read -x, $bytes" "xxd" 0.25 \
		shmtool read -x "$id" -- xxd "$memory/f"
else
	no_row "read -x, $bytes" "xxd" 0.25 "no xxd"
fi
row "read -x, $few" "hexdump -C" - \
	shmtool read -x -n "$few" "$id" -- \
	hexdump -C -n "$few_bytes" "$memory/f"
for type in d4 x1; do
	row "read -t $type, $few" "od -An -v" 0.10 \
		shmtool read -t $type -n "$few" "$id" -- \
		od -An -v -t$type -N "$few_bytes" "$memory/f"
done
row "read -t f8, $few" "od -An -v" 0.80 \
	shmtool read -t f8 -n "$few" "$id" -- \
	od -An -v -tf8 -N "$few_bytes" "$memory/f"

# A hole costs nothing.
sparse=$(perl -e 'print shmget(0, 64 << 30, 010600)')
small=$(shmtool create -s 12K)
shmtool write -zA "$small"
if [ -n "$sparse" ]; then
	for offset in 0 31G 63G; do
		shmtool write -o "$offset" -n 4K -zA "$sparse"
	done
	row "read -x, 64G with 3 pages" "3 pages" - \
		shmtool read -x "$sparse" -- shmtool read -x "$small"
	row "read -O, 64G with 3 pages" "3 pages" - \
		shmtool read -O "$memory/a" "$sparse" -- \
		shmtool read -O "$memory/a" "$small"
	row "the same, no capability" "3 pages" - \
		setpriv --bounding-set=-all --inh-caps=-all \
		shmtool read -x "$sparse" -- shmtool read -x "$small"
fi
