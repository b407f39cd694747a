# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# save and restore beside cp, all in memory.
. "${0%/*}/common.sh"

# One round moves gigabytes.
rounds=$((rounds < 10 ? rounds : 10))
memory=$(mktemp -d /dev/shm/bench.XXXXXX)
trap 'rm -rf "$memory"; no_segments' EXIT
mkdir "$memory/saved"

id=$(shmtool create -s "$big")
head -c "$(shmtool stat -b --no-heading -o SIZE "$id")" /dev/urandom \
	>"$memory/f"
shmtool write -f "$memory/f" "$id"

# As root, and as somebody who may not use map_files.
plain="setpriv --bounding-set=-all --inh-caps=-all"
for who in "" "$plain"; do
	as=${who:+, no capability}
	row "save $big$as" "cp --sparse=always" 1.50 \
		-a "rm -f $memory/saved/*" -b "rm -f $memory/a" \
		sh -c "$who shmtool save $memory/saved $id 2>$memory/err" -- \
		cp --sparse=always "$memory/f" "$memory/a"
	rm -f "$memory/a"
	row "restore $big$as" "cp" 1.50 \
		-a "ipcrm -M 0x5afe 2>$memory/err || :" -b "rm -f $memory/a" \
		sh -c "$who shmtool restore -k 0x5afe $memory/saved/*.meta" -- \
		cp "$memory/f" "$memory/a"
	rm -f "$memory/a"
	ipcrm -M 0x5afe
done
no_segments

# An object, whose memory is reserved again.
shmtool restore --as /bench-object "$memory"/saved/*.meta >"$memory/err"
rm -f "$memory"/saved/*
row "save $big object" "cp --sparse=always" 1.50 \
	-a "rm -f $memory/saved/*" -b "rm -f $memory/a" \
	shmtool save "$memory/saved" /bench-object -- \
	cp --sparse=always "$memory/f" "$memory/a"
rm -f "$memory/a" /dev/shm/bench-object
row "restore $big object" "cp" 1.50 \
	-a "rm -f /dev/shm/bench-object" -b "rm -f $memory/a" \
	sh -c "shmtool restore $memory/saved/*.meta" -- \
	cp "$memory/f" "$memory/a"
rm -f "$memory/a" /dev/shm/bench-object

# Holes cost nothing: beside a segment of three pages alone.
id=$(shmtool create -s 64G --no-reserve)
for offset in 0 5368709120 68719476735; do
	printf x | shmtool write -o "$offset" "$id"
done
row "save 64G, 3 pages" "save 12K" 1.50 \
	-a "rm -f $memory/saved/*" -b "rm -f $memory/saved/*" \
	sh -c "shmtool save $memory/saved $id 2>$memory/err" -- \
	sh -c "shmtool save $memory/saved $(shmtool create -i /dev/zero \
		-s 12K) 2>$memory/err"
